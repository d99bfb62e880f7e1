// SPDX-License-Identifier: MIT
//
// The keys of a partition: which make the same partition, and which are none.
#include <hydrant/core/partition.hpp>
#include <hydrant/testing/seeded_dice.hpp>

#include <map>
#include <string>

#include "test.hpp"

namespace {

using hydrant::PartitionKeys;
using hydrant::detail::decode_partition_keys;

std::string encoded(const PartitionKeys& keys) {
  std::string out;
  keys.encode(out);
  return out;
}

}  // namespace

TEST_CASE("equal keys make equal bytes, and others never do", "[delivery][partitions]") {
  hydrant::testing::SeededDice dice(7);
  std::map<std::string, std::map<std::string, std::string>> seen;
  for (int i = 0; i < 3000; ++i) {
    PartitionKeys keys;
    std::map<std::string, std::string> plain;
    for (std::uint64_t left = 1 + dice.below(4); left > 0; --left) {
      const std::string name(1 + dice.below(3), static_cast<char>('a' + dice.below(3)));
      const std::string value(1 + dice.below(3), static_cast<char>('a' + dice.below(3)));
      keys.set(name, value);
      plain[name] = value;
    }
    REQUIRE(keys.count() == plain.size());
    const std::string bytes = encoded(keys);
    const auto [at, is_new] = seen.emplace(bytes, plain);
    REQUIRE(at->second == plain);
    const auto decoded = decode_partition_keys(bytes);
    REQUIRE(decoded);
    auto next = plain.begin();
    for (const hydrant::PartitionKey& key : *decoded) {
      REQUIRE(key.name == next->first);
      REQUIRE(key.value == next->second);
      REQUIRE(keys.find(next->first) == next->second);
      ++next;
    }
    REQUIRE(next == plain.end());
  }
}

TEST_CASE("a record has at most fifty keys", "[delivery][partitions]") {
  PartitionKeys keys;
  for (int i = 0; i < 50; ++i) {
    keys.set("k" + std::to_string(i), "v");
  }
  REQUIRE(keys.fault().empty());
  keys.set("k7", "w");
  REQUIRE(keys.fault().empty());
  REQUIRE(keys.find("k7") == "w");

  keys.set("one more", "v");
  REQUIRE(keys.fault() == "a record has at most 50 partitionKeys");
  keys.clear();
  REQUIRE(keys.empty());
  REQUIRE(keys.fault().empty());
}

TEST_CASE("names and values are neither empty nor too long", "[delivery][partitions]") {
  const auto fault = [](std::size_t name, std::size_t value) {
    PartitionKeys keys;
    keys.set(std::string(name, 'n'), std::string(value, 'v'));
    return std::string(keys.fault());
  };
  REQUIRE(fault(127, 1023).empty());
  REQUIRE(fault(128, 1024).empty());
  REQUIRE(fault(129, 1) == "partitionKeys names must be at most 128 bytes");
  REQUIRE(fault(1, 1025) == "partitionKeys values must be at most 1024 bytes");
  REQUIRE(fault(0, 1) == "partitionKeys names must not be empty");
  REQUIRE(fault(1, 0) == "partitionKeys values must not be null or empty");
}

TEST_CASE("bytes that are no keys decode to none", "[delivery][partitions]") {
  PartitionKeys keys;
  keys.set("customer", "1");
  keys.set("device", "2");
  const std::string whole = encoded(keys);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const auto part = decode_partition_keys(std::string_view(whole).substr(0, size));
    REQUIRE((!part || part->size() == 1));
  }
  REQUIRE_FALSE(decode_partition_keys("\xff\xff"));
  REQUIRE(decode_partition_keys("")->empty());
}
