// SPDX-License-Identifier: MIT
//
// Dates and timestamps as Firehose's OpenX deserializer understands them:
// numbers of seconds or milliseconds, and two ways to write a date with a time.
#pragma once

#include <hydrant/object/calendar.hpp>
#include <hydrant/object/parquet/json_number.hpp>
#include <hydrant/object/parquet/schema.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace hydrant::detail::parquet {

/// Reads the parts of a date from left to right.
/// Threads: distinct objects: safe; shared: unsafe.
class MomentReader {
 public:
  explicit MomentReader(std::string_view text) : text_(text) {}

  /// A number of `digits_min` to `digits_max` digits.
  bool number(std::size_t digits_min, std::size_t digits_max, std::int64_t& value) {
    std::size_t digits = 0;
    value = 0;
    while (digits < digits_max && !at_end() && text_[at_] >= '0' && text_[at_] <= '9') {
      value = value * 10 + (text_[at_++] - '0');
      ++digits;
    }
    return digits >= digits_min;
  }

  bool take(char character) {
    const bool found = !at_end() && text_[at_] == character;
    at_ += found ? 1 : 0;
    return found;
  }

  bool at_end() const { return at_ == text_.size(); }

  /// `yyyy-MM-dd`, as days since 1970-01-01; month and day of `digits_min` digits at least.
  bool date(std::size_t digits_min, std::int64_t& day) {
    std::int64_t year = 0, month = 0, day_of_month = 0;
    if (!number(4, 4, year) || !take('-') || !number(digits_min, 2, month) || !take('-') ||
        !number(digits_min, 2, day_of_month) || year < 1 || month < 1 || month > 12 ||
        day_of_month < 1 || day_of_month > days_in_month(year, month)) {
      return false;
    }
    day = first_day_of_year(year) + day_of_month - 1;
    for (std::int64_t before = 1; before < month; ++before) {
      day += days_in_month(year, before);
    }
    return true;
  }

  /// `HH:mm:ss` and up to nine digits of a second's fraction.
  bool time(std::size_t digits_min, std::int64_t& second, std::int64_t& nanosecond) {
    std::int64_t hours = 0, minutes = 0, seconds = 0;
    if (!number(digits_min, 2, hours) || !take(':') || !number(digits_min, 2, minutes) ||
        !take(':') || !number(digits_min, 2, seconds) || hours > 23 || minutes > 59 ||
        seconds > 59) {
      return false;
    }
    second = hours * 3600 + minutes * 60 + seconds;
    nanosecond = 0;
    if (!take('.')) {
      return true;
    }
    const std::size_t begin = at_;
    if (!number(1, 9, nanosecond)) {
      return false;
    }
    for (std::size_t digits = at_ - begin; digits < 9; ++digits) {
      nanosecond *= 10;
    }
    return true;
  }

  /// `Z`, or a distance to UTC such as `+02:00`, in seconds.
  bool zone(std::int64_t& distance) {
    distance = 0;
    if (take('Z')) {
      return true;
    }
    const bool is_west = take('-');
    if (!is_west && !take('+')) {
      return false;
    }
    std::int64_t hours = 0, minutes = 0;
    bool is_sound = number(2, 2, hours);
    take(':');
    is_sound = is_sound && number(2, 2, minutes) && hours <= 18 && minutes <= 59;
    if (!is_sound) {
      return false;
    }
    distance = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    return true;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Reads a date, `yyyy-M-d`. Returns: days since 1970-01-01, nothing when it is none.
inline std::optional<std::int32_t> read_date(std::string_view text) {
  MomentReader reader(text);
  std::int64_t day = 0;
  if (!reader.date(1, day) || !reader.at_end()) {
    return std::nullopt;
  }
  return static_cast<std::int32_t>(day);
}

/// How many of a unit make a second, as a power of ten.
constexpr int digits_of_unit(ParquetTimestampUnit unit) {
  return 3 + 3 * static_cast<int>(unit);
}

/// Reads seconds since 1970, or milliseconds from 10^12 on.
/// Source: Firehose guide, OpenX JSON SerDe, timestamps; the border as seen on the service.
inline NumberFault read_epoch(std::string_view text, ParquetTimestampUnit unit,
                              std::int64_t& value) {
  constexpr std::int64_t milliseconds_digits = 12;
  constexpr int digits_max = 19;
  const std::optional<DecimalDigits> number = decimal_digits(text);
  if (!number) {
    return NumberFault::no_number;
  }
  const int scale = digits_of_unit(unit) - (number->exponent > milliseconds_digits ? 3 : 0);
  Int128 wide = 0;
  if (scale_digits(*number, digits_max, scale, wide) != NumberFault::none ||
      wide > std::numeric_limits<std::int64_t>::max() ||
      wide < std::numeric_limits<std::int64_t>::min()) {
    return NumberFault::out_of_range;
  }
  value = static_cast<std::int64_t>(wide);
  return NumberFault::none;
}

/// Reads `yyyy-MM-dd'T'HH:mm:ss[.S]'Z'`, `yyyy-[M]M-[d]d HH:mm:ss[.S]`, or a number as a string.
/// Without a zone the time is UTC.
/// Source: Firehose guide, OpenX JSON SerDe, timestamps; a distance to UTC is taken, too.
inline NumberFault read_timestamp(std::string_view text, ParquetTimestampUnit unit,
                                  std::int64_t& value) {
  const bool is_strict = text.find('T') != std::string_view::npos;
  const std::size_t digits_min = is_strict ? 2 : 1;
  MomentReader reader(text);
  std::int64_t day = 0, second = 0, nanosecond = 0, distance = 0;
  if (!reader.date(digits_min, day)) {
    return read_epoch(text, unit, value);
  }
  if (!reader.take(is_strict ? 'T' : ' ') || !reader.time(digits_min, second, nanosecond) ||
      (!reader.at_end() && (!is_strict || !reader.zone(distance))) || !reader.at_end()) {
    return NumberFault::no_number;
  }
  std::int64_t units = 1;
  std::int64_t nanoseconds = 1;
  for (int digit = 0; digit < 9; ++digit) {
    (digit < digits_of_unit(unit) ? units : nanoseconds) *= 10;
  }
  // Four digits of a year in nanoseconds are more than 64 bits.
  const Int128 wide = (static_cast<Int128>(day) * seconds_a_day + second - distance) * units +
                      nanosecond / nanoseconds;
  if (wide > std::numeric_limits<std::int64_t>::max() ||
      wide < std::numeric_limits<std::int64_t>::min()) {
    return NumberFault::out_of_range;
  }
  value = static_cast<std::int64_t>(wide);
  return NumberFault::none;
}

}  // namespace hydrant::detail::parquet
