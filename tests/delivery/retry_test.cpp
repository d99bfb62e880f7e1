// SPDX-License-Identifier: MIT
#include <hydrant/delivery/retry.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <random>

#include "test.hpp"

using namespace hydrant::literals;
using hydrant::RetryOptions;
using hydrant::SteadyTime;
using hydrant::detail::next_attempt;

namespace {

constexpr SteadyTime start{1000s};
constexpr std::uint64_t highest = std::numeric_limits<std::uint64_t>::max();

struct Row {
  const char* what;
  std::uint32_t attempts;
  std::chrono::nanoseconds since_first_failure;
  std::chrono::nanoseconds asked_after;
  std::uint64_t dice;
  std::optional<std::chrono::nanoseconds> wait;
};

}  // namespace

TEST_CASE("retry waits as the table says", "[delivery][retry]") {
  // duration 100 s, first back-off 1 s, longest 8 s. A wait is dice modulo (back-off + 1 ns).
  const RetryOptions options{.duration = 100s, .backoff = 1s, .backoff_max = 8s};
  const std::uint64_t second = 1'000'000'000;
  const Row row = GENERATE_COPY(
      Row{"dice of 0 retry at once", 1, 0s, 0s, 0, 0s},
      Row{"first back-off at its longest", 1, 0s, 0s, second, 1s},
      Row{"first back-off wraps", 1, 0s, 0s, second + 1, 0s},
      Row{"second back-off is twice as long", 2, 5s, 0s, 2 * second, 2s},
      Row{"third back-off is four times as long", 3, 5s, 0s, 4 * second, 4s},
      Row{"fourth back-off reaches the longest", 4, 5s, 0s, 8 * second, 8s},
      Row{"fifth back-off stays at the longest", 5, 5s, 0s, 8 * second, 8s},
      Row{"a thousandth is no different", 1000, 5s, 0s, 8 * second, 8s},
      Row{"destination asks for more than the dice", 1, 0s, 30s, second, 30s},
      Row{"destination asks for less than the dice", 1, 0s, 1ms, second, 1s},
      Row{"wait is cut at the end of the duration", 4, 97s, 0s, 8 * second, 3s},
      Row{"destination asks for exactly what is left", 1, 70s, 30s, 0, 30s},
      Row{"destination asks for more than is left", 1, 70s, 30s + 1ns, 0, std::nullopt},
      Row{"one nanosecond before the end", 1, 100s - 1ns, 0s, second, 1ns},
      Row{"at the end", 1, 100s, 0s, 0, std::nullopt},
      Row{"after the end", 1, 101s, 0s, 0, std::nullopt});
  INFO(row.what);
  const SteadyTime now = start + row.since_first_failure;

  const auto next = next_attempt(options, row.attempts, start, now, row.asked_after, row.dice);

  REQUIRE(next.has_value() == row.wait.has_value());
  if (next) {
    REQUIRE(*next - now == *row.wait);
  }
}

TEST_CASE("retry of no duration never tries again", "[delivery][retry]") {
  REQUIRE_FALSE(next_attempt({.duration = 0s}, 1, start, start, 0s, 0));
}

TEST_CASE("retry never waits longer than its back-off, its duration, or less than asked",
          "[delivery][retry]") {
  std::mt19937_64 dice(20260101);
  for (int round = 0; round < 20'000; ++round) {
    RetryOptions options;
    options.duration = std::chrono::milliseconds(dice() % 7'200'001);
    options.backoff_max = std::chrono::milliseconds(1 + dice() % 7'200'000);
    options.backoff = std::chrono::milliseconds(
        1 + dice() % static_cast<std::uint64_t>(options.backoff_max.count()));
    const auto attempts =
        static_cast<std::uint32_t>(1 + dice() % (dice() % 2 == 0 ? 10 : highest / 2));
    const SteadyTime now = start + std::chrono::milliseconds(dice() % 8'000'000);
    const std::chrono::nanoseconds after{dice() % 4 == 0 ? dice() % 10'000'000'000'000 : 0};

    const auto next = next_attempt(options, attempts, start, now, after, dice());

    CAPTURE(options.duration.count(), options.backoff.count(), options.backoff_max.count());
    CAPTURE(attempts, (now - start).count(), after.count());
    if (next) {
      REQUIRE(*next >= now + after);
      REQUIRE(*next <= start + options.duration);
      REQUIRE(*next - now <= std::max<std::chrono::nanoseconds>(options.backoff_max, after));
    } else {
      REQUIRE((now >= start + options.duration || now + after > start + options.duration));
    }
  }
}

TEST_CASE("retry spreads its waits over the whole back-off", "[delivery][retry]") {
  const RetryOptions options{.duration = 7200s, .backoff = 16s, .backoff_max = 16s};
  std::mt19937_64 dice(7);
  int quarters[4] = {};
  for (int i = 0; i < 4000; ++i) {
    const auto next = next_attempt(options, 1, start, start, 0s, dice());
    ++quarters[std::min<std::int64_t>(3, (*next - start) / 4s)];
  }
  for (const int quarter : quarters) {
    REQUIRE(quarter > 850);
    REQUIRE(quarter < 1150);
  }
}
