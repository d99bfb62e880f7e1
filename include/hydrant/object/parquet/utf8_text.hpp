// SPDX-License-Identifier: MIT
//
// Characters of UTF-8: writing one, small ones for capital ones, and finding the
// next larger text that is no longer, for bounds that are cut short.
#pragma once

#include <hydrant/core/json_text.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hydrant::detail::parquet {

inline constexpr std::uint32_t code_point_max = 0x10ffff;

/// Appends the character of a code point, which is no surrogate.
inline void append_utf8(std::string& text, std::uint32_t code) {
  const auto append = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    append(code);
    return;
  }
  if (code < 0x800) {
    append(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      append(0xe0 | code >> 12);
    } else {
      append(0xf0 | code >> 18);
      append(0x80 | (code >> 12 & 0x3f));
    }
    append(0x80 | (code >> 6 & 0x3f));
  }
  append(0x80 | (code & 0x3f));
}

/// `text` with small letters for the capital ones of ASCII.
inline std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& character : lower) {
    const bool is_capital = character >= 'A' && character <= 'Z';
    character = is_capital ? static_cast<char>(character | 0x20) : character;
  }
  return lower;
}

constexpr bool is_utf8_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// Where the last character of a text begins, which is not empty.
constexpr std::size_t last_character(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin != 0 && is_utf8_continuation(text[begin])) {
    --begin;
  }
  return begin;
}

/// Turns the last character into the next one that there is. Returns: false at the very last one,
/// and where there is no whole character.
inline bool raise_last_character(std::string& text) {
  const std::size_t begin = last_character(text);
  const Utf8Step step = step_utf8(std::string_view(text).substr(begin));
  if (!step.valid || begin + step.size != text.size()) {
    return false;
  }
  std::uint32_t code = static_cast<unsigned char>(text[begin]);
  code &= step.size == 1 ? 0x7fu : 0xffu >> (step.size + 1);
  for (std::size_t at = begin + 1; at < text.size(); ++at) {
    code = code << 6 | (static_cast<unsigned char>(text[at]) & 0x3fu);
  }
  code = code == 0xd7ff ? 0xe000 : code + 1;  // between them there are only surrogates
  if (code > code_point_max) {
    return false;
  }
  text.resize(begin);
  append_utf8(text, code);
  return true;
}

}  // namespace hydrant::detail::parquet
