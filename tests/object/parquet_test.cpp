// SPDX-License-Identifier: MIT
//
// What a Parquet file leaves out, and why; what is in it, other programs tell
// (tests/integration/parquet_duckdb_test.cpp).
#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/parquet.hpp>
#include <hydrant/testing/batch_builder.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_files.hpp>
#include <hydrant/testing/memory_sink.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "test.hpp"

using hydrant::OptionErrors;
using hydrant::Parquet;
using hydrant::ParquetColumn;
using hydrant::RecordFailure;
using hydrant::Status;
using hydrant::testing::BatchBuilder;
using namespace std::chrono_literals;

namespace {

struct Written {
  std::string file;
  std::string failure;
  std::vector<RecordFailure> left_out;
};

Written write(const Parquet& format, const std::vector<std::string>& records) {
  BatchBuilder builder;
  builder.page(records);
  Written written;
  const auto out = [&](std::span<const std::byte> piece) -> Status {
    written.file.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return hydrant::success();
  };
  const Status status = format.write(builder.batch(), out, written.left_out);
  written.failure = status ? std::string() : status.failure().message;
  return written;
}

/// Why the record does not fit, with one that does beside it.
std::string reason(const std::string& type, const std::string& record) {
  const Written written = write({.schema = {{"c", type}}}, {"{}", record});
  REQUIRE(written.failure == "");
  REQUIRE(written.left_out.size() == 1);
  REQUIRE(written.left_out[0].index == 1);
  REQUIRE_FALSE(written.left_out[0].retryable);
  REQUIRE(written.left_out[0].error_output_type == "format-conversion-failed");
  return written.left_out[0].code + ": " + written.left_out[0].reason;
}

std::string faults(const Parquet& format) {
  OptionErrors errors;
  format.validate(errors);
  std::string text;
  for (const auto& fault : errors.faults()) {
    text += fault.field + " " + fault.rule + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a Parquet file begins and ends with its mark, and is the same for the same records",
          "[object][parquet]") {
  const Parquet format{.schema = {{"a", "int"}, {"b", "string"}}};
  const std::vector<std::string> records{R"({"a":1,"b":"x"})", R"({"b":"y"})"};
  const Written once = write(format, records);

  REQUIRE(once.file.starts_with("PAR1"));
  REQUIRE(once.file.ends_with("PAR1"));
  REQUIRE(write(format, records).file == once.file);
  REQUIRE(write(format, {records[0]}).file != once.file);
}

TEST_CASE("a record that is no JSON, or does not fit, is left out by itself", "[object][parquet]") {
  REQUIRE(reason("int", "{") == "DataFormatConversion.ParseError: Encountered malformed JSON.");
  REQUIRE(reason("int", R"({"c":1)") ==
          "DataFormatConversion.ParseError: Encountered malformed JSON.");
  REQUIRE(reason("int", R"({"c":01})").starts_with("DataFormatConversion."));
  REQUIRE(reason("int", "") ==
          "DataFormatConversion.MalformedData: The record was empty or "
          "contained only whitespace.");
  REQUIRE(reason("int", " \n") == reason("int", ""));
  REQUIRE(reason("int", "42").find("contained a primitive at the top level") != std::string::npos);
  for (const std::string type : {"int", "double", "boolean", "date", "timestamp", "decimal(4,2)"}) {
    CAPTURE(type);
    REQUIRE(reason(type, R"({"c":"oops"})")
                .starts_with("DataFormatConversion.MalformedData: Data does not match the schema. "
                             "Field \"c\""));
    REQUIRE(reason(type, R"({"c":"oops"})").find("oops") == std::string::npos);  // no content
  }
  REQUIRE(reason("struct<a:int>", R"({"c":42})").starts_with("DataFormatConversion.MalformedData"));
  REQUIRE(reason("int", R"({"c":2147483648})").starts_with("DataFormatConversion.MalformedData"));
  REQUIRE(reason("tinyint", R"({"c":-129})").starts_with("DataFormatConversion.MalformedData"));
  REQUIRE(reason("decimal(4,2)", R"({"c":100})").starts_with("DataFormatConversion.MalformedData"));
}

TEST_CASE("where no record fits there is no file", "[object][parquet]") {
  const Written written = write({.schema = {{"c", "int"}}}, {"{", "x"});
  REQUIRE(written.failure == "parquet: none of the records fits the schema");
  REQUIRE(written.left_out.size() == 2);
}

TEST_CASE("fields that the schema lacks are dropped, and told, or refused", "[object][parquet]") {
  const auto dropped = std::make_shared<hydrant::ParquetDroppedFields>();
  const std::vector<std::string> records{R"({"c":1,"extra":{"deep":1}})", R"({"c":2,"extra":3})"};
  REQUIRE(write({.schema = {{"c", "int"}}, .dropped_fields = dropped}, records).left_out.empty());
  REQUIRE(dropped->count() == 2);
  REQUIRE(dropped->fields().at(0).name == "extra");
  REQUIRE(dropped->fields().at(0).count == 2);

  const Written strict =
      write({.schema = {{"c", "int"}}, .refuse_unknown_fields = true}, {"{}", records[0]});
  REQUIRE(strict.left_out.size() == 1);
  REQUIRE(strict.left_out[0].reason ==
          "Data does not match the schema. A field is not in the schema.");
}

TEST_CASE("faults of a Parquet schema are named", "[object][parquet]") {
  REQUIRE(faults({.schema = {{"a", "struct<b:array<map<string,decimal(38,10)>>>"}}}) == "");
  REQUIRE(faults({}) != "");
  for (const std::string type : {"", "integer2", "array<", "array<int", "map<int,int>x", "struct<>",
                                 "decimal(39,2)", "decimal(4,5)", "struct<a>", "array<>"}) {
    CAPTURE(type);
    REQUIRE(faults({.schema = {{"a", type}}}) != "");
  }
  REQUIRE(faults({.schema = {{"a", "int"}, {"A", "int"}}}) != "");  // one key finds both
  REQUIRE(faults({.schema = {{"a", "int"}}, .compression_level = 10})
              .starts_with("parquet.compression_level must be within [0, 0]"));
  REQUIRE(faults({.schema = {{"a", "int"}}, .block_size = hydrant::ByteCount{1}})
              .starts_with("parquet.block_size must be within"));
}

TEST_CASE("a stream whose Parquet columns claim one key is refused", "[object][parquet]") {
  const auto files = std::make_shared<hydrant::testing::MemoryFiles>();
  REQUIRE(files->make_directories("lake"));
  const hydrant::testing::ManualEnv env{1, files};
  const auto make = [&](const std::string& json_key) {
    Parquet format{.schema = {{"at", "bigint"}, {"time", "bigint"}}};
    format.keys.column_to_json_key_mappings = {{"at", json_key}};
    hydrant::DeliveryStream stream{
        hydrant::StreamOptions{.name = "rows"}, hydrant::identity,
        hydrant::ObjectSink{hydrant::DirectoryStore{"lake"}, format, hydrant::in_format}, env};
    return stream.close(1s).complete;
  };

  REQUIRE(make("timestamp"));
  REQUIRE_THROWS_AS(make("Time"), hydrant::OptionsError);
}

TEST_CASE("a stream into Parquet stores what fits, and the rest goes to the error output",
          "[object][parquet]") {
  const auto files = std::make_shared<hydrant::testing::MemoryFiles>();
  REQUIRE(files->make_directories("lake"));
  const hydrant::testing::ManualEnv env{1, files};
  hydrant::testing::MemorySink errors;
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "rows"}, hydrant::identity,
      hydrant::ObjectSink{hydrant::DirectoryStore{"lake"}, Parquet{.schema = {{"n", "int"}}},
                          hydrant::in_format},
      hydrant::error_output(errors), env};
  for (const std::string record : {R"({"n":1})", "nothing", R"({"n":"x"})", R"({"n":2})"}) {
    REQUIRE(stream.put(record));
  }

  const hydrant::DeliveryReport report = stream.close(10s);

  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 2);
  REQUIRE(report.ledger.dead_lettered == 2);
  REQUIRE(errors.batches().size() == 1);
  REQUIRE(errors.batches()[0].records.size() == 2);
  REQUIRE(errors.batches()[0].records[0].find("DataFormatConversion.ParseError") !=
          std::string::npos);
}
