// SPDX-License-Identifier: MIT
#include <hydrant/object/time_zone.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "test.hpp"
#include "zone_file_writer.hpp"

using hydrant::Failure;
using hydrant::Result;
using hydrant::TimeZone;
using hydrant::tests::zone_file;

namespace {

/// The name that was asked for last.
std::string asked;

Result<std::string> tokyo(std::string_view name) {
  asked = name;
  return zone_file({{}, {{32'400, 0}}, std::string("JST\0", 4)}, "JST-9");
}

Result<std::string> nothing(std::string_view name) {
  asked = name;
  return Failure{"open /zones/" + std::string(name) + ": No such file or directory", 2};
}

Result<std::string> rubbish(std::string_view) {
  return std::string("rubbish");
}

/// "id offset abbreviation", or why there is no zone.
std::string found(std::string_view name, hydrant::ReadZoneFile read = &nothing) {
  Result<TimeZone> zone = TimeZone::find(name, read);
  if (!zone) {
    return zone.failure().message;
  }
  const auto& type = zone.value().at(0);
  return zone.value().id() + " " + std::to_string(type.offset) + " " + type.abbreviation;
}

bool is_refused(std::string_view name) {
  asked = "nothing";
  return found(name).find("is neither a distance") != std::string::npos && asked == "nothing";
}

}  // namespace

TEST_CASE("time zone is UTC where nothing is said", "[object][time_zone]") {
  REQUIRE(found("") == "UTC 0 UTC");
  REQUIRE(TimeZone().id() == "UTC");
}

TEST_CASE("time zone takes distances from UTC, and calls them as Java does",
          "[object][time_zone]") {
  asked = "nothing";
  REQUIRE(found("UTC") == "UTC 0 UTC");
  REQUIRE(found("GMT") == "GMT 0 GMT");
  REQUIRE(found("UT") == "UT 0 UT");
  REQUIRE(found("Z") == "Z 0 Z");
  REQUIRE(found("+9") == "+09:00 32400 +09:00");
  REQUIRE(found("-9") == "-09:00 -32400 -09:00");
  REQUIRE(found("+09") == "+09:00 32400 +09:00");
  REQUIRE(found("+0530") == "+05:30 19800 +05:30");
  REQUIRE(found("+05:30") == "+05:30 19800 +05:30");
  REQUIRE(found("-05:30") == "-05:30 -19800 -05:30");
  REQUIRE(found("+010203") == "+01:02:03 3723 +01:02:03");
  REQUIRE(found("-01:02:03") == "-01:02:03 -3723 -01:02:03");
  REQUIRE(found("GMT+9") == "GMT+09:00 32400 GMT+09:00");
  REQUIRE(found("UTC-03:30") == "UTC-03:30 -12600 UTC-03:30");
  REQUIRE(found("UT+1") == "UT+01:00 3600 UT+01:00");
  REQUIRE(found("+0") == "Z 0 Z");
  REQUIRE(found("GMT-0") == "GMT 0 GMT");
  REQUIRE(asked == "nothing");
}

TEST_CASE("time zone takes distances of up to 18 hours", "[object][time_zone]") {
  REQUIRE(found("+17:59:59") == "+17:59:59 64799 +17:59:59");
  REQUIRE(found("+18:00:00") == "+18:00 64800 +18:00");
  REQUIRE(is_refused("+18:00:01"));
  REQUIRE(found("-18:00") == "-18:00 -64800 -18:00");
  REQUIRE(is_refused("-18:01"));
  REQUIRE(found("+05:59") == "+05:59 21540 +05:59");
  REQUIRE(is_refused("+05:60"));
  REQUIRE(is_refused("+05:00:60"));
}

TEST_CASE("time zone reads the file of a place", "[object][time_zone]") {
  REQUIRE(found("Asia/Tokyo", &tokyo) == "Asia/Tokyo 32400 JST");
  REQUIRE(asked == "Asia/Tokyo");
  REQUIRE(found("Etc/GMT+9", &tokyo) == "Etc/GMT+9 32400 JST");
  REQUIRE(found("GMT0", &tokyo) == "GMT0 32400 JST");
  REQUIRE(found("America/Argentina/Buenos_Aires", &tokyo) ==
          "America/Argentina/Buenos_Aires 32400 JST");
}

TEST_CASE("time zone says which file could not be read", "[object][time_zone]") {
  REQUIRE(found("Mars/Phobos") ==
          "open /zones/Mars/Phobos: No such file or directory (is the package tzdata installed?)");
  REQUIRE(found("Asia/Tokyo", &rubbish) == "its zone file is not a TZif file");
}

TEST_CASE("time zone looks for no file outside of its directory", "[object][time_zone]") {
  for (const std::string_view name : {"..",
                                      "../passwd",
                                      "Asia/..",
                                      "Asia/../../passwd",
                                      "/etc/passwd",
                                      "Asia//Tokyo",
                                      "Asia/",
                                      "/",
                                      ".",
                                      "./Asia",
                                      "Asia/.",
                                      "Asia\\Tokyo",
                                      "Asia/Tok yo",
                                      "tzdata.zi",
                                      "Asia/T\xc3\xb6",
                                      "Asia/Tokyo\n",
                                      ":Asia/Tokyo",
                                      "+05:3",
                                      "+",
                                      "-",
                                      "++5",
                                      "+5:30",
                                      "+053",
                                      "+05:30:1",
                                      "+05-30",
                                      "+0x",
                                      "+05300"}) {
    CAPTURE(name);
    REQUIRE((is_refused(name) || asked == name));
    REQUIRE(asked.find('.') == std::string::npos);
    REQUIRE(asked.find("//") == std::string::npos);
    REQUIRE_FALSE(asked.starts_with('/'));
    REQUIRE_FALSE(asked.ends_with('/'));
  }
  REQUIRE(is_refused(std::string_view("Asia\0/Tokyo", 11)));
}

TEST_CASE("time zone takes names of up to 50 characters", "[object][time_zone]") {
  REQUIRE(found(std::string(49, 'a'), &tokyo).ends_with("JST"));
  REQUIRE(found(std::string(50, 'a'), &tokyo).ends_with("JST"));
  REQUIRE(is_refused(std::string(51, 'a')));
}
