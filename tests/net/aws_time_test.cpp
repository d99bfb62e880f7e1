// SPDX-License-Identifier: MIT
#include <hydrant/net/aws_time.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "test.hpp"

using hydrant::amz_date;
using hydrant::clock_skew;
using hydrant::parse_http_date;
using hydrant::parse_iso_time;
using hydrant::WallTime;
using namespace std::chrono_literals;

namespace {

/// What the C library makes of a time.
std::string formatted(std::time_t seconds, const char* format) {
  std::tm civil{};
  ::gmtime_r(&seconds, &civil);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &civil)};
}

WallTime at(std::time_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

}  // namespace

TEST_CASE("times are written and read as the C library does", "[net][aws_time]") {
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto seconds = static_cast<std::time_t>(random() % 4'102'444'800);  // up to 2100

    REQUIRE(amz_date(at(seconds) + std::chrono::milliseconds(random() % 1000)) ==
            formatted(seconds, "%Y%m%dT%H%M%SZ"));
    REQUIRE(parse_iso_time(formatted(seconds, "%Y-%m-%dT%H:%M:%SZ")) == at(seconds));
    REQUIRE(parse_http_date(formatted(seconds, "%a, %d %b %Y %H:%M:%S GMT")) == at(seconds));
  }
}

TEST_CASE("times of ISO 8601 may have a fraction and an offset", "[net][aws_time]") {
  const WallTime time = at(1'414'191'623);  // 2014-10-24T23:00:23Z
  for (const std::string_view text :
       {"2014-10-24T23:00:23Z", "2014-10-24T23:00:23.1Z", "2014-10-24T23:00:23.123456789Z",
        "2014-10-24T23:00:23+00:00", "2014-10-25T01:00:23+02:00", "2014-10-24T17:30:23-0530",
        "2014-10-24T23:00:23.5+0000"}) {
    CAPTURE(text);
    REQUIRE(parse_iso_time(text) == time);
  }
}

TEST_CASE("what is no time is not read as one", "[net][aws_time]") {
  for (const std::string_view text :
       {"", "2014", "2014-10-24", "2014-10-24T23:00:23", "2014-13-24T23:00:23Z",
        "2014-02-29T23:00:23Z", "2014-00-10T23:00:23Z", "2014-10-24T24:00:23Z",
        "2014-10-24T23:60:23Z", "2014-10-24T23:00:61Z", "2014-10-24T23:00:23Zx",
        "2014-10-24T23:00:23.Z", "2014-10-24 23:00:23Z", "2014-1-24T23:00:23Z",
        "2014-10-24T23:00:23+2", "-014-10-24T23:00:23Z", "2014-10-24T23:00:23z"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_iso_time(text).has_value());
  }
  for (const std::string_view text :
       {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 ovD 1994 08:49:37 GMT", "Sun, 06 No 1994 08:49:37 GMT", "Sun, 06",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_http_date(text).has_value());
  }
}

TEST_CASE("clock skew is how far the server is ahead", "[net][aws_time]") {
  const WallTime now = at(784'111'777);  // Sun, 06 Nov 1994 08:49:37 GMT

  REQUIRE(clock_skew("Sun, 06 Nov 1994 08:59:37 GMT", now) == 10min);
  REQUIRE(clock_skew("Sun, 06 Nov 1994 08:39:37 GMT", now + 250ms) == -10min - 250ms);
  REQUIRE_FALSE(clock_skew("yesterday", now).has_value());
}
