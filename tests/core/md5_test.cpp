// SPDX-License-Identifier: MIT
#include <hydrant/core/md5.hpp>

#include <string>
#include <utility>
#include <vector>

#include "test.hpp"

namespace {

std::string hex_md5(std::string_view text) {
  std::string hex;
  for (const std::byte byte : hydrant::detail::md5_of(std::as_bytes(std::span(text)))) {
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
  }
  return hex;
}

}  // namespace

TEST_CASE("md5 gives the digests of RFC 1321", "[core][md5]") {
  REQUIRE(hex_md5("") == "d41d8cd98f00b204e9800998ecf8427e");
  REQUIRE(hex_md5("a") == "0cc175b9c0f1b6a831c399e269772661");
  REQUIRE(hex_md5("abc") == "900150983cd24fb0d6963f7d28e17f72");
  REQUIRE(hex_md5("message digest") == "f96b697d7cb7938d525a2f31aaf161d0");
  REQUIRE(hex_md5("abcdefghijklmnopqrstuvwxyz") == "c3fcd3d76192e4007dfb496cca67e13b");
  REQUIRE(hex_md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") ==
          "d174ab98d277d9f5a5611c2c9f419d9f");
  REQUIRE(
      hex_md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890") ==
      "57edf4a22be3c955ac49da2e2107b67a");
}

TEST_CASE("md5 is the same as Python's around every block's end", "[core][md5]") {
  // Of the bytes 3, 10, 17, ... by hashlib.
  const std::vector<std::pair<std::size_t, std::string>> digests = {
      {1, "8666683506aacd900bbd5a74ac4edf68"},   {54, "eb5acae65a800805a13648f23dea0327"},
      {55, "52c0e574e1198de5fe3f8f11440dcb1b"},  {56, "46c9907fc908ee68b1e7b8e71286a518"},
      {57, "1c805dd236c35cab25fcb1bc73802c51"},  {63, "a62f6d59e837867693f042f5b8f5a236"},
      {64, "7160b8fb5e9e4023d549c3971fbaeead"},  {65, "70bd662e7aefbda85a0f7244167b7897"},
      {119, "e84905d4214f4d1ca56c2cdcc152b143"}, {120, "e3eb5a6c8669ea01a8c185b8abc8a5dc"},
      {121, "82f02aff7c685d5ef5f6abdfc38fd04f"}, {127, "acce2474d6cc8302120d09c818d17ef7"},
      {128, "10b2da1a82f16d99a81a7203fe9f02cb"}, {129, "03fefbbcebe2959cf2270241aafe0250"},
      {1000, "10046f077f2082ac19676b8079f1cb1a"}};
  for (const auto& [size, digest] : digests) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = static_cast<char>(i * 7 + 3);
    }
    CAPTURE(size);
    REQUIRE(hex_md5(bytes) == digest);
  }
}
