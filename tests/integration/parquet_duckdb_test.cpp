// SPDX-License-Identifier: MIT
//
// Parquet files of random schemas and records, read back by DuckDB and compared
// with the JSON that they were made of.
#include <hydrant/object/parquet.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "parquet_files.hpp"
#include "run_program.hpp"
#include "scratch_directory.hpp"
#include "test.hpp"

using hydrant::ParquetColumn;
using hydrant::RecordFailure;
using hydrant::tests::describe;
using hydrant::tests::ProgramRun;
using hydrant::tests::run_program;
using hydrant::tests::write_file;

namespace {

std::string script(const std::string& folder = {}) {
  const std::string file = __FILE__;
  const std::string here = file.substr(0, file.rfind('/') + 1);
  return "node " + here + "parquet_rows.mjs " + here + "../../build/npm " + folder;
}

}  // namespace

TEST_CASE("DuckDB reads from Parquet files what was put, whatever the schema",
          "[integration][parquet]") {
  if (const ProgramRun run = run_program(script()); run.status != 0) {
    HYDRANT_SKIP(run.output.empty() ? "no node (nodejs)" : run.output);
  }
  const hydrant::tests::ScratchDirectory scratch;

  const std::size_t rows = hydrant::tests::write_random_files(scratch.path);

  REQUIRE(run_program(script(scratch.path)).output == "same=" + std::to_string(rows) + "\n");
}

TEST_CASE("DuckDB reads the records that fit, when others do not", "[integration][parquet]") {
  if (const ProgramRun run = run_program(script()); run.status != 0) {
    HYDRANT_SKIP(run.output.empty() ? "no node (nodejs)" : run.output);
  }
  const hydrant::tests::ScratchDirectory scratch;
  const std::vector<ParquetColumn> columns{{"n", "int"}, {"l", "array<int>"}};
  std::vector<std::string> records;
  std::vector<std::string> good;
  for (int i = 0; i < 500; ++i) {
    records.push_back("{\"n\":" + std::to_string(i) + ",\"l\":[1," + std::to_string(i) + "]}");
    if (i % 3 == 0) {
      // Found out in the middle of a row, after some of it was taken.
      records.back() = "{\"n\":" + std::to_string(i) + ",\"l\":[1,2,\"x\"]}";
    } else if (i % 7 == 0) {
      records.back().pop_back();
    } else {
      good.push_back(records.back());
    }
  }
  std::vector<RecordFailure> failures;
  const std::string base = scratch.path + "/1";

  REQUIRE(write_file({.schema = columns}, records, base + ".parquet", failures) == "");

  REQUIRE(failures.size() == records.size() - good.size());
  describe(base, columns, good);
  REQUIRE(run_program(script(scratch.path)).output == "same=" + std::to_string(good.size()) + "\n");
}

TEST_CASE("values become what Firehose makes of them", "[integration][parquet]") {
  if (const ProgramRun run = run_program(script()); run.status != 0) {
    HYDRANT_SKIP(run.output.empty() ? "no node (nodejs)" : run.output);
  }

  struct Rule {
    std::string type;
    std::string json;
    std::string read;
  };

  // Source: seen on the service, record format conversion; Hive and OpenX.
  const std::vector<Rule> rules{
      {"int", "\"123\"", "123"},
      {"bigint", "\"-9007199254740993\"", "\"-9007199254740993\""},
      {"double", "\"1.5\"", "1.5"},
      {"double", "3", "3"},
      {"string", "12", "\"12\""},
      {"string", "1.50", "\"1.50\""},
      {"string", "true", "\"true\""},
      {"string", R"({"A":[1,{"B":2}]})", R"("{\"a\":[1,{\"b\":2}]}")"},
      {"string", "[1,2]", "\"[1,2]\""},
      {"array<int>", "7", "[7]"},
      {"array<int>", "[1,null,3]", "[1,null,3]"},
      {"struct<a:int,b:string>", R"([1,"x"])", R"({"a":1,"b":"x"})"},
      {"struct<a:int,b:string>", R"({"B":"x","z":1})", R"({"a":null,"b":"x"})"},
      {"map<string,int>", R"({"K":1})", R"([{"key":"k","value":1}])"},
      {"map<int,int>", R"({"1":1,"01":2})", R"([{"key":1,"value":2}])"},
      {"map<double,int>", R"({"0":1,"-0.0":2})", R"([{"key":0,"value":2}])"},
      {"boolean", "\"TRUE\"", "true"},
      {"boolean", "\"False\"", "false"},
      {"date", "\"2026-1-2\"", "\"2026-01-02\""},
      {"timestamp", "1763900000", "\"2025-11-23 12:13:20+00\""},
      {"timestamp", "999999999999", "\"33658-09-27 01:46:39+00\""},
      {"timestamp", "1000000000000", "\"2001-09-09 01:46:40+00\""},
      {"timestamp", "\"1763900000123\"", "\"2025-11-23 12:13:20.123+00\""},
      {"timestamp", "\"2025-11-23T12:13:20.5Z\"", "\"2025-11-23 12:13:20.5+00\""},
      {"timestamp", "\"2025-1-3 2:3:4\"", "\"2025-01-03 02:03:04+00\""},
      {"decimal(10,2)", "12.345", "\"12.35\""},
      {"decimal(10,2)", "\"-0.1\"", "\"-0.10\""},
      {"tinyint", "-128", "-128"},
      {"smallint", "32767", "32767"},
      {"float", "0.5", "0.5"},
      {"binary", "\"ab\"", "\"ab\""},
  };
  const hydrant::tests::ScratchDirectory scratch;
  std::string expected;
  int number = 0;
  for (const Rule& rule : rules) {
    CAPTURE(rule.type, rule.json);
    std::vector<RecordFailure> failures;
    const std::string path = scratch.path + "/" + std::to_string(++number) + ".parquet";

    REQUIRE(write_file({.schema = {{"c", rule.type}}}, {"{\"C\":" + rule.json + "}"}, path,
                       failures) == "");
    expected += "{\"c\":" + rule.read + "}\n";
  }

  REQUIRE(run_program(script(scratch.path) + " rows").output == expected);
}
