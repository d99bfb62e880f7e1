// SPDX-License-Identifier: MIT
//
// Whatever records bring, keys are safe, short, distinct, and the same again.
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/key.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "nasty_values.hpp"
#include "test.hpp"

using hydrant::BatchInfo;
using hydrant::Key;
using hydrant::PartitionKey;
using hydrant::WallTime;
using hydrant::tests::is_safe_segment;
using hydrant::tests::nasty_value;

namespace {

/// A batch with so many partition keys: "0", "1", ...
class PartitionedBatch {
 public:
  explicit PartitionedBatch(std::vector<std::string> values) : values_(std::move(values)) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      names_.push_back(std::to_string(i));
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      keys_.push_back({names_[i], values_[i]});
    }
  }

  BatchInfo info() const {
    BatchInfo info;
    info.stream = "clicks";
    info.request_id = "01234567-89ab-4cde-8f01-23456789abcd";
    info.first_arrival = WallTime(std::chrono::seconds(1'535'365'800));
    info.partition_keys = keys_;
    return info;
  }

 private:
  std::vector<std::string> values_;
  std::vector<std::string> names_;
  std::vector<PartitionKey> keys_;
};

/// "0=!{partitionKeyFromQuery:0}/1=!{partitionKeyFromQuery:1}/..." behind a folder.
Key key_of(std::size_t count) {
  std::string prefix = "lake/";
  for (std::size_t i = 0; i < count; ++i) {
    prefix += std::to_string(i) + "=!{partitionKeyFromQuery:" + std::to_string(i) + "}/";
  }
  return Key(prefix);
}

std::string evaluate(const Key& key, const std::vector<std::string>& values) {
  return key.evaluate(PartitionedBatch(values).info(), ".parquet", ".zst");
}

std::vector<std::string> segments(std::string_view key) {
  std::vector<std::string> all;
  for (;;) {
    const std::size_t end = key.find('/');
    all.emplace_back(key.substr(0, end));
    if (end == std::string_view::npos) {
      return all;
    }
    key.remove_prefix(end + 1);
  }
}

std::size_t evaluated_size(const std::string& key) {
  return key.find("clicks-1-");
}

}  // namespace

TEST_CASE("key is safe and short whatever the values are, and different for different ones",
          "[object][key]") {
  std::mt19937_64 random(20'180'827);
  const hydrant::DirectoryStore store{"lake"};
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
    const Key key = key_of(count);
    std::map<std::string, std::vector<std::string>> seen;
    for (int i = 0; i < 4'000; ++i) {
      std::vector<std::string> values;
      for (std::size_t j = 0; j < count; ++j) {
        values.push_back(nasty_value(random, random() % 3 == 0 ? 200 : 4));
      }
      const std::string whole = evaluate(key, values);
      const std::vector<std::string> parts = segments(whole);

      CAPTURE(whole);
      REQUIRE(whole == evaluate(key, values));
      REQUIRE(evaluated_size(whole) <= 512);
      REQUIRE(parts.size() == count + 2);
      REQUIRE(store.accepts(whole));
      for (std::size_t j = 0; j < count; ++j) {
        const std::string name = std::to_string(j) + "=";
        REQUIRE(parts[j + 1].starts_with(name));
        REQUIRE(is_safe_segment(std::string_view(parts[j + 1]).substr(name.size())));
        REQUIRE(parts[j + 1].size() <= name.size() + 200);
      }
      const auto [place, is_new] = seen.emplace(whole, values);
      REQUIRE(place->second == values);
    }
  }
}

TEST_CASE("key leaves values whole while they fit together", "[object][key]") {
  const Key key = key_of(3);  // "lake/", and three times "n=" and "/"
  const std::string fixed = "lake/0=/1=/2=/";
  const std::string rest(512 - fixed.size() - 390, 'c');
  REQUIRE(evaluate(key, {std::string(195, 'a'), std::string(195, 'b'), rest})
              .starts_with("lake/0=" + std::string(195, 'a') + "/1=" + std::string(195, 'b') +
                           "/2=" + rest + "/clicks"));
  const std::string longer =
      evaluate(key, {std::string(195, 'a'), std::string(195, 'b'), rest + "c"});
  // One byte too many: the two longest give way, equally.
  REQUIRE(longer.starts_with("lake/0=" + std::string(175, 'a') + "%7E"));
  REQUIRE(longer.find("/1=" + std::string(175, 'b') + "%7E") != std::string::npos);
  REQUIRE(longer.find("/2=" + rest + "c/clicks") != std::string::npos);
  REQUIRE(evaluated_size(longer) == 511);
}

TEST_CASE("key cuts long values to equal lengths, as long as possible", "[object][key]") {
  const Key key = key_of(9);
  const std::vector<std::string> values(9, std::string(300, 'x'));
  const std::string whole = evaluate(key, values);
  REQUIRE(evaluated_size(whole) <= 512);
  REQUIRE(evaluated_size(whole) > 512 - 9);
  const std::vector<std::string> parts = segments(whole);
  for (std::size_t i = 1; i <= 9; ++i) {
    REQUIRE(parts[i].size() == parts[1].size());
  }
}

TEST_CASE("key names too many long values by the digest of them all", "[object][key]") {
  const Key key = key_of(50);
  std::vector<std::string> values(50, "x");
  REQUIRE(segments(evaluate(key, values)).size() == 52);
  values.assign(50, std::string(30, 'x'));
  const std::string whole = evaluate(key, values);
  values.back().back() = 'y';
  const std::string other = evaluate(key, values);

  REQUIRE(whole.starts_with("lake/%7E"));
  REQUIRE(segments(whole).size() == 3);
  REQUIRE(evaluated_size(whole) == 25);
  REQUIRE(other.starts_with("lake/%7E"));
  REQUIRE(whole != other);
}

TEST_CASE("key keeps the folders before the first expression only as far as there is room",
          "[object][key]") {
  const auto whole = [](std::size_t size) {
    return evaluate(
        Key(std::string(size, 'a') + "/!{partitionKeyFromQuery:0}!{partitionKeyFromQuery:1}/"),
        {std::string(200, 'x'), std::string(200, 'y')});
  };
  REQUIRE(whole(490).starts_with(std::string(490, 'a') + "/%7E"));
  REQUIRE(evaluated_size(whole(490)) == 511);
  REQUIRE(evaluated_size(whole(491)) == 512);
  REQUIRE(whole(492).starts_with("%7E"));
}

TEST_CASE("key is at most 1024 bytes long", "[object][key]") {
  const std::string stream(64, 's');
  PartitionedBatch values(
      {std::string(5'000, '/'), std::string(5'000, '%'), std::string(500, 'x')});
  BatchInfo info = values.info();
  info.stream = stream;
  info.version = UINT32_MAX;
  info.first_arrival = WallTime::min();
  const Key key({.prefix = "lake/!{partitionKeyFromQuery:0}/!{partitionKeyFromQuery:1}/"
                           "!{partitionKeyFromQuery:2}/",
                 .error_output_prefix = "errors/!{firehose:error-output-type}/",
                 .file_extension = "." + std::string(127, 'e')});
  const std::string whole = key.evaluate(info, "", "");
  REQUIRE(whole.find(stream) <= 512);
  REQUIRE(whole.size() <= 1024);
}
