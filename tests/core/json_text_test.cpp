// SPDX-License-Identifier: MIT
#include <hydrant/core/json_text.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "test.hpp"

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  hydrant::append_json_string(out, text);
  return out;
}

/// UTF-8 straight from the bit layout of RFC 3629, for any number below 2^21.
std::string spelled(std::uint32_t code, unsigned size) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  switch (size) {
    case 1:
      return {byte(code)};
    case 2:
      return {byte(0xc0 | code >> 6), byte(0x80 | (code & 0x3f))};
    case 3:
      return {byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f))};
    default:
      return {byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 0x3f)),
              byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f))};
  }
}

constexpr unsigned size_of(std::uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

}  // namespace

TEST_CASE("a JSON string keeps every character of Unicode", "[core][json_text]") {
  for (std::uint32_t code = 0x20; code < 0x110000; ++code) {
    if (code == '"' || code == '\\' || (code >= 0xd800 && code < 0xe000)) {
      continue;
    }
    const std::string text = spelled(code, size_of(code));
    if (quoted(text) != '"' + text + '"') {
      FAIL("U+" << std::hex << code);
    }
  }
}

TEST_CASE("a JSON string replaces surrogates, long spellings and what is beyond Unicode",
          "[core][json_text]") {
  const auto keeps_a_lead = [](const std::string& text) {
    return quoted(text).find(text[0]) != std::string::npos;
  };
  for (std::uint32_t code = 0; code < 0x200000; ++code) {
    const bool character = code < 0x110000 && (code < 0xd800 || code >= 0xe000);
    for (unsigned size = 2; size <= 4; ++size) {
      const bool fits = size == 4 || code < (size == 2 ? 0x800u : 0x10000u);
      if (!fits || (character && size == size_of(code))) {
        continue;
      }
      const std::string text = spelled(code, size);
      // U+FFFD is EF BF BD, and an invalid lead never is EF.
      if (text[0] == '\xef' || keeps_a_lead(text)) {
        FAIL("U+" << std::hex << code << " in " << size << " bytes");
      }
    }
  }
}

TEST_CASE("a JSON string escapes what may not stand in it", "[core][json_text]") {
  REQUIRE(quoted("") == R"("")");
  REQUIRE(quoted("a\"b\\c") == R"("a\"b\\c")");
  REQUIRE(quoted("\n\r\t") == R"("\n\r\t")");
  REQUIRE(quoted(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\x7f\"");
}

TEST_CASE("a JSON string puts one U+FFFD for each broken sequence", "[core][json_text]") {
  const std::string mark = "\xef\xbf\xbd";
  REQUIRE(quoted("a\xffz") == "\"a" + mark + "z\"");
  REQUIRE(quoted("\x80\x80") == '"' + mark + mark + '"');
  // Unicode 15, table 3-8: a sequence cut short is one mark, and the rest is read anew.
  REQUIRE(quoted("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41") ==
          '"' + mark + mark + mark + mark + "A\"");
  REQUIRE(quoted("\xe2\x82") == '"' + mark + '"');
}

TEST_CASE("a JSON string appends to what is there", "[core][json_text]") {
  std::string out = "{\"a\":";
  hydrant::append_json_string(out, "b");
  REQUIRE(out == "{\"a\":\"b\"");
}
