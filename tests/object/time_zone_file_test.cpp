// SPDX-License-Identifier: MIT
#include <hydrant/object/time_zone_file.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "test.hpp"
#include "zone_file_writer.hpp"

using hydrant::Result;
using hydrant::detail::LocalTimeType;
using hydrant::detail::TimeZoneFile;
using hydrant::tests::zone_file;
using hydrant::tests::ZoneBlock;

namespace {

const std::string names("LMT\0CET\0CEST\0", 13);

/// Berlin, much shortened.
ZoneBlock berlin() {
  return {{{-2'422'054'408, 1}, {323'830'800, 2}, {338'950'800, 1}},
          {{3208, 0}, {3600, 4}, {7200, 8}},
          names,
          0,
          0,
          0};
}

std::string shown(const LocalTimeType& type) {
  return std::to_string(type.offset) + " " + type.abbreviation;
}

std::string at(const std::string& file, std::int64_t seconds) {
  Result<TimeZoneFile> zone = TimeZoneFile::parse(file);
  return zone ? shown(zone.value().at(seconds)) : zone.failure().message;
}

}  // namespace

TEST_CASE("time zone file changes at the second of each entry", "[object][time_zone]") {
  const std::string file = zone_file(berlin(), "CET-1");
  REQUIRE(at(file, -2'422'054'409) == "3208 LMT");
  REQUIRE(at(file, -2'422'054'408) == "3600 CET");
  REQUIRE(at(file, -2'422'054'407) == "3600 CET");
  REQUIRE(at(file, 323'830'799) == "3600 CET");
  REQUIRE(at(file, 323'830'800) == "7200 CEST");
  REQUIRE(at(file, 323'830'801) == "7200 CEST");
  REQUIRE(at(file, 338'950'799) == "7200 CEST");
  REQUIRE(at(file, 338'950'800) == "3600 CET");
}

TEST_CASE("time zone file goes on by its rule after the last entry", "[object][time_zone]") {
  const std::string file = zone_file(berlin(), "CET-1CEST,M3.5.0,M10.5.0/3");
  REQUIRE(at(file, 330'000'000) == "7200 CEST");
  REQUIRE(at(file, 345'000'000) == "3600 CET");
  REQUIRE(at(file, 360'000'000) == "7200 CEST");  // 1981-05-30
  REQUIRE(at(file, 1'720'000'000) == "7200 CEST");
  REQUIRE(at(file, 1'735'000'000) == "3600 CET");
}

TEST_CASE("time zone file goes on with its last entry where there is no rule",
          "[object][time_zone]") {
  REQUIRE(at(zone_file(berlin(), ""), 1'720'000'000) == "3600 CET");
}

TEST_CASE("time zone file is its rule alone where there are no entries", "[object][time_zone]") {
  ZoneBlock block = berlin();
  block.changes.clear();
  REQUIRE(at(zone_file(block, "JST-9"), -4'000'000'000) == "32400 JST");
  REQUIRE(at(zone_file(block, ""), -4'000'000'000) == "3208 LMT");
}

TEST_CASE("time zone file of the first version has times of 32 bits", "[object][time_zone]") {
  ZoneBlock block = berlin();
  block.changes[0].at = -2'147'483'648;
  const std::string file = block.written('\0', 4);
  REQUIRE(at(file, -2'147'483'649) == "3208 LMT");
  REQUIRE(at(file, -2'147'483'648) == "3600 CET");
  REQUIRE(at(file, 330'000'000) == "7200 CEST");
  REQUIRE(at(file, 1'720'000'000) == "3600 CET");
}

TEST_CASE("time zone file of each version is read by its second block", "[object][time_zone]") {
  for (const char version : {'2', '3', '4'}) {
    REQUIRE(at(zone_file(berlin(), "CET-1", version), 330'000'000) == "7200 CEST");
  }
}

TEST_CASE("time zone file agrees with a walk through random tables", "[object][time_zone]") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    ZoneBlock block = berlin();
    block.changes.clear();
    block.standard_count = static_cast<std::uint32_t>(random() % 4);
    block.ut_count = static_cast<std::uint32_t>(random() % 4);
    std::int64_t time = -3'000'000'000;
    for (std::uint64_t left = random() % 40; left > 0; --left) {
      time += 1 + static_cast<std::int64_t>(random() % 200'000'000);
      block.changes.push_back({time, static_cast<std::uint8_t>(random() % 3)});
    }
    Result<TimeZoneFile> zone = TimeZoneFile::parse(zone_file(block, ""));
    REQUIRE(zone);
    for (int i = 0; i < 100; ++i) {
      std::int64_t seconds = -3'100'000'000 + static_cast<std::int64_t>(random() % 9'000'000'000);
      if (!block.changes.empty() && i % 2 == 0) {
        seconds = block.changes[random() % block.changes.size()].at + i % 3 - 1;
      }
      std::size_t type = 0;
      for (const ZoneBlock::Change& change : block.changes) {
        type = change.at <= seconds ? change.type : type;
      }
      REQUIRE(zone.value().at(seconds).offset == block.types[type].offset);
    }
  }
}

TEST_CASE("time zone file that is cut anywhere is refused", "[object][time_zone]") {
  ZoneBlock old = berlin();
  old.changes.erase(old.changes.begin());  // it has no room in 32 bits
  for (const std::string& whole :
       {zone_file(berlin(), "CET-1CEST,M3.5.0,M10.5.0/3"), old.written('\0', 4)}) {
    REQUIRE(TimeZoneFile::parse(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      REQUIRE_FALSE(TimeZoneFile::parse(std::string_view(whole).substr(0, size)));
    }
  }
}

TEST_CASE("time zone file with any byte changed is refused, or answers", "[object][time_zone]") {
  std::mt19937_64 random(11);
  const std::string whole = zone_file(berlin(), "CET-1CEST,M3.5.0,M10.5.0/3");
  for (std::size_t index = 0; index < whole.size(); ++index) {
    for (int i = 0; i < 16; ++i) {
      std::string file = whole;
      file[index] = static_cast<char>(random());
      Result<TimeZoneFile> zone = TimeZoneFile::parse(file);
      for (int j = 0; zone && j < 10; ++j) {
        const auto seconds = static_cast<std::int64_t>(random()) / 1000;
        REQUIRE(zone.value().at(seconds).abbreviation.size() <= 15);
      }
    }
  }
}

TEST_CASE("time zone file says what is wrong with it", "[object][time_zone]") {
  const auto fault = [](const ZoneBlock& block) { return at(zone_file(block, ""), 0); };
  ZoneBlock block = berlin();
  block.leap_count = 1;
  REQUIRE(fault(block) == "counts leap seconds, as arrival times do not");
  block = berlin();
  block.types.clear();
  REQUIRE(fault(block) == "has no types of local time, or too many");
  block.types.assign(257, {0, 0});
  REQUIRE(fault(block) == "has no types of local time, or too many");
  block.types.assign(256, {0, 0});
  REQUIRE(fault(block) == "0 LMT");
  block = berlin();
  block.changes[1].at = block.changes[2].at;
  REQUIRE(fault(block) == "has changes that are not in order");
  block = berlin();
  block.changes[1].type = 3;
  REQUIRE(fault(block) == "has a change to a type that it does not describe");
  for (const std::int32_t offset : {-90'000, 93'600, INT32_MIN, INT32_MAX}) {
    block = berlin();
    block.types[0].offset = offset;
    REQUIRE(fault(block) == "has a local time that is more than a day off");
  }
  block.types[0].offset = -89'999;
  block.types[1].offset = 93'599;
  REQUIRE(fault(block) == "93599 CET");
  for (const int index : {13, 14, 255}) {
    block = berlin();
    block.types[2].name_index = static_cast<std::uint8_t>(index);
    REQUIRE(fault(block) == "has a type without a proper name");
  }
  block = berlin();
  block.names = std::string("LMT\0C/T\0CEST\0", 13);
  REQUIRE(fault(block) == "has a type without a proper name");
  block.names = std::string("LMT\0CET\0CEST", 12);
  REQUIRE(fault(block) == "has a type without a proper name");
  block.names = std::string("LMT\0CET\0CEST567890123456\0", 25);
  REQUIRE(fault(block) == "has a type without a proper name");
  block.names = std::string("LMT\0CET\0CEST56789012345\0", 24);
  REQUIRE(fault(block) == "3600 CET");
}

TEST_CASE("time zone file says what is wrong around its tables", "[object][time_zone]") {
  const std::string whole = zone_file(berlin(), "CET-1");
  REQUIRE(at("", 0) == "is not a TZif file");
  REQUIRE(at("TZi" + whole.substr(3).replace(0, 1, "g"), 0) == "is not a TZif file");
  REQUIRE(at(whole.substr(0, 60), 0) == "has no second header");
  REQUIRE(at(whole.substr(0, whole.size() - 20), 0) == "ends too early");
  REQUIRE(at(whole.substr(0, whole.size() - 1), 0) == "has no footer");
  REQUIRE(at(zone_file(berlin(), "CET"), 0) == "goes on by a rule that is none");
  REQUIRE(at(std::string(262'145, 'T'), 0) == "is longer than 262144 bytes");
  REQUIRE(at(std::string(262'144, 'T'), 0) == "is not a TZif file");
}

TEST_CASE("time zone file with enormous counts is refused, and takes no memory",
          "[object][time_zone]") {
  const std::string whole = zone_file(berlin(), "CET-1");
  const std::size_t second = whole.find("TZif", 4);
  for (const std::size_t header : {std::size_t{0}, second}) {
    for (std::size_t count = 0; count < 6; ++count) {
      for (const std::string& value :
           {std::string("\xff\xff\xff\xff"), std::string("\x7f\xff\xff\xff"),
            std::string("\x00\x03\xff\xff", 4)}) {
        std::string file = whole;
        file.replace(header + 20 + count * 4, 4, value);
        CAPTURE(header, count);
        REQUIRE_FALSE(TimeZoneFile::parse(file));
      }
    }
  }
}
