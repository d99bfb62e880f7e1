// SPDX-License-Identifier: MIT
//
// What an operator chooses about a stream. Everything has a default; everything
// is checked, all at once, when the stream is built.
#pragma once

#include <hydrant/buffer/buffering_hints.hpp>
#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/limits.hpp>
#include <hydrant/delivery/retry.hpp>
#include <hydrant/ingest/overflow.hpp>
#include <hydrant/journal/journal_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace hydrant {

/// The options of a delivery stream.
///
/// @code
/// hydrant::StreamOptions{.name = "access-log", .buffering = {.size = 5_MiB, .interval = 60s}}
/// @endcode
///
/// Threads: a plain value; copies are independent.
struct StreamOptions {
  static constexpr ByteCount memory_limit_automatic_min{64ull << 20};

  /// Names the stream in object keys, metrics and messages. Two streams may share one.
  /// Range: 1 to 64 characters of [a-zA-Z0-9_.-].
  /// Source: Firehose API 2015-08-04, shape DeliveryStreamName.
  std::string name{};

  /// When gathered records are delivered.
  BufferingHints buffering{};

  /// The most memory for records: chunks, batches in flight, outputs of transforms.
  /// Default 0 bytes: automatic, the larger of 64 MiB and 4 x buffering.size.
  /// Range: at least 2 x buffering.size and what transforms and the error output need.
  ByteCount memory_limit{};

  /// What `put` does when memory_limit is reached. Default Overflow::reject.
  Overflow overflow{};

  /// Where records are kept on the disk until they are delivered. Default: nowhere.
  JournalOptions journal{};

  /// How long a failing batch is tried again.
  RetryOptions retry{};

  /// The longest record that `put` accepts.
  /// Default 1,024,000 bytes. Range [1 byte, 256 MiB].
  /// Source: Firehose API 2015-08-04, shape Data.
  ByteCount record_bytes_max{limits::record_bytes_max};

  /// How many batches are delivered at once. Above 1, batches may overtake each
  /// other: records keep their order within a batch, not between batches.
  /// Default 1. Range [1, 64]. Polled sinks always deliver one at a time.
  std::uint32_t concurrency = 1;

  /// How long the destructor waits for a stream that was not closed.
  /// Default 5 s. Range [0 s, 7200 s].
  std::chrono::milliseconds close_timeout{5'000};

  /// The stream's version in object keys.
  /// Default 1. Source: Firehose counts a stream's configuration changes from 1.
  std::uint32_t version = 1;

  /// memory_limit, or what stands for it when it is automatic.
  ByteCount effective_memory_limit() const {
    return memory_limit.value != 0 ? memory_limit
                                   : std::max(memory_limit_automatic_min, 4 * buffering.size);
  }

  /// Adds one fault to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(is_valid_name(name), "name", "must be 1 to 64 characters of [a-zA-Z0-9_.-]",
                 name.size() > limits::stream_name_length_max
                     ? std::to_string(name.size()) + " characters"
                     : "\"" + name + "\"");
    buffering.validate(errors);
    journal.validate(errors);
    retry.validate(errors);
    errors.check(record_bytes_max.value >= 1 && record_bytes_max.value <= (256ull << 20),
                 "record_bytes_max", "must be within [1 byte, 256 MiB]", to_text(record_bytes_max));
    errors.check(overflow.timeout().count() >= 0 && overflow.timeout() <= std::chrono::hours(1),
                 "overflow", "must block within [0 s, 3600 s]", to_text(overflow.timeout()));
    errors.check(overflow.kind() != Overflow::Kind::spill || journal.is_on(), "overflow",
                 "must have a journal to spill to: set journal.directory", "spill");
    errors.check(concurrency >= 1 && concurrency <= 64, "concurrency", "must be within [1, 64]",
                 std::to_string(concurrency));
    errors.check(close_timeout.count() >= 0 && close_timeout <= RetryOptions::duration_max,
                 "close_timeout", "must be within [0 s, 7200 s]", to_text(close_timeout));
    errors.check(version >= 1, "version", "must be at least 1", std::to_string(version));
  }

  static bool is_valid_name(std::string_view name) {
    return !name.empty() && name.size() <= limits::stream_name_length_max &&
           std::all_of(name.begin(), name.end(), [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '.' || c == '-';
           });
  }
};

}  // namespace hydrant
