// SPDX-License-Identifier: MIT
//
// An instant taken apart: the date and time of day that the clocks of a time
// zone show then, for every instant that a WallTime can hold.
#pragma once

#include <hydrant/core/time.hpp>
#include <hydrant/object/calendar.hpp>
#include <hydrant/object/time_zone.hpp>

#include <cstdint>

namespace hydrant::detail {

/// The date and time of day of an instant in a time zone, which must outlive it.
struct LocalTime {
  LocalTime(WallTime instant, const TimeZone& time_zone) : zone(&time_zone) {
    const std::int64_t milliseconds = instant.time_since_epoch().count();
    const std::int64_t seconds = floor_divide(milliseconds, 1000);
    type = &time_zone.at(seconds);
    const std::int64_t local = seconds + type->offset;
    const std::int64_t number = floor_divide(local, seconds_a_day);
    year = year_of_day(number);
    weekday = weekday_of_day(number);
    day_of_year = number - first_day_of_year(year) + 1;
    day = day_of_year;
    while (day > days_in_month(year, month)) {
      day -= days_in_month(year, month++);
    }
    second_of_day = floor_modulo(local, seconds_a_day);
    millisecond = floor_modulo(milliseconds, 1000);
  }

  std::int64_t hour() const { return second_of_day / 3600; }

  std::int64_t minute() const { return second_of_day / 60 % 60; }

  std::int64_t second() const { return second_of_day % 60; }

  /// The first weeks of a year, and of a month, begin with its first day; others on Sundays, as in
  /// the United States.
  std::int64_t week_of_month() const { return weeks_until(day); }

  /// The last days of a year may lie in the first week of the next.
  std::int64_t week_of_year() const {
    return is_in_next_year_of_weeks() ? 1 : weeks_until(day_of_year);
  }

  std::int64_t year_of_week() const { return year + (is_in_next_year_of_weeks() ? 1 : 0); }

  const TimeZone* zone;
  const LocalTimeType* type;
  std::int64_t year = 0;
  std::int64_t month = 1;
  std::int64_t day = 0;
  std::int64_t day_of_year = 0;
  /// 0 is Sunday.
  std::int64_t weekday = 0;
  std::int64_t second_of_day = 0;
  std::int64_t millisecond = 0;

 private:
  bool is_in_next_year_of_weeks() const { return day_of_year + (6 - weekday) > days_in_year(year); }

  /// How many weeks have begun since the first day of something, of which today is the n-th.
  std::int64_t weeks_until(std::int64_t n) const {
    const std::int64_t first_weekday = floor_modulo(weekday - (n - 1), 7);
    return (first_weekday + n + 6) / 7;
  }
};

}  // namespace hydrant::detail
