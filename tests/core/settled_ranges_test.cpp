// SPDX-License-Identifier: MIT
#include <hydrant/core/settled_ranges.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "test.hpp"

using hydrant::detail::SettledRanges;

TEST_CASE("settled ranges know what a plain set knows, in whatever order ranges end",
          "[core][settled_ranges]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    std::uint64_t end = 0;
    for (int i = 0; i < 40; ++i) {
      const std::uint64_t next = end + dice() % 5;  // empty ones too
      ranges.emplace_back(end, next);
      end = next;
    }
    std::shuffle(ranges.begin(), ranges.end(), dice);
    SettledRanges settled;
    std::vector<bool> model(end, false);

    for (const auto& [first, last] : ranges) {
      settled.add(first, last);
      std::fill(model.begin() + static_cast<std::ptrdiff_t>(first),
                model.begin() + static_cast<std::ptrdiff_t>(last), true);
      const auto hole = std::find(model.begin(), model.end(), false) - model.begin();
      REQUIRE(settled.watermark() == static_cast<std::uint64_t>(hole));
      std::size_t islands = 0;
      for (std::uint64_t i = 0; i < end; ++i) {
        REQUIRE(settled.contains(i) == model[i]);
        islands += model[i] && i > settled.watermark() && !model[i - 1] ? 1u : 0u;
      }
      REQUIRE(settled.range_count() == islands);  // neighbours are merged
    }
    REQUIRE(settled.watermark() == end);
    REQUIRE_FALSE(settled.contains(end));
  }
}

TEST_CASE("settled ranges name exactly what of a range is not settled", "[core][settled_ranges]") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    constexpr std::uint64_t end = 60;
    SettledRanges settled;
    std::vector<bool> model(end + 10, false);
    for (int step = 0; step < 25; ++step) {
      const std::uint64_t first = dice() % end;
      std::uint64_t last = first;
      while (last < end && !model[last] && dice() % 6 != 0) {
        model[last++] = true;
      }
      settled.add(first, last);

      const std::uint64_t from = dice() % end;
      const std::uint64_t to = from + dice() % 12;
      std::vector<std::uint64_t> open;
      std::uint64_t behind = 0;  // of the run before
      settled.for_each_unsettled(from, to, [&](std::uint64_t begin, std::uint64_t stop) {
        REQUIRE(begin < stop);
        REQUIRE((open.empty() || begin > behind));  // runs are whole
        for (behind = begin; behind < stop; ++behind) {
          open.push_back(behind);
        }
      });
      std::vector<std::uint64_t> expected;
      for (std::uint64_t i = from; i < to; ++i) {
        if (!model[i]) {
          expected.push_back(i);
        }
      }
      REQUIRE(open == expected);
    }
  }
}
