// SPDX-License-Identifier: MIT
#include <hydrant/transform/json_scanner.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

using hydrant::detail::JsonScanner;
using hydrant::detail::JsonString;

namespace {

/// Whether all of `text` is one value. A copy of exactly its size, for the sanitizers.
bool is_value(std::string_view text) {
  const std::vector<char> copy(text.begin(), text.end());
  JsonScanner scanner(std::string_view(copy.data(), copy.size()));
  return scanner.skip_value() && scanner.is_at_end();
}

std::string unescaped(std::string_view raw) {
  JsonString string;
  const std::string quoted = "\"" + std::string(raw) + "\"";
  JsonScanner scanner(quoted);
  REQUIRE((scanner.take_string(string) && scanner.is_at_end()));
  std::string text(raw.size(), '\0');
  text.resize(hydrant::detail::unescape_json(string.raw, text.data()));
  return text;
}

/// Any valid JSON, with white space wherever it may be.
class AnyJson {
 public:
  explicit AnyJson(std::uint64_t seed) : random_(seed) {}

  std::string value(int depth) {
    static const std::vector<std::string> scalars = {"true",
                                                     "false",
                                                     "null",
                                                     "0",
                                                     "-0",
                                                     "12",
                                                     "-1.5",
                                                     "1e9",
                                                     "1.25E-3",
                                                     "0e+1",
                                                     R"("")",
                                                     R"("a{b}[c],:")",
                                                     R"("\"")",
                                                     R"("\\")",
                                                     R"("\u00e9\ud83d\ude00\/")",
                                                     "\"\xc3\xa9\xf0\x9f\x98\x80\""};
    if (depth == 0 || random_() % 3 == 0) {
      return scalars[random_() % scalars.size()];
    }
    const bool is_object = random_() % 2 == 0;
    std::string text = (is_object ? "{" : "[") + space();
    const std::uint64_t count = random_() % 4;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i != 0) {
        text += "," + space();
      }
      if (is_object) {
        text += "\"k" + std::to_string(i) + "\"" + space() + ":" + space();
      }
      text += value(depth - 1) + space();
    }
    return text + (is_object ? "}" : "]");
  }

  std::string space() {
    std::string text;
    while (random_() % 3 == 0) {
      text += " \t\r\n"[random_() % 4];
    }
    return text;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("scanner finds where any value ends", "[transform][json]") {
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    AnyJson json(seed);
    const std::string text = json.value(5);
    CAPTURE(seed, text);
    for (const std::string behind : {"", " ", "}", "]", ",1", "{}", "\"", "x"}) {
      const std::string whole = text + behind;
      JsonScanner scanner(whole);
      REQUIRE(scanner.skip_value());
      REQUIRE(scanner.position() == text.size());
    }
  }
}

TEST_CASE("scanner refuses an object or array that is cut off, wherever that is",
          "[transform][json]") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    AnyJson json(seed);
    const std::string text = "[" + json.value(5) + "]";
    CAPTURE(seed, text);
    for (std::size_t size = 0; size < text.size(); ++size) {
      if (is_value(text.substr(0, size))) {
        FAIL("valid at " << size);
      }
    }
  }
}

TEST_CASE("scanner takes the numbers of RFC 8259 and no others", "[transform][json]") {
  for (const char* number : {"0", "-0", "1", "10", "9999999999999999999999", "0.0", "-1.50", "1e1",
                             "1E1", "1e+1", "1e-1", "0e0", "1.5e05"}) {
    CAPTURE(number);
    REQUIRE(is_value(number));
  }
  for (const char* number : {"", "-", "+1", "01", "-01", "1.", ".5", "1.e1", "1e", "1e+", "1e-",
                             "0x1", "1_0", "Infinity", "NaN", "--1", "1e1.5", "-a", "1a"}) {
    CAPTURE(number);
    REQUIRE_FALSE(is_value(number));
  }
}

TEST_CASE("scanner takes the words and strings of RFC 8259 and no others", "[transform][json]") {
  for (const char* text :
       {"true", "false", "null", R"("\b\f\n\r\t\"\\\/")", R"("\uAbC9")", "\"\x7f\""}) {
    CAPTURE(text);
    REQUIRE(is_value(text));
  }
  for (const std::string text : {"tru",
                                 "True",
                                 "nul",
                                 "nulll",
                                 "'a'",
                                 "\"",
                                 "\"\\\"",
                                 R"("\a")",
                                 R"("\u12")",
                                 R"("\u12g4")",
                                 R"("\U0041")",
                                 "\"\n\"",
                                 "\"\x1f\"",
                                 "\"\xff\"",
                                 "\"\xc3\"",
                                 "\"\xc0\x80\"",
                                 "\"\xed\xa0\x80\"",
                                 "\"\xf4\x90\x80\x80\"",
                                 "\xef\xbb\xbf{}",
                                 "undefined"}) {
    CAPTURE(text);
    REQUIRE_FALSE(is_value(text));
  }
  REQUIRE_FALSE(is_value(std::string_view("\"\0\"", 3)));
  REQUIRE_FALSE(is_value(std::string_view("\0", 1)));
}

TEST_CASE("scanner takes the arrays and objects of RFC 8259 and no others", "[transform][json]") {
  for (const char* text : {"[]", "{}", "[ ]", "{\n}", "[1]", "[1,2]", R"({"a":1})",
                           R"({"":[{}], "a" : {"b":[]}})", R"({"a":1,"a":2})"}) {
    CAPTURE(text);
    REQUIRE(is_value(text));
  }
  for (const char* text : {"[",
                           "]",
                           "{",
                           "}",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[1}",
                           "{]",
                           "{1:2}",
                           "{a:1}",
                           R"({"a"})",
                           R"({"a":})",
                           R"({"a" 1})",
                           R"({"a":1,})",
                           R"({,"a":1})",
                           R"({"a":1 "b":2})",
                           R"({"a":1])",
                           R"([{"a":1]})",
                           R"({"a":1}})",
                           "[]]",
                           "[1]//",
                           "/**/1",
                           R"({"a":1;"b":2})",
                           R"([1:2])",
                           R"({"a","b"})"}) {
    CAPTURE(text);
    REQUIRE_FALSE(is_value(text));
  }
}

TEST_CASE("scanner goes a thousand levels deep and no further", "[transform][json]") {
  const auto nested = [](std::size_t depth, std::string_view open, std::string_view close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) {
      text += open;
    }
    text += "1";
    for (std::size_t i = 0; i < depth; ++i) {
      text += close;
    }
    return text;
  };
  for (const auto& [open, close] :
       {std::pair("[", "]"), std::pair("{\"a\":", "}"), std::pair("[{\"a\":[", "]}]")}) {
    const std::size_t each = std::string_view(open).size() == 7 ? 3 : 1;
    CAPTURE(open);
    REQUIRE(is_value(nested(999 / each, open, close)));
    REQUIRE(is_value(nested(1'000 / each, open, close)));
    REQUIRE_FALSE(is_value(nested(1'000 / each + 1, open, close)));
    REQUIRE_FALSE(is_value(nested(100'000, open, close)));
  }
}

TEST_CASE("scanner stops where the fault is", "[transform][json]") {
  const auto fault = [](std::string_view text) {
    JsonScanner scanner(text);
    REQUIRE_FALSE(scanner.skip_value());
    return scanner.position();
  };
  REQUIRE(fault("[1,2,x]") == 5);
  REQUIRE(fault(R"({"a":1,b})") == 7);
  REQUIRE(fault(R"(["a\x"])") == 4);
  REQUIRE(fault("[1") == 2);
}

TEST_CASE("unescaping gives the text that a string stands for", "[transform][json]") {
  REQUIRE(unescaped("") == "");
  REQUIRE(unescaped("plain \xc3\xa9") == "plain \xc3\xa9");
  REQUIRE(unescaped(R"(a\"b\\c\/d\be\ff\ng\rh\ti)") == "a\"b\\c/d\be\ff\ng\rh\ti");
  REQUIRE(unescaped(R"(\u0041\u00e9\u20AC\uD83D\uDE00)") == "A\u00e9\u20ac\U0001f600");
  REQUIRE(unescaped(R"(\u0000)") == std::string(1, '\0'));
  REQUIRE(unescaped(R"(\u007f\u0080\u07ff\u0800\uffff)") == "\x7f\u0080\u07ff\u0800\uffff");
  REQUIRE(unescaped(R"(\ud800\udc00\udbff\udfff)") == "\U00010000\U0010ffff");
}

TEST_CASE("unescaping gives U+FFFD for a surrogate without its other half", "[transform][json]") {
  REQUIRE(unescaped(R"(\ud83d)") == "\ufffd");
  REQUIRE(unescaped(R"(\ude00)") == "\ufffd");
  REQUIRE(unescaped(R"(\ud83dx\ude00)") == "\ufffdx\ufffd");
  REQUIRE(unescaped(R"(\ud83d\n\ude00)") == "\ufffd\n\ufffd");
  REQUIRE(unescaped(R"(\ud83d\ud83d\ude00)") == "\ufffd\U0001f600");
  REQUIRE(unescaped(R"(\ude00\ud83d)") == "\ufffd\ufffd");
  REQUIRE(unescaped(R"(\ud83d\u0041)") == "\ufffdA");
  REQUIRE(unescaped(R"(\udbff\udbff\ue000)") == "\ufffd\ufffd\ue000");
}
