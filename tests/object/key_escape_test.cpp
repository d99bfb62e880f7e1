// SPDX-License-Identifier: MIT
#include <hydrant/object/key_escape.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>

#include "nasty_values.hpp"
#include "test.hpp"

using hydrant::escape_key_value;
using hydrant::key_value_absent;
using hydrant::unescape_key_value;
using hydrant::tests::is_safe_segment;
using hydrant::tests::nasty_value;

namespace {

std::string utf8(std::uint32_t character) {
  std::string text;
  if (character < 0x80) {
    text += static_cast<char>(character);
    return text;
  }
  if (character < 0x800) {
    text += static_cast<char>(0xc0 | character >> 6);
  } else {
    if (character < 0x10000) {
      text += static_cast<char>(0xe0 | character >> 12);
    } else {
      text += static_cast<char>(0xf0 | character >> 18);
      text += static_cast<char>(0x80 | (character >> 12 & 0x3f));
    }
    text += static_cast<char>(0x80 | (character >> 6 & 0x3f));
  }
  text += static_cast<char>(0x80 | (character & 0x3f));
  return text;
}

std::string cut(std::string_view value, std::size_t bytes_max) {
  std::string out;
  hydrant::detail::append_key_value(out, value, bytes_max);
  return out;
}

}  // namespace

TEST_CASE("key value stays as it is where nothing in it is dangerous", "[object][key_escape]") {
  for (const std::string_view value :
       {"42", "de", "a b", "year=2018", "a:b@c+d,e;f&g$h!i*j'k(l)m?n#o", "~", "a.b", "a..", "_x",
        "Z\xc3\xbcrich", "\xe6\x9d\xb1\xe4\xba\xac", "\xf0\x9f\x98\x80", "\xc2\xa0"}) {
    CAPTURE(value);
    REQUIRE(escape_key_value(value) == value);
    REQUIRE(unescape_key_value(value) == value);
  }
}

TEST_CASE("key value escapes what divides, controls, or is no text", "[object][key_escape]") {
  REQUIRE(escape_key_value("a/b") == "a%2Fb");
  REQUIRE(escape_key_value("a\\b") == "a%5Cb");
  REQUIRE(escape_key_value("100%") == "100%25");
  REQUIRE(escape_key_value("%2F") == "%252F");
  REQUIRE(escape_key_value(std::string_view("a\0b", 3)) == "a%00b");
  REQUIRE(escape_key_value("a\x1f\x20\x7e\x7f") == "a%1F ~%7F");
  REQUIRE(escape_key_value("\xff\xc3") == "%FF%C3");
  REQUIRE(escape_key_value("\xed\xa0\x80") == "%ED%A0%80");  // a surrogate
}

TEST_CASE("key value escapes characters that control, end lines, or turn the direction",
          "[object][key_escape]") {
  struct Range {
    std::uint32_t low;
    std::uint32_t high;
  };

  for (const Range& range :
       {Range{0x7f, 0x9f}, Range{0x2028, 0x202e}, Range{0x2066, 0x2069}, Range{0xfffe, 0xffff}}) {
    CAPTURE(range.low);
    REQUIRE(escape_key_value(utf8(range.low - 1)) == utf8(range.low - 1));
    REQUIRE(escape_key_value(utf8(range.low)).front() == '%');
    REQUIRE(escape_key_value(utf8(range.high)).front() == '%');
    REQUIRE(escape_key_value(utf8(range.high + 1)) == utf8(range.high + 1));
  }
  REQUIRE(escape_key_value(utf8(0x80) + utf8(0x202e)) == "%C2%80%E2%80%AE");
}

TEST_CASE("key value never goes up, and never hides", "[object][key_escape]") {
  REQUIRE(escape_key_value(".") == "%2E");
  REQUIRE(escape_key_value("..") == "%2E.");
  REQUIRE(escape_key_value("../../etc") == "%2E.%2F..%2Fetc");
  REQUIRE(escape_key_value(".hidden") == "%2Ehidden");
}

TEST_CASE("key value that is empty has a name, which no other value gets", "[object][key_escape]") {
  REQUIRE(escape_key_value("") == key_value_absent);
  REQUIRE(escape_key_value(key_value_absent) == "%5F_HIVE_DEFAULT_PARTITION__");
  REQUIRE(unescape_key_value(key_value_absent) == "");
  REQUIRE(unescape_key_value("%5F_HIVE_DEFAULT_PARTITION__") == key_value_absent);
}

TEST_CASE("key value comes back from its escaped form, and no other form is taken",
          "[object][key_escape]") {
  std::mt19937_64 random(20'180'827);
  for (int i = 0; i < 20'000; ++i) {
    const std::string value = nasty_value(random, 40);
    const std::string escaped = escape_key_value(value);
    CAPTURE(escaped);
    REQUIRE(is_safe_segment(escaped));
    REQUIRE(unescape_key_value(escaped) == value);
  }
  for (const std::string_view text :
       {"", "%", "%2", "%2f", "%41", "a/b", ".", "..", "%7E", "%G0", "%0G", "a%2"}) {
    CAPTURE(text);
    REQUIRE_FALSE(unescape_key_value(text));
  }
}

TEST_CASE("key value that is too long ends with a mark and the digest of the whole",
          "[object][key_escape]") {
  REQUIRE(cut(std::string(199, 'a'), 200) == std::string(199, 'a'));
  REQUIRE(cut(std::string(200, 'a'), 200) == std::string(200, 'a'));
  const std::string longer = cut(std::string(201, 'a'), 200);
  REQUIRE(longer.size() == 200);
  REQUIRE(longer.substr(0, 184) == std::string(181, 'a') + "%7E");
  // The digest is part of keys: it must be the same in every version of the library.
  REQUIRE(longer.substr(184) == "f386004531727180");
  REQUIRE(cut(std::string(201, 'a'), 19) == "%7Ef386004531727180");
}

TEST_CASE("key value is never cut within a character or an escape", "[object][key_escape]") {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const std::string value = nasty_value(random, 60) + std::string(20, 'x');
    const std::size_t bytes_max = 19 + random() % 30;
    const std::string shortened = cut(value, bytes_max);
    CAPTURE(value, shortened);
    REQUIRE(shortened.size() <= bytes_max);
    REQUIRE(is_safe_segment(shortened));
    if (shortened != escape_key_value(value)) {
      REQUIRE(shortened.size() + 4 > bytes_max);
      const std::string front = shortened.substr(0, shortened.size() - 19);
      REQUIRE((front.empty() || unescape_key_value(front)));
      REQUIRE(escape_key_value(value).starts_with(front));
      // A mark that no escaped value has: so cut values differ from all that are whole.
      REQUIRE(shortened.substr(front.size(), 3) == "%7E");
      REQUIRE_FALSE(unescape_key_value(shortened));
    }
  }
}

TEST_CASE("key values that differ stay different, whole or cut", "[object][key_escape]") {
  std::mt19937_64 random(6);
  for (const std::size_t bytes_max : {std::size_t{19}, std::size_t{24}, std::size_t{200}}) {
    std::map<std::string, std::string> seen;
    for (int i = 0; i < 20'000; ++i) {
      const std::string value = nasty_value(random, i % 2 == 0 ? 3 : 300);
      const auto [place, is_new] = seen.emplace(cut(value, bytes_max), value);
      if (place->second != value) {
        FAIL("two values became " << place->first);
      }
    }
  }
}
