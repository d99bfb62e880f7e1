// SPDX-License-Identifier: MIT
//
// What the command line of access_log says. Ranges are not checked here: the
// stream checks its options when it is built, and names every fault at once.
#pragma once

#include <hydrant/core/bytes.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/any_codec.hpp"
#include "../common/place.hpp"

namespace access_log {

using examples::AnyCodec;

struct Options {
  std::vector<std::string> files{};  // none: standard input
  examples::Place to{};
  hydrant::ByteCount size{5ull << 20};
  std::chrono::milliseconds interval{60'000};
  AnyCodec codec{hydrant::Zstd{.level = 3}};
  bool is_parquet = false;
  std::uint32_t threads = 1;
  std::string journal{};         // a directory; empty: none
  std::uint32_t fail_every = 0;  // 0: never
};

inline constexpr std::string_view usage =
    "usage: access_log [FILE...] --to PLACE [OPTION...]\n"
    "Parses access logs (common and combined format; standard input without FILE)\n"
    "into objects of JSON lines below PLACE/data; lines that are none, as Firehose's\n"
    "error objects, below PLACE/errors. PLACE is a directory or s3://BUCKET/PREFIX, with\n"
    "AWS_REGION, AWS_ENDPOINT_URL_S3 and credentials as AWS's own tools take them.\n"
    "  --size N[KiB|MiB|GiB]   close an object at this many bytes of log (5MiB)\n"
    "  --interval N[ms|s|min]  or when its oldest line is this old (60s)\n"
    "  --codec zstd[:LEVEL]|gzip[:LEVEL]|none\n"
    "                          (zstd:3)\n"
    "  --format lines|parquet  of the data (lines); Parquet is compressed with zstd inside, and\n"
    "                          --codec is that of the error objects alone\n"
    "  --journal DIR           keep lines on the disk until they are delivered, so that a\n"
    "                          killed run loses none; the next run goes on from there\n"
    "  --threads N             threads that read and put, and batches at once (1)\n"
    "  --fail-every N          fail every Nth write of an object, to see retries\n";

/// A number and the unit that follows it.
inline std::pair<std::uint64_t, std::string_view> split_number(std::string_view option,
                                                               std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument(std::string(option) + ": no such number: " + std::string(text));
  }
  return {number, text.substr(static_cast<std::size_t>(stop - text.data()))};
}

[[noreturn]] inline void refuse_unit(std::string_view option, std::string_view text) {
  throw std::invalid_argument(std::string(option) + ": no such unit: " + std::string(text));
}

inline std::uint32_t parse_count(std::string_view option, std::string_view text) {
  const auto [number, unit] = split_number(option, text);
  if (!unit.empty()) {
    refuse_unit(option, text);
  }
  return static_cast<std::uint32_t>(number);
}

inline hydrant::ByteCount parse_size(std::string_view option, std::string_view text) {
  const auto [number, unit] = split_number(option, text);
  if (unit.empty()) {
    return {number};
  }
  if (unit == "KiB") {
    return {number << 10};
  }
  if (unit == "MiB") {
    return {number << 20};
  }
  if (unit == "GiB") {
    return {number << 30};
  }
  refuse_unit(option, text);
}

inline std::chrono::milliseconds parse_interval(std::string_view option, std::string_view text) {
  const auto [number, unit] = split_number(option, text);
  if (unit == "ms") {
    return std::chrono::milliseconds(number);
  }
  if (unit == "s") {
    return std::chrono::seconds(number);
  }
  if (unit == "min") {
    return std::chrono::minutes(number);
  }
  refuse_unit(option, text);
}

inline AnyCodec parse_codec(std::string_view option, std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const std::string_view level =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (name == "zstd") {
    return hydrant::Zstd{.level = level.empty() ? 3 : int(parse_count(option, level))};
  }
  if (name == "gzip") {
    return hydrant::Gzip{.level = level.empty() ? 6 : int(parse_count(option, level))};
  }
  if (text == "none") {
    return hydrant::Uncompressed{};
  }
  throw std::invalid_argument(std::string(option) + ": no such codec: " + std::string(text));
}

/// Errors: std::invalid_argument, which says what is wrong.
inline Options parse_options(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view name = arguments[at];
    if (!name.starts_with("--")) {
      options.files.emplace_back(name);
      continue;
    }
    if (++at == arguments.size()) {
      throw std::invalid_argument(std::string(name) + ": no such option, or nothing after it");
    }
    const std::string_view value = arguments[at];
    if (name == "--to") {
      options.to = examples::parse_place(value);
    } else if (name == "--size") {
      options.size = parse_size(name, value);
    } else if (name == "--interval") {
      options.interval = parse_interval(name, value);
    } else if (name == "--codec") {
      options.codec = parse_codec(name, value);
    } else if (name == "--format") {
      options.is_parquet = value == "parquet";
      if (!options.is_parquet && value != "lines") {
        throw std::invalid_argument("--format: no such format: " + std::string(value));
      }
    } else if (name == "--journal") {
      options.journal = value;
    } else if (name == "--threads") {
      options.threads = parse_count(name, value);
    } else if (name == "--fail-every") {
      options.fail_every = parse_count(name, value);
    } else {
      throw std::invalid_argument(std::string(name) + ": no such option");
    }
  }
  if (options.to.directory.empty() && !options.to.bucket) {
    throw std::invalid_argument("--to PLACE is missing");
  }
  return options;
}

}  // namespace access_log
