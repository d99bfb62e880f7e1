// SPDX-License-Identifier: MIT
#include <hydrant/core/system_env.hpp>

#include <array>
#include <cstdint>
#include <ctime>
#include <set>

#include "test.hpp"
#include <sys/wait.h>
#include <unistd.h>

using hydrant::SystemEnv;

static_assert(hydrant::Env<SystemEnv>);

TEST_CASE("system env takes no room in what holds it", "[core][system_env]") {
  REQUIRE(std::is_empty_v<SystemEnv>);
}

TEST_CASE("system env rolls another number each time, and others in a forked child",
          "[core][system_env]") {
  const SystemEnv env;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    seen.insert(env.random());
  }
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);

  const pid_t child = ::fork();
  if (child == 0) {
    for (int i = 0; i < 100; ++i) {
      const std::uint64_t number = env.random();
      static_cast<void>(::write(ends[1], &number, sizeof number) == sizeof number);
    }
    ::_exit(0);
  }
  for (int i = 0; i < 100; ++i) {
    seen.insert(env.random());
    std::uint64_t number = 0;
    REQUIRE(::read(ends[0], &number, sizeof number) == sizeof number);
    seen.insert(number);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::close(ends[0]);
  ::close(ends[1]);

  REQUIRE(seen.size() == 300);
}

TEST_CASE("system env has one set of files for the process", "[core][system_env]") {
  REQUIRE(&SystemEnv().files() == &SystemEnv().files());
}

TEST_CASE("system env tells the time of the day, and one that does not go back",
          "[core][system_env]") {
  const SystemEnv env;
  const auto before = env.steady_now();
  const std::time_t wall = std::chrono::system_clock::to_time_t(env.wall_now());

  REQUIRE(std::abs(std::difftime(wall, std::time(nullptr))) <= 5);
  REQUIRE(before <= env.steady_now());
}
