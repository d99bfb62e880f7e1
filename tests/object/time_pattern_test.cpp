// SPDX-License-Identifier: MIT
//
// What single letters print. tests/integration holds every letter, at random
// times, against Java.
#include <hydrant/object/time_pattern.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "test.hpp"

using hydrant::TimeZone;
using hydrant::WallTime;
using hydrant::detail::LocalTime;
using hydrant::detail::TimePattern;

namespace {

hydrant::Result<std::string> no_file(std::string_view) {
  return hydrant::Failure{"no file"};
}

/// 2018-08-27 10:30:05.042, a Monday, unless another time is asked for.
std::string shown(std::string_view pattern, std::string_view zone = "",
                  std::int64_t milliseconds = 1'535'365'805'042) {
  const TimePattern parsed(pattern);
  if (parsed.fault() != nullptr) {
    return parsed.fault();
  }
  const TimeZone found = TimeZone::find(zone, &no_file).value();
  std::string text;
  parsed.append_to(text, LocalTime(WallTime(std::chrono::milliseconds(milliseconds)), found));
  return text;
}

bool is_refused(std::string_view pattern) {
  return TimePattern(pattern).fault() != nullptr;
}

}  // namespace

TEST_CASE("time pattern prints years, months and days", "[object][time_pattern]") {
  REQUIRE(shown("u uu uuu uuuu uuuuu") == "2018 18 2018 2018 02018");
  REQUIRE(shown("y yy yyy yyyy yyyyy G") == "2018 18 2018 2018 02018 AD");
  REQUIRE(shown("M MM MMM MMMM MMMMM") == "8 08 Aug August A");
  REQUIRE(shown("L LL LLL LLLL LLLLL") == "8 08 Aug August A");
  REQUIRE(shown("Q QQ QQQ QQQQ QQQQQ q") == "3 03 Q3 3rd quarter 3 3");
  REQUIRE(shown("d dd D DD DDD") == "27 27 239 239 239");
  REQUIRE(shown("E EE EEE EEEE EEEEE") == "Mon Mon Mon Monday M");
  REQUIRE(shown("e ee eee eeee eeeee c ccc cccc ccccc") == "2 02 Mon Monday M 2 Mon Monday M");
}

TEST_CASE("time pattern prints hours, minutes, seconds and their fractions",
          "[object][time_pattern]") {
  REQUIRE(shown("H HH h hh K KK k kk a") == "10 10 10 10 10 10 10 10 AM");
  REQUIRE(shown("H h K k a", "", 0) == "0 12 0 24 AM");
  REQUIRE(shown("H h K k a", "", 43'200'000) == "12 12 0 12 PM");
  REQUIRE(shown("H h K k a", "", 82'800'000) == "23 11 11 23 PM");
  REQUIRE(shown("m mm s ss") == "30 30 5 05");
  REQUIRE(shown("S SS SSS SSSS SSSSSSSSS") == "0 04 042 0420 042000000");
  REQUIRE(shown("n A N") == "42000000 37805042 37805042000000");
}

TEST_CASE("time pattern prints distances from UTC", "[object][time_pattern]") {
  REQUIRE(shown("X XX XXX XXXX XXXXX") == "Z Z Z Z Z");
  REQUIRE(shown("x xx xxx xxxx xxxxx") == "+00 +0000 +00:00 +0000 +00:00");
  REQUIRE(shown("Z ZZZ ZZZZ ZZZZZ O OOOO") == "+0000 +0000 GMT Z GMT GMT");
  REQUIRE(shown("X XX XXX XXXX XXXXX", "+9") == "+09 +0900 +09:00 +0900 +09:00");
  REQUIRE(shown("x xx xxx", "-05:30") == "-0530 -0530 -05:30");
  REQUIRE(shown("Z ZZZ ZZZZ ZZZZZ O OOOO", "-05:30") ==
          "-0530 -0530 GMT-05:30 -05:30 GMT-5:30 GMT-05:30");
  REQUIRE(shown("X XX XXX XXXX XXXXX O", "+01:02:03") ==
          "+0102 +0102 +01:02 +010203 +01:02:03 GMT+1:02:03");
  REQUIRE(shown("X x xxx XXXX O", "-00:00:45") == "Z +00 +00:00 -000045 GMT-0:00:45");
  REQUIRE(shown("VV z", "GMT+9") == "GMT+09:00 GMT+09:00");
}

TEST_CASE("time pattern counts weeks from Sunday on, the first with the 1st of January",
          "[object][time_pattern]") {
  const auto week = [](std::int64_t day) { return shown("Y-ww-e W", "", day * 86'400'000); };
  REQUIRE(week(17'894) == "2018-52-7 5");  // Saturday, 2018-12-29
  REQUIRE(week(17'895) == "2019-01-1 6");  // Sunday, 2018-12-30
  REQUIRE(week(17'896) == "2019-01-2 6");
  REQUIRE(week(17'897) == "2019-01-3 1");  // Tuesday, 2019-01-01
  REQUIRE(week(17'901) == "2019-01-7 1");
  REQUIRE(week(17'902) == "2019-02-1 2");
  REQUIRE(week(10'956) == "2000-01-6 5");  // Friday, 1999-12-31
  REQUIRE(week(17'166) == "2016-53-7 5");  // Saturday, 2016-12-31: the last of a leap year
  REQUIRE(shown("YY YYY YYYYY") == "18 2018 02018");
}

TEST_CASE("time pattern moves dates into the time zone", "[object][time_pattern]") {
  REQUIRE(shown("yyyy-MM-dd HH:mm", "+14") == "2018-08-28 00:30");
  REQUIRE(shown("yyyy-MM-dd HH:mm", "-11") == "2018-08-26 23:30");
  REQUIRE(shown("yyyy-MM-dd HH:mm:ss.SSS", "-00:00:01", 0) == "1969-12-31 23:59:59.000");
  REQUIRE(shown("yyyy-MM-dd HH:mm:ss.SSS", "", -1) == "1969-12-31 23:59:59.999");
}

TEST_CASE("time pattern prints years of any length", "[object][time_pattern]") {
  constexpr std::int64_t year_9999 = 253'402'300'799'999;
  REQUIRE(shown("y yyy yyyy yyyyy", "", year_9999) == "9999 9999 9999 09999");
  REQUIRE(shown("y yyy yyyy yyyyy", "", year_9999 + 1) == "10000 10000 +10000 10000");
  constexpr std::int64_t year_0 = -62'167'219'200'000;
  REQUIRE(shown("u uuuu y yy yyyy G GGGG GGGGG", "", year_0) ==
          "0 0000 1 01 0001 BC Before Christ B");
  REQUIRE(shown("u uuuu uu y G", "", year_0 - 1) == "-1 -0001 01 2 BC");
  REQUIRE(shown("GGGG GGGGG") == "Anno Domini A");
}

TEST_CASE("time pattern prints every instant that a clock can show", "[object][time_pattern]") {
  REQUIRE(shown("uuuu-MM-dd HH:mm:ss.SSS", "", std::numeric_limits<std::int64_t>::max()) ==
          "+292278994-08-17 07:12:55.807");
  REQUIRE(shown("uuuu-MM-dd HH:mm:ss.SSS", "", std::numeric_limits<std::int64_t>::min()) ==
          "-292275055-05-16 16:47:04.192");
}

TEST_CASE("time pattern copies what is quoted, and what is no letter", "[object][time_pattern]") {
  REQUIRE(shown("yyyy'year'MM") == "2018year08");
  REQUIRE(shown("'year='yyyy") == "year=2018");
  REQUIRE(shown("HH' o''clock'") == "10 o'clock");
  REQUIRE(shown("yyyy''MM") == "2018'08");
  REQUIRE(shown("''''") == "'");
  REQUIRE(shown("''yyyy''''") == "'2018'");
  REQUIRE(shown("'{}#[]'") == "{}#[]");
  REQUIRE(shown("yyyy_MM=dd.HH/\xc3\xa9") == "2018_08=27.10/\xc3\xa9");
  REQUIRE(shown("yyyy[-MM[-dd]][") == "2018-08-27");
}

TEST_CASE("time pattern says what is wrong with it", "[object][time_pattern]") {
  const auto has = [](std::string_view pattern, std::string_view text) {
    return shown(pattern).find(text) != std::string::npos;
  };
  REQUIRE(has("yyyy'open", "close every '"));
  REQUIRE(has("'", "close every '"));
  REQUIRE(has("'''", "close every '"));
  REQUIRE(has("yyyy]", "open every ]"));
  REQUIRE(has("yyyy{", "into quotes"));
  REQUIRE(has("#", "into quotes"));
  REQUIRE(has("yyyy-b", "use only the letters"));
  REQUIRE(has("MMMMMM", "more, or less, often"));
}

TEST_CASE("time pattern takes each letter as often as Java does", "[object][time_pattern]") {
  struct Letters {
    std::string_view letters;
    std::size_t count_max;
  };

  for (const Letters& kind :
       {Letters{"aW", 1}, Letters{"dhHkKmsw", 2}, Letters{"Dz", 3}, Letters{"O", 4},
        Letters{"GMLQqEecXxZ", 5}, Letters{"S", 9}, Letters{"uyY", 10}, Letters{"AnN", 19}}) {
    for (const char letter : kind.letters) {
      CAPTURE(letter);
      REQUIRE_FALSE(is_refused(std::string(1, letter)));
      REQUIRE_FALSE(is_refused(std::string(kind.count_max, letter)));
      REQUIRE(is_refused(std::string(kind.count_max + 1, letter)));
      REQUIRE(is_refused(std::string(kind.count_max + 256, letter)));
    }
  }
  for (const std::string_view odd : {"cc", "OO", "OOO", "V", "VVV", "zzzz"}) {
    REQUIRE(is_refused(odd));
  }
  for (const char letter : std::string_view("BCFIJPRTUbfgijloprtv")) {
    CAPTURE(letter);
    REQUIRE(is_refused(std::string(1, letter)));
  }
}
