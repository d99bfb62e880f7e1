// SPDX-License-Identifier: MIT
//
// Small characters for capital ones, and the next larger text of UTF-8 that is no
// longer, for bounds that are cut short.
#pragma once

#include <hydrant/core/json_text.hpp>
#include <hydrant/core/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hydrant::detail::parquet {

inline constexpr std::uint32_t code_point_max = 0x10ffff;

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
