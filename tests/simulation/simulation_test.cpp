// SPDX-License-Identifier: MIT
//
// The whole stream in simulated worlds: random sizes, policies, faults and ends,
// each world from one seed, judged by the oracle at every step.
//
// HYDRANT_SIMULATION_SEEDS=n runs that many worlds, from seed 1 or the one that
// HYDRANT_SIMULATION_FIRST names. HYDRANT_SIMULATION_SEED=n runs one, and prints
// what happened in it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "sanitized.hpp"
#include "simulation/run.hpp"
#include "test.hpp"

using hydrant::tests::SimulatedRun;

namespace {

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

/// The number in the environment variable, or `otherwise`.
std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? std::stoull(text) : otherwise;
}

std::uint64_t hash_of(std::uint64_t seed) {
  SimulatedRun run(seed);
  run.go();
  return run.trace().hash();
}

}  // namespace

TEST_CASE("simulated streams keep their promises, whatever happens", "[simulation]") {
  constexpr std::uint64_t seeds = hydrant::tests::is_sanitized ? 100 : 2000;
  const bool is_one = std::getenv("HYDRANT_SIMULATION_SEED") != nullptr;
  const std::uint64_t first =
      number("HYDRANT_SIMULATION_SEED", number("HYDRANT_SIMULATION_FIRST", 1));
  const std::uint64_t count = is_one ? 1 : number("HYDRANT_SIMULATION_SEEDS", seeds);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO("repeat with HYDRANT_SIMULATION_SEED=" << seed);
    SimulatedRun run(seed, is_one ? 1'000'000 : 64);
    run.go();
    const std::string faults = text_of(run.faults());
    if (is_one) {
      std::fputs(run.trace().text().c_str(), stderr);
    } else if (!faults.empty()) {
      UNSCOPED_INFO(run.trace().text());
    }
    REQUIRE(faults == "");
  }
}

TEST_CASE("simulated worlds of one seed are the same, to the last event", "[simulation]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    REQUIRE(hash_of(seed) == hash_of(seed));
    REQUIRE(hash_of(seed) != hash_of(seed + 1));
  }
}
