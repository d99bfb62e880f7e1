// SPDX-License-Identifier: MIT
//
// When gathered records become a batch: whichever hint is reached first. The
// same struct serves the stream, its backup and its error output.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/limits.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace hydrant {

/// How much, and for how long, records gather before they are delivered.
///
/// @code
/// hydrant::BufferingHints hints{.size = 64_MiB, .interval = 60s};
/// @endcode
///
/// Threads: a plain value; copies are independent.
struct BufferingHints {
  static constexpr ByteCount size_max{1ull << 30};
  static constexpr std::chrono::milliseconds interval_max{
      std::chrono::seconds(limits::buffering_interval_seconds_max)};

  /// Bytes of record data, appended delimiters included, before transform, format
  /// and compression. A batch never holds more, unless one record alone does.
  /// Default 5 MiB. Range [1 byte, 1 GiB].
  /// Source: Firehose API 2015-08-04, shape SizeInMBs (1 to 128 MiB; Hydrant takes less and more).
  ByteCount size{5ull << 20};

  /// Age of the oldest record, on the stream's steady clock.
  /// Default 300 s. Range [0 ms, 900 s]; 0 delivers as soon as a worker is free.
  /// Source: Firehose API 2015-08-04, shape IntervalInSeconds (0 to 900).
  std::chrono::milliseconds interval{300'000};

  /// Number of records; 0 sets no bound.
  /// Default 0. Range [0, 4294967295].
  std::uint32_t count = 0;

  /// Adds one fault to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(size.value >= 1 && size <= size_max, "buffering.size",
                 "must be within [1 byte, 1 GiB]", to_text(size));
    errors.check(interval.count() >= 0 && interval <= interval_max, "buffering.interval",
                 "must be within [0 s, 900 s]", to_text(interval));
  }

  friend bool operator==(const BufferingHints&, const BufferingHints&) = default;
};

static_assert(BufferingHints{}.size <= BufferingHints::size_max);
static_assert(BufferingHints{}.interval <= BufferingHints::interval_max);

}  // namespace hydrant
