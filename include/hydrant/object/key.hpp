// SPDX-License-Identifier: MIT
//
// The name of an object: a prefix, which may hold expressions, and Firehose's
// fixed suffix. Parsed once, when the stream is built; evaluated from what a
// batch knows of itself, so the same batch has the same key on every attempt.
#pragma once

#include <hydrant/core/batch.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/limits.hpp>
#include <hydrant/core/uuid.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

namespace detail {

/// A date and time of day in UTC, as keys print them.
struct KeyTime {
  explicit KeyTime(WallTime instant) {
    const auto midnight = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date(midnight);
    const std::chrono::hh_mm_ss time(instant - midnight);
    year = static_cast<int>(date.year());
    month = static_cast<unsigned>(date.month());
    day = static_cast<unsigned>(date.day());
    const std::chrono::sys_days new_year(date.year() / std::chrono::January / 1);
    day_of_year = static_cast<unsigned>((midnight - new_year).count()) + 1;
    hour = static_cast<unsigned>(time.hours().count());
    minute = static_cast<unsigned>(time.minutes().count());
    second = static_cast<unsigned>(time.seconds().count());
  }

  int year;
  unsigned month;
  unsigned day;
  unsigned day_of_year;
  unsigned hour;
  unsigned minute;
  unsigned second;
};

inline std::string padded(unsigned value, std::size_t width) {
  std::string digits = std::to_string(value);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

}  // namespace detail

/// How objects are named: `<prefix><stream>-<version>-<yyyy-MM-dd-HH-mm-ss>-<id><extension>`.
///
/// Expressions in the prefix: `!{timestamp:<pattern>}` with yyyy, MM, dd, DDD, HH,
/// mm, ss and 'quoted' text, in UTC, from the arrival of the object's oldest
/// record; `!{firehose:random-string}`; `!{firehose:error-output-type}`. A prefix
/// without any expression is followed by `yyyy/MM/dd/HH/`.
///
/// Objects of the error output go to `<prefix><error-output-type>/yyyy/MM/dd/HH/`,
/// unless the prefix names the error output type itself (which is nothing in the key of data).
/// They carry no extension of the format, as in Firehose, but that of the codec: a compressed
/// object that does not say so is taken for a broken one.
///
/// @code
/// hydrant::Key{"clicks/day=!{timestamp:yyyy-MM-dd}/"}
/// @endcode
///
/// Threads: immutable; shared: safe.
/// Source: Firehose guide, custom prefixes for S3 objects.
class Key {
 public:
  /// The default: `yyyy/MM/dd/HH/`.
  Key() : Key(std::string_view()) {}

  /// Faults are reported by `validate`, when the stream is built.
  explicit Key(std::string_view prefix) : prefix_(prefix) { parse(); }

  /// Adds one line to `errors` for each expression that means nothing, and for a prefix too long.
  void validate(OptionErrors& errors) const {
    errors.check(prefix_.size() <= limits::prefix_length_max, "key.prefix",
                 "must be at most 1024 characters long",
                 std::to_string(prefix_.size()) + " characters");
    for (const Fault& fault : faults_) {
      errors.check(false, "key.prefix", fault.rule, "\"" + fault.expression + "\"");
    }
  }

  /// The key of a batch's object.
  std::string evaluate(const BatchInfo& batch, std::string_view format_extension,
                       std::string_view codec_extension) const {
    const detail::KeyTime time(batch.first_arrival);
    std::string key;
    std::uint64_t instance = 0;
    for (const Part& part : parts_) {
      append(key, part, batch, time, instance);
    }
    const bool is_error = !batch.error_output_type.empty();
    if (is_error && !names_error_output_type_) {
      key += batch.error_output_type;
      key += '/';
    }
    if (!has_expressions_ || (is_error && !names_error_output_type_)) {
      append_timestamp(key, "yyyy/MM/dd/HH/", time);
    }
    key += batch.stream;
    key += '-';
    key += std::to_string(batch.version);
    key += '-';
    append_timestamp(key, "yyyy-MM-dd-HH-mm-ss-", time);
    key += batch.request_id;
    // Firehose gives error objects no extension of the format; one that is compressed must still
    // say so.
    key += is_error ? std::string_view() : format_extension;
    key += codec_extension;
    return key;
  }

 private:
  enum class Kind : std::uint8_t { text, timestamp, random_string, error_output_type };

  struct Part {
    Kind kind;
    std::string text;
  };

  struct Fault {
    std::string rule;
    std::string expression;
  };

  void parse() {
    std::string_view rest = prefix_;
    while (!rest.empty()) {
      const std::size_t start = rest.find("!{");
      if (start != 0) {
        parts_.push_back({Kind::text, std::string(rest.substr(0, start))});
        rest.remove_prefix(start == std::string_view::npos ? rest.size() : start);
        continue;
      }
      const std::size_t end = rest.find('}');
      if (end == std::string_view::npos) {
        faults_.push_back({"must close every !{ with a }", std::string(rest)});
        return;
      }
      parse_expression(rest.substr(2, end - 2));
      rest.remove_prefix(end + 1);
    }
  }

  void parse_expression(std::string_view expression) {
    constexpr std::string_view timestamp = "timestamp:";
    has_expressions_ = true;
    if (expression.starts_with(timestamp)) {
      const std::string_view pattern = expression.substr(timestamp.size());
      parts_.push_back({Kind::timestamp, std::string(pattern)});
      std::string ignored;
      if (pattern.empty() || !append_timestamp(ignored, pattern, detail::KeyTime(WallTime()))) {
        add_fault(
            "must use only yyyy, MM, dd, DDD, HH, mm, ss and 'quoted' text in !{timestamp:...}",
            expression);
      }
    } else if (expression == "firehose:random-string") {
      parts_.push_back({Kind::random_string, {}});
    } else if (expression == "firehose:error-output-type") {
      parts_.push_back({Kind::error_output_type, {}});
      names_error_output_type_ = true;
    } else {
      add_fault(
          "must use only the expressions !{timestamp:...}, !{firehose:random-string} and "
          "!{firehose:error-output-type}",
          expression);
    }
  }

  void add_fault(std::string rule, std::string_view expression) {
    faults_.push_back({std::move(rule), "!{" + std::string(expression) + "}"});
  }

  static void append(std::string& key, const Part& part, const BatchInfo& batch,
                     const detail::KeyTime& time, std::uint64_t& instance) {
    switch (part.kind) {
      case Kind::text:
        key += part.text;
        break;
      case Kind::timestamp:
        append_timestamp(key, part.text, time);
        break;
      case Kind::random_string:
        append_random_string(key, batch.request_id, ++instance);
        break;
      case Kind::error_output_type:
        key += batch.error_output_type;
        break;
    }
  }

  /// 11 letters and digits that look random and are the same for the same batch.
  static void append_random_string(std::string& key, std::string_view id, std::uint64_t instance) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::uint64_t state = instance;
    for (const char c : id) {
      state = mix64(state ^ static_cast<unsigned char>(c));
    }
    for (int i = 0; i < 11; ++i) {
      state = mix64(state);
      key += alphabet[state % alphabet.size()];
    }
  }

  /// False when the pattern has a letter that means nothing here.
  static bool append_timestamp(std::string& key, std::string_view pattern,
                               const detail::KeyTime& time) {
    while (!pattern.empty()) {
      const char c = pattern.front();
      if (c == '\'') {
        if (!append_quoted(key, pattern)) {
          return false;
        }
        continue;
      }
      const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      std::size_t width = 1;
      while (is_letter && width < pattern.size() && pattern[width] == c) {
        ++width;
      }
      const std::optional<std::string> text =
          is_letter ? field(pattern.substr(0, width), time) : std::string(1, c);
      if (!text) {
        return false;
      }
      key += *text;
      pattern.remove_prefix(width);
    }
    return true;
  }

  /// Takes quoted text off the front of `pattern`. As in Java, two quotes in it are one, and
  /// nothing but two quotes is one too. False when the text does not end.
  static bool append_quoted(std::string& key, std::string_view& pattern) {
    std::string text;
    for (std::size_t at = 1; at < pattern.size(); ++at) {
      if (pattern[at] == '\'') {
        if (!pattern.substr(at + 1).starts_with('\'')) {
          key += text.empty() ? "'" : text;
          pattern.remove_prefix(at + 1);
          return true;
        }
        ++at;
      }
      text += pattern[at];
    }
    return false;
  }

  static std::optional<std::string> field(std::string_view letters, const detail::KeyTime& time) {
    if (letters == "yyyy") {
      return detail::padded(static_cast<unsigned>(time.year), 4);
    }
    if (letters == "MM") {
      return detail::padded(time.month, 2);
    }
    if (letters == "dd") {
      return detail::padded(time.day, 2);
    }
    if (letters == "DDD") {
      return detail::padded(time.day_of_year, 3);
    }
    if (letters == "HH") {
      return detail::padded(time.hour, 2);
    }
    if (letters == "mm") {
      return detail::padded(time.minute, 2);
    }
    if (letters == "ss") {
      return detail::padded(time.second, 2);
    }
    return std::nullopt;
  }

  std::string prefix_;
  std::vector<Part> parts_;
  bool has_expressions_ = false;
  bool names_error_output_type_ = false;
  std::vector<Fault> faults_;
};

}  // namespace hydrant
