// SPDX-License-Identifier: MIT
#include <hydrant/net/sha256.hpp>

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

using hydrant::hmac_sha256;
using hydrant::Sha256;
using hydrant::sha256_hex;
using hydrant::to_hex;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string hmac_hex(std::string_view key, std::string_view text) {
  return to_hex(hmac_sha256(bytes_of(key), text));
}

}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180-4", "[net][sha256]") {
  REQUIRE(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  REQUIRE(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  REQUIRE(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  REQUIRE(sha256_hex(std::string(1'000'000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 does not depend on where a text is cut into pieces", "[net][sha256]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::string text(random() % 300, '\0');
    for (char& c : text) {
      c = static_cast<char>(random());
    }
    std::vector<std::span<const std::byte>> pieces;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t size = random() % (rest.size() + 1);
      pieces.push_back(bytes_of(rest.substr(0, size)));
      rest.remove_prefix(size);
    }

    REQUIRE(sha256_hex(pieces) == sha256_hex(text));
  }
}

TEST_CASE("HMAC-SHA-256 gives the vectors of RFC 4231", "[net][sha256]") {
  REQUIRE(hmac_hex(std::string(20, '\x0b'), "Hi There") ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  REQUIRE(hmac_hex("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  REQUIRE(hmac_hex(std::string(20, '\xaa'), std::string(50, '\xdd')) ==
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  REQUIRE(hmac_hex(std::string(131, '\xaa'),
                   "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("a secret that is wiped is not there any more", "[net][sha256]") {
  std::string secret = "hunter2 hunter2 hunter2";

  hydrant::wipe(secret);

  REQUIRE(secret == std::string(23, '\0'));
}
