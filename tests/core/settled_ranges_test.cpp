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
