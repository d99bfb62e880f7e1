// SPDX-License-Identifier: MIT
//
// The three ways in which AWS writes a point in time, and how far a server's
// clock is from ours: a signature is refused when they are minutes apart.
#pragma once

#include <hydrant/core/time.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hydrant {

namespace detail {

inline void append_digits(std::string& out, unsigned value, unsigned count) {
  std::array<char, 10> digits{};
  for (unsigned i = count; i-- > 0; value /= 10) {
    digits[i] = static_cast<char>('0' + value % 10);
  }
  out.append(digits.data(), count);
}

/// Takes what it expects from the front of a text, and remembers when it was not there.
/// Threads: distinct objects: safe; shared: unsafe.
class TimeText {
 public:
  explicit TimeText(std::string_view text) : rest_(text) {}

  unsigned digits(std::size_t count) {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') {
        is_sound_ = false;
        return 0;
      }
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  void expect(std::string_view text) {
    if (!take(text)) {
      is_sound_ = false;
    }
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) {
      return false;
    }
    rest_.remove_prefix(text.size());
    return true;
  }

  void skip_digits() {
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest() const { return rest_; }

  /// True when everything was there and nothing is left.
  bool is_whole() const { return is_sound_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_sound_ = true;
};

struct CivilTime {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

  std::optional<WallTime> point() const {
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(month), std::chrono::day(day)};
    // 60: a leap second.
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) {
      return std::nullopt;
    }
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
           std::chrono::minutes(minute) + std::chrono::seconds(second);
  }
};

}  // namespace detail

/// As signatures have it: "20150830T123600Z". Its first eight characters are the day.
inline std::string amz_date(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto second =
      static_cast<unsigned>(std::chrono::floor<std::chrono::seconds>(time - day).count());
  std::string text;
  detail::append_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  detail::append_digits(text, static_cast<unsigned>(date.month()), 2);
  detail::append_digits(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  detail::append_digits(text, second / 3600, 2);
  detail::append_digits(text, second / 60 % 60, 2);
  detail::append_digits(text, second % 60, 2);
  return text + "Z";
}

/// As credentials have it: "2014-10-24T23:00:23Z", also with a fraction (dropped) and an offset.
inline std::optional<WallTime> parse_iso_time(std::string_view text) {
  detail::TimeText in(text);
  detail::CivilTime civil;
  civil.year = in.digits(4);
  in.expect("-");
  civil.month = in.digits(2);
  in.expect("-");
  civil.day = in.digits(2);
  in.expect("T");
  civil.hour = in.digits(2);
  in.expect(":");
  civil.minute = in.digits(2);
  in.expect(":");
  civil.second = in.digits(2);
  if (in.take(".")) {
    in.digits(1);
    in.skip_digits();
  }
  std::chrono::minutes offset{0};
  if (!in.take("Z")) {
    const int sign = in.take("-") ? -1 : 1;
    if (sign == 1) {
      in.expect("+");
    }
    const unsigned hours = in.digits(2);
    in.take(":");
    offset = sign * (std::chrono::hours(hours) + std::chrono::minutes(in.digits(2)));
  }
  const std::optional<WallTime> point = civil.point();
  return in.is_whole() && point ? std::optional(*point - offset) : std::nullopt;
}

/// As an answer's Date header has it: "Sun, 06 Nov 1994 08:49:37 GMT".
inline std::optional<WallTime> parse_http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() < 5 || text.substr(3, 2) != ", ") {
    return std::nullopt;
  }
  detail::TimeText in(text.substr(5));
  detail::CivilTime civil;
  civil.day = in.digits(2);
  in.expect(" ");
  const std::size_t month = months.find(in.rest().substr(0, 3));
  if (in.rest().size() < 3 || month == std::string_view::npos || month % 3 != 0) {
    return std::nullopt;
  }
  in.take(in.rest().substr(0, 3));
  civil.month = static_cast<unsigned>(month / 3 + 1);
  in.expect(" ");
  civil.year = in.digits(4);
  in.expect(" ");
  civil.hour = in.digits(2);
  in.expect(":");
  civil.minute = in.digits(2);
  in.expect(":");
  civil.second = in.digits(2);
  in.expect(" GMT");
  return in.is_whole() ? civil.point() : std::nullopt;
}

/// How far a server's clock is ahead of ours, from an answer's Date header: to be added to the
/// time that the next request is signed with, when this one was refused as skewed.
/// Returns: nothing when the header is not a date.
inline std::optional<std::chrono::milliseconds> clock_skew(std::string_view date_header,
                                                           WallTime now) {
  const std::optional<WallTime> server = parse_http_date(date_header);
  return server ? std::optional<std::chrono::milliseconds>(*server - now) : std::nullopt;
}

}  // namespace hydrant
