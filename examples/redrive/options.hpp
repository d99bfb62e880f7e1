// SPDX-License-Identifier: MIT
//
// What the command line of redrive says: from where, to where, and which
// records.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/time.hpp>
#include <hydrant/object/error_record.hpp>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../common/any_codec.hpp"
#include "../common/place.hpp"

namespace redrive {

inline constexpr std::string_view usage =
    "usage: redrive PLACE --to PLACE --state DIR [OPTION...]\n"
    "Puts the records of error objects, Hydrant's or Firehose's, into a stream again, and\n"
    "moves each object of which all are done to PLACE/redriven. PLACE is a directory or\n"
    "s3://BUCKET/PREFIX. A run that was killed is gone on with by the next; no record is put\n"
    "twice as long as --state stays the same.\n"
    "  --code CODE     only records with that error code; CODE* for all that begin so\n"
    "  --since TIME    only records that arrived at or after TIME, as 2026-11-23T15:00:00 (UTC)\n"
    "  --until TIME    or before it\n"
    "  --codec zstd|gzip|none  of the objects to write (zstd)\n"
    "  --dry-run       count what would be put, by error code, and put nothing\n";

/// Which records are meant.
struct Filter {
  std::string code{};
  hydrant::WallTime since = hydrant::WallTime::min();
  hydrant::WallTime until = hydrant::WallTime::max();

  bool matches(const hydrant::ErrorRecord& record) const {
    const bool is_of_code = code.ends_with('*')
                                ? record.code.starts_with(code.substr(0, code.size() - 1))
                                : code.empty() || record.code == code;
    return is_of_code && record.arrival >= since && record.arrival < until;
  }
};

struct Options {
  examples::Place from{};
  examples::Place to{};
  std::string state{};
  Filter filter{};
  examples::AnyCodec codec{hydrant::Zstd{}};
  bool is_dry_run = false;
};

/// A date, and maybe a time of day: 2026-11-23, 2026-11-23T15:00, 2026-11-23T15:00:30Z.
inline hydrant::WallTime parse_time(std::string_view option, const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  int end = 0;
  const auto is_whole = [&] {
    return end != 0 && (text.substr(static_cast<std::size_t>(end)).empty() ||
                        text.substr(static_cast<std::size_t>(end)) == "Z");
  };
  // NOLINTBEGIN(cert-err34-c): what does not fit is found below
  std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &end);
  if (!is_whole()) {
    std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u%n", &year, &month, &day, &hour, &minute, &end);
  }
  if (!is_whole()) {
    std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u%n", &year, &month, &day, &hour, &minute,
                &second, &end);
  }
  // NOLINTEND(cert-err34-c)
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!is_whole() || !date.ok() || hour > 23 || minute > 59 || second > 59) {
    throw std::invalid_argument(std::string(option) + ": no such time: " + text);
  }
  return hydrant::WallTime(std::chrono::sys_days(date).time_since_epoch() +
                           std::chrono::hours(hour) + std::chrono::minutes(minute) +
                           std::chrono::seconds(second));
}

inline examples::AnyCodec parse_codec(std::string_view option, std::string_view text) {
  if (text == "zstd") {
    return hydrant::Zstd{};
  }
  if (text == "gzip") {
    return hydrant::Gzip{};
  }
  if (text == "none") {
    return hydrant::Uncompressed{};
  }
  throw std::invalid_argument(std::string(option) + ": no such codec: " + std::string(text));
}

inline bool names_nothing(const examples::Place& place) {
  return place.directory.empty() && !place.bucket;
}

/// Errors: std::invalid_argument, which says what is wrong.
inline Options parse_options(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view name = arguments[at];
    if (!name.starts_with("--")) {
      options.from = examples::parse_place(name);
      continue;
    }
    if (name == "--dry-run") {
      options.is_dry_run = true;
      continue;
    }
    if (++at == arguments.size()) {
      throw std::invalid_argument(std::string(name) + ": no such option, or nothing after it");
    }
    const std::string_view value = arguments[at];
    if (name == "--to") {
      options.to = examples::parse_place(value);
    } else if (name == "--state") {
      options.state = value;
    } else if (name == "--code") {
      options.filter.code = value;
    } else if (name == "--since") {
      options.filter.since = parse_time(name, std::string(value));
    } else if (name == "--until") {
      options.filter.until = parse_time(name, std::string(value));
    } else if (name == "--codec") {
      options.codec = parse_codec(name, value);
    } else {
      throw std::invalid_argument(std::string(name) + ": no such option");
    }
  }
  if (names_nothing(options.from) || names_nothing(options.to) || options.state.empty()) {
    throw std::invalid_argument("PLACE, --to PLACE or --state DIR is missing");
  }
  return options;
}

}  // namespace redrive
