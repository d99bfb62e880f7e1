// SPDX-License-Identifier: MIT
//
// What every codec's reader keeps: it gives back what was written, nothing
// above its limit, and an error wherever damage can be seen; never a crash.
#include <hydrant/object/decode_object.hpp>
#include <hydrant/object/gzip.hpp>
#include <hydrant/object/hadoop_snappy.hpp>
#include <hydrant/object/snappy.hpp>
#include <hydrant/object/zip.hpp>
#include <hydrant/object/zstd.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "pages.hpp"
#include "test.hpp"

using hydrant::decode_object;
using hydrant::Gzip;
using hydrant::HadoopSnappy;
using hydrant::Result;
using hydrant::Snappy;
using hydrant::Uncompressed;
using hydrant::Zip;
using hydrant::Zstd;
using hydrant::tests::PieceCollector;

namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text));
}

template <class Codec>
std::string encoded(std::string_view text, const Codec& codec = {}) {
  auto encoder = codec.encoder();
  PieceCollector out;
  const bool is_encoded = encoder.write(bytes_of(text), out) && encoder.finish(out);
  REQUIRE(is_encoded);
  return out.text;
}

template <class Codec>
Result<std::string> decoded(std::string_view object, std::size_t limit = no_limit) {
  // A copy of exactly its size, so that sanitizers see what is read behind it.
  const std::vector<char> copy(object.begin(), object.end());
  return Codec::decode(std::as_bytes(std::span<const char>(copy)), limit);
}

template <class Codec>
bool reads(std::string_view object, std::string_view content, std::size_t limit = no_limit) {
  auto result = decoded<Codec>(object, limit);
  return result && result.value() == content;
}

template <class Codec>
std::string reason(std::string_view object, std::size_t limit = no_limit) {
  auto result = decoded<Codec>(object, limit);
  return result ? "it was read" : result.failure().message;
}

/// Lines that repeat, and bytes that do not.
std::string mixed_text(std::mt19937_64& random, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    if (random() % 2 == 0) {
      text += "GET /item/" + std::to_string(random() % 50) + " 200\n";
    } else {
      text += std::string(random() % 20, static_cast<char>(random()));
    }
  }
  text.resize(size);
  return text;
}

/// Damage to these is seen for sure; the others have no checksum.
template <class Codec>
[[maybe_unused]] constexpr bool has_checksum =
    std::is_same_v<Codec, Gzip> || std::is_same_v<Codec, Zstd> || std::is_same_v<Codec, Zip>;

}  // namespace

TEMPLATE_TEST_CASE("decode gives what its limit allows, to the byte", "[object][decode]", Gzip,
                   Zstd, Zip, Snappy, HadoopSnappy, Uncompressed) {
  std::mt19937_64 random(21);
  for (const std::size_t size : {1u, 2u, 4'095u, 4'096u, 4'097u, 131'072u, 700'001u}) {
    CAPTURE(size);
    const std::string text = mixed_text(random, size);
    const std::string object = encoded<TestType>(text);

    REQUIRE(reads<TestType>(object, text));
    REQUIRE(reads<TestType>(object, text, size + 1));
    REQUIRE(reads<TestType>(object, text, size));
    REQUIRE_FALSE(static_cast<bool>(decoded<TestType>(object, size - 1)));
    REQUIRE_FALSE(static_cast<bool>(decoded<TestType>(object, 0)));
  }
  REQUIRE(reads<TestType>(encoded<TestType>(""), "", 0));
}

TEMPLATE_TEST_CASE("decode stops a bomb at its limit and says so", "[object][decode]", Gzip, Zstd,
                   Zip, Snappy, HadoopSnappy, Uncompressed) {
  const std::string object = encoded<TestType>(std::string(50'000'000, '\0'));

  const std::string why = reason<TestType>(object, 100'000);

  REQUIRE(why.find(": decode an object of " + std::to_string(object.size()) +
                   " bytes: it holds more than the limit of 100000 bytes (raise the limit where "
                   "the object is known)") != std::string::npos);
}

TEMPLATE_TEST_CASE("decode refuses what is cut off, wherever that is", "[object][decode]", Gzip,
                   Zstd, Zip) {
  std::mt19937_64 random(22);
  for (const std::size_t size : {0u, 1u, 300u, 6'000u}) {
    const std::string object = encoded<TestType>(mixed_text(random, size));
    for (std::size_t kept = 0; kept < object.size(); ++kept) {
      const auto result = decoded<TestType>(std::string_view(object).substr(0, kept));
      if (result) {
        FAIL("read " << kept << " of " << object.size() << " bytes");
      }
    }
  }
}

TEMPLATE_TEST_CASE("decode without an end mark gives whole blocks of what is cut off, or an error",
                   "[object][decode]", Snappy, HadoopSnappy) {
  constexpr std::size_t block = 1'024;
  std::mt19937_64 random(23);
  const std::string text = mixed_text(random, 5 * block + 100);
  const std::string object = encoded(text, TestType{.block_size = block});
  std::size_t read = 0;
  for (std::size_t kept = 0; kept < object.size(); ++kept) {
    CAPTURE(kept);
    auto result = decoded<TestType>(std::string_view(object).substr(0, kept));
    if (result) {
      ++read;
      REQUIRE(result.value().size() % block == 0);
      REQUIRE(text.starts_with(result.value()));
    }
  }
  REQUIRE(read == 6);  // nothing, and each of the five blocks
}

TEMPLATE_TEST_CASE("decode of one flipped bit gives the same bytes or an error", "[object][decode]",
                   Gzip, Zstd, Zip) {
  std::mt19937_64 random(24);
  const std::string text = mixed_text(random, 2'000);
  const std::string object = encoded<TestType>(text);
  std::size_t unseen = 0;
  for (std::size_t bit = 0; bit < object.size() * 8; ++bit) {
    std::string flipped = object;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    auto result = decoded<TestType>(flipped, 1'000'000);
    if (result && result.value() != text) {
      FAIL("bit " << bit << " was flipped and not noticed");
    }
    unseen += result ? 1u : 0u;
  }
  // Times, versions and the descriptor are nothing that a reader looks at.
  REQUIRE(unseen < (std::is_same_v<TestType, Zip> ? 700 : 120));
}

TEMPLATE_TEST_CASE("decode of damaged bytes stays within its limit", "[object][decode]", Gzip, Zstd,
                   Zip, Snappy, HadoopSnappy) {
  constexpr std::size_t limit = 20'000;
  std::mt19937_64 random(25);
  const std::string object = encoded<TestType>(mixed_text(random, 10'000));
  for (int round = 0; round < 4'000; ++round) {
    std::string damaged = object;
    for (std::uint64_t flips = 1 + random() % 4; flips > 0; --flips) {
      // More often in the front, where sizes are.
      const std::size_t range =
          random() % 2 == 0 ? std::min<std::size_t>(40, damaged.size()) : damaged.size();
      damaged[random() % range] = static_cast<char>(random());
    }
    if (random() % 4 == 0) {
      damaged.resize(random() % (damaged.size() + 1));
    }
    auto result = decoded<TestType>(damaged, limit);
    if (result && result.value().size() > limit) {
      FAIL("more than the limit in round " << round);
    }
  }
}

TEMPLATE_TEST_CASE("decode refuses noise", "[object][decode]", Gzip, Zstd, Zip, Snappy) {
  std::mt19937_64 random(26);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string noise(size, '\0');
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<char>(random()); });
    const std::string with_magic = std::string(TestType::magic) + noise;
    REQUIRE_FALSE(static_cast<bool>(decoded<TestType>(noise)));
    REQUIRE_FALSE(reads<TestType>(with_magic, noise));
  }
}

TEMPLATE_TEST_CASE("decode reads objects that were put one behind the other", "[object][decode]",
                   Gzip, Zstd, Snappy, HadoopSnappy) {
  const std::string one = encoded<TestType>("one,");
  const std::string two = encoded<TestType>("two");

  REQUIRE(reads<TestType>(one + two, "one,two", 7));
  REQUIRE_FALSE(static_cast<bool>(decoded<TestType>(one + two, 6)));
  REQUIRE_FALSE(static_cast<bool>(decoded<TestType>(one + two + "\1")));
  REQUIRE_FALSE(static_cast<bool>(decoded<TestType>(one + two.substr(0, two.size() - 1))));
}

TEST_CASE("decode says what is wrong with an object, and what to do", "[object][decode]") {
  const std::string again = " (fetch it again, or restore it from another copy)";
  std::string broken = encoded<Gzip>("text of some length");
  broken[14] = '\x7f';
  REQUIRE(reason<Gzip>("\x1f\x8b") ==
          "gzip: decode an object of 2 bytes: it is cut off at byte 2" + again);
  REQUIRE(reason<Gzip>("text") ==
          "gzip: decode an object of 4 bytes: it is damaged at byte 2" + again);
  REQUIRE(reason<Gzip>(broken).find("it is damaged at byte ") != std::string::npos);
  REQUIRE(reason<Zstd>("").find("zstd: decode an object of 0 bytes: it is cut off" + again) == 0);
  REQUIRE(reason<Zstd>("no frame").find("Unknown frame descriptor near byte ") !=
          std::string::npos);
  REQUIRE(reason<Zip>("PK\3\4") ==
          "zip: decode an object of 4 bytes: it is no archive of one entry, or cut off, or "
          "damaged" +
              again);
  REQUIRE(reason<Snappy>("text") ==
          "snappy: decode an object of 4 bytes: it is of another format at byte 0" + again);
  REQUIRE(reason<Snappy>(std::string("\x82SNA", 4)) ==
          "snappy: decode an object of 4 bytes: it is cut off at byte 0" + again);
  REQUIRE(reason<HadoopSnappy>(std::string("\0\0\0\5\0\0\0\2\5", 9)) ==
          "hadoop_snappy: decode an object of 9 bytes: it is cut off at byte 8" + again);
  REQUIRE(reason<HadoopSnappy>(std::string("\0\0\0\5\0\0\0\2\5\0", 10)) ==
          "hadoop_snappy: decode an object of 10 bytes: it is damaged at byte 8" + again);
}

TEST_CASE("decode_object goes by the name first", "[object][decode]") {
  const auto read = [](std::string_view name, std::string_view object) {
    auto result = decode_object<Gzip, Zstd, Zip, Snappy, HadoopSnappy>(name, bytes_of(object), 99);
    return result ? result.value() : result.failure().message.substr(0, 5);
  };
  REQUIRE(read("2026/11/a.gz", encoded<Gzip>("g")) == "g");
  REQUIRE(read("2026/11/a.zst", encoded<Zstd>("z")) == "z");
  REQUIRE(read("2026/11/a.zip", encoded<Zip>("p")) == "p");
  REQUIRE(read("2026/11/a.snappy", encoded<Snappy>("s")) == "s");
  REQUIRE(read("2026/11/a.snappy", encoded<HadoopSnappy>("h")) == "h");
  REQUIRE(read("2026/11/a.hsnappy", encoded<HadoopSnappy>("h")) == "h");
  REQUIRE(read("2026/11/a", "text") == "text");
  REQUIRE(read("2026/11/a.gz", "text") == "gzip:");
  REQUIRE(read("2026/11/a.gz", encoded<Zstd>("z")) == "gzip:");
  REQUIRE(read("2026/11/a.hsnappy", encoded<Snappy>("s")) == "hadoo");
}

TEST_CASE("decode_object goes by the magic where the name says nothing", "[object][decode]") {
  const auto read = [](std::string_view name, std::string_view object) {
    auto result = decode_object<Gzip, Zstd, Zip, Snappy, HadoopSnappy>(name, bytes_of(object), 99);
    return result ? result.value() : result.failure().message.substr(0, 5);
  };
  for (const std::string_view name : {"", "a", "a.log", "gz", "a.gz.bak"}) {
    REQUIRE(read(name, encoded<Gzip>("g")) == "g");
    REQUIRE(read(name, encoded<Zstd>("z")) == "z");
    REQUIRE(read(name, encoded<Zip>("p")) == "p");
    REQUIRE(read(name, encoded<Snappy>("s")) == "s");
    REQUIRE(read(name, "text") == "text");
    REQUIRE(read(name, "") == "");
    REQUIRE(read(name, encoded<HadoopSnappy>("h")) == encoded<HadoopSnappy>("h"));
    REQUIRE(read(name, std::string(100, 'x')) == "uncom");
  }
}

TEST_CASE("decode_object knows only the codecs that it was given", "[object][decode]") {
  const std::string object = encoded<Gzip>("g");

  REQUIRE(decode_object<Zstd>("a.gz", bytes_of(object), 99).value() == object);
}
