// SPDX-License-Identifier: MIT
#include <hydrant/core/system_env.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/gzip.hpp>
#include <hydrant/object/object_sink.hpp>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

#include "object/failing_files.hpp"
#include "object/pages.hpp"
#include "run_program.hpp"
#include "test.hpp"

using hydrant::tests::run_program;

TEST_CASE("the program `gzip` reads objects as the records that were put", "[integration][gzip]") {
  if (run_program("gzip --version").status != 0) {
    HYDRANT_SKIP("no program `gzip`");
  }
  std::string top = "/tmp/hydrant-gzip-XXXXXX";
  REQUIRE(::mkdtemp(top.data()) != nullptr);
  for (const int level : {0, 1, 6, 9}) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      CAPTURE(level, seed);
      std::mt19937_64 random(seed);
      hydrant::tests::TestAttempt test(hydrant::SystemEnv().files());
      hydrant::tests::Pages pages(seed % 2 == 0 ? "\n" : "");
      const auto records =
          hydrant::tests::fill_randomly(pages, random, "\n", seed == 0 ? 0 : random() % 400);
      const std::string place = top + "/" + std::to_string(level) + "." + std::to_string(seed);
      hydrant::ObjectSink sink{hydrant::DirectoryStore{place}, hydrant::Lines{},
                               hydrant::Gzip{.level = level}};

      const bool is_delivered = sink.deliver(pages.batch(), test.attempt).is_delivered();
      const std::string object = "$(find " + place + " -type f)";

      REQUIRE(is_delivered);
      REQUIRE(run_program("gzip -q -t " + object).status == 0);
      REQUIRE((run_program("zcat " + object).output == hydrant::tests::joined(records, "\n")));
    }
  }
  REQUIRE(run_program("rm -r " + top).status == 0);
}
