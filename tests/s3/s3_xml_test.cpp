// SPDX-License-Identifier: MIT
#include <hydrant/object/s3_xml.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test.hpp"

using hydrant::detail::append_xml_text;
using hydrant::detail::xml_child;
using hydrant::detail::xml_child_text;
using hydrant::detail::xml_text;
using hydrant::detail::XmlElement;
using hydrant::detail::XmlElements;

namespace {

/// Names and contents of the elements of a text.
std::vector<std::pair<std::string, std::string>> elements_of(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> found;
  XmlElements elements(text);
  while (const std::optional<XmlElement> element = elements.next()) {
    found.emplace_back(element->name, element->content);
  }
  return found;
}

using Found = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("elements are found in the order in which they stand", "[s3][xml]") {
  REQUIRE(elements_of("<a>1</a> text <b x='>'><a>2</a></b><c/><d y=\"/>\" />") ==
          Found{{"a", "1"}, {"b", "<a>2</a>"}, {"c", ""}, {"d", ""}});
  REQUIRE(elements_of("<?xml version=\"1.0\"?>\n<!-- <x> -->\n<s3:a xmlns:s3=\"u\">1</s3:a>") ==
          Found{{"a", "1"}});
  REQUIRE(elements_of("<a><a><a>3</a></a></a>") == Found{{"a", "<a><a>3</a></a>"}});
  REQUIRE(elements_of("<a><![CDATA[</a>]]><!--</a>--></a>") ==
          Found{{"a", "<![CDATA[</a>]]><!--</a>-->"}});
}

TEST_CASE("what is not well formed has no elements", "[s3][xml]") {
  for (const std::string_view text :
       {"", "text", "<", "<a", "<a>", "<a><b></a>", "<a></b>", "</a>", "<>", "</>", "<a x='></a>",
        "<!-- <a>1</a>", "<![CDATA[<a>1</a>", "<?x <a>1</a>",
        "<!DOCTYPE x [<!ENTITY e 'y'>]><a>1</a>", "<a>1</a"}) {
    CAPTURE(text);
    REQUIRE(elements_of(text).empty());
  }
  REQUIRE(elements_of("<a>1</a><b>2") == Found{{"a", "1"}});
}

TEST_CASE("text is what its entities stand for", "[s3][xml]") {
  REQUIRE(xml_text("a &amp; &lt;b&gt; &quot;&apos;") == "a & <b> \"'");
  REQUIRE(xml_text("&#65;&#x42;&#xe9;&#x20AC;&#x1F600;") ==
          "AB\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  REQUIRE(xml_text("<![CDATA[&amp;<]]>&amp;<![CDATA[") == "&amp;<&");
  for (const std::string_view same : {"&", "&;", "&#;", "&#x;", "&nbsp;", "&#xg;", "&#1a;",
                                      "& amp;", "&amp", "&averylongname;"}) {
    CAPTURE(same);
    REQUIRE((xml_text(same) == same || same == "&#;" || same == "&#x;"));
  }
}

TEST_CASE("a child is found by its name", "[s3][xml]") {
  const std::string_view xml = "<Code>A&amp;B</Code><Message/><Code>C</Code>";
  REQUIRE(xml_child(xml, "Code") == "A&amp;B");
  REQUIRE(xml_child_text(xml, "Code") == "A&B");
  REQUIRE(xml_child(xml, "Message") == "");
  REQUIRE_FALSE(xml_child(xml, "Region"));
  REQUIRE(xml_child_text(xml, "Region").empty());
}

TEST_CASE("what is written as XML is read as what it was", "[s3][xml]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::string text;
    for (std::uint64_t left = random() % 40; left > 0; --left) {
      text += std::string_view("ab&<>\"'; ]!-#x1\n/")[random() % 18];
    }
    std::string xml = "<r><t>";
    append_xml_text(xml, text);
    xml += "</t></r>";

    const auto root = xml_child(xml, "r");
    REQUIRE(root);
    REQUIRE(xml_child_text(*root, "t") == text);
  }
}
