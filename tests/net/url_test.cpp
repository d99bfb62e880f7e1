// SPDX-License-Identifier: MIT
#include <hydrant/net/url.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "test.hpp"

using hydrant::canonical_path;
using hydrant::canonical_query;
using hydrant::normalized_path;
using hydrant::parse_url;
using hydrant::percent_decode;
using hydrant::percent_encode;

namespace {

/// Any bytes; those that mean something in URLs more often than others.
std::string random_text(std::mt19937_64& random) {
  constexpr std::string_view telling = "/%%%&=?#+~ .;:a1F";
  std::string text(random() % 40, '\0');
  for (char& c : text) {
    c = random() % 2 == 0 ? telling[random() % telling.size()] : static_cast<char>(random());
  }
  return text;
}

bool is_strict(std::string_view text, std::string_view also) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%') {
      const std::string_view digits = text.substr(at + 1, 2);
      if (digits.size() != 2 ||
          digits.find_first_not_of("0123456789ABCDEF") != std::string_view::npos) {
        return false;
      }
      at += 2;
    } else if (!hydrant::detail::is_unreserved(text[at]) &&
               also.find(text[at]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("percent encoding is strict, and gives back any bytes", "[net][url]") {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::string text = random_text(random);

    const std::string all = percent_encode(text, false);
    const std::string path = percent_encode(text, true);

    REQUIRE(is_strict(all, ""));
    REQUIRE(is_strict(path, "/"));
    REQUIRE(percent_decode(all) == text);
    REQUIRE(percent_decode(path) == text);
    REQUIRE(std::count(path.begin(), path.end(), '/') == std::count(text.begin(), text.end(), '/'));
  }
}

TEST_CASE("percent encoding leaves letters, digits and four marks", "[net][url]") {
  REQUIRE(percent_encode("AZaz09-._~", false) == "AZaz09-._~");
  REQUIRE(percent_encode("@[`{/:+ *'()!\xc3\xa9\x7f", false) ==
          "%40%5B%60%7B%2F%3A%2B%20%2A%27%28%29%21%C3%A9%7F");
  REQUIRE(percent_encode("year=2026/a b", true) == "year%3D2026/a%20b");
}

TEST_CASE("percent decoding leaves what is no escape", "[net][url]") {
  REQUIRE(percent_decode("%4") == "%4");
  REQUIRE(percent_decode("%") == "%");
  REQUIRE(percent_decode("%4g%g4%%41+") == "%4g%g4%A+");
  REQUIRE(percent_decode("%aB%Ab") == "\xab\xab");
}

TEST_CASE("canonical paths and queries are strict, mean the same and stay as they are",
          "[net][url]") {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::string text = random_text(random);

    const std::string path = canonical_path(text);
    const std::string query = canonical_query(text);

    REQUIRE(is_strict(path, "/"));
    REQUIRE(canonical_path(path) == path);
    REQUIRE((text.empty() || percent_decode(path) == percent_decode(text)));
    REQUIRE(is_strict(query, "&="));
    REQUIRE(canonical_query(query) == query);
  }
}

TEST_CASE("a canonical query does not depend on the order of its parameters", "[net][url]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::vector<std::pair<std::string, std::string>> parameters(random() % 6);
    for (auto& [name, value] : parameters) {
      name = percent_encode(random_text(random) + "n", false);
      value = percent_encode(random_text(random), false);
    }
    const auto joined = [&] {
      std::string text;
      for (const auto& [name, value] : parameters) {
        text += (text.empty() ? "" : "&") + name + "=" + value;
      }
      return text;
    };

    const std::string one = canonical_query(joined());
    std::shuffle(parameters.begin(), parameters.end(), random);

    REQUIRE(canonical_query(joined()) == one);
    std::sort(parameters.begin(), parameters.end());
    REQUIRE(one == joined());
  }
}

TEST_CASE("a canonical query gives every parameter a value, sorted by name and then value",
          "[net][url]") {
  REQUIRE(canonical_query("") == "");
  REQUIRE(canonical_query("uploads") == "uploads=");
  REQUIRE(canonical_query("&&a&") == "a=");
  REQUIRE(canonical_query("b=2&a=2&a=1&a") == "a=&a=1&a=2&b=2");
  REQUIRE(canonical_query("a=b=c") == "a=b%3Dc");
  REQUIRE(canonical_query("prefix=year%3d2026%2F&list-type=2") ==
          "list-type=2&prefix=year%3D2026%2F");
  REQUIRE(canonical_query("a-=1&a=1") == "a=1&a-=1");  // by name, not by the text of both
  REQUIRE(canonical_query("a=x+y") == "a=x%2By");
}

TEST_CASE("a canonical path keeps dots, empty segments and escaped slashes", "[net][url]") {
  REQUIRE(canonical_path("") == "/");
  REQUIRE(canonical_path("/a//b/../c/./") == "/a//b/../c/./");
  REQUIRE(canonical_path("/a%2fb%7Ec") == "/a%2Fb~c");
  REQUIRE(canonical_path("/year=2026/%") == "/year%3D2026/%25");
}

TEST_CASE("a normalized path has no dots and no empty segments", "[net][url]") {
  REQUIRE(normalized_path("") == "/");
  REQUIRE(normalized_path("/") == "/");
  REQUIRE(normalized_path("/a/b") == "/a/b");
  REQUIRE(normalized_path("//a///b//") == "/a/b/");
  REQUIRE(normalized_path("/a/./b/.") == "/a/b/");
  REQUIRE(normalized_path("/a/../b") == "/b");
  REQUIRE(normalized_path("/a/..") == "/");
  REQUIRE(normalized_path("/a/b/..") == "/a/");
  REQUIRE(normalized_path("/../../a") == "/a");
  REQUIRE(normalized_path("/.a/..b") == "/.a/..b");
}

TEST_CASE("a URL comes apart into what a server is asked with", "[net][url]") {
  const auto url = parse_url("https://bucket.example.com:8443/a%20b/c?x=1&y");
  REQUIRE(url.has_value());
  REQUIRE(url->scheme == "https");
  REQUIRE(url->authority == "bucket.example.com:8443");
  REQUIRE(url->host == "bucket.example.com");
  REQUIRE(url->port == 8443);
  REQUIRE(url->path == "/a%20b/c");
  REQUIRE(url->query == "x=1&y");

  const auto bare = parse_url("HTTP://[fd00:ec2::254]");
  REQUIRE(bare.has_value());
  REQUIRE(bare->host == "fd00:ec2::254");
  REQUIRE(bare->port == 0);
  REQUIRE(bare->path.empty());

  REQUIRE(parse_url("http://a?b/c")->host == "a");
  REQUIRE(parse_url("http://a?b/c")->query == "b/c");
  REQUIRE(parse_url("http://a:1")->port == 1);
  REQUIRE(parse_url("http://a:65535")->port == 65'535);
  REQUIRE(parse_url("http://[::1]:80/")->port == 80);
}

TEST_CASE("a URL that cannot be sent as it stands is none", "[net][url]") {
  for (const std::string_view text : {"",
                                      "a",
                                      "//a",
                                      "ftp://a",
                                      "http:/a",
                                      "http://",
                                      "http:///a",
                                      "http://:80/",
                                      "http://a:/",
                                      "http://a:0/",
                                      "http://a:65536/",
                                      "http://a:99999999999999999999/",
                                      "http://a:4294967376/",
                                      "http://a:8o/",
                                      "http://a b/",
                                      "http://a/b c",
                                      "http://a/\xc3\xa9",
                                      "http://a/\n",
                                      "http://u:p@a/",
                                      "http://u@a/",
                                      "http://169.254.170.2@evil/",
                                      "http://a/#b",
                                      "http://[::1",
                                      "http://[::1]x/",
                                      "http://[evil]/",
                                      "http://a\\b/",
                                      "http://a%2fb/",
                                      "http://[]/"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_url(text).has_value());
  }
}
