// SPDX-License-Identifier: MIT
//
// The same Parquet files as for DuckDB, read back by hyparquet: a reader that
// shares no line with DuckDB's, and follows the format's text.
#include <cstddef>
#include <string>

#include "parquet_files.hpp"
#include "run_program.hpp"
#include "scratch_directory.hpp"
#include "test.hpp"

using hydrant::tests::ProgramRun;
using hydrant::tests::run_program;

namespace {

std::string script(const std::string& folder = {}) {
  const std::string file = __FILE__;
  const std::string here = file.substr(0, file.rfind('/') + 1);
  return "node " + here + "parquet_hyparquet.mjs " + here + "../../build/npm " + folder;
}

}  // namespace

TEST_CASE("hyparquet reads from Parquet files what was put, whatever the schema",
          "[integration][parquet]") {
  if (const ProgramRun run = run_program(script()); run.status != 0) {
    HYDRANT_SKIP(run.output.empty() ? "no node (nodejs)" : run.output);
  }
  const hydrant::tests::ScratchDirectory scratch;

  const std::size_t rows = hydrant::tests::write_random_files(scratch.path);

  REQUIRE(run_program(script(scratch.path)).output == "same=" + std::to_string(rows) + "\n");
}
