// SPDX-License-Identifier: MIT
#include <hydrant/core/time.hpp>

#include <chrono>

#include "test.hpp"

using hydrant::saturating_add;
using hydrant::SteadyTime;
using namespace std::chrono_literals;

TEST_CASE("saturating_add adds while there is room", "[core][time]") {
  const SteadyTime start{100s};

  CHECK(saturating_add(start, 0ns) == start);
  CHECK(saturating_add(start, 1ns) == start + 1ns);
  CHECK(saturating_add(start, 900s) == SteadyTime{1000s});
  CHECK(saturating_add(start, -40s) == SteadyTime{60s});
}

TEST_CASE("saturating_add stops at the clock's end", "[core][time]") {
  constexpr SteadyTime end = SteadyTime::max();

  CHECK(saturating_add(end - 2ns, 1ns) == end - 1ns);
  CHECK(saturating_add(end - 1ns, 1ns) == end);
  CHECK(saturating_add(end, 1ns) == end);
  CHECK(saturating_add(SteadyTime{1ns}, std::chrono::nanoseconds::max()) == end);
  CHECK(saturating_add(end, std::chrono::nanoseconds::max()) == end);
}

TEST_CASE("saturating_add is usable before the program starts", "[core][time]") {
  STATIC_REQUIRE(saturating_add(SteadyTime::max(), 1s) == SteadyTime::max());
}
