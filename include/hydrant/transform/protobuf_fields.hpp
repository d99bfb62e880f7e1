// SPDX-License-Identifier: MIT
//
// Walks over the fields of a protobuf message in memory, whoever wrote it:
// nothing is copied, nothing is read behind the end. What a field means is for
// the caller to say; fields that he does not know he passes by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hydrant::detail {

/// One field as it stands on the wire.
struct ProtobufField {
  enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  std::uint32_t number = 0;
  Wire wire = Wire::varint;
  /// Of a varint.
  std::uint64_t value = 0;
  /// Of bytes, texts and messages.
  std::string_view bytes;

  bool is(std::uint32_t of_number, Wire of_wire) const {
    return number == of_number && wire == of_wire;
  }
};

/// Threads: distinct objects: safe; shared: unsafe.
class ProtobufFields {
 public:
  explicit ProtobufFields(std::string_view message) : rest_(message) {}

  /// Takes the next field. Returns: false at the end, and where the message is broken; groups,
  /// which no one has written for fifteen years, count as broken.
  bool next(ProtobufField& field) {
    if (rest_.empty()) {
      return false;
    }
    std::uint64_t tag = 0;
    constexpr std::uint64_t tag_max = 0xffff'ffff;
    ok_ = take_varint(tag) && tag <= tag_max && tag >> 3 != 0;
    if (!ok_) {
      return false;
    }
    field.number = static_cast<std::uint32_t>(tag >> 3);
    field.wire = static_cast<ProtobufField::Wire>(tag & 7);
    std::uint64_t size = 0;
    switch (field.wire) {
      case ProtobufField::Wire::varint:
        ok_ = take_varint(field.value);
        break;
      case ProtobufField::Wire::fixed64:
        ok_ = take_bytes(field, sizeof(std::uint64_t));
        break;
      case ProtobufField::Wire::bytes:
        ok_ = take_varint(size) && take_bytes(field, size);
        break;
      case ProtobufField::Wire::fixed32:
        ok_ = take_bytes(field, sizeof(std::uint32_t));
        break;
      default:
        ok_ = false;
    }
    return ok_;
  }

  /// Whether all fields so far were whole.
  bool ok() const { return ok_; }

 private:
  bool take_varint(std::uint64_t& value) {
    constexpr std::size_t size_max = 10;
    value = 0;
    for (std::size_t i = 0; i < size_max && i < rest_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      value |= std::uint64_t{byte & 0x7fu} << 7 * i;
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }

  bool take_bytes(ProtobufField& field, std::uint64_t size) {
    if (size > rest_.size()) {
      return false;
    }
    field.bytes = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(field.bytes.size());
    return true;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace hydrant::detail
