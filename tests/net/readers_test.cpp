// SPDX-License-Identifier: MIT
//
// The three readers of what others have written: INI files, JSON objects, and
// the XML of the token service.
#include <hydrant/core/json_text.hpp>
#include <hydrant/net/ini.hpp>
#include <hydrant/net/json_fields.hpp>
#include <hydrant/net/sts_xml.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>

#include "test.hpp"

using namespace hydrant;
using detail::read_ini;
using detail::read_json_fields;
using detail::sts_text_at;

namespace {

std::string random_word(std::mt19937_64& random, std::string_view letters, std::size_t size_max) {
  std::string word(1 + random() % size_max, '\0');
  for (char& c : word) {
    c = letters[random() % letters.size()];
  }
  return word;
}

std::string blanks(std::mt19937_64& random) {
  return std::string(random() % 3, random() % 2 == 0 ? ' ' : '\t');
}

}  // namespace

TEST_CASE("an INI file gives back the settings that were written", "[net][ini]") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::string end = random() % 2 == 0 ? "\n" : "\r\n";
    detail::IniFile written;
    std::string text = random() % 4 == 0 ? "\xef\xbb\xbf" : "";
    for (std::uint64_t sections = random() % 5; sections > 0; --sections) {
      const std::string section = random_word(random, "abcXYZ0-_", 6);
      const std::string indent = blanks(random);
      text += "[" + blanks(random) + section + blanks(random) + "]" + end;
      written[section];
      for (std::uint64_t settings = random() % 5; settings > 0; --settings) {
        const std::string name = random_word(random, "abcdef_09", 6);
        const std::string value = random_word(random, "abcXYZ=[]/+#;", 10);
        const bool is_comment = value[0] == '#' || value[0] == ';';
        text += indent + name + blanks(random) + "=" + blanks(random) + value +
                (random() % 3 == 0 ? " # a comment" : blanks(random)) + end;
        written[section][name] = is_comment ? "" : value;
        text += random() % 4 == 0 ? "# a = comment" + end : "";
        text += random() % 4 == 0 ? indent + " more = of it" + end : "";
        text += random() % 4 == 0 ? blanks(random) + end : "";
      }
    }
    CAPTURE(text);

    auto read = read_ini(text);

    REQUIRE(static_cast<bool>(read));
    REQUIRE(read.value() == written);
  }
}

TEST_CASE("an INI file is read as the AWS command line reads it", "[net][ini]") {
  auto read = read_ini(
      "; first\n"
      "[ profile  \"my one\" ]  # comment\n"
      "Region = eu-west-1\n"
      "s3 =\n"
      "    max_concurrent_requests = 20\n"
      "credential_process = get -u \"a;b\" #now\n"
      "empty=\n"
      "[other]\n"
      "  a = 1\n"
      "  b = 2 ; two\n"
      "[profile 'my one']\n"
      "region = eu-west-2");
  REQUIRE(static_cast<bool>(read));
  const auto& one = read.value()["profile my one"];
  REQUIRE(one.at("region") == "eu-west-2");
  REQUIRE(one.at("s3").empty());
  REQUIRE(one.at("credential_process") == "get -u \"a;b\"");
  REQUIRE(one.at("empty").empty());
  REQUIRE(one.count("max_concurrent_requests") == 0);
  REQUIRE(read.value()["other"].at("a") == "1");
  REQUIRE(read.value()["other"].at("b") == "2");
}

TEST_CASE("a broken INI file is told by its line, not by what stands there", "[net][ini]") {
  REQUIRE(read_ini("\nsecret = x").failure().message ==
          "line 2: a setting before the first [section]");
  REQUIRE(read_ini("[a]\n# \nsecret").failure().message ==
          "line 3: neither a [section] nor `name = value`");
  REQUIRE(read_ini("[a]\n=secret").failure().message ==
          "line 2: neither a [section] nor `name = value`");
  REQUIRE(read_ini("[secret").failure().message ==
          "line 1: a [section] without its closing bracket");
}

TEST_CASE("a JSON object gives back the strings that were written", "[net][json_fields]") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    detail::JsonFields written;
    std::string text = "{";
    for (std::uint64_t members = random() % 6; members > 0; --members) {
      const std::string name = random_word(random, "ab\"\\\n\x01/", 5);
      const std::string value = random_word(random, "ab\"\\\n\t{}[],:\x1f", 20);
      text += text.size() == 1 ? "" : blanks(random) + ",";
      text += blanks(random);
      append_json_string(text, name);
      text += blanks(random) + ":" + blanks(random);
      append_json_string(text, value);
      written[name] = value;
    }
    text += "}" + blanks(random);
    CAPTURE(text);

    REQUIRE(read_json_fields(text) == written);
    for (std::size_t size = 0; size < text.rfind('}'); ++size) {
      REQUIRE_FALSE(read_json_fields(text.substr(0, size)).has_value());
    }
    REQUIRE_FALSE(read_json_fields(text + "x").has_value());
  }
}

TEST_CASE("a JSON object's members that are no strings are told as they stand",
          "[net][json_fields]") {
  const auto fields = read_json_fields(
      R"({"Version": 1, "a": {"Token": "x", "b": [1, {}]}, "n": null, "u": "é😀", "u": "2"})");
  REQUIRE(fields.has_value());
  REQUIRE(detail::field_of(*fields, "Version") == "1");
  REQUIRE(detail::field_of(*fields, "n") == "null");
  REQUIRE(detail::field_of(*fields, "a") == R"({"Token": "x", "b": [1, {}]})");
  REQUIRE(detail::field_of(*fields, "Token").empty());
  REQUIRE(detail::field_of(*fields, "u") == "2");
  for (const std::string_view text : {"", "[]", "1", "{", "{}}", "{\"a\"}", "{\"a\":}", "{a:1}",
                                      "{\"a\":1,}", "{\"a\":\"\n\"}", "\"a\""}) {
    CAPTURE(text);
    REQUIRE_FALSE(read_json_fields(text).has_value());
  }
}

TEST_CASE("XML gives the text at a path from its root", "[net][sts_xml]") {
  const std::string_view text =
      "<?xml version=\"1.0\"?>\n<!-- <A><B>no</B></A> -->"
      "<A xmlns=\"u\"><C>c</C><D/><B a='1'>x &lt;&gt;&amp;&quot;&apos; y</B><B>second</B>"
      "<E><B>deep</B></E></A>";
  REQUIRE(sts_text_at(text, {"A", "B"}) == "x <>&\"' y");
  REQUIRE(sts_text_at(text, {"A", "E", "B"}) == "deep");
  REQUIRE(sts_text_at(text, {"A", "C"}) == "c");
  REQUIRE_FALSE(sts_text_at(text, {"B"}).has_value());
  REQUIRE_FALSE(sts_text_at(text, {"A", "D"}).has_value());
  REQUIRE_FALSE(sts_text_at(text, {"A", "E"}).has_value());  // it has elements, not text
  REQUIRE(sts_text_at("<A></A>", {"A"}) == "");
  REQUIRE_FALSE(sts_text_at("<B>x</B><A>y</A>", {"A"}).has_value());
}

TEST_CASE("XML that is broken, too deep or more than a document has no text", "[net][sts_xml]") {
  for (const std::string_view text :
       {"", "<", "<A", "<A>", "<A>x", "<A>x<", "<A>&nbsp;</A>", "<A>&lt</A>", "<B></A><A>x</A>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><A>x</A>", "<!-- <A>x</A>", "<?x <A>x</A>",
        "</B><A>x</A>"}) {
    CAPTURE(text);
    REQUIRE_FALSE(sts_text_at(text, {"A"}).has_value());
  }
  std::string deep;
  for (std::size_t i = 0; i < detail::StsXml::depth_max - 1; ++i) {
    deep += "<x>";
  }
  REQUIRE_FALSE(sts_text_at("<A>" + deep + "<x>", {"A", "A"}).has_value());
  std::string closed = deep;
  for (std::size_t i = 0; i < detail::StsXml::depth_max - 1; ++i) {
    closed += "</x>";
  }
  REQUIRE(sts_text_at("<A>" + closed + "<B>y</B></A>", {"A", "B"}) == "y");
  REQUIRE_FALSE(sts_text_at("<A><x>" + closed + "</x><B>y</B></A>", {"A", "B"}).has_value());
}
