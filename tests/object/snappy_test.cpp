// SPDX-License-Identifier: MIT
//
// The two framings of Snappy to the byte, and what their readers take from
// other writers.
#include <hydrant/object/hadoop_snappy.hpp>
#include <hydrant/object/snappy.hpp>

#include <string>
#include <string_view>

#include "pages.hpp"
#include "test.hpp"

using hydrant::HadoopSnappy;
using hydrant::OptionErrors;
using hydrant::Snappy;
using hydrant::tests::PieceCollector;

namespace {

template <std::size_t size>
std::string bytes(const char (&literal)[size]) {
  return std::string(literal, size - 1);
}

template <class Codec>
std::string encoded(std::string_view text, const Codec& codec = {}) {
  auto encoder = codec.encoder();
  PieceCollector out;
  const bool is_encoded =
      encoder.write(std::as_bytes(std::span<const char>(text)), out) && encoder.finish(out);
  REQUIRE(is_encoded);
  return out.text;
}

template <class Codec>
std::string decoded(std::string_view object, std::size_t limit = 1'000'000) {
  auto result = Codec::decode(std::as_bytes(std::span<const char>(object)), limit);
  return result ? result.value() : "failed: " + result.failure().message;
}

/// "hello" as a block of Snappy: its size, and a literal.
const std::string hello_block = bytes("\5\x10hello");
const std::string java_header = bytes("\x82SNAPPY\0\0\0\0\1\0\0\0\1");

bool is_failure(const std::string& text) {
  return text.starts_with("failed: ");
}

}  // namespace

TEST_CASE("snappy writes header, length and block", "[object][snappy]") {
  REQUIRE(encoded<Snappy>("hello") == java_header + bytes("\0\0\0\7") + hello_block);
  REQUIRE(encoded<Snappy>("") == java_header);
}

TEST_CASE("hadoop_snappy writes both lengths and the block", "[object][snappy]") {
  REQUIRE(encoded<HadoopSnappy>("hello") == bytes("\0\0\0\5\0\0\0\7") + hello_block);
  REQUIRE(encoded<HadoopSnappy>("") == bytes("\0\0\0\0"));
}

TEMPLATE_TEST_CASE("snappy begins a block at every block size", "[object][snappy]", Snappy,
                   HadoopSnappy) {
  const std::size_t head = TestType::Framing::block_head_size;
  const std::size_t header = TestType::Framing::stream_header.size();
  const TestType codec{.block_size = 1'024};
  const auto size = [&](std::size_t text) { return encoded(std::string(text, 'a'), codec).size(); };
  // A run of one character: a literal of 1, then copies of 64.
  const std::size_t block = head + 2 + 2 + 16 * 3;

  REQUIRE(size(1'023) == header + block);
  REQUIRE(size(1'024) == header + block);
  REQUIRE(size(1'025) == header + block + head + 1 + 2);
  REQUIRE(size(2'048) == header + 2 * block);
}

TEST_CASE("snappy names itself as Firehose's objects do", "[object][snappy]") {
  REQUIRE(Snappy{}.extension() == ".snappy");
  REQUIRE(Snappy{}.content_encoding() == "snappy-java");
  REQUIRE(HadoopSnappy{}.extension() == ".snappy");
  REQUIRE(HadoopSnappy{}.content_encoding() == "hadoop-snappy");
}

TEST_CASE("snappy takes blocks from 1 KiB to 16 MiB", "[object][snappy]") {
  const auto is_valid = [](std::size_t size) {
    OptionErrors errors;
    Snappy{.block_size = size}.validate(errors);
    return errors.empty();
  };
  REQUIRE_FALSE(is_valid(1'023));
  REQUIRE(is_valid(1'024));
  REQUIRE(is_valid(1'025));
  REQUIRE(is_valid(16'777'215));
  REQUIRE(is_valid(16'777'216));
  REQUIRE_FALSE(is_valid(16'777'217));
}

TEST_CASE("hadoop_snappy takes blocks from 1 KiB to what Hadoop reads", "[object][snappy]") {
  const auto faults = [](std::size_t size) {
    OptionErrors errors;
    HadoopSnappy{.block_size = size}.validate(errors);
    return errors.empty() ? "" : errors.faults()[0].rule;
  };
  REQUIRE(faults(1'023) == "must be within [1 KiB, 218422 bytes]");
  REQUIRE(faults(1'024).empty());
  REQUIRE(faults(1'025).empty());
  REQUIRE(faults(218'421).empty());
  REQUIRE(faults(218'422).empty());
  REQUIRE_FALSE(faults(218'423).empty());
}

TEST_CASE("snappy's reader wants the header of snappy-java", "[object][snappy]") {
  const std::string rest = bytes("\0\0\0\7") + hello_block;
  REQUIRE(decoded<Snappy>(bytes("\x82SNAPPY\0\0\0\0\2\0\0\0\1") + rest) == "hello");
  REQUIRE(is_failure(decoded<Snappy>(bytes("\x82SNAPPY\0\0\0\0\0\0\0\0\1") + rest)));
  REQUIRE(is_failure(decoded<Snappy>(bytes("\x82SNAPPY\0\0\0\0\2\0\0\0\2") + rest)));
  REQUIRE(is_failure(decoded<Snappy>(bytes("\x82SNAPPY\1\0\0\0\1\0\0\0\1") + rest)));
  REQUIRE(is_failure(decoded<Snappy>(rest)));
  REQUIRE(is_failure(decoded<Snappy>("")));
}

TEST_CASE("snappy's reader wants what follows a header that comes again", "[object][snappy]") {
  const std::string one = java_header + bytes("\0\0\0\7") + hello_block;
  REQUIRE(decoded<Snappy>(one + one) == "hellohello");
  REQUIRE(decoded<Snappy>(one + java_header) == "hello");
  REQUIRE(is_failure(decoded<Snappy>(one + java_header.substr(0, 15))));
  REQUIRE(is_failure(decoded<Snappy>(one + java_header.substr(0, 8))));
}

TEST_CASE("hadoop_snappy's reader takes blocks of several chunks", "[object][snappy]") {
  const std::string chunk = bytes("\0\0\0\7") + hello_block;
  REQUIRE(decoded<HadoopSnappy>(bytes("\0\0\0\x0a") + chunk + chunk) == "hellohello");
  REQUIRE(decoded<HadoopSnappy>(bytes("\0\0\0\x0a") + chunk + chunk + bytes("\0\0\0\5") + chunk) ==
          "hellohellohello");
}

TEST_CASE("hadoop_snappy's reader takes no byte at all for nothing", "[object][snappy]") {
  REQUIRE(decoded<HadoopSnappy>("").empty());
  REQUIRE(decoded<HadoopSnappy>(bytes("\0\0\0\0")).empty());
}

TEST_CASE("hadoop_snappy's reader refuses chunks that do not make up their block",
          "[object][snappy]") {
  const std::string chunk = bytes("\0\0\0\7") + hello_block;
  REQUIRE(is_failure(decoded<HadoopSnappy>(bytes("\0\0\0\4") + chunk)));
  REQUIRE(is_failure(decoded<HadoopSnappy>(bytes("\0\0\0\6") + chunk)));
  REQUIRE(is_failure(decoded<HadoopSnappy>(bytes("\0\0\0\5") + chunk + "\1")));
  REQUIRE(is_failure(decoded<HadoopSnappy>(bytes("\0\0\0\5") + bytes("\0\0\0\0") + chunk)));
}

TEST_CASE("hadoop_snappy's reader refuses what stands behind the end", "[object][snappy]") {
  const std::string block = bytes("\0\0\0\5\0\0\0\7") + hello_block;
  REQUIRE(decoded<HadoopSnappy>(block + bytes("\0\0\0\0")) == "hello");
  REQUIRE(is_failure(decoded<HadoopSnappy>(bytes("\0\0\0\0") + block)));
}

TEMPLATE_TEST_CASE("snappy's reader takes no memory for a size that no block can have",
                   "[object][snappy]", Snappy, HadoopSnappy) {
  // 7 bytes that say that they are 4 GiB.
  const std::string block = bytes("\0\0\0\7\xff\xff\xff\xff\x0f\0\0");
  const std::string object =
      std::is_same_v<TestType, Snappy> ? java_header + block : bytes("\xff\xff\xff\xff") + block;

  REQUIRE(decoded<TestType>(object, 1ull << 40).find("it is damaged at byte ") !=
          std::string::npos);
}

TEST_CASE("snappy's reader takes the most that a block can hold of its size", "[object][snappy]") {
  const std::string zeros(16u << 20, '\0');
  REQUIRE(
      (decoded<Snappy>(encoded(zeros, Snappy{.block_size = 16u << 20}), zeros.size()) == zeros));
}
