// SPDX-License-Identifier: MIT
//
// A JSON number as jq's `tostring` writes it, which is how Firehose makes a text
// of one: what is the same number makes the same text, so 1, 1.0 and 10e-1 name
// one partition.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace hydrant::detail {

/// Whether a JSON number has neither a fraction nor an exponent.
constexpr bool is_plain_integer(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

/// Lays out `digits`, of which the first `point` stand before the decimal point.
inline void append_digits(std::string& out, std::string_view digits, int point) {
  const int count = static_cast<int>(digits.size());
  if (point <= -4 || point > count + 15) {
    out += digits[0];
    if (count > 1) {
      out += '.';
      out += digits.substr(1);
    }
    const int exponent = point - 1;
    const std::string size = std::to_string(exponent < 0 ? -exponent : exponent);
    out += exponent < 0 ? "e-" : "e+";
    out.append(size.size() < 2 ? 1 : 0, '0');
    out += size;
  } else if (point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += digits;
  } else if (point >= count) {
    out += digits;
    out.append(static_cast<std::size_t>(point - count), '0');
  } else {
    out += digits.substr(0, static_cast<std::size_t>(point));
    out += '.';
    out += digits.substr(static_cast<std::size_t>(point));
  }
}

/// Appends a number of JSON's grammar. An integer is left as it is written, as jq does from 1.7 on:
/// jq 1.6 rounds those above 2^53, and two customers would share a partition.
/// Returns: false when no double holds it.
inline bool append_jq_number(std::string& out, std::string_view number) {
  if (is_plain_integer(number)) {
    out += number;
    return true;
  }
  double value = 0;
  const char* const end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, value);
  if (stop != end || error != std::errc()) {
    return false;
  }
  constexpr std::size_t text_max = 32;  // a sign, 17 digits, a point, e-308
  std::array<char, text_max> room{};
  const auto written =
      std::to_chars(room.data(), room.data() + room.size(), value, std::chars_format::scientific);
  std::string_view text(room.data(), static_cast<std::size_t>(written.ptr - room.data()));
  if (text.starts_with('-')) {
    out += '-';
    text.remove_prefix(1);
  }
  const std::size_t mark = text.find('e');
  int exponent = 0;
  const char* const sign = text.data() + mark + 1;
  std::from_chars(*sign == '+' ? sign + 1 : sign, text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  digits += mark > 2 ? text.substr(2, mark - 2) : std::string_view();
  append_digits(out, digits, exponent + 1);
  return true;
}

}  // namespace hydrant::detail
