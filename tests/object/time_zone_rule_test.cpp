// SPDX-License-Identifier: MIT
#include <hydrant/object/time_zone_rule.hpp>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "test.hpp"

using hydrant::detail::LocalTimeType;
using hydrant::detail::TimeZoneRule;

namespace {

/// What the C library makes of the same rule, which needs no files for it.
class SystemRule {
 public:
  explicit SystemRule(const std::string& rule) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this program has one thread
    ::setenv("TZ", rule.c_str(), 1);
    ::tzset();
  }

  SystemRule(const SystemRule&) = delete;
  SystemRule& operator=(const SystemRule&) = delete;

  ~SystemRule() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this program has one thread
    ::unsetenv("TZ");
    ::tzset();
  }

  std::string at(std::int64_t seconds) const {
    const std::time_t time = seconds;
    std::tm parts{};
    ::localtime_r(&time, &parts);
    return std::to_string(parts.tm_gmtoff) + " " + parts.tm_zone;
  }
};

std::string shown(const LocalTimeType& type) {
  return std::to_string(type.offset) + " " + type.abbreviation;
}

std::string random_duration(std::mt19937_64& random, std::uint64_t hours_max) {
  std::string text = random() % 3 == 0 ? "-" : random() % 3 == 0 ? "+" : "";
  text += std::to_string(random() % hours_max);
  if (random() % 2 == 0) {
    text += ":" + std::to_string(random() % 60);
    text += random() % 2 == 0 ? ":" + std::to_string(random() % 60) : "";
  }
  return text;
}

/// A date in spring or in autumn: the C library looks at one year only.
std::string random_date(std::mt19937_64& random, bool is_spring) {
  std::string date;
  switch (random() % 3) {
    case 0:
      date = "M" + std::to_string((is_spring ? 3 : 9) + random() % 2) + "." +
             std::to_string(1 + random() % 5) + "." + std::to_string(random() % 7);
      break;
    case 1:
      date = "J" + std::to_string((is_spring ? 40 : 240) + random() % 80);
      break;
    default:
      date = std::to_string((is_spring ? 40 : 240) + random() % 80);
  }
  return random() % 2 == 0 ? date : date + "/" + random_duration(random, 24);
}

}  // namespace

TEST_CASE("time zone rule agrees with the C library on random rules", "[object][time_zone]") {
  std::mt19937_64 random(20'260'101);
  for (int i = 0; i < 2'000; ++i) {
    std::string text = random() % 2 == 0 ? "ABC" : "<+03-x>";
    text += random_duration(random, 12);
    if (random() % 8 != 0) {
      text += random() % 2 == 0 ? "DEFG" : "<-04>" + random_duration(random, 12);
      const bool is_north = random() % 2 == 0;
      text += "," + random_date(random, is_north) + "," + random_date(random, !is_north);
    }
    const std::optional<TimeZoneRule> rule = TimeZoneRule::parse(text);
    const SystemRule system(text);
    CAPTURE(text);
    REQUIRE(rule);
    for (int j = 0; j < 50; ++j) {
      // 1972 to 2300
      const std::int64_t seconds =
          63'072'000 + static_cast<std::int64_t>(random() % 10'350'000'000);
      if (shown(rule->at(seconds)) != system.at(seconds)) {
        FAIL(text << " at " << seconds << ": " << shown(rule->at(seconds)) << " is not "
                  << system.at(seconds));
      }
    }
  }
}

TEST_CASE("time zone rule changes at its very second", "[object][time_zone]") {
  const auto rule = TimeZoneRule::parse("CET-1CEST,M3.5.0,M10.5.0/3");
  REQUIRE(rule);
  // 2024-03-31 and 2024-10-27, 01:00 in UTC
  REQUIRE(shown(rule->at(1'711'846'799)) == "3600 CET");
  REQUIRE(shown(rule->at(1'711'846'800)) == "7200 CEST");
  REQUIRE(shown(rule->at(1'711'846'801)) == "7200 CEST");
  REQUIRE(shown(rule->at(1'729'990'799)) == "7200 CEST");
  REQUIRE(shown(rule->at(1'729'990'800)) == "3600 CET");
  REQUIRE(shown(rule->at(1'729'990'801)) == "3600 CET");
}

TEST_CASE("time zone rule keeps summer over the new year in the south", "[object][time_zone]") {
  const auto rule = TimeZoneRule::parse("NZST-12NZDT,M9.5.0,M4.1.0/3");
  REQUIRE(rule);
  REQUIRE(shown(rule->at(1'735'689'600)) == "46800 NZDT");  // 2025-01-01
  REQUIRE(shown(rule->at(1'751'328'000)) == "43200 NZST");  // 2025-07-01
}

TEST_CASE("time zone rule can have daylight saving time all the year", "[object][time_zone]") {
  const auto rule = TimeZoneRule::parse("XXX3EDT4,0/0,J365/23");
  REQUIRE(rule);
  for (std::int64_t day = 0; day < 800; ++day) {
    const std::int64_t midnight = 1'704'067'200 + day * 86'400;  // 2024-01-01
    for (const std::int64_t seconds : {midnight + 10'799, midnight + 10'800, midnight + 10'801}) {
      REQUIRE(shown(rule->at(seconds)) == "-14400 EDT");
    }
  }
}

TEST_CASE("time zone rule may name dates in other years than its own", "[object][time_zone]") {
  // 27 hours after the 31st of December, and 30 hours before the 1st of January.
  const auto rule = TimeZoneRule::parse("AAA0BBB,J365/27,J182/-30");
  REQUIRE(rule);
  REQUIRE(shown(rule->at(1'735'700'399)) == "0 AAA");  // 2025-01-01 02:59:59
  REQUIRE(shown(rule->at(1'735'700'400)) == "3600 BBB");
  REQUIRE(shown(rule->at(1'751'216'399)) == "3600 BBB");  // 2025-06-29 17:59:59 in summer time
  REQUIRE(shown(rule->at(1'751'216'400)) == "0 AAA");
}

TEST_CASE("time zone rule may begin a summer in the year before", "[object][time_zone]") {
  // 30 hours before the 1st of January.
  const auto rule = TimeZoneRule::parse("AAA0BBB,0/-30,J182");
  REQUIRE(rule);
  REQUIRE(shown(rule->at(1'735'581'599)) == "0 AAA");  // 2024-12-30 17:59:59
  REQUIRE(shown(rule->at(1'735'581'600)) == "3600 BBB");
  REQUIRE(shown(rule->at(1'735'581'601)) == "3600 BBB");
}

TEST_CASE("time zone rule counts the days of J without the 29th of February",
          "[object][time_zone]") {
  const auto without = TimeZoneRule::parse("AAA0BBB,J60/0,J300");
  const auto with = TimeZoneRule::parse("AAA0BBB,59/0,300");
  REQUIRE(shown(without->at(1'709'251'199)) == "0 AAA");  // 2024-02-29 23:59:59
  REQUIRE(shown(without->at(1'709'251'200)) == "3600 BBB");
  REQUIRE(shown(with->at(1'709'164'799)) == "0 AAA");  // 2024-02-28 23:59:59
  REQUIRE(shown(with->at(1'709'164'800)) == "3600 BBB");
}

TEST_CASE("time zone rule answers for every instant that a clock can show", "[object][time_zone]") {
  const auto rule = TimeZoneRule::parse("CET-1CEST,M3.5.0,M10.5.0/3");
  for (const std::int64_t seconds : {INT64_MIN / 1000 - 1, INT64_MAX / 1000}) {
    const std::int32_t offset = rule->at(seconds).offset;
    REQUIRE((offset == 3600 || offset == 7200));
  }
}

TEST_CASE("time zone rule refuses what is none", "[object][time_zone]") {
  for (const std::string_view text : {"",
                                      "CET",
                                      "C-1",
                                      "CE-1",
                                      "CET-",
                                      "CET-25",
                                      "CET-1:60",
                                      "CET-1:00:60",
                                      "CET-1CEST",
                                      "CET-1CEST,",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M3.5.0,",
                                      "CET-1CEST,M0.5.0,M10.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.0.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1CEST,J0,J100",
                                      "CET-1CEST,J366,J100",
                                      "CET-1CEST,366,100",
                                      "CET-1CEST,M3.5.0/168,M10.5.0",
                                      "CET-1CEST,M3.5.0,M10.5.0/3x",
                                      "CET-1CEST M3.5.0,M10.5.0",
                                      "CET-1CE,M3.5.0,M10.5.0",
                                      "<CET-1",
                                      "<+0>-1",
                                      "<CE/T>-1",
                                      "ABCDEFGHIJKLMNOP-1",
                                      "CET-0001",
                                      "\xc3\xa4\xc3\xa4\xc3\xa4-1",
                                      "CET-1CEST-25,J1,J2"}) {
    CAPTURE(text);
    REQUIRE_FALSE(TimeZoneRule::parse(text));
  }
  for (const std::string_view text :
       {"CET-24", "CET24", "CET-1CEST,M3.5.0/167,M10.5.0/-167", "CET-1CEST,J1,J365",
        "CET-1CEST,0,365", "ABCDEFGHIJKLMNO-1", "<+0123456789-abc>5"}) {
    CAPTURE(text);
    REQUIRE(TimeZoneRule::parse(text));
  }
}
