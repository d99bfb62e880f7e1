// SPDX-License-Identifier: MIT
//
// What a JSON record becomes where it is odd: keys that come twice, keys of maps
// that mean the same, fields that the schema lacks; and which column is named
// when a value does not fit.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "row_text.hpp"
#include "test.hpp"
#include "written_file.hpp"

using hydrant::Parquet;
using hydrant::ParquetDroppedFields;
using hydrant::tests::parquet_rows;
using hydrant::tests::ParquetDraw;
using hydrant::tests::write_parquet;
using hydrant::tests::WrittenFile;

namespace {

/// The rows of a record in a column "c", without the column's name; or why it does not fit.
std::string rows_of(const Parquet& format, const std::string& record) {
  const WrittenFile written = write_parquet(format, {record, "{}"});
  if (!written.left_out.empty()) {
    return written.left_out[0].reason;
  }
  std::string text;
  std::vector<std::string> rows = parquet_rows(written.bytes);
  rows.pop_back();
  for (const std::string& row : rows) {
    text += (text.empty() ? "" : " ") + row.substr(5, row.size() - 6);
  }
  return text;
}

std::string row_of(const std::string& type, const std::string& record) {
  return rows_of({.schema = {{"c", type}}}, record);
}

/// Which fields are told to be dropped, and how often: "name 2, other 1".
std::string dropped(Parquet format, const std::vector<std::string>& records) {
  format.dropped_fields = std::make_shared<ParquetDroppedFields>();
  const WrittenFile written = write_parquet(format, records);
  REQUIRE(written.failure == "");
  std::string text;
  std::uint64_t count = 0;
  for (const ParquetDroppedFields::Field& field : format.dropped_fields->fields()) {
    text += (text.empty() ? "" : ", ") + field.name + " " + std::to_string(field.count);
    count += field.count;
  }
  REQUIRE(format.dropped_fields->count() == count);
  return text;
}

std::string faults(const Parquet& format) {
  hydrant::OptionErrors errors;
  format.validate(errors);
  std::string text;
  for (const auto& fault : errors.faults()) {
    text += fault.field + " " + fault.rule + ", is " + fault.value + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("of a key that comes twice the last value counts, whatever came before", "[parquet]") {
  REQUIRE(row_of("int", R"({"c":"x","c":1})") == "1");
  REQUIRE(row_of("int", R"({"c":{"deep":[1]},"c":1})") == "1");
  REQUIRE(row_of("int", R"({"c":1,"C":2})") == "2");
  REQUIRE(row_of("int", R"({"c":1,"c":null})") == "null");
  REQUIRE(row_of("int", R"({"c":"x","c":1}{"c":2} {"c":[],"c":3})") == "1 2 3");
  REQUIRE(row_of("struct<a:int>", R"({"c":{"a":"x"},"c":{"a":2}})") == R"({"a":2})");
  REQUIRE(row_of("struct<a:int>", R"({"c":{"a":"x","a":2}})") == R"({"a":2})");
  REQUIRE(row_of("struct<a:int>", R"({"c":["x"],"c":{"a":3}})") == R"({"a":3})");
  REQUIRE(row_of("array<int>", R"({"c":[1,"x"],"c":[2]})") == "[2]");
  REQUIRE(row_of("array<struct<a:int>>", R"({"c":[{"a":1},{"a":[],"a":4}]})") ==
          R"([{"a":1},{"a":4}])");
  REQUIRE(row_of("map<string,int>", R"({"c":{"k":"x","k":1}})") == R"([["k",1]])");
  REQUIRE(row_of("map<string,int>", R"({"c":{"K":"x","k":1}})") == R"([["k",1]])");
  REQUIRE(row_of("map<string,int>", R"({"c":{"k":"x"},"c":{"k":5}})") == R"([["k",5]])");
  REQUIRE(row_of("map<string,array<int>>", R"({"c":{"k":["x"],"l":[1],"k":[2,3]}})") ==
          R"([["l",[1]],["k",[2,3]]])");
}

TEST_CASE("a last value that does not fit is not saved by an earlier one", "[parquet]") {
  REQUIRE(row_of("int", R"({"c":1,"c":"x"})").starts_with("Data does not match"));
  REQUIRE(row_of("int", R"({"c":"x","c":1}{"c":"y"})").starts_with("Data does not match"));
  REQUIRE(row_of("map<string,int>", R"({"c":{"k":1,"k":"x"}})").starts_with("Data does not match"));
  REQUIRE(row_of("int", R"({"c":"x","c":1)") == "Encountered malformed JSON.");
  REQUIRE(row_of("int", R"({"c":"x","c":1x})") == "Encountered malformed JSON.");
  REQUIRE(row_of("int", R"({"c":"x","c":1}})") == "Encountered malformed JSON.");
}

TEST_CASE("rows are the same with anything before the key that counts", "[parquet]") {
  const std::vector<std::string> junk{
      "\"junk\"", "{\"f1\":\"x\",\"k1\":[7]}", "[[[\"x\"]]]", "1e99", "true", "null", "[{},1]"};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    ParquetDraw draw(seed + 5000);
    const Parquet format{.schema = draw.columns(),
                         .page_size = hydrant::ByteCount{1'000},
                         .enable_dictionary_compression = draw.below(2) == 0};
    std::vector<std::string> records;
    std::vector<std::string> rows;
    for (std::uint64_t i = 1 + draw.below(80); i > 0; --i) {
      ParquetDraw::Value drawn = draw.record();
      if (drawn.json.starts_with("{\"c1\":")) {
        for (std::uint64_t twins = draw.below(3); twins > 0; --twins) {
          drawn.json.insert(1, "\"c1\":" + junk[draw.below(junk.size())] + ",");
        }
      }
      records.push_back(drawn.json);
      rows.push_back(drawn.row);
    }

    const WrittenFile written = write_parquet(format, records);

    REQUIRE(written.left_out.empty());
    REQUIRE(parquet_rows(written.bytes) == rows);
  }
}

TEST_CASE("keys of a map that mean one value are one key, and the last counts", "[parquet]") {
  REQUIRE(row_of("map<int,string>", R"({"c":{"1":"a","01":"b"}})") == R"([[1,"b"]])");
  REQUIRE(row_of("map<int,string>", R"({"c":{"1":"a","01":"b","2":"c"," 1":"d"}})") ==
          R"([[2,"c"],[1,"d"]])");
  REQUIRE(row_of("map<int,int>", R"({"c":{"1":"x","1.0":3}})") == "[[1,3]]");
  REQUIRE(row_of("map<bigint,int>", R"({"c":{"1e2":1,"100":2}})") == "[[100,2]]");
  REQUIRE(row_of("map<double,int>", R"({"c":{"1":1,"1.0":2,"1e0":3,"2":4}})") == "[[1,3],[2,4]]");
  REQUIRE(row_of("map<double,int>", R"({"c":{"0":1,"-0.0":2}})") == "[[-0,2]]");
  REQUIRE(row_of("map<float,int>", R"({"c":{"-0":1,"0":2}})") == "[[0,2]]");
  REQUIRE(row_of("map<date,int>", R"({"c":{"2026-1-2":1,"2026-01-02":2}})") == "[[20455,2]]");
  REQUIRE(row_of("map<timestamp,int>", R"({"c":{"1970-1-1 0:0:1":1,"1970-01-01T00:00:01Z":2}})") ==
          "[[1000000,2]]");
  REQUIRE(row_of("map<double,int>", R"({"c":{"NaN":1,"NaN":2}})") == "[[nan,2]]");
  for (const std::string type : {"decimal(9,2)", "decimal(18,2)", "decimal(38,2)"}) {
    REQUIRE(row_of("map<" + type + ",int>", R"({"c":{"1.5":1,"1.50":2,"-1.5":3}})") ==
            "[[1.50,2],[-1.50,3]]");
  }
  Parquet in_its_case{.schema = {{"c", "map<boolean,int>"}}};
  in_its_case.keys.case_insensitive = false;
  REQUIRE(rows_of(in_its_case, R"({"c":{"true":1,"TRUE":2,"false":3}})") == "[[true,2],[false,3]]");
}

TEST_CASE("keys of a map that are other texts, or no value, are not one", "[parquet]") {
  REQUIRE(row_of("map<string,int>", R"({"c":{"1":1,"01":2}})") == R"([["1",1],["01",2]])");
  REQUIRE(row_of("map<binary,int>", R"({"c":{"":1," ":2}})") == R"([["",1],[" ",2]])");
  REQUIRE(row_of("map<int,int>", R"({"c":{"x":1,"x":2}})").starts_with("Data does not match"));
  REQUIRE(
      row_of("map<int,int>", R"({"c":{"x":1,"1":1,"01":2}})").starts_with("Data does not match"));
  // A text that has the bytes of a number is not that number.
  REQUIRE(row_of("map<int,int>", R"({"c":{"aaaa":1,"1633771873":2}})")
              .starts_with("Data does not match"));
}

TEST_CASE("dropped fields are counted once, in records that were written", "[parquet]") {
  const Parquet format{.schema = {{"c", "int"}}};
  REQUIRE(dropped(format, {R"({"x":1,"c":1})", R"({"c":1,"x":2,"y":{"z":1}})"}) == "x 2, y 1");
  REQUIRE(dropped(format, {R"({"x":1,"c":"bad"})", R"({"y":1})"}) == "y 1");
  REQUIRE(dropped(format, {R"({"x":1}{"x":2}{"c":"bad"})", R"({"y":1}{"y":2})"}) == "y 2");
  REQUIRE(dropped(format, {R"({"x":1,"c":"first","c":2})"}) == "x 1");
  REQUIRE(dropped(format, {R"({"x":1,"c":1,"c":2,"x":2})"}) == "x 2");
  REQUIRE(dropped(format, {R"({"x":1)", "{}"}).empty());

  Parquet strict = format;
  strict.refuse_unknown_fields = true;
  REQUIRE(dropped(strict, {R"({"x":1})", R"({"c":1,"y":1})", "{}"}).empty());

  Parquet nested{.schema = {{"s", "struct<a:int>"}}};
  REQUIRE(dropped(nested, {R"({"s":{"x":1},"s":{"a":1}})"}).empty());
}

TEST_CASE("dropped fields beyond those that are kept are still counted", "[parquet]") {
  Parquet format{.schema = {{"c", "int"}},
                 .dropped_fields = std::make_shared<ParquetDroppedFields>()};
  std::string good = "{\"c\":1";
  for (int i = 0; i < 1500; ++i) {
    good += ",\"k" + std::to_string(i) + "\":1";
  }
  const WrittenFile written = write_parquet(format, {good + "}", good + ",\"c\":\"bad\"}"});

  REQUIRE(written.left_out.size() == 1);
  REQUIRE(format.dropped_fields->fields().size() == ParquetDroppedFields::names_max);
  REQUIRE(format.dropped_fields->count() == 1500);
}

TEST_CASE("a dropped field is told with the whole way to it", "[parquet]") {
  const Parquet format{.schema = {{"s", "struct<t:struct<a:int>>"},
                                  {"l", "array<struct<a:int>>"},
                                  {"m", "map<string,struct<a:int>>"}}};
  REQUIRE(dropped(format, {R"({"x":1,"s":{"x":1,"t":{"x":1}},"l":[{"x":1},{"x":2}],)"
                           R"("m":{"k":{"x":1}}})"}) ==
          "x 1, s.x 1, s.t.x 1, l.element.x 2, m.value.x 1");
}

TEST_CASE("a superseded value may have fields that the schema lacks", "[parquet]") {
  Parquet format{.schema = {{"c", "struct<a:int>"}}};
  format.refuse_unknown_fields = true;
  REQUIRE(rows_of(format, R"({"c":{"x":1},"c":{"a":1}})") == R"({"a":1})");
  REQUIRE(rows_of(format, R"({"c":{"a":1},"c":{"x":1}})") ==
          "Data does not match the schema. A field is not in the schema.");
}

TEST_CASE("a value that does not fit is told with the whole way to it", "[parquet]") {
  const auto field = [](const std::string& type, const std::string& value) {
    const std::string reason = row_of(type, "{\"c\":" + value + "}");
    const std::string begin = "Data does not match the schema. Field \"";
    REQUIRE(reason.starts_with(begin));
    return reason.substr(begin.size(), reason.find(':') - begin.size());
  };
  REQUIRE(field("int", "\"x\"") == "c\" of type int");
  REQUIRE(field("array<int>", "[\"x\"]") == "c.element\" of type int");
  REQUIRE(field("array<array<date>>", "[[5]]") == "c.element.element\" of type date");
  REQUIRE(field("struct<a:int,b:struct<d:int>>", R"({"b":{"d":"x"}})") == "c.b.d\" of type int");
  REQUIRE(field("struct<a:int,b:struct<d:int>>", R"({"b":"x"})") == "c.b\" of type struct");
  REQUIRE(field("array<struct<a:int>>", R"([{"a":"x"}])") == "c.element.a\" of type int");
  REQUIRE(field("map<int,int>", R"({"x":1})") == "c.key\" of type int");
  REQUIRE(field("map<int,map<int,int>>", R"({"1":{"2":"x"}})") == "c.value.value\" of type int");
}

TEST_CASE("keys that more than one column claims are refused", "[parquet]") {
  const auto with = [](std::vector<hydrant::ParquetColumn> columns,
                       std::vector<hydrant::ParquetKeyMapping> mappings, bool ignores_case = true,
                       bool converts_dots = false) {
    Parquet format{.schema = std::move(columns)};
    format.keys = {ignores_case, converts_dots, std::move(mappings)};
    return faults(format);
  };
  REQUIRE(with({{"ts", "bigint"}, {"b", "int"}}, {{"ts", "timestamp"}}) == "");
  REQUIRE(with({{"a", "int"}, {"b", "int"}}, {{"a", "b"}, {"b", "a"}}) == "");
  REQUIRE(with({{"ts", "bigint"}, {"timestamp", "int"}}, {{"ts", "timestamp"}}) ==
          "parquet.keys must give each key to one column, is \"ts\" and \"timestamp\" from "
          "\"timestamp\"\n");
  REQUIRE(with({{"a", "int"}, {"b", "int"}}, {{"a", "K"}, {"b", "k"}}) ==
          "parquet.keys must give each key to one column, is \"a\" and \"b\" from \"k\"\n");
  REQUIRE(with({{"a", "int"}, {"b", "int"}}, {{"a", "K"}, {"b", "k"}}, false) == "");
  REQUIRE(with({{"s", "struct<a:int,b:int>"}}, {{"a", "b"}}) ==
          "parquet.keys must give each key to one column, is \"a\" and \"b\" from \"b\"\n");
  REQUIRE(with({{"a.b", "int"}, {"a_b", "int"}}, {}, true, true) ==
          "parquet.keys must give each key to one column, is \"a.b\" and \"a_b\" from \"a_b\"\n");
  REQUIRE(with({{"a.b", "int"}, {"a_b", "int"}}, {}) == "");
  REQUIRE(with({{"ts", "bigint"}}, {{"ts", "at"}, {"ts", "time"}}) ==
          "parquet.keys.column_to_json_key_mappings must name a column once, is \"ts\" from "
          "\"time\"\n");
  REQUIRE(with({{"ts", "bigint"}}, {{"TS", "at"}}) ==
          "parquet.keys.column_to_json_key_mappings must name a column of the schema, is \"TS\" "
          "from \"at\"\n");
  REQUIRE(with({{"ts", "bigint"}}, {{"ts", ""}}) ==
          "parquet.keys.column_to_json_key_mappings must name a column and a key, is \"ts\" from "
          "\"\"\n");
}

TEST_CASE("columns that differ in case alone are refused where keys have no case", "[parquet]") {
  Parquet format{.schema = {{"a", "int"}, {"A", "int"}}};
  REQUIRE(faults(format) ==
          "parquet.schema must not name a field twice, also in other case, is \"a\"\n");
  format.schema = {{"s", "struct<b:int,B:int>"}};
  REQUIRE(faults(format) ==
          "parquet.schema[0].type must not name a field twice, also in other case, is \"b\"\n");
  format.keys.case_insensitive = false;
  REQUIRE(faults(format) == "");
  REQUIRE(parquet_rows(write_parquet(format, {R"({"s":{"B":1,"b":2}})"}).bytes).at(0) ==
          R"({"s":{"b":2,"B":1}})");
}

TEST_CASE("a mapped key is found however it is written", "[parquet]") {
  Parquet format{.schema = {{"c", "int"}}};
  format.keys.column_to_json_key_mappings = {{"c", "Some.Key"}};
  REQUIRE(rows_of(format, R"({"some.key":1})") == "1");
  REQUIRE(rows_of(format, R"({"c":1})") == "null");
  format.keys.convert_dots_in_json_keys_to_underscores = true;
  REQUIRE(rows_of(format, R"({"some.key":2})") == "2");
  REQUIRE(rows_of(format, R"({"SOME_KEY":3})") == "3");
}
