// SPDX-License-Identifier: MIT
#include <hydrant/object/s3_body.hpp>
#include <hydrant/object/s3_digest.hpp>

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

using hydrant::Failure;
using hydrant::Status;
using hydrant::detail::crc32c;
using hydrant::detail::crc32c_by_tables;
using hydrant::detail::crc32c_bytes;
using hydrant::detail::crc32c_joined;
using hydrant::detail::lower_hex;
using hydrant::detail::md5_of;
using hydrant::detail::S3Blocks;
using hydrant::detail::S3Part;
using hydrant::detail::S3Splitter;
using hydrant::detail::sha256_of;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(const S3Part& part) {
  std::vector<std::span<const std::byte>> pieces;
  part.append_to(pieces);
  std::string text;
  for (const std::span<const std::byte> piece : pieces) {
    text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  }
  return text;
}

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& byte : text) {
    byte = static_cast<char>(random());
  }
  return text;
}

}  // namespace

TEST_CASE("parts joined are the body, and all but the last have one size", "[s3][body]") {
  S3Blocks blocks;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::size_t scale = seed % 25 == 0 ? 300'000 : 50;  // also over several blocks
    const std::size_t part_size = 1 + random() % scale;
    const std::size_t threshold = part_size + random() % (3 * scale);
    const std::string body = random_text(random, random() % (8 * scale));
    S3Splitter splitter(blocks, threshold, part_size);
    std::vector<std::string> parts;
    const auto send = [&](const S3Part& part) {
      parts.push_back(text_of(part));
      REQUIRE(part.crc() == crc32c(0, bytes_of(parts.back())));
      return hydrant::success();
    };
    for (std::string_view rest = body; !rest.empty();) {
      const std::string_view piece = rest.substr(0, random() % (2 * scale));
      REQUIRE(splitter.add(bytes_of(piece), send));
      rest.remove_prefix(piece.size());
    }

    REQUIRE(splitter.size() == body.size());
    REQUIRE(splitter.is_multipart() == (body.size() > threshold));
    REQUIRE(parts.empty() == !splitter.is_multipart());
    std::string joined;
    for (const std::string& part : parts) {
      REQUIRE(part.size() == part_size);
      joined += part;
    }
    std::size_t rest_count = 0;
    for (const S3Part& part : splitter.take_rest()) {
      REQUIRE(part.size() > 0);
      REQUIRE(part.size() <= part_size);
      joined += text_of(part);
      ++rest_count;
    }
    REQUIRE((joined == body));
    REQUIRE((!splitter.is_multipart() || rest_count <= 1));
  }
}

TEST_CASE("a part that cannot be sent stops the body", "[s3][body]") {
  S3Blocks blocks;
  S3Splitter splitter(blocks, 10, 10);
  int sent = 0;
  const auto send = [&](const S3Part&) -> Status {
    return ++sent == 2 ? Status(Failure{"no"}) : hydrant::success();
  };

  REQUIRE(splitter.add(bytes_of(std::string(19, 'x')), send));
  REQUIRE_FALSE(splitter.add(bytes_of(std::string(50, 'x')), send));
  REQUIRE(sent == 2);
}

TEST_CASE("blocks are used again, and no more than some are kept", "[s3][body]") {
  S3Blocks blocks;
  std::vector<S3Blocks::Block> taken;
  for (std::size_t i = 0; i < S3Blocks::idle_count_max + 1; ++i) {
    taken.push_back(blocks.take());
  }
  const std::byte* const first = taken.front().get();
  taken.clear();

  REQUIRE(blocks.take().get() == first);
}

TEST_CASE("digests are those of the standards", "[s3][body]") {
  const auto hex = [](auto digest, std::string_view text) {
    const std::span<const std::byte> pieces[] = {
        bytes_of(text.substr(0, text.size() / 3)), {}, bytes_of(text.substr(text.size() / 3))};
    return lower_hex(digest(hydrant::detail::BodyPieces(pieces)));
  };

  const auto crc_hex = [](std::string_view text) {
    return lower_hex(crc32c_bytes(crc32c(0, bytes_of(text))));
  };
  REQUIRE(crc_hex("123456789") == "e3069283");
  REQUIRE(crc_hex("") == "00000000");
  REQUIRE(crc_hex(std::string(32, '\0')) == "8a9136aa");  // RFC 3720, B.4
  REQUIRE(crc_hex(std::string(32, '\xff')) == "62a8ab43");
  REQUIRE(hex(&md5_of, "message digest") == "f96b697d7cb7938d525a2f31aaf161d0");  // RFC 1321
  REQUIRE(hex(&sha256_of, "abc") ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180
}

TEST_CASE("the checksum is the same however it is come by", "[s3][body]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::string text = random_text(random, random() % (seed % 4 == 0 ? 60'000 : 300));
    const std::span<const std::byte> bytes = bytes_of(text);
    const std::size_t cut = random() % (text.size() + 1);
    const std::uint32_t expected = ~crc32c_by_tables(~std::uint32_t{0}, bytes);
    const std::uint32_t first = crc32c(0, bytes.first(cut));

    REQUIRE(crc32c(0, bytes) == expected);
    REQUIRE(crc32c(first, bytes.subspan(cut)) == expected);
    REQUIRE(crc32c_joined(first, crc32c(0, bytes.subspan(cut)), text.size() - cut) == expected);
  }
}

TEST_CASE("hexadecimal digits are bytes again", "[s3][body]") {
  REQUIRE(hydrant::detail::bytes_of_hex("00ffA5") == std::string("\0\xff\xa5", 3));
  REQUIRE(hydrant::detail::bytes_of_hex("0g").empty());
  REQUIRE(lower_hex(std::string("\0\xff\xa5", 3)) == "00ffa5");
}
