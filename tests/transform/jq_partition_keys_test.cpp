// SPDX-License-Identifier: MIT
//
// Keys of partitions from jq queries: what a query may be, what is refused, and
// that no record brings the process down. What jq makes of records at large, jq
// tells itself (tests/integration/jq_partition_keys_test.cpp).
#include <hydrant/core/error.hpp>
#include <hydrant/transform/jq_partition_keys.hpp>
#include <hydrant/transform/partition.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "test.hpp"

using hydrant::jq_partition_keys;
using hydrant::JqPartitionKeys;
using hydrant::Outcome;
using hydrant::PartitionKeys;
using Names = std::vector<std::string>;

namespace {

static_assert(!std::is_copy_constructible_v<JqPartitionKeys>);
static_assert(std::is_move_constructible_v<JqPartitionKeys>);

/// "name=value;" of each key, by name; where there are none, what is wrong.
std::string run(JqPartitionKeys& function, std::string_view record) {
  PartitionKeys keys;
  const Outcome outcome =
      function({std::as_bytes(std::span(record.data(), record.size())), {}}, keys);
  if (outcome.is_failed()) {
    REQUIRE(outcome.code() == "DynamicPartitioning.MetadataExtractionFailed");
    return "! " + std::string(outcome.reason());
  }
  std::string encoded;
  keys.encode(encoded);
  const auto decoded = hydrant::detail::decode_partition_keys(encoded);
  std::string text;
  for (const hydrant::PartitionKey& key : *decoded) {
    text.append(key.name).append("=").append(key.value).append(";");
  }
  return text;
}

std::string run(const std::string& query, std::string_view record) {
  JqPartitionKeys function = jq_partition_keys(query);
  return run(function, record);
}

std::string refusal(const std::string& query) {
  try {
    static_cast<void>(jq_partition_keys(query));
  } catch (const hydrant::OptionsError& error) {
    return error.what();
  }
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

constexpr std::string_view fails =
    "! partitionKeys cannot be extracted: the query fails on the record";

}  // namespace

TEST_CASE("a query's object makes the keys of each record", "[transform][partitions]") {
  JqPartitionKeys function = jq_partition_keys(
      R"({customer_id: .customer_id, device: .type.device, year: .ts | strftime("%Y")})");
  REQUIRE(function.partition_keys() == Names{"customer_id", "device", "year"});
  for (int again = 0; again < 3; ++again) {
    REQUIRE(run(function, R"({"customer_id":7,"type":{"device":"mobile"},"ts":1565382027})") ==
            "customer_id=7;device=mobile;year=2019;");
    REQUIRE(run(function, R"({"customer_id":7,"type":3,"ts":1565382027})") == fails);
  }
  JqPartitionKeys moved = std::move(function);
  REQUIRE(run(moved, R"({"customer_id":true,"type":{"device":1.50},"ts":0})") ==
          "customer_id=true;device=1.5;year=1970;");
}

TEST_CASE("the first of several results counts", "[transform][partitions]") {
  REQUIRE(run("{a: .x[]}", R"({"x":[1,2,3]})") == "a=1;");
  REQUIRE(run("{a: .x[]}", R"({"x":[]})") ==
          "! partitionKeys must not be null or empty: the query has no result");
  REQUIRE(run("{a: .x[]}, error", R"({"x":[5]})") == "a=5;");
}

TEST_CASE("a value that is none is refused by its key's name, and never quoted",
          "[transform][partitions]") {
  const auto value = [](const std::string& json) {
    return run("{a: 1, k: .v}", "{\"v\":" + json + "}");
  };
  REQUIRE(value("null") == "! partitionKeys values must not be null or empty: \"k\"");
  REQUIRE(value("\"\"") == "! partitionKeys values must not be null or empty: \"k\"");
  REQUIRE(value("[\"secret\"]") ==
          "! partitionKeys values must be strings, numbers or booleans: \"k\"");
  REQUIRE(value("{}") == "! partitionKeys values must be strings, numbers or booleans: \"k\"");
  REQUIRE(value("\"" + std::string(1023, 'x') + "\"").size() == 4 + 2 + 1023 + 1);
  REQUIRE(value("\"" + std::string(1024, 'x') + "\"").size() == 4 + 2 + 1024 + 1);
  REQUIRE(value("\"" + std::string(1025, 'x') + "\"") ==
          "! partitionKeys values must be at most 1024 bytes: \"k\"");
  REQUIRE(run("{(.n): .v}", R"({"n":"secret"})") ==
          "! partitionKeys values must not be null or empty");
  REQUIRE(run("{k: (.v | tonumber)}", R"({"v":"nan"})") ==
          "! partitionKeys values must not be null or empty: \"k\"");
  REQUIRE(run("{k: (.v | error)}", R"({"v":"secret"})") == fails);
  REQUIRE(run("{k: (.v + 1)}", R"({"v":"secret"})") == fails);
}

TEST_CASE("a result that is no object of one to fifty keys is refused", "[transform][partitions]") {
  REQUIRE(run(".", "[1]") == "! partitionKeys must be an object: the query's result is none");
  REQUIRE(run(".", "\"x\"") == "! partitionKeys must be an object: the query's result is none");
  REQUIRE(run(".", "{}") ==
          "! partitionKeys must not be null or empty: the query's result is an empty object");
  const auto object = [](int count) {
    std::string json;
    for (int at = 0; at < count; ++at) {
      json += (at == 0 ? "{\"k" : ",\"k") + std::to_string(at) + "\":1";
    }
    return json + "}";
  };
  REQUIRE(run(".", object(49)).starts_with("k0=1;"));
  REQUIRE(run(".", object(50)).starts_with("k0=1;"));
  REQUIRE(run(".", object(51)) == "! a record has at most 50 partitionKeys");
  REQUIRE(run(".", R"({"":1})") == "! partitionKeys names must not be empty");
  REQUIRE(contains(refusal(object(51)), "must make at most 50 keys, is 51"));
  REQUIRE(refusal(object(50)).empty());
  REQUIRE(contains(refusal(R"({"":1})"), "must name keys of 1 to 128 bytes, is 0 bytes"));
  REQUIRE(refusal("{" + std::string(128, 'k') + ":1}").empty());
  REQUIRE(contains(refusal("{" + std::string(129, 'k') + ":1}"), "is 129 bytes"));
}

TEST_CASE("a record that is not exactly one JSON value is refused before jq sees it",
          "[transform][partitions]") {
  JqPartitionKeys function = jq_partition_keys("{a: 1}");
  for (const std::string_view record :
       {"", " ", "x", "{", "nan", "{\"a\":nan}", "'a'", "{\"a\":\"\xff\"}", "[1,]"}) {
    CAPTURE(record);
    REQUIRE(run(function, record) == "! partitionKeys cannot be extracted: the record is not JSON");
  }
  REQUIRE(run(function, "1 2") ==
          "! partitionKeys cannot be extracted: the record is more than one JSON value "
          "(deaggregate_json makes records of them)");
  REQUIRE(run(function, " 1\n") == "a=1;");
  REQUIRE(run(function, std::string(900, '[') + std::string(900, ']')) ==
          "! partitionKeys cannot be extracted: jq does not read the record");
}

TEST_CASE("what jq does not compile is refused in jq's own words", "[transform][partitions]") {
  REQUIRE(contains(refusal("{a: .b"), "must be a query of jq, is refused: syntax error"));
  REQUIRE(contains(refusal("{a: nothing}"), "nothing/0 is not defined at <top-level>, line 1"));
  REQUIRE(contains(refusal("{a: nothing}"), "{a: nothing}"));
  REQUIRE(contains(refusal("{a: $b}"), "$b is not defined"));
  REQUIRE_FALSE(contains(refusal("{a: .b"), "hydrant_"));  // nothing of what stands in front
  REQUIRE_FALSE(contains(refusal("{a: nothing}"), "hydrant_"));
  REQUIRE(contains(refusal(""), "must be 1 to 5120 bytes long"));
  REQUIRE(contains(refusal(std::string("{a:1}\0", 6)), "must not have a NUL"));
  const auto padded = [](std::size_t size) { return "{a: 1" + std::string(size - 6, ' ') + "}"; };
  REQUIRE(refusal(padded(5119)).empty());
  REQUIRE(refusal(padded(5120)).empty());
  REQUIRE(contains(refusal(padded(5121)), "is 5121 bytes"));
}

TEST_CASE("a query reads nothing but the record, and ends", "[transform][partitions]") {
  const std::vector<std::pair<std::string, std::string>> refused{
      {"{a: input}", "input"},
      {"{a: [inputs]}", "inputs"},
      {"{a: env.HOME}", "env"},
      {"{a: $ENV.HOME}", "$ENV"},
      {"{a: $ ENV | keys}", "$ENV"},
      {"{a: \"\\($ENV | keys)\"}", "$ENV"},
      {"{a: \"x\\(\"y\\($ENV)\")\"}", "$ENV"},
      {"{a: now}", "now"},
      {"{a: (0 | localtime)}", "localtime"},
      {"{a: (0 | strflocaltime(\"%Y\"))}", "strflocaltime"},
      {"{a: input_filename}", "input_filename"},
      {"{a: (. | debug)}", "debug"},
      {"{a: (. | stderr)}", "stderr"},
      {"{a: halt}", "halt"},
      {"{a: (1 | halt_error)}", "halt_error"},
      {"{a: (\"m\" | modulemeta)}", "modulemeta"},
      {"{a: get_search_list}", "get_search_list"},
      {"{a: repeat(1)}", "repeat"},
      {"{a: range(.n)}", "range"},
      {"{a: range(1; .n)}", "range"},
      {"{a: \"\\(range(3))\"}", "range"},
      {"{a: recurse(.)}", "recurse"},
      {"{a: until(false; .)}", "until"},
      {"{a: ([.] | combinations(9))}", "combinations"},
      {"{a: (.b | gsub(\"x\"; \"\"))}", "gsub"},
      {"{a: (.b | scan(\"x\"))}", "scan"},
      {"{a: (.b | splits(\"x\"))}", "splits"},
      {"{a: (.b | split(\"x\"; \"g\"))}", "split"},
      {"{a: (.b = 1)}", "assignment"},
      {"{a: (.b |= 1)}", "assignment"},
      {"{a: (.b += 1)}", "assignment"},
      {"{a: setpath([9]; 1)}", "setpath"},
      {"{a: (\"x\" | _strindices(\"\"))}", "_strindices"},
      {"{a: (\"x\" | hydrant_indices(\"\"))}", "hydrant_indices"},
      {"def f: f; {a: f}", "def"},
      {"{a: (def f: f; f)}", "def"},
      {"{a: \"\\(def f: 1; f)\"}", "def"},
      {"{a: \"\\((1) | def f: 1; f)\"}", "def"},
      {"# c\ndef f: 1; {a: f}", "def"},
      {"import \"m\" as m; {a: m::f}", "import"},
      {"include \"m\"; {a: f}", "include"},
  };
  for (const auto& [query, word] : refused) {
    CAPTURE(query);
    REQUIRE(refusal(query).ends_with(
        "must use only what ends, and depends on the record alone, is " + word));
  }
  REQUIRE(run(R"({def: 1, input: 2, env: .now, "$ENV": .range})", R"({"now":3,"range":4})") ==
          "$ENV=4;def=1;env=3;input=2;");
  REQUIRE(run(R"({a: "def f: f; input", b: .def})", R"({"def":1})") == "a=def f: f; input;b=1;");
}

TEST_CASE("no record brings jq down, or keeps it busy for ever", "[transform][partitions]") {
  // Each of these aborts, traps, crashes or hangs jq 1.6 as it comes.
  JqPartitionKeys year = jq_partition_keys(R"({year: (.ts | strftime("%Y"))})");
  for (const std::string_view ts :
       {"1e18", "-1e18", "1e300", "1e999", "\"x\"", "[]", "{}", "[1]"}) {
    CAPTURE(ts);
    REQUIRE(run(year, "{\"ts\":" + std::string(ts) + "}") == fails);
  }
  REQUIRE(run("{a: (.t | todate)}", R"({"t":1e18})") == fails);
  REQUIRE(run("{a: (.t | todateiso8601)}", R"({"t":1e18})") == fails);
  REQUIRE(run("{a: (.t | strftime(.))}", R"({"t":1})") == fails);
  REQUIRE(run("{a: (.a % .b)}", R"({"a":-9223372036854775808,"b":-1})") == "a=0;");
  REQUIRE(run("{a: (.a % .b)}", R"({"a":1e300,"b":-1.5})") == "a=0;");
  REQUIRE(run("{a: (.a % .b)}", R"({"a":7,"b":-2})") == "a=1;");
  REQUIRE(run("{a: (.a % .b)}", R"({"a":7,"b":0})") == fails);
  REQUIRE(run("{a: (.a * .b)}", R"({"a":"x","b":1e9})") == fails);
  REQUIRE(run("{a: (.a * .b)}", R"({"a":6,"b":7})") == "a=42;");
  REQUIRE(run("{a: (.s | indices(\"\") | length)}", R"({"s":"abc"})") == "a=0;");
  REQUIRE(run("{a: (.s | index(\"\") | tojson)}", R"({"s":"abc"})") == "a=null;");
  REQUIRE(run("{a: (.s | rindex(\"b\"))}", R"({"s":"abcb"})") == "a=3;");
  REQUIRE(run("{a: (.s | test(\"x*\"; \"g\"))}", R"({"s":"\u00e9\u20ac"})") == fails);
  REQUIRE(run("{a: (.s | match([\"x*\", \"g\"]).offset)}", R"({"s":"\u00e9\u20ac"})") == fails);
  REQUIRE(run("{a: (.s | sub(\"x*\"; \"y\"; \"g\"))}", R"({"s":"\u00e9\u20ac"})") == fails);
  REQUIRE(run("{a: (.s | sub([\"x*\", \"g\"]; \"y\"))}", R"({"s":"\u00e9\u20ac"})") == fails);
  REQUIRE(run("{a: (.s | capture(\"(?<k>x*)\"; \"g\").k)}", R"({"s":"\u00e9\u20ac"})") == fails);
}

TEST_CASE("regular expressions and dates work as they do in jq", "[transform][partitions]") {
  REQUIRE(run(R"({a: (.s | test("A"; "i")), b: (.s | match("c").offset)})", R"({"s":"abc"})") ==
          "a=true;b=2;");
  REQUIRE(run(R"q({a: (.s | sub("(?<l>b)"; "<\(.l)>"))})q", R"({"s":"abc"})") == "a=a<b>c;");
  REQUIRE(run(R"({a: (.s | sub("B"; "x"; "i"))})", R"({"s":"abc"})") == "a=axc;");
  REQUIRE(run(R"q(.s | capture("(?<year>[0-9]{4})-(?<month>[0-9]{2})"))q",
              R"({"s":"on 2026-11-23"})") == "month=11;year=2026;");
  REQUIRE(
      run(R"({a: (.t | fromdate | strftime("%d")), b: (.t | strptime("%Y-%m-%dT%H:%M:%SZ") | mktime)})",
          R"({"t":"2026-11-23T19:00:00Z"})") == "a=23;b=1795460400;");
  REQUIRE(run(R"({a: (.t | todate)})", R"({"t":0})") == "a=1970-01-01T00:00:00Z;");
}

TEST_CASE("the names of keys are told where the query has them written down",
          "[transform][partitions]") {
  const auto names = [](const std::string& query) {
    return jq_partition_keys(query).partition_keys();
  };
  REQUIRE(names("{a: 1, b: .c}") == Names{"a", "b"});
  REQUIRE(names("{a}") == Names{"a"});
  REQUIRE(names("{a,}") == Names{"a"});
  REQUIRE(names(R"({"a b": 1, "caf\u00e9": 2, "c"})") == Names{"a b", "caf\xc3\xa9", "c"});
  REQUIRE(names(". as $x | {$x, if: 1, and: 2}") == Names{"x", "if", "and"});
  REQUIRE(names(".a | .b | {a: (1, 2 | {c: 3}), b: [1, {d: 4}]}") == Names{"a", "b"});
  REQUIRE(names("{a: .b | .c, d: \"}\\(1, {e: 2} | tojson)\", f: .g}") == Names{"a", "d", "f"});
  REQUIRE(names("# {z: 1}\n{a: 1 # , b: 2\n, c: 3}") == Names{"a", "c"});
  REQUIRE(names("{a: 1, a: 2}") == Names{"a"});
  REQUIRE(names("if .x then {a: 1} else {b: 1} end").empty());
  REQUIRE(names("if .x then 1 else 2 end | {a: .}") == Names{"a"});
  REQUIRE(names("{a: 1} | .").empty());
  REQUIRE(names("{a: 1} + {b: 2}").empty());
  REQUIRE(names("{(.n): 1, b: 2}").empty());
  REQUIRE(names("{\"a\\(.n)\": 1}").empty());
  REQUIRE(names("{@base64 \"a\": 1}").empty());
  REQUIRE(names(".").empty());
  REQUIRE(names("{a: 1.5e3, b: .[\"c,\"], c: .\"d}\"}") == Names{"a", "b", "c"});
  REQUIRE(names("{a: (if .x then 1, 2 else 3 end), b: 2}") == Names{"a", "b"});
}

TEST_CASE("partition_by takes a query", "[transform][partitions]") {
  auto by = hydrant::partition_by(jq_partition_keys("{a: .b}"));
  REQUIRE(run(by.function, R"({"b":"x"})") == "a=x;");
}
