// SPDX-License-Identifier: MIT
//
// The whole stream in simulated worlds: random sizes, policies, faults and ends,
// each world from one seed, judged by the oracle at every step.
//
// HYDRANT_SIMULATION_SEEDS=n runs that many worlds. HYDRANT_SIMULATION_SEED=n
// runs one, and prints what happened in it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

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

std::uint64_t hash_of(std::uint64_t seed) {
  SimulatedRun run(seed);
  run.go();
  return run.trace().hash();
}

}  // namespace

TEST_CASE("simulated streams keep their promises, whatever happens", "[simulation]") {
  constexpr std::uint64_t seeds = hydrant::tests::is_sanitized ? 60 : 300;
  const char* const one = std::getenv("HYDRANT_SIMULATION_SEED");
  const char* const many = std::getenv("HYDRANT_SIMULATION_SEEDS");
  const std::uint64_t first = one != nullptr ? std::stoull(one) : 1;
  const std::uint64_t count = one != nullptr ? 1 : many != nullptr ? std::stoull(many) : seeds;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO("repeat with HYDRANT_SIMULATION_SEED=" << seed);
    SimulatedRun run(seed, one != nullptr ? 1'000'000 : 64);
    run.go();
    if (one != nullptr) {
      std::fputs(run.trace().text().c_str(), stderr);
    }
    INFO(run.trace().text());
    REQUIRE(text_of(run.faults()) == "");
  }
}

TEST_CASE("simulated worlds of one seed are the same, to the last event", "[simulation]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    REQUIRE(hash_of(seed) == hash_of(seed));
    REQUIRE(hash_of(seed) != hash_of(seed + 1));
  }
}
