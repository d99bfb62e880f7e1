// SPDX-License-Identifier: MIT
//
// The rule by which a time zone goes on after the last entry of its table, for
// all years to come: "CET-1CEST,M3.5.0,M10.5.0/3".
// Source: POSIX.1, environment variable TZ; RFC 9636, section 3.3.
#pragma once

#include <hydrant/object/calendar.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant::detail {

/// How local time differs from UTC for a while.
struct LocalTimeType {
  /// Seconds east of UTC.
  std::int32_t offset = 0;
  std::string abbreviation;
};

/// Takes numbers and signs off the front of a text. Once something is missing it has failed.
/// Threads: distinct objects: safe; shared: unsafe.
class RuleText {
 public:
  explicit RuleText(std::string_view rest) : rest_(rest) {}

  bool is_empty() const { return rest_.empty(); }

  bool failed() const { return failed_; }

  bool take(char expected) {
    if (!rest_.starts_with(expected)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char expected) { failed_ |= !take(expected); }

  /// 1 to 3 digits that make a number in a range.
  std::int32_t number(std::int32_t min, std::int32_t max) {
    std::int32_t value = 0;
    std::size_t digits = 0;
    while (digits < 3 && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
      ++digits;
    }
    failed_ |= digits == 0 || value < min || value > max;
    return value;
  }

  /// "[+-]hh[:mm[:ss]]" in seconds.
  std::int32_t duration(std::int32_t hours_max) {
    const bool is_negative = take('-');
    if (!is_negative) {
      take('+');
    }
    std::int32_t seconds = number(0, hours_max) * 3600;
    if (take(':')) {
      seconds += number(0, 59) * 60;
      if (take(':')) {
        seconds += number(0, 59);
      }
    }
    return is_negative ? -seconds : seconds;
  }

  /// Letters, or letters, digits and signs in angle brackets: at least 3, at most 15.
  std::string abbreviation() {
    const bool is_quoted = take('<');
    std::size_t size = 0;
    while (size < rest_.size() && is_name(rest_[size], is_quoted)) {
      ++size;
    }
    failed_ |= size < 3 || size > 15;
    std::string name(rest_.substr(0, size));
    rest_.remove_prefix(size);
    if (is_quoted) {
      expect('>');
    }
    return name;
  }

 private:
  static bool is_name(char c, bool is_quoted) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (is_quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
  }

  std::string_view rest_;
  bool failed_ = false;
};

/// The second of a year at which daylight saving time begins or ends.
struct RuleDate {
  /// 'M': `day` of `week` (5: the last) in `month`; 'J': `day` 1 to 365, without the 29th of
  /// February; 'n': `day` 0 to 365.
  char kind = 'n';
  std::int32_t month = 0;
  std::int32_t week = 0;
  std::int32_t day = 0;
  /// Seconds from the day's midnight, in the local time that ends then. May lie on other days.
  std::int32_t time = 2 * 3600;

  static RuleDate parse(RuleText& text) {
    RuleDate date;
    if (text.take('M')) {
      date.kind = 'M';
      date.month = text.number(1, 12);
      text.expect('.');
      date.week = text.number(1, 5);
      text.expect('.');
      date.day = text.number(0, 6);
    } else if (text.take('J')) {
      date.kind = 'J';
      date.day = text.number(1, 365);
    } else {
      date.day = text.number(0, 365);
    }
    if (text.take('/')) {
      date.time = text.duration(167);
    }
    return date;
  }

  /// Seconds since 1970 in UTC, where local time was `offset` east of it until then.
  std::int64_t instant(std::int64_t year, std::int32_t offset) const {
    return day_number(year) * seconds_a_day + time - offset;
  }

 private:
  std::int64_t day_number(std::int64_t year) const {
    std::int64_t number = first_day_of_year(year);
    if (kind == 'J') {
      return number + day - (is_leap_year(year) && day >= 60 ? 0 : 1);
    }
    if (kind == 'n') {
      return number + day;
    }
    for (std::int32_t before = 1; before < month; ++before) {
      number += days_in_month(year, before);
    }
    const std::int64_t end = number + days_in_month(year, month);
    number += floor_modulo(day - weekday_of_day(number), 7) + std::int64_t{week - 1} * 7;
    return number < end ? number : number - 7;
  }
};

/// Standard time, and daylight saving time for a part of each year, or not.
/// Threads: immutable; shared: safe.
class TimeZoneRule {
 public:
  /// Returns: nothing when the text is no rule, or one of the old kind that names no dates.
  static std::optional<TimeZoneRule> parse(std::string_view rule) {
    RuleText text(rule);
    TimeZoneRule zone;
    zone.standard_.abbreviation = text.abbreviation();
    zone.standard_.offset = -text.duration(24);  // written as west of UTC
    zone.daylight_ = zone.standard_;
    if (!text.failed() && !text.is_empty()) {
      zone.has_daylight_ = true;
      zone.daylight_.abbreviation = text.abbreviation();
      const bool is_usual = text.take(',');
      zone.daylight_.offset = is_usual ? zone.standard_.offset + 3600 : -text.duration(24);
      if (!is_usual) {
        text.expect(',');
      }
      zone.begin_ = RuleDate::parse(text);
      text.expect(',');
      zone.end_ = RuleDate::parse(text);
    }
    return text.failed() || !text.is_empty() ? std::nullopt
                                             : std::optional<TimeZoneRule>(std::move(zone));
  }

  /// What holds at an instant, in seconds since 1970.
  const LocalTimeType& at(std::int64_t seconds) const {
    if (!has_daylight_) {
      return standard_;
    }
    // The last change before the instant counts. A date may lie in the year beside its own; where
    // one summer ends when the next begins, it is always summer.
    const std::int64_t year = year_of_day(floor_divide(seconds, seconds_a_day));
    std::int64_t last = INT64_MIN;
    const LocalTimeType* type = &standard_;
    for (std::int64_t near = year - 1; near <= year + 1; ++near) {
      const std::int64_t end = end_.instant(near, daylight_.offset);
      if (end <= seconds && end > last) {
        last = end;
        type = &standard_;
      }
      const std::int64_t begin = begin_.instant(near, standard_.offset);
      if (begin <= seconds && begin >= last) {
        last = begin;
        type = &daylight_;
      }
    }
    return *type;
  }

 private:
  LocalTimeType standard_;
  LocalTimeType daylight_;
  bool has_daylight_ = false;
  RuleDate begin_;
  RuleDate end_;
};

}  // namespace hydrant::detail
