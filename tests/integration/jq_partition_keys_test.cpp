// SPDX-License-Identifier: MIT
//
// The keys of random records, by pointers and by queries, compared with what the
// program jq makes of them.
#include <hydrant/core/json_text.hpp>
#include <hydrant/testing/seeded_dice.hpp>
#include <hydrant/transform/jq_partition_keys.hpp>
#include <hydrant/transform/json_partition_keys.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "run_program.hpp"
#include "test.hpp"

using hydrant::Outcome;
using hydrant::PartitionKeys;
using hydrant::testing::SeededDice;
using hydrant::tests::run_program;

/// libjq 1.6 itself loses operands of functions that fail, such as `todate` of a list: so does the
/// program jq.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT: the sanitizer's name
  return "leak:libjq\n";
}

namespace {

bool has_jq() {
  return run_program("jq --version").status == 0;
}

std::string draw_number(SeededDice& dice, std::uint64_t exponent_end) {
  const auto digits = [&dice](std::uint64_t count) {
    std::string text;
    for (; count > 0; --count) {
      text += static_cast<char>('0' + dice.below(10));
    }
    return text;
  };
  std::string text = dice.chance(300) ? "-" : "";
  text += dice.chance(300) ? "0" : std::to_string(1 + dice.below(9)) + digits(dice.below(14));
  if (dice.chance(500)) {
    text += "." + digits(1 + dice.below(18));
  }
  if (dice.chance(400)) {
    text += dice.pick<const char*>({"e", "E", "e+", "e-"});
    text += std::to_string(dice.below(exponent_end));
  }
  return text;
}

std::string draw_value(SeededDice& dice, int depth) {
  switch (dice.below(depth == 0 ? 5 : 9)) {
    case 0:
      return dice.pick<const char*>({"null", "true", "false", "\"\"", "[]", "{}"});
    case 1:
      return draw_number(dice, 2);  // more, and jq 1.6 aborts in strftime
    case 2:
    case 3:
      return dice.pick<const char*>({"\"a\"", "\"caf\\u00e9\"", "\"\\ud83d\\ude00 x\"",
                                     "\"\\\"\\\\\"", "\"2026-11-23T19:00:00Z\"", "\"\xe2\x82\xac\"",
                                     "\"\\u0000\"", "\"12\"", "\"a,b\""});
    case 4:
      return std::to_string(dice.below(2'000'000'000));
    default:
      break;
  }
  const bool is_object = dice.chance(800);
  std::string json(1, is_object ? '{' : '[');
  for (std::uint64_t left = dice.below(5); left > 0; --left) {
    json += json.size() == 1 ? "" : ",";
    json += is_object ? dice.pick<const char*>({"\"a\":", "\"b\":", "\"c\":", "\"\\u0061\":"}) : "";
    json += draw_value(dice, depth - 1);
  }
  return json + (is_object ? '}' : ']');
}

std::string draw_record(SeededDice& dice) {
  return "{\"a\":" + draw_value(dice, 3) + ",\"b\":" + draw_value(dice, 3) +
         ",\"c\":" + draw_value(dice, 2) + "}";
}

/// What a query of keys may be made of.
std::string draw_term(SeededDice& dice, int depth) {
  const auto deeper = [&dice, depth] { return draw_term(dice, depth - 1); };
  switch (dice.below(depth == 0 ? 3 : 9)) {
    case 0:
      return dice.pick<const char*>({".a", ".b", ".c", ".a.b", ".b.c", ".a[0]?", ".b[\"a\"]?"});
    case 1:
      return dice.pick<const char*>({".", "1", "\"x\"", ".a?", "null", ".a.b?", "-1.5"});
    case 2:
      return dice.pick<const char*>({"(.a | strftime(\"%Y-%m\"))", "(.b | todate)",
                                     "\"\\(.c)-\\(.a)\"", "(.b | fromdate)", "(.c | length)",
                                     "(.a | keys)"});
    case 3:
      return "(" + deeper() + " | " + deeper() + ")";
    case 4:
      return "(" + deeper() + " // " + deeper() + ")";
    case 5:
      return "(" + deeper() + dice.pick<const char*>({" + ", " - ", " / ", " == ", " < ", ", "}) +
             deeper() + ")";
    case 6:
      return "(if " + deeper() + " then " + deeper() + " else " + deeper() + " end)";
    case 7:
      return "(" + deeper() +
             dice.pick<const char*>(
                 {" | tostring)", " | tojson)", " | ascii_downcase)", " | test(\"a\"))",
                  " | sub(\"a\"; \"b\"))", " | split(\",\") | .[0])", " | index(\"a\"))",
                  " | floor)", " | .[0:2])", " | explode | implode)", " | @base64)", " | type)",
                  " | tonumber)", " | map(.) | first)", " | join(\"-\"))",
                  " | try error catch \"no\")", " | reduce .[] as $i (0; . + 1))",
                  " | ltrimstr(\"a\"))", " | unique | add)"}) +
             "";
    default:
      return "({x: " + deeper() + "} | .x)";
  }
}

/// The keys as jq writes an object, by name; "null" where there are none.
template <class F>
std::string keys_of(F& function, std::string_view record) {
  PartitionKeys keys;
  const Outcome outcome =
      function({std::as_bytes(std::span(record.data(), record.size())), {}}, keys);
  if (outcome.is_failed()) {
    return "null";
  }
  std::string encoded;
  keys.encode(encoded);
  const auto decoded = hydrant::detail::decode_partition_keys(encoded);
  std::string json;
  for (const hydrant::PartitionKey& key : *decoded) {
    json += json.empty() ? "{" : ",";
    hydrant::append_json_string(json, key.name);
    json += ":";
    hydrant::append_json_string(json, key.value);
  }
  return json + "}";
}

/// What jq makes of records by a query, where an object of texts, numbers and booleans comes of it.
std::string keys_by_jq(const std::string& query, const std::string& records) {
  const std::string program =
      "def good: type == \"object\" and length > 0 and all(.[]; (type == \"string\" and length > "
      "0) "
      "or type == \"number\" or type == \"boolean\"); "
      "([try first(" +
      query +
      ") catch null] | .[0]) | if good then with_entries(.value |= tostring) "
      "else null end";
  return run_program("jq -cS '" + program + "'", records).output;
}

/// The record of which the two made different keys, and what they made; empty where there is none.
std::string difference(const std::string& records, const std::string& ours,
                       std::string_view theirs) {
  std::string_view mine = ours;
  std::string_view inputs = records;
  const auto take = [](std::string_view& lines) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string line(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    return line;
  };
  while (!inputs.empty()) {
    const std::string input = take(inputs);
    const std::string made = take(mine);
    const std::string wanted = take(theirs);
    if (made != wanted) {
      return input + ": " + made + " instead of " + wanted;
    }
  }
  return {};
}

}  // namespace

TEST_CASE("numbers become the texts that jq makes of them", "[integration][partitions]") {
  if (!has_jq()) {
    HYDRANT_SKIP("no program `jq`");
  }
  SeededDice dice(1);
  std::string input;
  std::string expected;
  for (int count = 0; count < 20'000; ++count) {
    const std::string number = draw_number(dice, 280);
    input += number + "\n";
    REQUIRE(hydrant::detail::append_jq_number(expected, number));
    expected += "\n";
  }

  REQUIRE(run_program("jq -r tostring", input).output == expected);
}

TEST_CASE("pointers find what jq finds", "[integration][partitions]") {
  if (!has_jq()) {
    HYDRANT_SKIP("no program `jq`");
  }
  int extracted = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    SeededDice dice(seed);
    std::string pointer;
    std::string path;
    for (std::uint64_t left = 1 + dice.below(3); left > 0; --left) {
      const char* const name = dice.pick<const char*>({"a", "b", "c"});
      pointer += std::string("/") + name;
      path += (path.empty() ? "\"" : ",\"") + std::string(name) + "\"";
    }
    auto function = hydrant::json_partition_keys({{"k", pointer}, {"x", "/x"}});
    std::string records;
    std::string expected;
    for (int count = 0; count < 200; ++count) {
      const std::string record = "{\"x\":1," + draw_record(dice).substr(1);
      records += record + "\n";
      expected += keys_of(function, record) + "\n";
      extracted += expected.ends_with("}\n") ? 1 : 0;
    }
    CAPTURE(pointer);

    REQUIRE(difference(records, expected, keys_by_jq("{k: getpath([" + path + "]), x}", records)) ==
            "");
  }
  REQUIRE(extracted > 500);
}

TEST_CASE("queries make the keys that jq makes", "[integration][partitions]") {
  if (!has_jq()) {
    HYDRANT_SKIP("no program `jq`");
  }
  int extracted = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SeededDice dice(seed);
    const std::string query = "{k: " + draw_term(dice, 2) + ", \"l\": " + draw_term(dice, 3) + "}";
    CAPTURE(seed, query);
    auto function = hydrant::jq_partition_keys(query);
    REQUIRE(function.partition_keys() == std::vector<std::string>{"k", "l"});
    std::string records;
    std::string expected;
    for (int count = 0; count < 60; ++count) {
      const std::string record = draw_record(dice);
      records += record + "\n";
      expected += keys_of(function, record) + "\n";
      extracted += expected.ends_with("}\n") ? 1 : 0;
    }

    REQUIRE(difference(records, expected, keys_by_jq(query, records)) == "");
  }
  REQUIRE(extracted > 500);
}
