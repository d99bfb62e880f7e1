// SPDX-License-Identifier: MIT
//
// Records that say who put them, so that what arrives can be held against what
// was sent: "3:17:abc..." is record 17 of producer 3.
#pragma once

#include <hydrant/core/uuid.hpp>

#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace hydrant::testing {

/// Names a record of a test.
/// Threads: a plain value; copies are independent.
struct RecordName {
  std::uint64_t producer = 0;
  std::uint64_t number = 0;

  /// The name that a record begins with; nothing when it has none.
  static std::optional<RecordName> of(std::string_view record) {
    RecordName name;
    const char* const end = record.data() + record.size();
    const auto producer = std::from_chars(record.data(), end, name.producer);
    if (producer.ec != std::errc() || producer.ptr == end || *producer.ptr != ':') {
      return std::nullopt;
    }
    const auto number = std::from_chars(producer.ptr + 1, end, name.number);
    if (number.ec != std::errc() || number.ptr == end || *number.ptr != ':') {
      return std::nullopt;
    }
    return name;
  }

  friend auto operator<=>(const RecordName&, const RecordName&) = default;
};

/// The record of that name, of `size` bytes, or as many as the name needs. The bytes behind the
/// name depend on it, so that bytes of another record do not pass for its own.
inline std::string make_record(const RecordName& name, std::size_t size) {
  std::string record = std::to_string(name.producer) + ":" + std::to_string(name.number) + ":";
  std::uint64_t letter = mix64(name.producer << 32 ^ name.number);
  while (record.size() < size) {
    record += static_cast<char>('a' + letter % 26);
    letter = letter / 26 != 0 ? letter / 26 : mix64(record.size() ^ name.number);
  }
  return record;
}

}  // namespace hydrant::testing
