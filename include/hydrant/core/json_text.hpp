// SPDX-License-Identifier: MIT
//
// Writing JSON, as far as this library's own texts need it: one string, quoted
// so that any bytes whatever give valid JSON in valid UTF-8. Parsing JSON is a
// different matter and needs a parser.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hydrant {

namespace detail {

/// What stands at the front of a text: one character, or the bytes that one
/// replacement character stands for (Unicode 15, table 3-7 and section 3.9).
struct Utf8Step {
  std::size_t size = 1;
  bool valid = false;
};

/// Looks at the first character of `text`, which is not empty.
constexpr Utf8Step step_utf8(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) {
    return {1, true};
  }
  if (lead < 0xc2 || lead > 0xf4) {
    return {1, false};
  }
  const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // The second byte alone decides against overlong forms, surrogates and
  // everything above U+10FFFF.
  unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (std::size_t index = 1; index < size; ++index) {
    const auto byte = index < text.size() ? static_cast<unsigned char>(text[index]) : 0;
    if (byte < low || byte > high) {
      return {index, false};
    }
    low = 0x80;
    high = 0xbf;
  }
  return {size, true};
}

inline constexpr std::string_view replacement_character = "\xef\xbf\xbd";

/// Appends the escape of a character that may not stand in a JSON string.
inline void append_json_escape(std::string& out, char character) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (character) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += digits[static_cast<unsigned char>(character) >> 4];
      out += digits[static_cast<unsigned char>(character) & 0xf];
  }
}

}  // namespace detail

/// Appends `text` as a JSON string, its quotes included. Bytes that are not
/// UTF-8 become U+FFFD, so the output is valid JSON whatever comes in.
/// Threads: distinct objects: safe.
inline void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // what lies before and is not appended yet needs no change
  std::size_t at = 0;
  const auto flush = [&] { out.append(text, plain, at - plain); };
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      flush();
      detail::append_json_escape(out, text[at]);
      plain = ++at;
    } else if (byte < 0x80) {
      ++at;
    } else if (const detail::Utf8Step step = detail::step_utf8(text.substr(at)); step.valid) {
      at += step.size;
    } else {
      flush();
      out += detail::replacement_character;
      plain = at += step.size;
    }
  }
  flush();
  out += '"';
}

}  // namespace hydrant
