// SPDX-License-Identifier: MIT
//
// Values as nobody wants them in a key, and what makes a part of a key safe.
#pragma once

#include <hydrant/core/json_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace hydrant::tests {

/// Dots, slashes, escapes, controls, pieces of UTF-8 and of other escapes, and any bytes.
inline std::string nasty_value(std::mt19937_64& random, std::size_t pieces_max) {
  constexpr std::array<std::string_view, 22> nasty{"..",
                                                   ".",
                                                   "/",
                                                   "%",
                                                   "%2F",
                                                   "%7E",
                                                   "%25",
                                                   "~",
                                                   "\\",
                                                   "=",
                                                   "\n",
                                                   "a",
                                                   "abcd",
                                                   "\xc3\xa9",
                                                   "\xc2\x85",
                                                   "\xe2\x80",
                                                   "\xe2\x80\xa8",
                                                   "\xf0\x9f\x98\x80",
                                                   "\xff",
                                                   "__HIVE_DEFAULT_PARTITION__",
                                                   "!{",
                                                   "}"};
  std::string value;
  for (std::uint64_t left = random() % (pieces_max + 1); left > 0; --left) {
    const std::uint64_t choice = random() % (nasty.size() + 2);
    if (choice < nasty.size()) {
      value += nasty[choice];
    } else {
      value += static_cast<char>(random());
    }
  }
  return value;
}

/// Neither empty nor a dot or two, without slashes and controls, in UTF-8.
inline bool is_safe_segment(std::string_view segment) {
  if (segment.empty() || segment == "." || segment == "..") {
    return false;
  }
  while (!segment.empty()) {
    const hydrant::detail::Utf8Step step = hydrant::detail::step_utf8(segment);
    const auto first = static_cast<unsigned char>(segment.front());
    if (!step.valid || first < 0x20 || first == 0x7f || first == '/' || first == '\\') {
      return false;
    }
    segment.remove_prefix(step.size);
  }
  return true;
}

}  // namespace hydrant::tests
