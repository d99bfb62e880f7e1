// SPDX-License-Identifier: MIT
//
// Bytes that grow at the end. Every value of every record passes through here,
// so appending is inlined, and memory that is about to be overwritten is not
// cleared first: std::string and std::vector do the one or the other.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

namespace hydrant::detail::parquet {

static_assert(std::endian::native == std::endian::little,
              "hydrant: Parquet is little-endian, and so must the machine be that writes it.");

/// Bytes that grow at the end.
/// Threads: distinct objects: safe; shared: unsafe.
class ByteBuffer {
 public:
  std::size_t size() const { return size_; }

  bool empty() const { return size_ == 0; }

  const char* data() const { return bytes_.get(); }

  char* data() { return bytes_.get(); }

  std::string_view text() const { return {bytes_.get(), size_}; }

  std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span<const char>(bytes_.get(), size_));
  }

  void clear() { size_ = 0; }

  /// Drops what lies behind the first `size` bytes.
  void truncate(std::size_t size) { size_ = size; }

  /// Makes room for `count` further bytes. Returns: where they go; `grow_by` takes them in.
  char* room_for(std::size_t count) {
    if (capacity_ - size_ < count) {
      reallocate(size_ + count);
    }
    return bytes_.get() + size_;
  }

  void grow_by(std::size_t count) { size_ += count; }

  void append(const void* from, std::size_t count) {
    char* to = room_for(count);
    if (count != 0) {
      std::memcpy(to, from, count);
    }
    size_ += count;
  }

  void append(std::string_view text) { append(text.data(), text.size()); }

  /// Appends a number as it lies in memory: little-endian.
  template <class T>
  void append_value(T value) {
    static_assert(std::is_arithmetic_v<T>);
    append(&value, sizeof(value));
  }

  void append_byte(unsigned value) { append_value(static_cast<std::uint8_t>(value)); }

  /// Appends 7 bits a byte, the lowest first (ULEB128).
  void append_varint(std::uint64_t value) {
    while (value >= 0x80) {
      append_byte(static_cast<unsigned>(value & 0x7f) | 0x80u);
      value >>= 7;
    }
    append_byte(static_cast<unsigned>(value));
  }

 private:
  void reallocate(std::size_t size_min) {
    const std::size_t capacity = std::bit_ceil(size_min < 64 ? std::size_t{64} : size_min);
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (size_ != 0) {
      std::memcpy(larger.get(), bytes_.get(), size_);
    }
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Appends what `append` appends, and before it how many bytes that is, as four bytes.
template <class Append>
void append_with_length(ByteBuffer& out, Append append) {
  const std::size_t begin = out.size();
  out.append_value(std::uint32_t{0});
  append();
  const auto length = static_cast<std::uint32_t>(out.size() - begin - sizeof(std::uint32_t));
  std::memcpy(out.data() + begin, &length, sizeof(length));
}

/// Maps small negative numbers to small positive ones: 0, -1, 1, -2 become 0, 1, 2, 3.
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

}  // namespace hydrant::detail::parquet
