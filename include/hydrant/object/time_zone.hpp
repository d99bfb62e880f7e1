// SPDX-License-Identifier: MIT
//
// The time zone of the dates in object keys: UTC, a fixed distance from it, or
// a place, whose zone file is read once, at construction. The names are those
// that java.time.ZoneId takes, as Firehose's CustomTimeZone is one.
#pragma once

#include <hydrant/core/result.hpp>
#include <hydrant/object/time_zone_file.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// Gives the bytes of a zone file, such as "Asia/Tokyo": `read_system_zone_file`, or a test's own.
using ReadZoneFile = Result<std::string> (*)(std::string_view name);

/// How far local time is from UTC, and since when.
///
/// A name is "" or "UTC", "GMT", "UT", "Z"; a distance of at most 18 hours ("+9", "+09", "+0530",
/// "-03:30", "+01:02:03"), also after UTC, GMT or UT; or a place ("Europe/Berlin").
///
/// Threads: immutable; shared: safe.
class TimeZone {
 public:
  /// Source: Firehose API 2015-08-04, shape CustomTimeZone: 0 to 50 characters.
  static constexpr std::size_t name_length_max = 50;

  /// UTC.
  TimeZone() : TimeZone("UTC", 0) {}

  /// Returns: the zone; or text for people: what is wrong with the name, the file, or the disk.
  /// Blocks: on the disk, for the names of places.
  static Result<TimeZone> find(std::string_view name, ReadZoneFile read) {
    if (name.empty()) {
      return TimeZone();
    }
    if (std::optional<TimeZone> fixed = fixed_zone(name)) {
      return std::move(*fixed);
    }
    if (!is_place(name)) {
      return Failure{
          "is neither a distance from UTC of at most 18 hours, such as +05:30, nor the name of a "
          "place, such as Asia/Tokyo"};
    }
    Result<std::string> bytes = read(name);
    if (!bytes) {
      return Failure{bytes.failure().message + " (is the package tzdata installed?)",
                     bytes.failure().os_code};
    }
    Result<detail::TimeZoneFile> file = detail::TimeZoneFile::parse(bytes.value());
    if (!file) {
      return Failure{"its zone file " + file.failure().message};
    }
    TimeZone zone;
    zone.id_ = name;
    zone.file_ = std::move(file.value());
    return zone;
  }

  /// What dates print for it: the name, or the distance as ISO 8601 has it.
  const std::string& id() const { return id_; }

  /// What holds at an instant, in seconds since 1970, that a WallTime can hold.
  const detail::LocalTimeType& at(std::int64_t seconds) const {
    return file_ ? file_->at(seconds) : fixed_;
  }

 private:
  TimeZone(std::string id, std::int32_t offset) : id_(std::move(id)), fixed_{offset, id_} {}

  static std::optional<TimeZone> fixed_zone(std::string_view name) {
    if (name == "Z") {
      return TimeZone("Z", 0);
    }
    std::string_view distance = name;
    for (const std::string_view prefix : {"UTC", "GMT", "UT"}) {
      if (name.starts_with(prefix)) {
        distance.remove_prefix(prefix.size());
        break;
      }
    }
    const std::string_view prefix = name.substr(0, name.size() - distance.size());
    if (distance.empty()) {
      return TimeZone(std::string(name), 0);
    }
    const std::optional<std::int32_t> offset = offset_of(distance);
    if (!offset) {
      return std::nullopt;
    }
    const std::string text = *offset == 0 ? (prefix.empty() ? "Z" : "") : text_of(*offset);
    return TimeZone(std::string(prefix) + text, *offset);
  }

  /// "+h", "+hh", "+hhmm", "+hh:mm", "+hhmmss" or "+hh:mm:ss" in seconds.
  static std::optional<std::int32_t> offset_of(std::string_view text) {
    constexpr std::array<std::string_view, 6> shapes{"h",     "hh",     "hhmm",
                                                     "hh:mm", "hhmmss", "hh:mm:ss"};
    const bool is_negative = text.starts_with('-');
    if (!is_negative && !text.starts_with('+')) {
      return std::nullopt;
    }
    text.remove_prefix(1);
    for (const std::string_view shape : shapes) {
      if (shape.size() == text.size()) {
        const std::optional<std::int32_t> seconds = seconds_of(text, shape);
        return seconds && is_negative ? -*seconds : seconds;
      }
    }
    return std::nullopt;
  }

  static std::optional<std::int32_t> seconds_of(std::string_view text, std::string_view shape) {
    std::int32_t hours = 0;
    std::int32_t minutes = 0;
    std::int32_t seconds = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == ':' ? text[i] != ':' : text[i] < '0' || text[i] > '9') {
        return std::nullopt;
      }
      if (shape[i] != ':') {
        std::int32_t& part = shape[i] == 'h' ? hours : shape[i] == 'm' ? minutes : seconds;
        part = part * 10 + (text[i] - '0');
      }
    }
    const std::int32_t all = hours * 3600 + minutes * 60 + seconds;
    return minutes > 59 || seconds > 59 || all > 18 * 3600 ? std::nullopt
                                                           : std::optional<std::int32_t>(all);
  }

  /// "+05:30", and seconds where there are any.
  static std::string text_of(std::int32_t offset) {
    const auto two = [](std::int32_t value) {
      return std::string(value < 10 ? "0" : "") + std::to_string(value);
    };
    const std::int32_t distance = std::abs(offset);
    std::string text =
        (offset < 0 ? "-" : "+") + two(distance / 3600) + ":" + two(distance / 60 % 60);
    return distance % 60 == 0 ? text : text + ":" + two(distance % 60);
  }

  /// Letters, digits, '_', '+' and '-' between single slashes. Nothing of that leads out of a
  /// directory.
  static bool is_place(std::string_view name) {
    char before = '/';
    for (const char c : name) {
      const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      const bool is_other = (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
      if (c == '/' ? before == '/' : !is_letter && !is_other) {
        return false;
      }
      before = c;
    }
    return before != '/' && name.size() <= name_length_max;
  }

  std::string id_;
  detail::LocalTimeType fixed_;
  std::optional<detail::TimeZoneFile> file_;
};

}  // namespace hydrant
