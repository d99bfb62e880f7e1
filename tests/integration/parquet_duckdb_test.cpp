// SPDX-License-Identifier: MIT
//
// Parquet files of random schemas and records, read back by DuckDB and compared
// with the JSON that they were made of.
#include <hydrant/object/parquet.hpp>
#include <hydrant/testing/batch_builder.hpp>

#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "run_program.hpp"
#include "scratch_directory.hpp"
#include "test.hpp"

using hydrant::Parquet;
using hydrant::ParquetColumn;
using hydrant::ParquetCompression;
using hydrant::ParquetWriterVersion;
using hydrant::RecordFailure;
using hydrant::testing::BatchBuilder;
using hydrant::tests::ProgramRun;
using hydrant::tests::run_program;

namespace {

std::string script(const std::string& folder = {}) {
  const std::string file = __FILE__;
  const std::string here = file.substr(0, file.rfind('/') + 1);
  return "node " + here + "parquet_rows.mjs " + here + "../../build/npm " + folder;
}

/// Random schemas and records of them.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : dice_(seed) {}

  std::uint64_t below(std::uint64_t end) { return dice_() % end; }

  template <class T>
  T pick(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

  std::vector<ParquetColumn> columns() {
    const std::vector<std::string> types{"string",          "int",
                                         "bigint",          "double",
                                         "boolean",         "array<int>",
                                         "array<string>",   "struct<a:int,b:string>",
                                         "map<string,int>", "array<array<int>>"};
    std::vector<ParquetColumn> columns;
    for (std::uint64_t i = 1 + below(6); i > 0; --i) {
      columns.push_back({"c" + std::to_string(i), pick(types)});
    }
    kinds_ = 1 + below(50);
    return columns;
  }

  std::string record(const std::vector<ParquetColumn>& columns) {
    std::string json = "{";
    for (const ParquetColumn& column : columns) {
      if (below(8) != 0) {
        json += (json.size() == 1 ? "\"" : ",\"") + column.name + "\":" + value(column.type);
      }
    }
    return json + "}";
  }

 private:
  std::string value(std::string_view type) {
    if (below(9) == 0) {
      return "null";
    }
    if (type == "string") {
      return text();
    }
    if (type == "int") {
      return std::to_string(static_cast<std::int32_t>(below(3) == 0 ? dice_() : below(kinds_)));
    }
    if (type == "bigint") {
      const auto number = static_cast<std::int64_t>(dice_() >> (11 + below(50)));
      return std::to_string(below(2) == 0 ? number : -number);
    }
    if (type == "double") {
      return std::to_string(static_cast<double>(static_cast<std::int32_t>(dice_())) / 1024);
    }
    if (type == "boolean") {
      return below(2) == 0 ? "true" : "false";
    }
    return nested(type);
  }

  std::string nested(std::string_view type) {
    if (type.starts_with("array<")) {
      type.remove_prefix(6);
      type.remove_suffix(1);
      std::string list;
      for (std::uint64_t i = below(4); i > 0; --i) {
        list += (list.empty() ? "" : ",") + value(type);
      }
      return "[" + list + "]";
    }
    if (type.starts_with("struct<")) {
      return "{\"a\":" + value("int") + ",\"b\":" + value("string") + "}";
    }
    std::string entries;
    for (std::uint64_t i = below(4); i > 0; --i) {
      entries += (entries.empty() ? "\"k" : ",\"k") + std::to_string(i) + "\":" + value("int");
    }
    return "{" + entries + "}";
  }

  std::string text() {
    static const std::vector<std::string> pieces{
        "a", "bc", " ", "\\n", "\\\"", "\\\\", "\\u00e9", "\xc3\xa9", "\\ud83d\\ude00", "0"};
    std::string text = "\"";
    if (below(2) == 0) {
      return "\"" + std::string(1, static_cast<char>('a' + below(kinds_) % 26)) + "\"";
    }
    for (std::uint64_t i = below(12); i > 0; --i) {
      text += pick(pieces);
    }
    return text + "\"";
  }

  std::mt19937_64 dice_;
  std::uint64_t kinds_ = 1;
};

/// Writes the file. Returns: why not; empty when it is there.
std::string write(const Parquet& format, const std::vector<std::string>& records,
                  const std::string& path, std::vector<RecordFailure>& failures) {
  BatchBuilder builder;
  for (std::size_t at = 0; at < records.size(); at += 100) {
    const auto begin = records.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min<std::size_t>(100, records.size() - at);
    builder.page({begin, begin + static_cast<std::ptrdiff_t>(count)});
  }
  std::ofstream file(path, std::ios::binary);
  const auto out = [&](std::span<const std::byte> piece) -> hydrant::Status {
    file.write(reinterpret_cast<const char*>(piece.data()),
               static_cast<std::streamsize>(piece.size()));
    return hydrant::success();
  };
  const hydrant::Status status = format.write(builder.batch(), out, failures);
  return status ? std::string() : status.failure().message;
}

void describe(const std::string& base, const std::vector<ParquetColumn>& columns,
              const std::vector<std::string>& records) {
  std::ofstream schema(base + ".schema");
  schema << "[";
  for (const ParquetColumn& column : columns) {
    schema << (&column == columns.data() ? "" : ",") << "[\"" << column.name << "\",\""
           << column.type << "\"]";
  }
  schema << "]\n";
  std::ofstream lines(base + ".json", std::ios::binary);
  for (const std::string& record : records) {
    lines << record << "\n";
  }
}

}  // namespace

TEST_CASE("DuckDB reads from Parquet files what was put, whatever the schema",
          "[integration][parquet]") {
  if (const ProgramRun run = run_program(script()); run.status != 0) {
    HYDRANT_SKIP(run.output.empty() ? "no node (nodejs)" : run.output);
  }
  const hydrant::tests::ScratchDirectory scratch;
  std::size_t rows = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    Draw draw(seed);
    const std::vector<ParquetColumn> columns = draw.columns();
    const Parquet format{.schema = columns,
                         .compression = draw.pick<ParquetCompression>(
                             {ParquetCompression::zstd, ParquetCompression::snappy,
                              ParquetCompression::gzip, ParquetCompression::uncompressed}),
                         .page_size = Parquet::page_size_min,
                         .enable_dictionary_compression = draw.below(2) == 0,
                         .writer_version = draw.pick<ParquetWriterVersion>(
                             {ParquetWriterVersion::v1, ParquetWriterVersion::v2})};
    hydrant::OptionErrors errors;
    format.validate(errors);
    REQUIRE(errors.empty());
    std::vector<std::string> records;
    for (std::uint64_t i = 1 + draw.below(draw.pick<std::uint64_t>({3, 100, 3000})); i > 0; --i) {
      records.push_back(draw.record(columns));
    }
    std::vector<RecordFailure> failures;
    const std::string base = scratch.path + "/" + std::to_string(seed);

    REQUIRE(write(format, records, base + ".parquet", failures) == "");

    REQUIRE(failures.empty());
    describe(base, columns, records);
    rows += records.size();
  }

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

  REQUIRE(write({.schema = columns}, records, base + ".parquet", failures) == "");

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

    REQUIRE(write({.schema = {{"c", rule.type}}}, {"{\"C\":" + rule.json + "}"}, path, failures) ==
            "");
    expected += "{\"c\":" + rule.read + "}\n";
  }

  REQUIRE(run_program(script(scratch.path) + " rows").output == expected);
}
