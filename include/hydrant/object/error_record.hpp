// SPDX-License-Identifier: MIT
//
// Reads what an error output has stored, be it Hydrant's or Firehose's: one JSON
// object a record, with the record's own bytes and why it failed. So records
// can be found by what went wrong, and put again.
#pragma once

#include <hydrant/core/base64.hpp>
#include <hydrant/core/json_cursor.hpp>
#include <hydrant/core/result.hpp>
#include <hydrant/core/time.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// A record that failed, as the error output has it.
struct ErrorRecord {
  std::uint64_t attempts = 0;
  WallTime arrival{};
  WallTime attempt_ended{};
  /// A short stable name such as "Transform.ProcessingFailed".
  std::string code;
  std::string message;
  /// The record as it was put.
  std::string record;
};

namespace detail {

/// A count or a time: a whole number, which Firehose's documents also show in quotes.
inline std::optional<std::int64_t> parse_error_number(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(value) : std::nullopt;
}

/// Fields of one error record, as they come.
class ErrorRecordReader {
 public:
  explicit ErrorRecordReader(std::string_view text) : in_(text) {}

  Result<ErrorRecord> read() {
    if (!in_.take('{')) {
      return fault("not a JSON object");
    }
    bool is_first = true;
    while (!in_.take('}')) {
      if (!std::exchange(is_first, false) && !in_.take(',')) {
        return fault("expected , or }");
      }
      std::optional<std::string> name = in_.take_string();
      if (!name || !in_.take(':')) {
        return fault("expected a name and :");
      }
      if (const char* const wrong = read_field(*name)) {
        return fault(wrong);
      }
    }
    if (!in_.is_at_end()) {
      return fault("something follows the object");
    }
    if (!has_record_) {
      return fault("rawData is missing: there is nothing to put again");
    }
    return std::move(result_);
  }

 private:
  /// Returns: what is wrong; null when nothing is.
  const char* read_field(const std::string& name) {
    if (name == "rawData") {
      const std::optional<std::string> encoded = in_.take_string();
      std::optional<std::string> record = encoded ? decode_base64(*encoded) : std::nullopt;
      if (!record) {
        return "rawData is no base64 text";
      }
      result_.record = std::move(*record);
      has_record_ = true;
      return nullptr;
    }
    if (name == "errorCode" || name == "lastErrorCode") {
      return read_text(result_.code) ? nullptr : "the error code is no text";
    }
    if (name == "errorMessage" || name == "lastErrorMessage") {
      return read_text(result_.message) ? nullptr : "the error message is no text";
    }
    const std::optional<std::string_view> value = in_.skip_value();
    if (!value) {
      return "a value is broken, or nested too deeply";
    }
    if (name == "attemptsMade") {
      const auto count = parse_error_number(*value);
      result_.attempts = count && *count >= 0 ? static_cast<std::uint64_t>(*count) : 0;
      return count && *count >= 0 ? nullptr : "attemptsMade is no count";
    }
    if (name == "arrivalTimestamp") {
      return read_time(*value, result_.arrival) ? nullptr : "arrivalTimestamp is no time";
    }
    if (name == "attemptEndingTimestamp") {
      return read_time(*value, result_.attempt_ended) ? nullptr
                                                      : "attemptEndingTimestamp is no time";
    }
    return nullptr;
  }

  bool read_text(std::string& to) {
    std::optional<std::string> text = in_.take_string();
    if (text) {
      to = std::move(*text);
    }
    return text.has_value();
  }

  /// Milliseconds since 1970.
  static bool read_time(std::string_view text, WallTime& to) {
    const auto number = parse_error_number(text);
    if (number) {
      to = WallTime(std::chrono::milliseconds(*number));
    }
    return number.has_value();
  }

  Failure fault(const char* what) const {
    return {"read an error record: " + std::string(what) + ", at byte " +
            std::to_string(in_.position())};
  }

  JsonCursor in_;
  ErrorRecord result_;
  bool has_record_ = false;
};

}  // namespace detail

/// Reads one line of an error object. Fields that are not known are passed over.
/// Errors: what is wrong with it and where, without a word of what it says.
/// Threads: distinct objects: safe.
/// Source: Firehose guide, data transformation, "failure record", and the destinations' own.
inline Result<ErrorRecord> parse_error_record(std::string_view line) {
  return detail::ErrorRecordReader(line).read();
}

}  // namespace hydrant
