// SPDX-License-Identifier: MIT
//
// CSV files as RFC 4180 has them: a reader that knows nothing else gives back
// what was put; and which records are left out.
#include <hydrant/core/json_text.hpp>
#include <hydrant/object/csv.hpp>
#include <hydrant/testing/batch_builder.hpp>
#include <hydrant/testing/seeded_dice.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

using hydrant::Csv;
using hydrant::CsvLineEnd;
using hydrant::CsvQuoting;
using hydrant::RecordFailure;
using hydrant::Status;
using hydrant::testing::BatchBuilder;
using hydrant::testing::SeededDice;

namespace {

struct Written {
  std::string object;
  std::string failure;
  std::vector<RecordFailure> left_out;
};

Written write(const Csv& format, const std::vector<std::string>& records) {
  BatchBuilder builder;
  builder.page(records);
  Written written;
  const auto out = [&](std::span<const std::byte> piece) -> Status {
    written.object.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return hydrant::success();
  };
  const Status status = format.write(builder.batch(), out, written.left_out);
  written.failure = status ? std::string() : status.failure().message;
  return written;
}

/// One row of two columns, without a header and with a short line end.
std::string row(const std::string& record, Csv format = Csv()) {
  format.columns = {"a", "b"};
  format.header = false;
  format.line_end = CsvLineEnd::lf;
  const Written written = write(format, {record});
  REQUIRE(written.left_out.empty());
  REQUIRE(written.object.ends_with("\n"));
  return written.object.substr(0, written.object.size() - 1);
}

std::string reason(const std::string& record, Csv format = Csv()) {
  format.columns = {"a", "b"};
  const Written written = write(format, {"{}", record, "{}"});
  if (written.left_out.empty()) {
    return {};
  }
  REQUIRE(written.object == "a,b\r\n,\r\n,\r\n");
  REQUIRE(written.left_out.size() == 1);
  REQUIRE(written.left_out[0].index == 1);
  REQUIRE_FALSE(written.left_out[0].retryable);
  REQUIRE(written.left_out[0].error_output_type == "format-conversion-failed");
  return written.left_out[0].code + ": " + written.left_out[0].reason;
}

std::string faults(const Csv& format) {
  hydrant::OptionErrors errors;
  format.validate(errors);
  std::string text;
  for (const auto& fault : errors.faults()) {
    text += fault.field + " " + fault.rule + ", is " + fault.value + "\n";
  }
  return text;
}

/// A value as a reader finds it; and whether it stood in quotes.
struct Value {
  std::string text;
  bool is_quoted = false;

  bool operator==(const Value&) const = default;
};

/// RFC 4180 and nothing more.
std::vector<std::vector<Value>> read(std::string_view text, char delimiter, std::string_view end) {
  std::vector<std::vector<Value>> rows;
  while (!text.empty()) {
    std::vector<Value>& row = rows.emplace_back();
    for (bool has_more = true; has_more;) {
      Value& value = row.emplace_back();
      if (text.starts_with('"')) {
        value.is_quoted = true;
        text.remove_prefix(1);
        while (!text.starts_with('"') || text.starts_with("\"\"")) {
          REQUIRE_FALSE(text.empty());
          value.text += text[0];
          text.remove_prefix(text[0] == '"' ? 2 : 1);
        }
        text.remove_prefix(1);
      }
      while (!text.starts_with(delimiter) && !text.starts_with(end)) {
        REQUIRE_FALSE(value.is_quoted);
        REQUIRE_FALSE(text.empty());
        value.text += text[0];
        text.remove_prefix(1);
      }
      has_more = text.starts_with(delimiter);
      text.remove_prefix(has_more ? 1 : end.size());
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("a reader of RFC 4180 finds every value, and which are null", "[object][csv]") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    SeededDice dice(seed);
    Csv format;
    format.delimiter = dice.pick({',', ';', '\t', '|', 'x', '1'});
    format.quoting = dice.pick({CsvQuoting::where_needed, CsvQuoting::strings, CsvQuoting::all});
    format.line_end = dice.pick({CsvLineEnd::crlf, CsvLineEnd::lf});
    format.null_text = dice.pick<const char*>({"", "NULL", "\\N"});
    format.header = dice.chance(500);
    std::vector<std::vector<Value>> wanted;
    for (std::uint64_t left = 2 + dice.below(4); left > 0; --left) {
      format.columns.push_back(std::string("c, \"") + std::to_string(left));
    }
    REQUIRE(faults(format).empty());
    if (format.header) {
      for (const std::string& column : format.columns) {
        wanted.resize(1);
        wanted[0].push_back({column, true});
      }
    }
    std::vector<std::string> records;
    for (std::uint64_t left = 1 + dice.below(30); left > 0; --left) {
      std::string json = "{\"other\":[{\"c\":1}]";
      std::vector<Value>& row = wanted.emplace_back();
      for (const std::string& column : format.columns) {
        std::string name;
        hydrant::append_json_string(name, column);
        if (dice.chance(250)) {
          json += dice.chance(500) ? "," + name + ":null" : "";
          row.push_back({format.null_text, false});
          continue;
        }
        std::string text;
        for (std::uint64_t count = dice.below(6); count > 0; --count) {
          text += dice.pick<const char*>({",", "\"", "\r", "\n", "x", "1", ";", "\t", " ",
                                          "caf\xc3\xa9", "NULL", "\\N", "|", "'"});
        }
        std::string value;
        hydrant::append_json_string(value, text);
        json += "," + name + ":" + value;
        row.push_back({text, true});
      }
      records.push_back(json + "}");
    }
    const Written written = write(format, records);
    REQUIRE(written.left_out.empty());

    const auto rows =
        read(written.object, format.delimiter, format.line_end == CsvLineEnd::crlf ? "\r\n" : "\n");

    REQUIRE(rows.size() == wanted.size());
    for (std::size_t at = 0; at < rows.size(); ++at) {
      REQUIRE(rows[at].size() == wanted[at].size());
      for (std::size_t column = 0; column < rows[at].size(); ++column) {
        const Value& found = rows[at][column];
        const Value& value = wanted[at][column];
        REQUIRE(found.text == value.text);
        // Where it is not quoted it is null, or cannot be mistaken for that.
        REQUIRE((found.is_quoted || !value.is_quoted || value.text != format.null_text));
        REQUIRE((value.is_quoted || !found.is_quoted));
        REQUIRE((format.quoting == CsvQuoting::where_needed || found.is_quoted == value.is_quoted));
      }
    }
  }
}

TEST_CASE("values of each kind become texts", "[object][csv]") {
  REQUIRE(row(R"({"b":true,"a":-1.50e+3})") == "-1.50e+3,true");
  REQUIRE(row(R"({"a":false,"b":12345678901234567890})") == "false,12345678901234567890");
  REQUIRE(row(R"({"a":"caf\u00e9","b":"x y"})") == "caf\xc3\xa9,x y");
  REQUIRE(row(R"({"a":{"k" : [1, "x"]},"b":[]})") == R"("{""k"":[1,""x""]}",[])");
  REQUIRE(row(R"({"a":null})") == ",");
  REQUIRE(row(R"({"a":""})") == "\"\",");
  REQUIRE(row(R"({"a":"say \"hi\"","b":"1,2"})") == R"("say ""hi""","1,2")");
  REQUIRE(row(R"({"a":"x\ry","b":"x\ny"})") == "\"x\ry\",\"x\ny\"");
  REQUIRE(row(R"({"a":1,"c":{"a":7},"b":2})") == "1,2");
  REQUIRE(row(R"({"a":1,"a":2,"\u0061":3})") == "3,");
  REQUIRE(row(R"({"a":1,"a":null})") == ",");
  REQUIRE(row(R"({"a":1} {"b":2})") == "1,\n,2");
}

TEST_CASE("quotes stand where they are asked for", "[object][csv]") {
  const std::string record = R"({"a":"x","b":1})";
  REQUIRE(row(record) == "x,1");
  REQUIRE(row(record, {.quoting = CsvQuoting::strings}) == "\"x\",1");
  REQUIRE(row(record, {.quoting = CsvQuoting::all}) == "\"x\",\"1\"");
  REQUIRE(row("{}", {.quoting = CsvQuoting::all}) == ",");
  REQUIRE(row(R"({"a":"NULL"})", {.null_text = "NULL"}) == "\"NULL\",NULL");
  REQUIRE(row(R"({"a":""})", {.null_text = "NULL"}) == "\"\",NULL");
  REQUIRE(row(R"({"a":0,"b":1})", {.null_text = "0"}) == "\"0\",1");
  REQUIRE(row(R"({"a":1.5,"b":1})", {.delimiter = '.'}) == "\"1.5\".1");
  REQUIRE(row(R"({"a":"1,5","b":";"})", {.delimiter = ';'}) == "1,5;\";\"");
}

TEST_CASE("the header names the columns, once", "[object][csv]") {
  const std::vector<std::string> records{R"({"a b":1,"c":2})", R"({"c":3})"};
  REQUIRE(write({.columns = {"a b", "c"}}, records).object == "a b,c\r\n1,2\r\n,3\r\n");
  REQUIRE(write({.columns = {"c", "a b"}, .header = false}, records).object == "2,1\r\n3,\r\n");
  REQUIRE(write({.columns = {"c", "a,b"}, .line_end = CsvLineEnd::lf}, records).object ==
          "c,\"a,b\"\n2,\n3,\n");
  REQUIRE(write({.columns = {"c", "d"}}, {}).object == "c,d\r\n");
}

TEST_CASE("a record that is no JSON object is left out by itself", "[object][csv]") {
  for (const std::string record :
       {"x", "{", "{\"a\":1", "{\"a\":1}x", "{\"a\":01}", "{\"a\":tru}", "{\"a\":\"\\x\"}", "{a:1}",
        "{\"a\":1 \"b\":2}", "{\"a\":}", "{\"a\":[}", "{\"z\":nan}", "{\"\\x\":1}", "{\"a\":1}{",
        "[1", "{\"a\":\"\xff\"}", "{\"a\":\"\x01\"}"}) {
    CAPTURE(record);
    REQUIRE(reason(record) == "DataFormatConversion.ParseError: Encountered malformed JSON.");
  }
  REQUIRE(reason("1 {") == reason("{"));
  REQUIRE(reason(R"(1 {"a":})") == reason("{"));
  for (const std::string record : {"1", "[]", "[{\"a\":1}]", "\"x\"", "null", "{} 1", "1 {}"}) {
    CAPTURE(record);
    REQUIRE(reason(record) ==
            "DataFormatConversion.MalformedData: The input JSON contained a value other than an "
            "object at the top level.");
  }
  REQUIRE(reason("") == reason(" \n"));
  REQUIRE(reason("") ==
          "DataFormatConversion.MalformedData: The record was empty or contained only whitespace.");
}

TEST_CASE("fields without a column are dropped, or refused", "[object][csv]") {
  REQUIRE(row(R"({"a":1,"secret":2})") == "1,");
  const Csv strict{.refuse_unknown_fields = true};
  REQUIRE(row(R"({"a":1,"b":2})", strict) == "1,2");
  REQUIRE(reason(R"({"a":1,"secret":2})", strict) ==
          "DataFormatConversion.MalformedData: Data does not match the columns. A field is not "
          "among them.");
  REQUIRE(reason(R"({"a":1} {"A":2})", strict).ends_with("A field is not among them."));
  REQUIRE(reason(R"({"c":1)", strict).ends_with("Encountered malformed JSON."));
}

TEST_CASE("where no record fits there is no CSV file", "[object][csv]") {
  const Written written = write({.columns = {"a", "b"}}, {"x", "1"});
  REQUIRE(written.failure == "csv: none of the records fits the columns");
  REQUIRE(written.object.empty());
  REQUIRE(written.left_out.size() == 2);
  BatchBuilder builder;
  builder.page({"{}", "secret"});
  const auto out = [](std::span<const std::byte>) -> Status { return hydrant::success(); };
  const Status status = Csv{.columns = {"a", "b"}}.write(builder.batch(), out);
  REQUIRE_FALSE(status);
  REQUIRE(status.failure().message == "csv: record 1: Encountered malformed JSON.");
}

TEST_CASE("an output that fails ends the writing of a CSV file", "[object][csv]") {
  const std::string large = R"({"a":")" + std::string(100'000, 'x') + "\"}";
  for (std::size_t fails_at = 0; fails_at < 3; ++fails_at) {
    BatchBuilder builder;
    builder.page({large, "{}", large});
    std::size_t calls = 0;
    const auto out = [&](std::span<const std::byte>) -> Status {
      return calls++ == fails_at ? Status(hydrant::Failure{"full"}) : hydrant::success();
    };
    std::vector<RecordFailure> failures;
    REQUIRE_FALSE(Csv{.columns = {"a", "b"}}.write(builder.batch(), out, failures));
    REQUIRE(calls == fails_at + 1);
  }
}

TEST_CASE("faults of CSV options are named", "[object][csv]") {
  REQUIRE(faults({.columns = {"a", "b"}}).empty());
  REQUIRE(faults({}).starts_with("csv.columns must be 1 to 10000 names, is 0"));
  REQUIRE(faults({.columns = {"a", "b", "a"}}) == "csv.columns must differ, is \"a\" twice\n");
  REQUIRE(
      faults({.columns = {"a", ""}}).starts_with("csv.columns must be names that are not empty"));
  REQUIRE(faults({.columns = {"a", "\xff"}}).starts_with("csv.columns must be names"));
  for (const char delimiter : {'"', '\r', '\n', '\0', '\x80'}) {
    REQUIRE(faults({.columns = {"a", "b"}, .delimiter = delimiter})
                .starts_with("csv.delimiter must be an ASCII character"));
  }
  for (const char* const null_text : {"a,b", "\"", "\r", "\n", "\xff"}) {
    REQUIRE(faults({.columns = {"a", "b"}, .null_text = null_text})
                .starts_with("csv.null_text must be at most 64 bytes"));
  }
  REQUIRE(faults({.columns = {"a", "b"}, .null_text = std::string(64, 'n')}).empty());
  REQUIRE_FALSE(faults({.columns = {"a", "b"}, .null_text = std::string(65, 'n')}).empty());
  REQUIRE(faults({.columns = {"a"}}) ==
          "csv.null_text must not be empty where there is one column, is empty\n");
  REQUIRE(faults({.columns = {"a"}, .null_text = "NULL"}).empty());
  std::vector<std::string> many;
  for (int at = 0; at < 10'000; ++at) {
    many.push_back("c" + std::to_string(at));
  }
  REQUIRE(faults({.columns = many}).empty());
  many.emplace_back("one more");
  REQUIRE(faults({.columns = many}).starts_with("csv.columns must be 1 to 10000 names, is 10001"));
}
