// SPDX-License-Identifier: MIT
//
// Writes zone files as the standard describes them, and broken ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::tests {

/// One block of a zone file.
struct ZoneBlock {
  struct Change {
    std::int64_t at;
    std::uint8_t type;
  };

  struct Type {
    std::int32_t offset;
    std::uint8_t name_index;
  };

  std::vector<Change> changes;
  std::vector<Type> types;
  std::string names;  // each with its NUL
  std::uint32_t leap_count = 0;
  std::uint32_t standard_count = 0;
  std::uint32_t ut_count = 0;

  /// The header and the block, with times of 4 or 8 bytes.
  std::string written(char version, unsigned time_size) const {
    std::string out = "TZif";
    out += version;
    out.append(15, '\0');
    for (const std::size_t count :
         {std::size_t{ut_count}, std::size_t{standard_count}, std::size_t{leap_count},
          changes.size(), types.size(), names.size()}) {
      append(out, static_cast<std::int64_t>(count), 4);
    }
    for (const Change& change : changes) {
      append(out, change.at, time_size);
    }
    for (const Change& change : changes) {
      out += static_cast<char>(change.type);
    }
    for (const Type& type : types) {
      append(out, type.offset, 4);
      out += '\0';
      out += static_cast<char>(type.name_index);
    }
    out += names;
    out.append(std::size_t{leap_count} * (time_size + 4) + standard_count + ut_count, '\1');
    return out;
  }

 private:
  static void append(std::string& out, std::int64_t value, unsigned size) {
    for (unsigned i = size; i-- > 0;) {
      out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
    }
  }
};

/// A file of version 2 or later. The block of version 1 is there, but says something else.
inline std::string zone_file(const ZoneBlock& block, std::string_view rule, char version = '2') {
  const ZoneBlock other{{{0, 0}}, {{1234, 0}}, std::string("OLD\0", 4), 0, 1, 1};
  return other.written(version, 4) + block.written(version, 8) + "\n" + std::string(rule) + "\n";
}

}  // namespace hydrant::tests
