// SPDX-License-Identifier: MIT
//
// Numbers as columns want them: integers and decimals exactly, or not at all;
// floating point correctly rounded. A number of JSON has passed its grammar
// already; a string is read the same way, but may begin with a plus sign.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

namespace hydrant::detail::parquet {

/// Of a number's digits, from the first that is not 0: 0.d1 d2 d3 ... times 10 to the `exponent`.
struct DecimalDigits {
  static constexpr std::size_t count_max = 64;

  bool is_negative = false;
  /// Values of 0 to 9. Behind the last that is kept there may be others: `has_more`.
  std::array<char, count_max> digits{};
  std::size_t count = 0;
  bool has_more = false;
  std::int64_t exponent = 0;

  bool is_zero() const { return count == 0; }
};

/// Takes a number apart: sign, digits, at most one point, exponent. Returns: nothing when `text` is
/// no number.
inline std::optional<DecimalDigits> decimal_digits(std::string_view text) {
  constexpr std::int64_t exponent_limit = 1'000'000'000;
  DecimalDigits number;
  std::size_t at = 0;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    number.is_negative = text[0] == '-';
    at = 1;
  }
  bool has_point = false;
  bool has_digit = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !has_point) {
      has_point = true;
      continue;
    }
    if (text[at] < '0' || text[at] > '9') {
      break;
    }
    has_digit = true;
    const char digit = static_cast<char>(text[at] - '0');
    if (number.count == 0 && digit == 0) {
      number.exponent -= has_point ? 1 : 0;
      continue;
    }
    number.exponent += has_point ? 0 : 1;
    if (number.count < DecimalDigits::count_max) {
      number.digits[number.count++] = digit;
    } else {
      number.has_more = number.has_more || digit != 0;
    }
  }
  if (!has_digit) {
    return std::nullopt;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool is_negative = at < text.size() && text[at] == '-';
    at += is_negative || (at < text.size() && text[at] == '+') ? 1u : 0u;
    const std::size_t begin = at;
    std::int64_t exponent = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      exponent = exponent < exponent_limit ? exponent * 10 + (text[at] - '0') : exponent;
    }
    if (at == begin) {
      return std::nullopt;
    }
    number.exponent += is_negative ? -exponent : exponent;
  }
  while (number.count != 0 && number.digits[number.count - 1] == 0) {
    --number.count;
  }
  return at == text.size() ? std::optional(number) : std::nullopt;
}

/// What came of reading a number.
enum class NumberFault : std::uint8_t { none, no_number, no_integer, out_of_range };

/// Reads an integer within [min, max]; 1.0 and 1e3 are integers, too.
inline NumberFault read_integer(std::string_view text, std::int64_t min, std::int64_t max,
                                std::int64_t& value) {
  constexpr std::size_t plain_digits_max = 18;
  const bool is_negative = !text.empty() && text[0] == '-';
  const std::string_view digits = text.substr(is_negative ? 1 : 0);
  bool is_plain = !digits.empty() && digits.size() <= plain_digits_max;
  std::int64_t sum = 0;
  for (std::size_t at = 0; is_plain && at < digits.size(); ++at) {
    is_plain = digits[at] >= '0' && digits[at] <= '9';
    sum = sum * 10 + (digits[at] - '0');
  }
  if (!is_plain) {
    const std::optional<DecimalDigits> number = decimal_digits(text);
    if (!number) {
      return NumberFault::no_number;
    }
    if (!number->is_zero() && number->exponent > 19) {
      return NumberFault::out_of_range;
    }
    if (number->has_more ||
        (!number->is_zero() && static_cast<std::int64_t>(number->count) > number->exponent)) {
      return NumberFault::no_integer;
    }
    // Below 10^19 everything fits into 64 bits without a sign.
    std::uint64_t size = 0;
    for (std::size_t at = 0; !number->is_zero() && static_cast<std::int64_t>(at) < number->exponent;
         ++at) {
      size = size * 10 + (at < number->count ? static_cast<std::uint64_t>(number->digits[at]) : 0);
    }
    constexpr std::uint64_t size_max = std::uint64_t{1} << 63;
    if (size > size_max - (number->is_negative ? 0 : 1)) {
      return NumberFault::out_of_range;
    }
    value = static_cast<std::int64_t>(number->is_negative ? ~size + 1 : size);
  } else {
    value = is_negative ? -sum : sum;
  }
  return value < min || value > max ? NumberFault::out_of_range : NumberFault::none;
}

/// Reads a number of floating point, correctly rounded; what is too small becomes 0.
template <class T>
NumberFault read_float(std::string_view text, T& value) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) {
      return NumberFault::no_number;
    }
  }
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) {
    return NumberFault::no_number;
  }
  if (error == std::errc() && !std::isfinite(value)) {
    // from_chars knows them under many names; programs that write logs, under Java's.
    const bool is_java = text == "NaN" || text == "Infinity" || text == "-Infinity";
    return is_java ? NumberFault::none : NumberFault::no_number;
  }
  if (error == std::errc::result_out_of_range) {
    const std::optional<DecimalDigits> number = decimal_digits(text);
    if (!number || number->exponent > 0) {
      return number ? NumberFault::out_of_range : NumberFault::no_number;
    }
    value = number->is_negative ? -T{} : T{};
  }
  return NumberFault::none;
}

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

/// Reads `number` times 10 to the `scale` as an integer of at most `precision` digits, up to 38.
/// What is beyond the scale is rounded, half away from 0.
inline NumberFault scale_digits(const DecimalDigits& number, int precision, int scale,
                                Int128& value) {
  const std::int64_t kept = number.is_zero() ? 0 : number.exponent + scale;
  if (kept > precision) {
    return NumberFault::out_of_range;
  }
  UInt128 size = 0;
  UInt128 limit = 1;
  for (std::int64_t at = 0; at < kept; ++at) {
    const auto index = static_cast<std::size_t>(at);
    size = size * 10 + static_cast<unsigned char>(index < number.count ? number.digits[index] : 0);
  }
  if (kept >= 0 && static_cast<std::size_t>(kept) < number.count &&
      number.digits[static_cast<std::size_t>(kept)] >= 5) {
    ++size;
  }
  for (int digit = 0; digit < precision; ++digit) {
    limit *= 10;
  }
  if (size >= limit) {
    return NumberFault::out_of_range;
  }
  value = number.is_negative ? -static_cast<Int128>(size) : static_cast<Int128>(size);
  return NumberFault::none;
}

/// Reads a decimal as the integer that it is times 10 to the `scale`.
inline NumberFault read_decimal(std::string_view text, int precision, int scale, Int128& value) {
  const std::optional<DecimalDigits> number = decimal_digits(text);
  return number ? scale_digits(*number, precision, scale, value) : NumberFault::no_number;
}

}  // namespace hydrant::detail::parquet
