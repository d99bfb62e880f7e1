// SPDX-License-Identifier: MIT
#include <hydrant/core/base64.hpp>

#include <cstdint>
#include <random>
#include <string>

#include "run_program.hpp"
#include "test.hpp"

using hydrant::tests::run_program;

TEST_CASE("base64 writes and reads what the program `base64` does", "[integration][base64]") {
  if (run_program("base64 --version").status != 0) {
    HYDRANT_SKIP("no program `base64`");
  }
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::string bytes(seed <= 20 ? seed - 1 : random() % 20'000, '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random());
    }

    const auto theirs = run_program("base64 -w 0", bytes);
    std::string ours;
    hydrant::append_base64(ours, bytes);

    REQUIRE(theirs.status == 0);
    REQUIRE(ours == theirs.output);
    REQUIRE(run_program("base64 -d", ours).output == bytes);
  }
}
