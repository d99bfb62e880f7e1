// SPDX-License-Identifier: MIT
//
// Thrift's compact protocol, as far as writing a Parquet file needs it: the
// footer and the page headers are structs of this encoding.
#pragma once

#include <hydrant/object/parquet/byte_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hydrant::detail::parquet {

/// What a field or an element is, by the protocol's own numbers.
enum class CompactType : std::uint8_t {
  boolean_true = 1,
  boolean_false = 2,
  i8 = 3,
  i16 = 4,
  i32 = 5,
  i64 = 6,
  binary = 8,
  list = 9,
  structure = 12,
};

/// Writes one struct, with structs and lists inside it; fields in ascending order of their ids.
/// Threads: distinct objects: safe; shared: unsafe.
class CompactWriter {
 public:
  /// Begins the outermost struct.
  explicit CompactWriter(ByteBuffer& out) : out_(&out) { last_ids_.push_back(0); }

  void boolean(int id, bool value) {
    header(id, value ? CompactType::boolean_true : CompactType::boolean_false);
  }

  void i8(int id, std::int8_t value) {
    header(id, CompactType::i8);
    out_->append_value(value);
  }

  void i16(int id, std::int16_t value) {
    header(id, CompactType::i16);
    out_->append_varint(zigzag(value));
  }

  void i32(int id, std::int32_t value) {
    header(id, CompactType::i32);
    i32(value);
  }

  void i64(int id, std::int64_t value) {
    header(id, CompactType::i64);
    i64(value);
  }

  void binary(int id, std::string_view value) {
    header(id, CompactType::binary);
    binary(value);
  }

  /// Begins the struct that is field `id`; `end_struct` ends it.
  void begin_struct(int id) {
    header(id, CompactType::structure);
    begin_struct();
  }

  /// Begins the struct that is the next element of a list; `end_struct` ends it.
  void begin_struct() { last_ids_.push_back(0); }

  /// Ends the innermost struct; in the end, the outermost one.
  void end_struct() {
    out_->append_byte(0);
    last_ids_.pop_back();
  }

  /// A struct without fields, such as the members of a union that say all by being there.
  void empty_struct(int id) {
    begin_struct(id);
    end_struct();
  }

  /// Begins the list that is field `id`; exactly `count` elements follow.
  void list(int id, CompactType element, std::size_t count) {
    constexpr std::size_t short_max = 14;
    header(id, CompactType::list);
    const auto type = static_cast<unsigned>(element);
    if (count <= short_max) {
      out_->append_byte(static_cast<unsigned>(count) << 4 | type);
    } else {
      out_->append_byte(0xf0u | type);
      out_->append_varint(count);
    }
  }

  /// Elements of a list.
  void i32(std::int32_t value) { out_->append_varint(zigzag(value)); }

  void i64(std::int64_t value) { out_->append_varint(zigzag(value)); }

  void boolean(bool value) { out_->append_byte(value ? 1 : 2); }

  void binary(std::string_view value) {
    out_->append_varint(value.size());
    out_->append(value);
  }

 private:
  void header(int id, CompactType type) {
    const int delta = id - last_ids_.back();
    last_ids_.back() = id;
    if (delta > 0 && delta < 16) {
      out_->append_byte(static_cast<unsigned>(delta) << 4 | static_cast<unsigned>(type));
    } else {
      out_->append_byte(static_cast<unsigned>(type));
      out_->append_varint(zigzag(id));
    }
  }

  ByteBuffer* out_;
  std::vector<int> last_ids_;
};

}  // namespace hydrant::detail::parquet
