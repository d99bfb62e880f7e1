// SPDX-License-Identifier: MIT
//
// Patterns in the letters of java.time.format.DateTimeFormatter, which put the
// dates into object keys. A pattern is read once; what it prints is what Java
// prints for Locale.US.
#pragma once

#include <hydrant/object/local_time.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::detail {

/// Appends a number with at least so many digits; the sign, if any, comes before them.
inline void append_number(std::string& out, std::int64_t value, std::size_t digits_min) {
  std::array<char, 20> digits{};
  const std::uint64_t distance =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), distance).ptr;
  const auto size = static_cast<std::size_t>(end - digits.data());
  if (value < 0) {
    out += '-';
  }
  if (size < digits_min) {
    out.append(digits_min - size, '0');
  }
  out.append(digits.data(), size);
}

/// A pattern such as "yyyy/MM/dd'T'HH".
/// Threads: immutable; shared: safe.
class TimePattern {
 public:
  /// Reads a pattern; what is wrong with it, in words that follow "must ", is said by `fault`.
  explicit TimePattern(std::string_view pattern) {
    while (!pattern.empty() && fault_ == nullptr) {
      const char c = pattern.front();
      if (c == '\'') {
        take_quoted(pattern);
      } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        const std::size_t end = pattern.find_first_not_of(c);
        const std::size_t count = end == std::string_view::npos ? pattern.size() : end;
        fault_ = fault_of(c, count);
        fields_.push_back({c, static_cast<std::uint8_t>(count), 0});
        pattern.remove_prefix(count);
      } else {
        take_other(c);
        pattern.remove_prefix(1);
      }
    }
    if (fault_ != nullptr) {
      fields_.clear();  // what prints nothing cannot print too much
    }
  }

  /// What is wrong with the pattern, or null.
  const char* fault() const { return fault_; }

  /// Appends the time in this pattern, which has no fault.
  void append_to(std::string& out, const LocalTime& time) const {
    std::size_t text_begin = 0;
    for (const Field& field : fields_) {
      if (field.letter == text_letter) {
        out.append(text_, text_begin, field.text_end - text_begin);
        text_begin = field.text_end;
      } else {
        append_field(out, field.letter, field.count, time);
      }
    }
  }

 private:
  static constexpr char text_letter = '\'';

  /// A letter so many times, or text that is copied, up to `text_end` in `text_`.
  struct Field {
    char letter;
    std::uint8_t count;
    std::size_t text_end;
  };

  void append_text(char c) {
    text_ += c;
    if (fields_.empty() || fields_.back().letter != text_letter) {
      fields_.push_back({text_letter, 0, 0});
    }
    fields_.back().text_end = text_.size();
  }

  /// Two quotes in a quoted text are one, and so are two quotes with nothing between them.
  void take_quoted(std::string_view& pattern) {
    for (std::size_t at = 1; at < pattern.size(); ++at) {
      if (pattern[at] == '\'') {
        if (!pattern.substr(at + 1).starts_with('\'')) {
          if (at == 1) {
            append_text('\'');
          }
          pattern.remove_prefix(at + 1);
          return;
        }
        ++at;
      }
      append_text(pattern[at]);
    }
    fault_ = "close every ' in a timestamp pattern";
  }

  /// Optional parts are always there when something is printed, so brackets only have to pair up.
  void take_other(char c) {
    if (c == '[') {
      ++open_brackets_;
    } else if (c == ']') {
      fault_ = open_brackets_ == 0 ? "open every ] in a timestamp pattern with [" : nullptr;
      open_brackets_ -= open_brackets_ == 0 ? 0 : 1;
    } else if (c == '{' || c == '}' || c == '#') {
      fault_ = "put { and # in a timestamp pattern into quotes, as Java keeps them for later";
    } else {
      append_text(c);
    }
  }

  /// How often each letter may stand.
  static const char* fault_of(char letter, std::size_t count) {
    struct Letters {
      std::string_view letters;
      std::size_t count_max;
    };

    constexpr std::array<Letters, 9> all{{{"aW", 1},
                                          {"dhHkKmsw", 2},
                                          {"Dz", 3},
                                          {"O", 4},
                                          {"GMLQqEecXxZ", 5},
                                          {"S", 9},
                                          {"uyY", 10},
                                          {"AnN", 19},
                                          {"V", 2}}};
    for (const Letters& kind : all) {
      if (kind.letters.find(letter) != std::string_view::npos) {
        const bool is_odd = (letter == 'V' && count != 2) || (letter == 'c' && count == 2) ||
                            (letter == 'O' && count != 1 && count != 4);
        return count > kind.count_max || is_odd
                   ? "use no letter of a timestamp pattern more, or less, often than Java allows "
                     "(names of time zones are not written out: at most zzz)"
                   : nullptr;
      }
    }
    return "use only the letters G u y Y D M L d Q q w W E e c a h K k H m s S A n N V z O X x Z "
           "of Java's DateTimeFormatter, and 'quoted' text, in !{timestamp:...}";
  }

  static void append_field(std::string& out, char letter, std::size_t count,
                           const LocalTime& time) {
    switch (letter) {
      case 'u':
      case 'y':
      case 'Y':
      case 'G':
        append_year(out, letter, count, time);
        break;
      case 'M':
      case 'L':
      case 'Q':
      case 'q':
      case 'E':
      case 'e':
      case 'c':
      case 'a':
        append_name(out, letter, count, time);
        break;
      case 'V':
        out += time.zone->id();
        break;
      case 'z':
        out += time.type->abbreviation;
        break;
      case 'O':
        append_localized_offset(out, count == 4, time.type->offset);
        break;
      case 'X':
      case 'x':
        append_offset(out, letter == 'X', count, time.type->offset);
        break;
      case 'Z':
        if (count == 4) {
          append_localized_offset(out, true, time.type->offset);
        } else {
          append_offset(out, count == 5, count == 5 ? 5 : 2, time.type->offset);
        }
        break;
      case 'S':
        append_fraction(out, count, time.millisecond);
        break;
      default:
        append_number(out, number_of(letter, time), count);
    }
  }

  static std::int64_t number_of(char letter, const LocalTime& time) {
    const std::int64_t hour = time.hour();
    const std::int64_t millisecond_of_day = time.second_of_day * 1000 + time.millisecond;
    switch (letter) {
      case 'D':
        return time.day_of_year;
      case 'd':
        return time.day;
      case 'w':
        return time.week_of_year();
      case 'W':
        return time.week_of_month();
      case 'H':
        return hour;
      case 'k':
        return hour == 0 ? 24 : hour;
      case 'K':
        return hour % 12;
      case 'h':
        return hour % 12 == 0 ? 12 : hour % 12;
      case 'm':
        return time.minute();
      case 's':
        return time.second();
      case 'n':
        return time.millisecond * 1'000'000;
      case 'N':
        return millisecond_of_day * 1'000'000;
      default:
        return millisecond_of_day;
    }
  }

  static void append_year(std::string& out, char letter, std::size_t count, const LocalTime& time) {
    const bool is_before_christ = time.year < 1;
    if (letter == 'G') {
      constexpr std::array<std::string_view, 3> eras{"AD", "Anno Domini", "A"};
      constexpr std::array<std::string_view, 3> eras_before{"BC", "Before Christ", "B"};
      out += (is_before_christ ? eras_before : eras)[count < 4 ? 0 : count - 3];
      return;
    }
    std::int64_t year = letter == 'Y' ? time.year_of_week() : time.year;
    if (letter == 'y' && is_before_christ) {
      year = 1 - year;
    }
    if (count == 2) {
      append_number(out, std::abs(year) % 100, 2);
      return;
    }
    std::int64_t exceeding = 10;
    for (std::size_t digits = 1; digits < count && exceeding < INT64_MAX / 10; ++digits) {
      exceeding *= 10;
    }
    if (count >= 4 && year >= exceeding) {
      out += '+';
    }
    append_number(out, year, count);
  }

  /// Months, quarters, days of the week, halves of the day: numbers up to two letters, then names.
  static void append_name(std::string& out, char letter, std::size_t count, const LocalTime& time) {
    constexpr std::array<std::string_view, 12> months{
        "January", "February", "March",     "April",   "May",      "June",
        "July",    "August",   "September", "October", "November", "December"};
    constexpr std::array<std::string_view, 4> quarters{"1st quarter", "2nd quarter", "3rd quarter",
                                                       "4th quarter"};
    constexpr std::array<std::string_view, 7> days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
    const std::int64_t quarter = (time.month - 1) / 3;
    if (letter == 'a') {
      out += time.hour() < 12 ? "AM" : "PM";
    } else if (letter == 'M' || letter == 'L') {
      append_name(out, count, time.month, months[static_cast<std::size_t>(time.month - 1)]);
    } else if (letter == 'E' || letter == 'e' || letter == 'c') {
      append_name(out, letter == 'E' && count < 3 ? 3 : count, time.weekday + 1,
                  days[static_cast<std::size_t>(time.weekday)]);
    } else if (count == 3) {
      out += 'Q';
      append_number(out, quarter + 1, 1);
    } else {
      append_name(out, count, quarter + 1, quarters[static_cast<std::size_t>(quarter)]);
    }
  }

  static void append_name(std::string& out, std::size_t count, std::int64_t number,
                          std::string_view name) {
    if (count < 3) {
      append_number(out, number, count);
    } else {
      out += name.substr(0, count == 3 ? 3 : count == 4 ? name.size() : 1);
    }
  }

  static void append_fraction(std::string& out, std::size_t count, std::int64_t millisecond) {
    std::string digits;
    append_number(digits, millisecond, 3);
    digits.append(6, '0');
    out.append(digits, 0, count);
  }

  /// "GMT+9", "GMT+5:30"; with four letters "GMT+09:00".
  static void append_localized_offset(std::string& out, bool is_full, std::int32_t offset) {
    out += "GMT";
    const std::int32_t distance = std::abs(offset);
    if (distance == 0) {
      return;
    }
    out += offset < 0 ? '-' : '+';
    append_number(out, distance / 3600, is_full ? 2 : 1);
    if (is_full || distance % 3600 != 0) {
      out += ':';
      append_number(out, distance / 60 % 60, 2);
    }
    if (distance % 60 != 0) {
      out += ':';
      append_number(out, distance % 60, 2);
    }
  }

  /// X, XX, XXX, XXXX, XXXXX: "+09", "+0900", "+09:00", and the last two with seconds where there
  /// are any. None is "Z"; where `x` stands, zeros.
  static void append_offset(std::string& out, bool has_z, std::size_t count, std::int32_t offset) {
    const std::int32_t distance = std::abs(offset);
    const std::int32_t minutes = distance / 60 % 60;
    const std::int32_t seconds = count < 4 ? 0 : distance % 60;
    if (distance < 60 && seconds == 0) {
      const std::string_view zeros = count == 1 ? "+00" : count % 2 == 0 ? "+0000" : "+00:00";
      out += has_z ? "Z" : zeros;
      return;
    }
    const std::string_view colon = count % 2 == 0 ? "" : ":";
    out += offset < 0 ? '-' : '+';
    append_number(out, distance / 3600, 2);
    if (count != 1) {
      out += colon;
      append_number(out, minutes, 2);
    } else if (minutes != 0) {
      append_number(out, minutes, 2);
    }
    if (seconds != 0) {
      out += colon;
      append_number(out, seconds, 2);
    }
  }

  std::vector<Field> fields_;
  std::string text_;
  std::size_t open_brackets_ = 0;
  const char* fault_ = nullptr;
};

}  // namespace hydrant::detail
