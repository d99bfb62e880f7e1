// SPDX-License-Identifier: MIT
//
// Writes what the Kinesis Producer Library writes, field by field, so that every
// field can also be written wrongly.
#pragma once

#include <hydrant/core/md5.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::tests {

inline std::string varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) {
    text += static_cast<char>(0x80 | (value & 0x7f));
  }
  return text + static_cast<char>(value);
}

inline std::string number_field(std::uint64_t number, std::uint64_t value) {
  return varint(number << 3) + varint(value);
}

inline std::string bytes_field(std::uint64_t number, std::string_view bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

/// The magic, the message, and its digest.
inline std::string kpl_framed(std::string_view message) {
  std::string text = "\xf3\x89\x9a\xc2" + std::string(message);
  for (const std::byte byte : detail::md5_of(std::as_bytes(std::span(message)))) {
    text += static_cast<char>(byte);
  }
  return text;
}

/// A record within an aggregated one.
struct KplEntry {
  std::string data;
  std::uint64_t partition_key = 0;
  std::optional<std::uint64_t> explicit_hash_key = {};
  std::vector<std::string> tags = {};

  std::string text() const {
    std::string message = number_field(1, partition_key);
    if (explicit_hash_key) {
      message += number_field(2, *explicit_hash_key);
    }
    message += bytes_field(3, data);
    for (const std::string& tag : tags) {
      message += bytes_field(4, bytes_field(1, tag) + bytes_field(2, "value"));
    }
    return message;
  }
};

/// The message of an aggregated record.
inline std::string kpl_message_of(std::uint64_t partition_keys, std::uint64_t explicit_hash_keys,
                                  const std::vector<KplEntry>& entries) {
  std::string message;
  for (std::uint64_t i = 0; i < partition_keys; ++i) {
    message += bytes_field(1, "key " + std::to_string(i));
  }
  for (std::uint64_t i = 0; i < explicit_hash_keys; ++i) {
    message += bytes_field(2, std::to_string(i));
  }
  for (const KplEntry& entry : entries) {
    message += bytes_field(3, entry.text());
  }
  return message;
}

}  // namespace hydrant::tests
