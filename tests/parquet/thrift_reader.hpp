// SPDX-License-Identifier: MIT
//
// Reads thrift's compact protocol into a tree, whatever the fields mean. Of the
// tests' own, slow and plain: it shares no line with what it checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::tests {

/// Ends reading: the bytes are no Parquet file.
[[noreturn]] inline void bad_file(const std::string& what) {
  throw std::runtime_error(what);
}

inline void expect_file(bool holds, const char* what) {
  if (!holds) {
    bad_file(what);
  }
}

/// Bytes, taken from the front.
struct ByteReader {
  std::string_view bytes;

  std::string_view take(std::size_t count) {
    expect_file(count <= bytes.size(), "cut off");
    const std::string_view part = bytes.substr(0, count);
    bytes.remove_prefix(count);
    return part;
  }

  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }

  std::uint32_t word() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) {
      value |= static_cast<std::uint32_t>(byte()) << shift;
    }
    return value;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      const std::uint64_t next = byte();
      expect_file(shift < 63 || next <= 1, "a varint of more than 64 bits");
      value |= (next & 0x7f) << shift;
      if (next < 0x80) {
        return value;
      }
    }
    bad_file("an endless varint");
  }

  std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
};

/// A struct, a list, or a value.
struct Thrift {
  std::int64_t number = 0;
  std::string bytes{};
  std::vector<Thrift> list{};
  std::map<int, Thrift> fields{};

  bool has(int id) const { return fields.contains(id); }

  const Thrift& at(int id) const {
    const auto found = fields.find(id);
    if (found == fields.end()) {
      bad_file("no field " + std::to_string(id));
    }
    return found->second;
  }

  std::size_t size_at(int id) const {
    expect_file(at(id).number >= 0, "a negative size");
    return static_cast<std::size_t>(at(id).number);
  }
};

inline Thrift read_thrift(ByteReader& from);

inline Thrift read_thrift_value(ByteReader& from, unsigned type, bool in_list) {
  Thrift value;
  switch (type) {
    case 1:  // true; in a list: a boolean, in a byte
    case 2:
      value.number = (in_list ? from.byte() : type) == 1 ? 1 : 0;
      return value;
    case 3:
      value.number = static_cast<std::int8_t>(from.byte());
      return value;
    case 4:
    case 5:
    case 6:
      value.number = from.zigzag();
      expect_file(
          type == 6 || (type == 5 ? value.number == static_cast<std::int32_t>(value.number)
                                  : value.number == static_cast<std::int16_t>(value.number)),
          "a number is too large for its type");
      return value;
    case 8:
      value.bytes = from.take(static_cast<std::size_t>(from.varint()));
      return value;
    case 9: {
      const unsigned head = from.byte();
      std::uint64_t count = head >> 4;
      if (count == 15) {
        count = from.varint();
        expect_file(count > 14, "a short list in the long form");
      }
      for (; count > 0; --count) {
        value.list.push_back(read_thrift_value(from, head & 15, true));
      }
      return value;
    }
    case 12:
      return read_thrift(from);
    default:
      bad_file("an unknown type in the compact protocol");
  }
}

/// Takes one struct.
inline Thrift read_thrift(ByteReader& from) {
  Thrift value;
  int id = 0;
  while (const unsigned head = from.byte()) {
    const int before = id;
    id = head >> 4 != 0 ? id + static_cast<int>(head >> 4) : static_cast<int>(from.zigzag());
    expect_file(id > before, "fields out of order");
    value.fields[id] = read_thrift_value(from, head & 15, false);
  }
  return value;
}

}  // namespace hydrant::tests
