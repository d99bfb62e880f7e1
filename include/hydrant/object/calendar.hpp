// SPDX-License-Identifier: MIT
//
// Days and years of the proleptic Gregorian calendar in 64 bits, for every
// instant that a WallTime can hold. The calendar of <chrono> ends with the year
// 32767, and a clock that is set wrong must not lead into undefined behaviour.
#pragma once

#include <cstdint>

namespace hydrant::detail {

inline constexpr std::int64_t seconds_a_day = 86'400;

/// `dividend / divisor` rounded down, for a divisor above 0.
constexpr std::int64_t floor_divide(std::int64_t dividend, std::int64_t divisor) {
  return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}

/// What `floor_divide` leaves over, from 0 on.
constexpr std::int64_t floor_modulo(std::int64_t dividend, std::int64_t divisor) {
  const std::int64_t rest = dividend % divisor;
  return rest < 0 ? rest + divisor : rest;
}

constexpr bool is_leap_year(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr std::int64_t days_in_year(std::int64_t year) {
  return is_leap_year(year) ? 366 : 365;
}

/// Days in a month, 1 to 12.
constexpr std::int64_t days_in_month(std::int64_t year, std::int64_t month) {
  if (month == 2) {
    return is_leap_year(year) ? 29 : 28;
  }
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/// The number of the first day of a year, 1970-01-01 being day 0.
constexpr std::int64_t first_day_of_year(std::int64_t year) {
  const std::int64_t before = year - 1;
  return before * 365 + floor_divide(before, 4) - floor_divide(before, 100) +
         floor_divide(before, 400) - 719'162;
}

/// The year that a day lies in.
constexpr std::int64_t year_of_day(std::int64_t day) {
  // 400 years have 146,097 days: the estimate is at most one year off.
  std::int64_t year = 1970 + floor_divide(day * 400, 146'097);
  while (first_day_of_year(year) > day) {
    --year;
  }
  while (first_day_of_year(year + 1) <= day) {
    ++year;
  }
  return year;
}

/// 0 is Sunday, 6 is Saturday.
constexpr std::int64_t weekday_of_day(std::int64_t day) {
  return floor_modulo(day + 4, 7);
}

static_assert(first_day_of_year(1970) == 0 && first_day_of_year(2000) == 10'957);
static_assert(year_of_day(-1) == 1969 && year_of_day(0) == 1970 && weekday_of_day(0) == 4);

}  // namespace hydrant::detail
