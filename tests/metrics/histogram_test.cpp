// SPDX-License-Identifier: MIT
#include <hydrant/metrics/histogram.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "test.hpp"

using hydrant::Histogram;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

namespace {

/// Any duration from 1 us to 2 h, each power of two as likely as the next.
nanoseconds random_duration(std::mt19937_64& random) {
  std::uniform_real_distribution<double> exponent(std::log2(1e3), std::log2(7.2e12));
  return std::clamp(nanoseconds(std::llround(std::exp2(exponent(random)))), nanoseconds(1us),
                    nanoseconds(2h));
}

double relative_error(nanoseconds answer, nanoseconds truth) {
  return std::abs(static_cast<double>((answer - truth).count())) /
         static_cast<double>(truth.count());
}

/// The value at `fraction`, found the slow way.
nanoseconds in_sorted(const std::vector<nanoseconds>& sorted, double fraction) {
  std::size_t index = 0;
  while (static_cast<double>(index + 1) < fraction * static_cast<double>(sorted.size())) {
    ++index;
  }
  return sorted[index];
}

}  // namespace

TEST_CASE("a histogram answers within 6.25 % of a sorted vector", "[metrics][histogram]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Histogram histogram;
    std::vector<nanoseconds> values(1 + random() % 1000);
    for (nanoseconds& value : values) {
      value = random_duration(random);
      histogram.record(value);
    }
    std::sort(values.begin(), values.end());

    REQUIRE(histogram.count() == values.size());
    REQUIRE(histogram.max() == values.back());
    for (double fraction : {0.0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
      CAPTURE(fraction);
      REQUIRE(relative_error(histogram.quantile(fraction), in_sorted(values, fraction)) <=
              Histogram::relative_error_max);
    }
  }
}

TEST_CASE("a histogram keeps its error at every boundary of its buckets", "[metrics][histogram]") {
  for (unsigned power = 10; power <= 42; ++power) {
    for (int eighth = 8; eighth < 16; ++eighth) {
      const std::int64_t boundary = (std::int64_t{1} << power) / 8 * eighth;
      for (std::int64_t value : {boundary - 1, boundary, boundary + 1}) {
        if (nanoseconds(value) > 2h + 17min) {
          continue;
        }
        CAPTURE(value);
        Histogram histogram;
        histogram.record(nanoseconds(value));
        histogram.record(3h);  // or the maximum would answer, exactly
        REQUIRE(relative_error(histogram.quantile(0.5), nanoseconds(value)) <=
                Histogram::relative_error_max);
      }
    }
  }
}

TEST_CASE("a histogram is off by 64 ns at most below 1 us", "[metrics][histogram]") {
  for (std::int64_t value = 0; value < 1024; ++value) {
    Histogram histogram;
    histogram.record(nanoseconds(value));
    histogram.record(1s);
    REQUIRE(std::abs(histogram.quantile(0.5).count() - value) <= 64);
  }
}

TEST_CASE("a histogram takes durations outside its range", "[metrics][histogram]") {
  Histogram histogram;
  histogram.record(-1s);
  REQUIRE(histogram.max() == 0ns);
  REQUIRE(histogram.quantile(1) == 0ns);

  histogram.record(nanoseconds::max());
  REQUIRE(histogram.max() == nanoseconds::max());
  REQUIRE(histogram.quantile(1) == nanoseconds::max());
  REQUIRE(histogram.count() == 2);

  histogram.record(2h + 18min, 10);
  REQUIRE(histogram.quantile(0.5) == histogram.max());
}

TEST_CASE("a histogram without values answers 0", "[metrics][histogram]") {
  const Histogram histogram;
  REQUIRE(histogram.count() == 0);
  REQUIRE(histogram.quantile(0.99) == 0ns);
  REQUIRE(histogram.max() == 0ns);
  REQUIRE(histogram.sum_seconds() == 0);
}

TEST_CASE("a histogram counts a duration as often as it is told", "[metrics][histogram]") {
  Histogram histogram;
  histogram.record(1ms, 99);
  histogram.record(1s, 1);
  histogram.record(1h, 0);
  REQUIRE(histogram.count() == 100);
  REQUIRE(histogram.max() == 1s);
  REQUIRE(histogram.quantile(0.99) < 2ms);
  REQUIRE(histogram.quantile(0.991) > 900ms);
  REQUIRE(histogram.sum_seconds() == Approx(1.099));
}

TEST_CASE("merged histograms answer as one that counted everything", "[metrics][histogram]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Histogram left, right, both;
    for (int index = 0; index < 300; ++index) {
      const nanoseconds value = random_duration(random);
      (random() % 2 ? left : right).record(value);
      both.record(value);
    }

    left.merge(right);

    REQUIRE(left.count() == both.count());
    REQUIRE(left.max() == both.max());
    REQUIRE(left.sum_seconds() == Approx(both.sum_seconds()));
    for (int percent = 0; percent <= 100; ++percent) {
      REQUIRE(left.quantile(percent / 100.0) == both.quantile(percent / 100.0));
    }
  }
}
