// SPDX-License-Identifier: MIT
//
// How long things took, in a fixed 2 KiB: a log-linear histogram. Each power of
// two is cut into 8 buckets of equal width, and a bucket answers with its
// middle, so an answer is at most 1/16 = 6.25 % off:
//
//     0 . 128 ns . ... . 1024 ns | 8 x 128 ns | 8 x 256 ns | ... | 2^42 ns | 8 buckets | 2^43 ns
//
// Below 1 us the error is at most 64 ns; above 2 h 17 min all share the last bucket,
// which answers with the maximum.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hydrant {

/// Counts durations and answers quantiles. Allocates nothing, ever.
/// Threads: distinct objects: safe; shared: unsafe.
class Histogram {
 public:
  /// How far an answer may be off, relative to the true value, between 1 us and 2 h.
  static constexpr double relative_error_max = 0.0625;

  /// Counts `duration` `count` times. A negative one counts as 0.
  void record(std::chrono::nanoseconds duration, std::uint64_t count = 1) {
    if (count == 0) {
      return;
    }
    duration = std::max(duration, std::chrono::nanoseconds(0));
    buckets_[bucket_of(duration)] += count;
    count_ += count;
    sum_seconds_ += std::chrono::duration<double>(duration).count() * static_cast<double>(count);
    max_ = std::max(max_, duration);
  }

  /// The smallest duration that at least `fraction` of all durations do not
  /// exceed; 0 while there are none.
  /// Range `fraction` within [0, 1].
  std::chrono::nanoseconds quantile(double fraction) const {
    if (count_ == 0) {
      return std::chrono::nanoseconds(0);
    }
    const double rank = fraction * static_cast<double>(count_);
    auto wanted = static_cast<std::uint64_t>(rank);
    wanted += static_cast<double>(wanted) < rank ? 1 : 0;
    wanted = std::clamp<std::uint64_t>(wanted, 1, count_);
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < bucket_count; ++index) {
      seen += buckets_[index];
      if (seen >= wanted) {
        return index + 1 == bucket_count ? max_ : std::min(middle_of(index), max_);
      }
    }
    return max_;
  }

  std::uint64_t count() const { return count_; }

  /// The sum of all durations; a double, because a count of records times hours
  /// does not fit into 64 bits of nanoseconds.
  double sum_seconds() const { return sum_seconds_; }

  /// The longest duration, exactly.
  std::chrono::nanoseconds max() const { return max_; }

  /// Adds what `other` has counted.
  void merge(const Histogram& other) {
    for (std::size_t index = 0; index < bucket_count; ++index) {
      buckets_[index] += other.buckets_[index];
    }
    count_ += other.count_;
    sum_seconds_ += other.sum_seconds_;
    max_ = std::max(max_, other.max_);
  }

 private:
  static constexpr unsigned unit_bits = 7;      // the finest bucket: 128 ns
  static constexpr unsigned fraction_bits = 3;  // 8 buckets for each power of two
  static constexpr unsigned range_bits = 43;    // the last bucket is the end of 2^43 ns
  static constexpr std::size_t bucket_count =
      std::size_t{range_bits - unit_bits - fraction_bits + 1} << fraction_bits;

  static constexpr std::size_t bucket_of(std::chrono::nanoseconds duration) {
    const std::uint64_t units = static_cast<std::uint64_t>(duration.count()) >> unit_bits;
    const auto width = static_cast<unsigned>(std::bit_width(units));
    const unsigned shift = width > fraction_bits + 1 ? width - fraction_bits - 1 : 0;
    const std::size_t index = (std::size_t{shift} << fraction_bits) + (units >> shift);
    return std::min(index, bucket_count - 1);
  }

  static constexpr std::chrono::nanoseconds middle_of(std::size_t index) {
    const std::size_t per_octave = std::size_t{1} << fraction_bits;
    const unsigned shift =
        index < 2 * per_octave ? 0 : static_cast<unsigned>(index / per_octave - 1);
    const std::uint64_t units = index - (std::size_t{shift} << fraction_bits);
    const std::uint64_t width = std::uint64_t{1} << (unit_bits + shift);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(units * width + width / 2));
  }

  std::array<std::uint64_t, bucket_count> buckets_{};
  std::uint64_t count_ = 0;
  double sum_seconds_ = 0;
  std::chrono::nanoseconds max_{0};
};

static_assert(sizeof(Histogram) <= 4096);

}  // namespace hydrant
