// SPDX-License-Identifier: MIT
#include <hydrant/object/key.hpp>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <set>
#include <string>
#include <string_view>

#include "test.hpp"

using hydrant::BatchInfo;
using hydrant::Key;
using hydrant::OptionErrors;
using hydrant::WallTime;

namespace {

constexpr std::string_view id = "01234567-89ab-4cde-8f01-23456789abcd";

BatchInfo arrived(int year, unsigned month, unsigned day, int hour = 0, int minute = 0,
                  int second = 0, int millisecond = 0) {
  BatchInfo info;
  info.stream = "clicks";
  info.version = 3;
  info.request_id = id;
  info.first_arrival =
      WallTime(std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) /
                                     static_cast<int>(day))) +
      std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) +
      std::chrono::milliseconds(millisecond);
  return info;
}

/// The part before Firehose's fixed suffix.
std::string prefix_of(const Key& key, const BatchInfo& info) {
  const std::string whole = key.evaluate(info, "", "");
  return whole.substr(0, whole.find("clicks-3-"));
}

std::size_t fault_count(std::string_view prefix) {
  OptionErrors errors;
  Key(prefix).validate(errors);
  return errors.faults().size();
}

}  // namespace

TEST_CASE("key is by default the hour, the stream, its version, the second and the id",
          "[object][key]") {
  const std::string key = Key().evaluate(arrived(2018, 8, 27, 10, 30, 5, 999), "", ".zst");
  REQUIRE(key == "2018/08/27/10/clicks-3-2018-08-27-10-30-05-" + std::string(id) + ".zst");
}

TEST_CASE("key evaluates the examples of the service's guide", "[object][key]") {
  const BatchInfo info = arrived(2018, 8, 27, 10, 30);
  const auto prefix = [&](std::string_view text) { return prefix_of(Key(text), info); };

  REQUIRE(prefix("") == "2018/08/27/10/");
  REQUIRE(prefix("myPrefix/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
                 "hour=!{timestamp:HH}/") == "myPrefix/year=2018/month=08/day=27/hour=10/");
  const std::string random =
      prefix("myFirehose/DeliveredYear=!{timestamp:yyyy}/anyMonth/rand=!{firehose:random-string}");
  const std::string before = "myFirehose/DeliveredYear=2018/anyMonth/rand=";
  REQUIRE(random.substr(0, before.size()) == before);
  REQUIRE(random.size() == before.size() + 11);
}

TEST_CASE("key appends the hour to a prefix without expressions, with no slash between",
          "[object][key]") {
  const BatchInfo info = arrived(2026, 7, 13, 10);
  REQUIRE(prefix_of(Key("legacy"), info) == "legacy2026/07/13/10/");
  REQUIRE(prefix_of(Key("logs/"), info) == "logs/2026/07/13/10/");
}

TEST_CASE("key appends nothing to a prefix with any expression", "[object][key]") {
  const std::string prefix =
      prefix_of(Key("rand/!{firehose:random-string}/"), arrived(2026, 7, 13));
  REQUIRE(prefix.size() == std::string_view("rand/12345678901/").size());
}

TEST_CASE("key knows the days of years, leap or not", "[object][key]") {
  const Key key("!{timestamp:yyyy-DDD-MM-dd}/");
  REQUIRE(prefix_of(key, arrived(2023, 1, 1)) == "2023-001-01-01/");
  REQUIRE(prefix_of(key, arrived(2023, 2, 28)) == "2023-059-02-28/");
  REQUIRE(prefix_of(key, arrived(2023, 3, 1)) == "2023-060-03-01/");
  REQUIRE(prefix_of(key, arrived(2023, 12, 31)) == "2023-365-12-31/");
  REQUIRE(prefix_of(key, arrived(2024, 2, 29)) == "2024-060-02-29/");
  REQUIRE(prefix_of(key, arrived(2024, 3, 1)) == "2024-061-03-01/");
  REQUIRE(prefix_of(key, arrived(2024, 12, 31)) == "2024-366-12-31/");
  REQUIRE(prefix_of(key, arrived(2000, 2, 29)) == "2000-060-02-29/");
  REQUIRE(prefix_of(key, arrived(2100, 3, 1)) == "2100-060-03-01/");
  REQUIRE(prefix_of(key, arrived(1970, 1, 1)) == "1970-001-01-01/");
  REQUIRE(prefix_of(key, arrived(1969, 12, 31)) == "1969-365-12-31/");
}

TEST_CASE("key changes year, hour and second at the last millisecond", "[object][key]") {
  const Key key("!{timestamp:yyyy/DDD/HH/mm/ss}/");
  REQUIRE(prefix_of(key, arrived(2025, 12, 31, 23, 59, 59, 999)) == "2025/365/23/59/59/");
  REQUIRE(prefix_of(key, arrived(2026, 1, 1, 0, 0, 0, 0)) == "2026/001/00/00/00/");
  REQUIRE(prefix_of(key, arrived(1969, 12, 31, 23, 59, 59, 999)) == "1969/365/23/59/59/");
}

TEST_CASE("key agrees with the C library on every day of a hundred years", "[object][key]") {
  const Key key("!{timestamp:yyyy-MM-dd-DDD-HH-mm-ss}/");
  for (std::int64_t day = 0; day < 36'525; ++day) {
    const std::int64_t second = day * 86'400 + day * 7'919 % 86'400;
    BatchInfo info = arrived(1970, 1, 1);
    info.first_arrival = WallTime(std::chrono::seconds(second));
    const std::time_t time = second;
    std::tm parts{};
    gmtime_r(&time, &parts);
    char expected[64];
    std::strftime(expected, sizeof expected, "%Y-%m-%d-%j-%H-%M-%S/", &parts);
    if (prefix_of(key, info) != expected) {
      FAIL(prefix_of(key, info) << " is not " << expected);
    }
  }
  SUCCEED();
}

TEST_CASE("key derives its random strings from the id: same batch, same key", "[object][key]") {
  const Key key("!{firehose:random-string}/!{firehose:random-string}/");
  BatchInfo info = arrived(2018, 8, 27);
  const std::string first = prefix_of(key, info);

  REQUIRE(first == prefix_of(key, info));
  REQUIRE(first.substr(0, 12) != first.substr(12, 12));
  REQUIRE(
      first.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/") ==
      std::string::npos);

  std::set<std::string> seen;
  for (int i = 0; i < 2'000; ++i) {
    const std::string other = "01234567-89ab-4cde-8f01-" + std::to_string(100'000'000'000 + i);
    info.request_id = other;
    const std::string both = prefix_of(key, info);
    seen.insert(both.substr(0, 11));
    seen.insert(both.substr(12, 11));
  }
  REQUIRE(seen.size() == 4'000);
}

TEST_CASE("key derives the random strings of its two prefixes as it always has", "[object][key]") {
  // A batch that an earlier version of the library left in a journal must keep its key.
  REQUIRE(prefix_of(Key("!{firehose:random-string}/!{firehose:random-string}/"),
                    arrived(2018, 8, 27)) == "arAB72I0ilR/EHrN4wccWgK/");
}

TEST_CASE("key in the short form puts errors into a folder beside the data", "[object][key]") {
  BatchInfo info = arrived(2018, 8, 27, 10, 30);
  info.error_output_type = "processing-failed";

  REQUIRE(prefix_of(Key(), info) == "processing-failed/2018/08/27/10/");
  REQUIRE(prefix_of(Key("logs/"), info) == "logs/processing-failed/2018/08/27/10/");
  REQUIRE(prefix_of(Key("logs"), info) == "logsprocessing-failed/2018/08/27/10/");
  REQUIRE(prefix_of(Key("a/logs/day=!{timestamp:yyyy}/"), info) ==
          "a/logs/processing-failed/2018/08/27/10/");
  REQUIRE(prefix_of(Key("!{timestamp:yyyy}/"), info) == "processing-failed/2018/08/27/10/");
  REQUIRE(fault_count("logs/day=!{timestamp:yyyy}/") == 0);
}

TEST_CASE("key gives errors the codec's extension, but not the format's", "[object][key]") {
  BatchInfo info = arrived(2018, 8, 27);
  const std::string data = Key().evaluate(info, ".parquet", ".zst");
  info.error_output_type = "processing-failed";
  const std::string error = Key().evaluate(info, ".parquet", ".zst");

  REQUIRE(data.substr(data.size() - 12) == ".parquet.zst");
  REQUIRE(error.substr(error.size() - 8) == "abcd.zst");
}

TEST_CASE("key gives data the extension that the options name, and errors still the codec's",
          "[object][key]") {
  BatchInfo info = arrived(2018, 8, 27);
  const Key key({.file_extension = ".json"});

  REQUIRE(key.evaluate(info, ".parquet", ".zst").ends_with("abcd.json"));
  info.error_output_type = "processing-failed";
  REQUIRE(key.evaluate(info, ".parquet", ".zst").ends_with("abcd.zst"));
}

TEST_CASE("key names every expression that means nothing", "[object][key]") {
  for (const std::string_view faulty :
       {"!{", "a/!{timestamp:yyyy", "!{}", "!{timestamp:}", "!{timestamp}", "!{timestamp:YYYYb}",
        "!{timestamp:MMMMMM}", "!{timestamp:yyyy'open}", "!{firehose:random}", "!{firehose:}",
        "!{firehose:random-string }", "!{Timestamp:yyyy}", "!{partitionKeyFromQuery:}",
        "!{partitionKeyFromLambda}", "!{partitionkeyfromquery:id}", "!{hydrant:port}",
        "!{hydrant:}", "!{ timestamp:yyyy}", "!{partitionKeyFromQuery:a!{b}"}) {
    CAPTURE(faulty);
    REQUIRE(fault_count(faulty) == 1);
  }
  REQUIRE(fault_count("!{a:b}/!{timestamp:yyyy}/!{timestamp:bb}/") == 2);
  REQUIRE(fault_count("!{timestamp:yyyy}/plain}{!/") == 0);
  REQUIRE(fault_count("") == 0);
}

TEST_CASE("key says which expression is at fault", "[object][key]") {
  OptionErrors errors;
  Key("a/!{timestamp:yyyy}/!{firehose:moon}/").validate(errors);

  REQUIRE(errors.faults().size() == 1);
  REQUIRE(errors.faults()[0].field == "key.prefix");
  REQUIRE(errors.faults()[0].value == "\"!{firehose:moon}\"");
}

TEST_CASE("key refuses prefixes that are no text", "[object][key]") {
  for (const std::string_view faulty :
       {std::string_view("a\0b", 3), std::string_view("a\nb"), std::string_view("\x7f"),
        std::string_view("\xc3"), std::string_view("!{timestamp:yyyy'\xff'}")}) {
    REQUIRE(fault_count(faulty) == 1);
  }
  REQUIRE(fault_count("Z\xc3\xbcrich/") == 0);
}
