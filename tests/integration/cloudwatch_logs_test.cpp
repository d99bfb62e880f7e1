// SPDX-License-Identifier: MIT
#include <hydrant/transform/gunzip.hpp>

#include <string>

#include "run_program.hpp"
#include "test.hpp"
#include "transform/collecting_emitter.hpp"

using hydrant::tests::run_program;

TEST_CASE("gunzip_cloudwatch_logs reads what Python and gzip pack", "[integration][cloudwatch]") {
  if (run_program("python3 --version").status != 0 || run_program("gzip --version").status != 0) {
    HYDRANT_SKIP("no program `python3` or `gzip`");
  }
  for (const std::string ascii : {"True", "False"}) {
    const std::string script =
        "import sys,json\n"
        "lines=[\"GET / 200\",\"tab\\tquote\\\" slash\\\\\",\"caf\\u00e9 \\U0001f600\",\"\"]\n"
        "events=[{\"id\":str(i),\"timestamp\":i,\"message\":m} for i,m in enumerate(lines)]\n"
        "d={\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"logGroup\":\"g\",\"logStream\":"
        "\"s\",\"subscriptionFilters\":[\"f\"],\"logEvents\":events}\n"
        "sys.stdout.buffer.write(json.dumps(d,ensure_ascii=" +
        ascii + ").encode())\n";
    const auto packed = run_program("python3 -c '" + script + "' | gzip -6");

    const auto ran = hydrant::tests::run(hydrant::gunzip_cloudwatch_logs(), packed.output);

    REQUIRE(ran.outcome.kind() == hydrant::Outcome::Kind::ok);
    REQUIRE(ran.records ==
            hydrant::tests::Texts{"GET / 200", "tab\tquote\" slash\\", "caf\u00e9 \U0001f600", ""});
  }
}
