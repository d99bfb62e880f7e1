// SPDX-License-Identifier: MIT
//
// Keys of partitions from JSON records: found where a plain walk over the same
// tree finds them, and refused with the key's name and never with its value.
#include <hydrant/core/error.hpp>
#include <hydrant/testing/seeded_dice.hpp>
#include <hydrant/transform/json_partition_keys.hpp>
#include <hydrant/transform/partition.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test.hpp"

using hydrant::JsonPartitionKey;
using hydrant::Outcome;
using hydrant::PartitionKeys;
using hydrant::RecordView;
using hydrant::testing::SeededDice;

namespace {

RecordView view(std::string_view text) {
  return {std::as_bytes(std::span(text.data(), text.size())), {}};
}

/// The value of the key "k" at `pointer`; where there is none, what is wrong.
std::string extract(const std::string& pointer, std::string_view record) {
  hydrant::JsonPartitionKeys function = hydrant::json_partition_keys({{"k", pointer}});
  PartitionKeys keys;
  // At the very end of what is allocated, so that a sanitizer sees whoever reads on.
  const std::unique_ptr<char[]> exact(new char[record.size()]);
  record.copy(exact.get(), record.size());
  const Outcome outcome = function(view({exact.get(), record.size()}), keys);
  if (outcome.is_failed()) {
    REQUIRE(outcome.code() == "DynamicPartitioning.MetadataExtractionFailed");
    REQUIRE(keys.empty());
    return "! " + std::string(outcome.reason());
  }
  REQUIRE(keys.fault().empty());
  REQUIRE(keys.count() == 1);
  return std::string(*keys.find("k"));
}

std::string value_of(const std::string& json) {
  return extract("/v", "{\"v\":" + json + "}");
}

std::string refusal(std::vector<JsonPartitionKey> keys) {
  try {
    static_cast<void>(hydrant::json_partition_keys(std::move(keys)));
  } catch (const hydrant::OptionsError& error) {
    return error.what();
  }
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

constexpr std::string_view not_json = "! partitionKeys cannot be extracted: the record is not JSON";

/// A tree of JSON and, walked without cleverness, what pointers find in it.
struct Tree {
  char kind = 'n';  // n: null, s: string, o: object, a: array
  std::string text{};
  std::vector<std::pair<std::string, Tree>> members{};

  static Tree draw(SeededDice& dice, int depth) {
    Tree tree;
    const std::uint64_t what = dice.below(depth == 0 ? 3 : 8);
    tree.kind = what == 0 ? 'n' : what < 3 ? 's' : what < 7 ? 'o' : 'a';
    tree.text = std::to_string(dice.below(1000));
    if (tree.kind == 'o' || tree.kind == 'a') {
      for (std::uint64_t left = dice.below(5); left > 0; --left) {
        const std::string name(dice.pick<const char*>({"a", "b", "0", "1", "", "c/d"}));
        tree.members.emplace_back(name, draw(dice, depth - 1));
      }
    }
    return tree;
  }

  std::string json(SeededDice& dice) const {
    const std::string space(dice.below(2), ' ');
    if (kind == 'n' || kind == 's') {
      return kind == 'n' ? "null" : "\"" + text + "\"";
    }
    std::string out(1, kind == 'o' ? '{' : '[');
    for (const auto& [name, member] : members) {
      out += out.size() == 1 ? "" : ",";
      if (kind == 'o') {
        out += "\"" + (name == "a" && dice.chance(300) ? "\\u0061" : name) + "\"" + space + ":";
      }
      out += space + member.json(dice) + space;
    }
    return out + (kind == 'o' ? '}' : ']');
  }

  const Tree* find(const std::string& name) const {
    if (kind == 'a') {
      const bool is_index = name == "0" || name == "1";
      const std::size_t index = name == "1" ? 1 : 0;
      return is_index && index < members.size() ? &members[index].second : nullptr;
    }
    const Tree* found = nullptr;
    for (const auto& [member_name, member] : members) {
      found = kind == 'o' && member_name == name ? &member : found;
    }
    return found;
  }
};

}  // namespace

TEST_CASE("pointers find in any record what a plain walk over its tree finds",
          "[transform][partitions]") {
  SeededDice dice(20261123);
  int extracted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Tree tree = Tree::draw(dice, 4);
    const std::string record = tree.json(dice);
    std::string pointer;
    const Tree* at = &tree;
    for (std::uint64_t left = dice.below(4); left > 0; --left) {
      const std::string name(dice.pick<const char*>({"a", "b", "0", "1", "", "c/d"}));
      pointer += "/" + (name == "c/d" ? "c~1d" : name);
      at = at == nullptr ? nullptr : at->find(name);
    }
    CAPTURE(record, pointer);
    const std::string found = extract(pointer, record);
    const std::string what = at == nullptr     ? "is missing"
                             : at->kind == 'n' ? "is null"
                             : at->kind == 'o' ? "is an object"
                             : at->kind == 'a' ? "is an array"
                                               : "";
    if (what.empty()) {
      REQUIRE(found == at->text);
      ++extracted;
    } else {
      REQUIRE(found.starts_with("! partitionKeys values must "));
      REQUIRE(found.ends_with("\"k\" at \"" + pointer + "\" " + what));
    }
    // Cut anywhere it is no JSON any more.
    if (record.size() > 1 && (at == nullptr || at->kind != 'n')) {
      REQUIRE(extract(pointer, record.substr(0, 1 + dice.below(record.size() - 1))) == not_json);
    }
  }
  REQUIRE(extracted > 1000);
}

TEST_CASE("many keys are found in one walk, each its own", "[transform][partitions]") {
  SeededDice dice(11);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t count = 1 + dice.below(50);
    std::vector<JsonPartitionKey> options;
    std::vector<std::string> members(5);
    for (std::uint64_t at = 0; at < count; ++at) {
      const std::uint64_t group = dice.below(5);
      const std::string number = std::to_string(at);
      options.push_back({"name" + number, "/g" + std::to_string(group) + "/f" + number});
      members[group] += (members[group].empty() ? "\"f" : ",\"f") + number + "\":" + number;
    }
    std::string record = "{\"noise\":[1,{\"g0\":{}}]";
    for (std::size_t group = 0; group < members.size(); ++group) {
      record += ",\"g" + std::to_string(group) + "\":{" + members[group] + "}";
    }
    record += "}";
    auto function = hydrant::json_partition_keys(options);
    for (int again = 0; again < 2; ++again) {
      PartitionKeys keys;
      REQUIRE_FALSE(function(view(record), keys).is_failed());
      REQUIRE(keys.count() == count);
      for (std::uint64_t at = 0; at < count; ++at) {
        REQUIRE(keys.find("name" + std::to_string(at)) == std::to_string(at));
      }
    }
  }
}

TEST_CASE("nothing is left of the record before", "[transform][partitions]") {
  auto function = hydrant::json_partition_keys({{"k", "/k"}, {"l", "/deep/l"}});
  for (int again = 0; again < 2; ++again) {
    PartitionKeys keys;
    REQUIRE_FALSE(function(view(R"({"k":1,"deep":{"l":2}})"), keys).is_failed());
    keys.clear();
    REQUIRE(contains(function(view(R"({"deep":{"l":3}})"), keys).reason(), "\"/k\" is missing"));
    REQUIRE(contains(function(view(R"({"k":1})"), keys).reason(), "\"/deep/l\" is missing"));
    REQUIRE(contains(function(view("{"), keys).reason(), "is not JSON"));
  }
}

TEST_CASE("two keys may have one value", "[transform][partitions]") {
  auto function = hydrant::json_partition_keys({{"a", "/x"}, {"b", "/x"}, {"c", "/x"}});
  PartitionKeys keys;
  REQUIRE_FALSE(function(view(R"({"x":7})"), keys).is_failed());
  REQUIRE(keys.find("a") == "7");
  REQUIRE(keys.find("b") == "7");
  REQUIRE(keys.find("c") == "7");
  REQUIRE(function.partition_keys() == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("values become the texts that jq makes of them", "[transform][partitions]") {
  REQUIRE(value_of(R"("caf\u00e9 \"\\\/\n\ud83d\ude00")") == "caf\xc3\xa9 \"\\/\n\xf0\x9f\x98\x80");
  REQUIRE(value_of(R"("\ud800x")") == "\xef\xbf\xbdx");
  REQUIRE(value_of("true") == "true");
  REQUIRE(value_of("false") == "false");
  REQUIRE(value_of("0") == "0");
  REQUIRE(value_of("-12") == "-12");
  REQUIRE(value_of("1.0") == "1");
  REQUIRE(value_of("1e3") == "1000");
  REQUIRE(value_of("-0.0") == "-0");
  REQUIRE(value_of("0.0001") == "0.0001");
  REQUIRE(value_of("0.00001") == "1e-05");
  REQUIRE(value_of("1.25e-7") == "1.25e-07");
  REQUIRE(value_of("1e15") == "1000000000000000");
  REQUIRE(value_of("1e16") == "1e+16");
  REQUIRE(value_of("123.456e100") == "1.23456e+102");
  REQUIRE(value_of("5e-324") == "5e-324");
  REQUIRE(value_of("12.5") == "12.5");
  REQUIRE(value_of("1.5") == "1.5");
}

TEST_CASE("integers of any size keep their digits, so that no two share a partition",
          "[transform][partitions]") {
  REQUIRE(value_of("9007199254740992") == "9007199254740992");
  REQUIRE(value_of("9007199254740993") == "9007199254740993");
  REQUIRE(value_of("-123456789012345678901234567890") == "-123456789012345678901234567890");
}

TEST_CASE("a value that is no text, number or boolean is refused by its key's name",
          "[transform][partitions]") {
  REQUIRE(value_of("null") ==
          "! partitionKeys values must not be null or empty: \"k\" at \"/v\" is null");
  REQUIRE(value_of("\"\"") ==
          "! partitionKeys values must not be null or empty: \"k\" at \"/v\" is empty");
  REQUIRE(extract("/w", "{\"v\":1}") ==
          "! partitionKeys values must not be null or empty: \"k\" at \"/w\" is missing");
  REQUIRE(
      value_of("{\"a\":1}") ==
      "! partitionKeys values must be strings, numbers or booleans: \"k\" at \"/v\" is an object");
  REQUIRE(
      value_of("[1]") ==
      "! partitionKeys values must be strings, numbers or booleans: \"k\" at \"/v\" is an array");
  REQUIRE(
      value_of("1e999") ==
      "! partitionKeys values must be strings, numbers or booleans: \"k\" at \"/v\" is a number "
      "that no double holds");
  REQUIRE(value_of("-1.5e-999").ends_with("no double holds"));
}

TEST_CASE("a value has at most 1024 bytes, however it is written", "[transform][partitions]") {
  const std::string fault =
      "! partitionKeys values must be at most 1024 bytes: \"k\" at \"/v\" is longer";
  for (const std::string piece : {"x", "\\u0041", "\\n"}) {
    CAPTURE(piece);
    const auto repeated = [&](std::size_t count) {
      std::string json = "\"";
      for (std::size_t i = 0; i < count; ++i) {
        json += piece;
      }
      return json + "\"";
    };
    REQUIRE(value_of(repeated(1023)).size() == 1023);
    REQUIRE(value_of(repeated(1024)).size() == 1024);
    REQUIRE(value_of(repeated(1025)) == fault);
    REQUIRE(value_of(repeated(100'000)) == fault);
  }
  REQUIRE(value_of("\"" + std::string(10'000, 'x') + "\\x\"") == not_json);
  REQUIRE(value_of(std::string(1024, '1')).size() == 1024);
  REQUIRE(value_of(std::string(1025, '1')) == fault);
}

TEST_CASE("a record that is not exactly one JSON value is refused", "[transform][partitions]") {
  for (const std::string record :
       {"", " ", "x", "{", "{\"k\":1", "{\"k\":1}}", "{\"k\":1},", "{\"k\":01}", "{\"k\":tru}",
        "{\"k\":\"\\x\"}", "{\"k\":\"\x01\"}", "{\"k\":\"\xff\"}", "{k:1}", "{\"k\":1 \"l\":2}",
        "{\"k\":1,}", "{\"a\\x\":2,\"k\":1}", "{\"k\":1,\"rest\":nope}", "[1", "{\"k\":nan}"}) {
    CAPTURE(record);
    REQUIRE(extract("/k", record) == not_json);
  }
  REQUIRE(extract("/k", "{\"k\":1}\n{\"k\":2}") ==
          "! partitionKeys cannot be extracted: the record is more than one JSON value "
          "(deaggregate_json makes records of them)");
  REQUIRE(extract("/k", "{\"k\":1}\n") == "1");
  REQUIRE(extract("", "\"whole\"") == "whole");
  REQUIRE(extract("/k", std::string(3000, '[') + std::string(3000, ']')) == not_json);
}

TEST_CASE("of members of one name the last counts, with all that is in it",
          "[transform][partitions]") {
  REQUIRE(extract("/a/b", R"({"a":{"b":1},"a":{"b":2}})") == "2");
  REQUIRE(extract("/a/b", R"({"a":{"b":1},"a":{}})").ends_with("is missing"));
  REQUIRE(extract("/a/b", R"({"a":{"b":1},"a":3})").ends_with("is missing"));
  REQUIRE(extract("/a", R"({"a":"x","\u0061":null})").ends_with("is null"));
}

TEST_CASE("pointers that lead nowhere are refused at construction", "[transform][partitions]") {
  REQUIRE(refusal({{"k", ""}}).empty());
  REQUIRE(refusal({{"k", "/~0~1"}}).empty());
  REQUIRE(extract("/~0~1", R"({"~/":5})") == "5");
  for (const std::string pointer : {"k", "/~", "/~2", "/a~", "/\xff"}) {
    CAPTURE(pointer);
    REQUIRE(contains(refusal({{"k", pointer}}), "must be a JSON pointer"));
  }
  REQUIRE(refusal({{"k", "/" + std::string(1022, 'x')}}).empty());
  REQUIRE(refusal({{"k", "/" + std::string(1023, 'x')}}).empty());
  REQUIRE(contains(refusal({{"k", "/" + std::string(1024, 'x')}}), "is 1025 bytes"));
  REQUIRE(contains(refusal({{"a", "/x"}, {"b", "/x/y"}}), "must not lead through another"));
  REQUIRE(contains(refusal({{"a", "/x/y"}, {"b", "/x"}}), "must not lead through another"));
  REQUIRE(contains(refusal({{"a", "/x/y"}, {"b", ""}}), "must not lead through another"));
  REQUIRE(refusal({{"a", "/x/y"}, {"b", "/x/z"}}).empty());
}

TEST_CASE("names of keys are there, differ, and are no more than fifty",
          "[transform][partitions]") {
  const auto numbered = [](std::size_t count) {
    std::vector<JsonPartitionKey> keys;
    for (std::size_t at = 0; at < count; ++at) {
      keys.push_back({"k" + std::to_string(at), "/" + std::to_string(at)});
    }
    return keys;
  };
  REQUIRE(contains(refusal({}), "must be 1 to 50 keys, is 0"));
  REQUIRE(refusal(numbered(49)).empty());
  REQUIRE(refusal(numbered(50)).empty());
  REQUIRE(contains(refusal(numbered(51)), "must be 1 to 50 keys, is 51"));
  REQUIRE(contains(refusal({{"k", "/a"}, {"k", "/b"}}),
                   "json_partition_keys[1].name   must differ from those before it, is \"k\""));
  REQUIRE(contains(refusal({{"", "/a"}}), "must be 1 to 128 bytes long, is 0 bytes"));
  REQUIRE(refusal({{std::string(128, 'n'), "/a"}}).empty());
  REQUIRE(contains(refusal({{std::string(129, 'n'), "/a"}}), "is 129 bytes"));
}

TEST_CASE("names in arrays are places, without leading zeros", "[transform][partitions]") {
  REQUIRE(extract("/0", "[5,6]") == "5");
  REQUIRE(extract("/1", "[5,6]") == "6");
  for (const std::string pointer : {"/2", "/-", "/00", "/01", "/1x", "/", "/-1", "/9999999999"}) {
    CAPTURE(pointer);
    REQUIRE(extract(pointer, "[5,6]").ends_with("is missing"));
  }
  for (const std::string pointer : {"/1~1", "/18446744073709551616", "/18446744073709551617"}) {
    CAPTURE(pointer);
    REQUIRE(extract(pointer, "[0,1,2,3,4,5,6,7,8,9,10]").ends_with("is missing"));
  }
  REQUIRE(extract("/01", R"({"01":7})") == "7");
  REQUIRE(extract("/a/10", R"({"a":[0,1,2,3,4,5,6,7,8,9,"ten"]})") == "ten");
}
