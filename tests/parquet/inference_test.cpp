// SPDX-License-Identifier: MIT
//
// Schemas from a sample of records: examples of each rule, and records of any
// shape, all of which must fit what was inferred from them.
#include <hydrant/object/parquet.hpp>
#include <hydrant/object/parquet_inference.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "parquet/written_file.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::tests;
using hydrant::infer_parquet_schema;
using hydrant::ParquetInferenceOptions;

hydrant::InferredParquetSchema infer(const std::vector<std::string>& records,
                                     const ParquetInferenceOptions& options = {}) {
  return infer_parquet_schema({records.begin(), records.end()}, options);
}

/// The type of the column "c".
std::string type_of(const std::vector<std::string>& values,
                    const ParquetInferenceOptions& options = {}) {
  std::vector<std::string> records;
  for (const std::string& value : values) {
    records.push_back("{\"c\":" + value + "}");
  }
  const auto inferred = infer(records, options);
  REQUIRE(inferred.broken == 0);
  REQUIRE(inferred.schema.size() == 1);
  REQUIRE(inferred.schema[0].name == "c");
  return inferred.schema[0].type;
}

/// Records of any shape, with few keys, so that they come again as something else.
class WildRecords {
 public:
  WildRecords(std::uint64_t seed, bool has_empty_keys)
      : dice_(seed), has_empty_keys_(has_empty_keys) {}

  std::string record() { return object(0); }

 private:
  std::uint64_t below(std::uint64_t end) { return dice_() % end; }

  std::string value(unsigned depth) {
    static const std::vector<std::string> scalars{"null",
                                                  "true",
                                                  "0",
                                                  "-7",
                                                  "9223372036854775807",
                                                  "18446744073709551615",
                                                  "-9223372036854775809",
                                                  "1.5",
                                                  "1e3",
                                                  "1e400",
                                                  "123456789012345678901234567890",
                                                  "\"\"",
                                                  "\"text\"",
                                                  "\"2026-05-04T10:11:12Z\"",
                                                  "\"\\u00e9\\n\"",
                                                  "[]",
                                                  "{}"};
    const std::uint64_t dice = depth > 3 ? 0 : below(10);
    return dice < 6 ? scalars[below(scalars.size())] : dice < 8 ? array(depth) : object(depth);
  }

  std::string array(unsigned depth) {
    std::string text;
    for (std::uint64_t left = below(4); left > 0; --left) {
      text += (text.empty() ? "" : ",") + value(depth + 1);
    }
    return "[" + text + "]";
  }

  std::string object(unsigned depth) {
    static const std::vector<std::string> keys{"a", "A", "b", "c d", "e`:<,>", "", "f\\u0020", "g"};
    std::string text;
    for (std::uint64_t left = below(5); left > 0; --left) {
      const std::size_t kind = static_cast<std::size_t>(below(keys.size()));
      const std::string key = below(20) == 0 || (keys[kind].empty() && !has_empty_keys_)
                                  ? std::to_string(below(100))
                                  : keys[kind];
      text += (text.empty() ? "\"" : ",\"") + key + "\":" + value(depth + 1);
    }
    return "{" + text + "}";
  }

  std::mt19937_64 dice_;
  bool has_empty_keys_;
};

}  // namespace

TEST_CASE("values make the narrowest type that takes them all", "[parquet][inference]") {
  REQUIRE(type_of({"1", "-9223372036854775808"}) == "bigint");
  REQUIRE(type_of({"1", "18446744073709551615"}) == "decimal(20,0)");
  REQUIRE(type_of({"1", "2.0"}) == "double");
  REQUIRE(type_of({"1e3"}) == "double");
  REQUIRE(type_of({"18446744073709551615", "0.5"}) == "double");
  REQUIRE(type_of({"-9223372036854775809"}) == "double");
  REQUIRE(type_of({"1e400"}) == "string");
  REQUIRE(type_of({"true", "false"}) == "boolean");
  REQUIRE(type_of({"true", "1"}) == "string");
  REQUIRE(type_of({"\"x\"", "1"}) == "string");
  REQUIRE(type_of({"null"}) == "string");
  REQUIRE(type_of({"null", "1"}) == "bigint");
  REQUIRE(type_of({"[]"}) == "array<string>");
  REQUIRE(type_of({"[1]", "[]", "[null,2.5]"}) == "array<double>");
  REQUIRE(type_of({"[1]", "1"}) == "string");
  REQUIRE(type_of({"{}"}) == "string");
  REQUIRE(type_of({R"({"x":1,"y":{"z":[true]}})", R"({"w z":"t","x":2})", "{}"}) ==
          "struct<x:bigint,y:struct<z:array<boolean>>,`w z`:string>");
  REQUIRE(type_of({R"({"x":1})", "[1]"}) == "string");
  REQUIRE(type_of({R"([{"x":1},{"y":2}])"}) == "array<struct<x:bigint,y:bigint>>");
}

TEST_CASE("text that is a timestamp everywhere is one where that is wanted",
          "[parquet][inference]") {
  const ParquetInferenceOptions wanted{.timestamps = true};
  REQUIRE(type_of({"\"2026-05-04T10:11:12Z\""}) == "string");
  REQUIRE(type_of({"\"2026-05-04T10:11:12Z\"", "null"}, wanted) == "timestamp");
  REQUIRE(type_of({"\"2026-05-04T10:11:12Z\"", "\"soon\""}, wanted) == "string");
  REQUIRE(type_of({"\"2026-05-04T10:11:12Z\"", "1"}, wanted) == "string");
}

TEST_CASE("an object with many different keys is a map, and a record never is",
          "[parquet][inference]") {
  std::vector<std::string> values;
  std::string record = "{";
  for (int i = 0; i < 300; ++i) {
    values.push_back("{\"k" + std::to_string(i) + "\":" + (i == 7 ? "1.5" : "1") + "}");
    record += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  }
  REQUIRE(type_of(values) == "map<string,double>");
  values.resize(256);
  REQUIRE(type_of(values).starts_with("struct<"));
  REQUIRE(type_of({R"({"a":1})", R"({"b":2})", R"({"c":"x"})"}, {.struct_keys_max = 2}) ==
          "map<string,string>");
  REQUIRE(infer({record + "}"}).schema.size() == 300);
}

TEST_CASE("columns come in the order of their keys, one for each key in any case",
          "[parquet][inference]") {
  const std::vector<std::string> records{R"({"At":1,"b":2})", R"({"c":true,"at":2.5}{"d":1})"};
  const auto inferred = infer(records);
  REQUIRE(inferred.records == 2);
  REQUIRE(inferred.broken == 0);
  REQUIRE(inferred.schema ==
          std::vector<hydrant::ParquetColumn>{
              {"At", "double"}, {"b", "bigint"}, {"c", "boolean"}, {"d", "bigint"}});
  REQUIRE(infer(records, {.case_insensitive = false}).schema.size() == 5);
}

TEST_CASE("records that are no JSON objects are counted, and say nothing about columns",
          "[parquet][inference]") {
  const auto inferred = infer({"", " ", "[1]", "{", "{\"a\":}", "{\"a\":1", "{\"a\":01}",
                               "{\"a\":\"\\q\"}", "{\"a\":1} x", "nothing", R"({"b":1})"});
  REQUIRE(inferred.records == 11);
  REQUIRE(inferred.broken == 10);
  REQUIRE(inferred.schema == std::vector<hydrant::ParquetColumn>{{"b", "bigint"}});
}

TEST_CASE("what lies deeper than a type may is text", "[parquet][inference]") {
  std::string deep = "1";
  for (int i = 0; i < 100; ++i) {
    deep = i % 2 == 0 ? "[" + deep + "]" : "{\"x\":" + deep + "}";
  }
  const std::vector<std::string> records{"{\"c\":" + deep + "}"};
  const auto inferred = infer(records);
  REQUIRE(inferred.broken == 0);
  REQUIRE(write_parquet({.schema = inferred.schema}, records).left_out.empty());
}

TEST_CASE("every record of a sample fits what was inferred from it, with every field",
          "[parquet][inference]") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    const bool has_empty_keys = seed % 5 == 0;  // for which there can be no column
    WildRecords wild(seed, has_empty_keys);
    std::vector<std::string> records{R"({"always":1})"};
    for (std::uint64_t left = 1 + seed % 20; left > 0; --left) {
      records.push_back(wild.record());
    }
    const bool any_case = seed % 3 != 0;
    const auto inferred = infer(
        records, {.case_insensitive = any_case, .timestamps = seed % 2 == 0, .struct_keys_max = 4});
    REQUIRE(inferred.broken == 0);

    const hydrant::Parquet format{.schema = inferred.schema,
                                  .keys = {.case_insensitive = any_case},
                                  .refuse_unknown_fields = !has_empty_keys};
    hydrant::OptionErrors errors;
    format.validate(errors);
    REQUIRE(errors.empty());
    const WrittenFile written = write_parquet(format, records);
    for (const hydrant::RecordFailure& failure : written.left_out) {
      CAPTURE(records[failure.index]);
      FAIL(failure.reason);
    }
  }
}
