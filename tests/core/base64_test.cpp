// SPDX-License-Identifier: MIT
#include <hydrant/core/base64.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "test.hpp"

namespace {

std::string encoded(std::string_view text) {
  std::string out;
  hydrant::append_base64(out, text);
  return out;
}

std::string random_bytes(std::mt19937_64& random, std::size_t size_max) {
  std::string bytes(random() % (size_max + 1), '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  return bytes;
}

}  // namespace

TEST_CASE("base64 gives back any bytes it was given", "[core][base64]") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::string bytes = random_bytes(random, 100);

    const std::string text = encoded(bytes);

    REQUIRE(text.size() == hydrant::base64_size(bytes.size()));
    REQUIRE(hydrant::decode_base64(text) == bytes);
  }
}

TEST_CASE("base64 writes the vectors of RFC 4648", "[core][base64]") {
  REQUIRE(encoded("") == "");
  REQUIRE(encoded("f") == "Zg==");
  REQUIRE(encoded("fo") == "Zm8=");
  REQUIRE(encoded("foo") == "Zm9v");
  REQUIRE(encoded("foob") == "Zm9vYg==");
  REQUIRE(encoded("fooba") == "Zm9vYmE=");
  REQUIRE(encoded("foobar") == "Zm9vYmFy");
  REQUIRE(encoded("\xfb\xff\xbf") == "+/+/");
}

TEST_CASE("base64 appends to what is there", "[core][base64]") {
  std::string out = "data:";
  hydrant::append_base64(out, "foo");
  REQUIRE(out == "data:Zm9v");
}

TEST_CASE("base64 decodes nothing but its own spelling", "[core][base64]") {
  for (std::string_view text : {"Z", "Zg", "Zg=", "Zg==Zg==", "Zg=g", "====", "=g==", "Z===",
                                "A===", "Zm9v\n", "Zm 9", "Zm9-", "Zm9_", "Zh==", "Zm9="}) {
    CAPTURE(text);
    REQUIRE_FALSE(hydrant::decode_base64(text).has_value());
  }
}
