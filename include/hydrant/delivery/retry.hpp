// SPDX-License-Identifier: MIT
//
// When a failed attempt is tried again, and when that ends: exponential
// back-off with full jitter, within a retry duration. A pure calculation: time
// and dice are given to it.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/limits.hpp>
#include <hydrant/core/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace hydrant {

/// How long and how often a batch is tried.
///
/// Threads: a plain value; copies are independent.
struct RetryOptions {
  static constexpr std::chrono::seconds duration_max{limits::retry_duration_seconds_max};

  /// How long retries go on, from the first failure; then the records go to the error output.
  /// Default 300 s. Range [0 s, 7200 s]; 0 s tries once.
  /// Source: Firehose API 2015-08-04, shapes *RetryOptions.DurationInSeconds.
  std::chrono::milliseconds duration{300'000};

  /// The longest wait before the second attempt; it doubles with each further one.
  /// Default 1 s. Range [1 ms, backoff_max].
  std::chrono::milliseconds backoff{1'000};

  /// The longest wait between two attempts.
  /// Default 120 s. Range [1 ms, 7200 s].
  std::chrono::milliseconds backoff_max{120'000};

  /// How long one attempt may take. A polled sink is cancelled then; a blocking
  /// one is told by its Attempt, and reported when it stays on.
  /// Default 180 s. Range [1 ms, 7200 s].
  std::chrono::milliseconds attempt_timeout{180'000};

  void validate(OptionErrors& errors) const {
    errors.check(duration.count() >= 0 && duration <= duration_max, "retry.duration",
                 "must be within [0 s, 7200 s]", to_text(duration));
    errors.check(backoff.count() >= 1 && backoff <= backoff_max, "retry.backoff",
                 "must be within [1 ms, retry.backoff_max]", to_text(backoff));
    errors.check(backoff_max.count() >= 1 && backoff_max <= duration_max, "retry.backoff_max",
                 "must be within [1 ms, 7200 s]", to_text(backoff_max));
    errors.check(attempt_timeout.count() >= 1 && attempt_timeout <= duration_max,
                 "retry.attempt_timeout", "must be within [1 ms, 7200 s]",
                 to_text(attempt_timeout));
  }

  friend bool operator==(const RetryOptions&, const RetryOptions&) = default;
};

namespace detail {

/// When to try again after `attempts` failed attempts, or nothing when the
/// retry duration does not allow it. `asked_after` is the destination's wish.
inline std::optional<SteadyTime> next_attempt(const RetryOptions& options, std::uint32_t attempts,
                                              SteadyTime first_failure, SteadyTime now,
                                              std::chrono::nanoseconds asked_after,
                                              std::uint64_t dice) {
  const SteadyTime end = saturating_add(first_failure, options.duration);
  if (options.duration.count() == 0 || now >= end) {
    return std::nullopt;
  }
  const std::uint32_t doublings = std::min(attempts == 0 ? 0 : attempts - 1, 40u);
  const std::chrono::nanoseconds base = options.backoff;
  const std::chrono::nanoseconds longest = options.backoff_max;
  const std::chrono::nanoseconds ceiling =
      base > longest / (std::int64_t{1} << std::min(doublings, 32u))
          ? longest
          : base * (std::int64_t{1} << std::min(doublings, 32u));
  const std::chrono::nanoseconds jittered{
      static_cast<std::int64_t>(dice % (static_cast<std::uint64_t>(ceiling.count()) + 1))};
  const SteadyTime at = saturating_add(now, std::max(jittered, asked_after));
  if (at > end) {
    // A destination that wants more time than there is will not take the batch in time.
    return asked_after > end - now ? std::nullopt : std::optional(end);
  }
  return at;
}

}  // namespace detail

}  // namespace hydrant
