// SPDX-License-Identifier: MIT
//
// What comes out of records may hold anything; what stands in an object's key
// may not. Values are escaped so that they stay one part of the key, readable,
// distinct, and short enough for every store and file system.
#pragma once

#include <hydrant/core/digest.hpp>
#include <hydrant/core/json_text.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hydrant {

/// What stands for a value that is empty or missing, so that no part of a key is empty. Hive,
/// Athena and Spark read it as NULL.
inline constexpr std::string_view key_value_absent = "__HIVE_DEFAULT_PARTITION__";

namespace detail {

/// The longest value in a key, escaped. Source: file names have at most 255 bytes (NAME_MAX); the
/// rest is for what stands beside the value, such as "name=".
inline constexpr std::size_t key_value_bytes_max = 200;

/// "%7E" and 16 digits: the end of a value that was cut. Nothing else is ever escaped as "%7E".
inline constexpr std::string_view key_cut_mark = "%7E";
inline constexpr std::size_t key_cut_bytes = key_cut_mark.size() + 16;

inline void append_percent(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : bytes) {
    out += '%';
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 0xf];
  }
}

/// The number of a character of valid UTF-8.
inline std::uint32_t code_point_of(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  std::uint32_t number = character.size() == 1 ? first : first & (0x7fu >> character.size());
  for (const char c : character.substr(1)) {
    number = number << 6 | (static_cast<unsigned char>(c) & 0x3f);
  }
  return number;
}

/// Whether a character is kept: not controls, not what divides or escapes, not marks that end lines
/// or turn the direction of reading, not what XML cannot say (stores list keys in XML).
inline bool is_kept_in_key(std::uint32_t character) {
  const auto is_within = [character](std::uint32_t low, std::uint32_t high) {
    return low <= character && character <= high;
  };
  return character >= 0x20 && character != '/' && character != '\\' && character != '%' &&
         !is_within(0x7f, 0x9f) && !is_within(0x2028, 0x202e) && !is_within(0x2066, 0x2069) &&
         !is_within(0xfffe, 0xffff);
}

inline std::string hex_digest(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::uint64_t digest = Digest::of_text(text);
  std::string hex;
  for (unsigned shift = 64; shift != 0; shift -= 4) {
    hex += digits[digest >> (shift - 4) & 0xf];
  }
  return hex;
}

/// The front of an escaped text, at most `bytes_max` long, with no escape or character cut in two.
inline std::string_view front_of_escaped(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) {
    return text;
  }
  const std::size_t percent = text.substr(0, bytes_max).rfind('%');
  std::size_t size =
      percent != std::string_view::npos && percent + 3 > bytes_max ? percent : bytes_max;
  while (size != 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

}  // namespace detail

/// The value as a part of a key: `/`, `\`, `%`, controls, bytes that are not UTF-8 and a '.' at the
/// front become `%XX`; an empty one becomes `key_value_absent`. Different values stay different.
inline std::string escape_key_value(std::string_view value) {
  std::string out;
  if (value.empty()) {
    out = key_value_absent;
    return out;
  }
  if (value.front() == '.' || value == key_value_absent) {
    detail::append_percent(out, value.substr(0, 1));
    value.remove_prefix(1);
  }
  while (!value.empty()) {
    const detail::Utf8Step step = detail::step_utf8(value);
    const std::string_view character = value.substr(0, step.size);
    if (step.valid && detail::is_kept_in_key(detail::code_point_of(character))) {
      out += character;
    } else {
      detail::append_percent(out, character);
    }
    value.remove_prefix(step.size);
  }
  return out;
}

/// The value that `escape_key_value` made a text of; nothing when it cannot have made it.
inline std::optional<std::string> unescape_key_value(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string value;
  for (std::size_t at = 0; text != key_value_absent && at < text.size(); ++at) {
    if (text[at] != '%') {
      value += text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? digit(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? digit(text[at + 2]) : -1;
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    value += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return escape_key_value(value) == text ? std::optional<std::string>(value) : std::nullopt;
}

namespace detail {

/// As `escape_key_value`, in at most `bytes_max` bytes, which are at least `key_cut_bytes`. What
/// does not fit ends with the mark and the digest of the whole value, the same each time.
inline void append_key_value(std::string& out, std::string_view value, std::size_t bytes_max) {
  const std::string escaped = escape_key_value(value);
  if (escaped.size() <= bytes_max) {
    out += escaped;
    return;
  }
  out += front_of_escaped(escaped, bytes_max - key_cut_bytes);
  out += key_cut_mark;
  out += hex_digest(value);
}

}  // namespace detail

}  // namespace hydrant
