// SPDX-License-Identifier: MIT
//
// The zip archive of one entry: its name, its parts, and where they go to 64 bits.
#include <hydrant/object/zip.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "pages.hpp"
#include "test.hpp"

using hydrant::Zip;
using hydrant::detail::FoundZipEntry;
using hydrant::detail::ZipEntry;
using hydrant::detail::ZipReader;
using hydrant::tests::PieceCollector;

using namespace std::string_view_literals;

namespace {

std::string encoded(std::string_view text, std::size_t piece_size = 1'000'000) {
  auto encoder = Zip{}.encoder();
  PieceCollector out;
  bool is_encoded = true;
  for (; !text.empty(); text.remove_prefix(std::min(piece_size, text.size()))) {
    const std::string_view piece = text.substr(0, piece_size);
    is_encoded = is_encoded && encoder.write(std::as_bytes(std::span<const char>(piece)), out);
  }
  is_encoded = is_encoded && encoder.finish(out);
  REQUIRE(is_encoded);
  return out.text;
}

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  std::generate(text.begin(), text.end(), [&] { return static_cast<char>(random()); });
  return text;
}

std::string name_in(const std::string& archive) {
  return archive.substr(30, 36);
}

bool reads(const std::string& archive, std::string_view content) {
  auto result = Zip::decode(std::as_bytes(std::span<const char>(archive)), 1'000'000);
  return result && result.value() == content;
}

/// An archive of a stored entry, with sizes in 64 bits if so wanted, as other programs write it.
struct Archive {
  std::string name = "entry";
  std::string content = "hello";
  std::uint32_t crc = 0x3610a686;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::string extra = {};
  std::string local_extra = {};
  std::string comment = {};
  std::uint32_t size_field = 5;
  std::uint16_t count = 1;
  std::string before_end = {};

  std::string text() const {
    hydrant::detail::ZipWriter out;
    out.put32(0x04034b50);
    out.put16(20);
    out.put16(flags);
    out.put16(method);
    out.put32(0x7a5f'1234);
    out.put32(crc);
    out.put32(content.size());
    out.put32(5);
    out.put16(name.size());
    out.put16(local_extra.size());
    out.put_text(name + local_extra + content);
    const std::uint64_t offset = 30 + name.size() + local_extra.size() + content.size();
    out.put32(0x02014b50);
    out.put32(0x0014'031e);
    out.put16(flags);
    out.put16(method);
    out.put32(0x7a5f'1234);
    out.put32(crc);
    out.put32(content.size());
    out.put32(size_field);
    out.put16(name.size());
    out.put16(extra.size());
    out.put64(0x20'0000'0000'0000);
    out.put32(0);
    out.put16(0);
    out.put_text(name + extra + before_end);
    out.put32(0x06054b50);
    out.put32(0);
    out.put16(count);
    out.put16(count);
    out.put32(46 + name.size() + extra.size());
    out.put32(offset);
    out.put16(comment.size());
    out.put_text(comment);
    return out.take();
  }
};

}  // namespace

TEST_CASE("zip names its entry by a UUID that goes with the content", "[object][zip]") {
  const std::string name = name_in(encoded("some content"));

  REQUIRE(name.size() == 36);
  REQUIRE(std::count(name.begin(), name.end(), '-') == 4);
  REQUIRE(name[14] == '4');
  REQUIRE(name_in(encoded("some content")) == name);
  REQUIRE(name_in(encoded("some content", 1)) == name);
  REQUIRE(name_in(encoded("some contents")) != name);
  REQUIRE(name_in(encoded("")) != name);
}

TEST_CASE("zip names large entries by their first buffer, however they are cut", "[object][zip]") {
  const std::string text = noise(700'000, 1);
  const std::string archive = encoded(text);

  REQUIRE(name_in(archive) == name_in(encoded(text, 777)));
  REQUIRE(name_in(archive) != name_in(encoded(noise(700'000, 2))));
  REQUIRE(archive.find(name_in(archive), 100) != std::string::npos);  // in the directory too
}

TEST_CASE("zip says that sizes come later, that names are UTF-8, and tells no time",
          "[object][zip]") {
  REQUIRE(
      encoded("hello").substr(0, 30) ==
      std::string("PK\3\4\x14\0\x08\x08\x08\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x24\0\0\0", 30));
}

TEST_CASE("zip names itself as Firehose's objects do", "[object][zip]") {
  REQUIRE(Zip{}.extension() == ".zip");
  REQUIRE(Zip{}.content_encoding() == "zip");
}

TEST_CASE("zip goes to 64 bits where 32 are not enough, and only there", "[object][zip]") {
  constexpr std::uint64_t max = 0xffff'ffff;
  for (const std::uint64_t large : {max - 1, max, max + 1}) {
    for (const bool is_compressed : {false, true}) {
      CAPTURE(large, is_compressed);
      const ZipEntry entry{.name = "n",
                           .compressed_size = is_compressed ? large : 7,
                           .size = is_compressed ? 9 : large,
                           .crc = 0x01020304};
      const bool is_large = large >= max;
      REQUIRE(entry.needs_zip64() == is_large);

      const std::string tail = hydrant::detail::zip_tail(entry);
      ZipReader reader(tail);
      const auto take_size = [&] { return is_large ? reader.take64() : reader.take32(); };
      REQUIRE(reader.take32() == 0x08074b50);
      REQUIRE(reader.take32() == 0x01020304);
      REQUIRE(take_size() == entry.compressed_size);
      REQUIRE(take_size() == entry.size);
      REQUIRE(reader.take32() == 0x02014b50);
      REQUIRE(reader.take32() == (is_large ? 0x002d'002d : 0x0014'0014));
      REQUIRE(reader.take64() == 0x0021'0000'0008'0808);
      REQUIRE(reader.take32() == 0x01020304);
      REQUIRE(reader.take32() == (is_compressed && is_large ? max : entry.compressed_size));
      REQUIRE(reader.take32() == (!is_compressed && is_large ? max : entry.size));
      REQUIRE(reader.take16() == 1);
      REQUIRE(reader.take16() == (is_large ? 12 : 0));
      REQUIRE(reader.take_text(14) == std::string(14, '\0'));
      REQUIRE(reader.take_text(1) == "n");
      if (is_large) {
        REQUIRE(reader.take32() == 0x0008'0001);
        REQUIRE(reader.take64() == large);
      }
      const std::uint64_t offset = 31 + entry.compressed_size + (is_large ? 24 : 16);
      const std::uint64_t size = is_large ? 59 : 47;
      if (offset >= max) {  // the directory begins beyond, even where the sizes are below
        REQUIRE(reader.take32() == 0x06064b50);
        REQUIRE(reader.take64() == 44);
        REQUIRE(reader.take32() == 0x002d'002d);
        REQUIRE(reader.take64() == 0);
        REQUIRE(reader.take64() == 1);
        REQUIRE(reader.take64() == 1);
        REQUIRE(reader.take64() == size);
        REQUIRE(reader.take64() == offset);
        REQUIRE(reader.take32() == 0x07064b50);
        REQUIRE(reader.take32() == 0);
        REQUIRE(reader.take64() == offset + size);
        REQUIRE(reader.take32() == 1);
      }
      REQUIRE(reader.take64() == 0x06054b50);
      REQUIRE(reader.take32() == 0x0001'0001);
      REQUIRE(reader.take32() == size);
      REQUIRE(reader.take32() == std::min(offset, max));
      REQUIRE(reader.take16() == 0);
      REQUIRE((reader.ok() && reader.left() == 0));
    }
  }
}

TEST_CASE("zip's reader takes archives of other programs", "[object][zip]") {
  REQUIRE(reads(Archive{}.text(), "hello"));
  REQUIRE(reads(Archive{.local_extra = std::string("UT\5\0\1abcd", 9)}.text(), "hello"));
  REQUIRE(reads(Archive{.extra = std::string("UT\5\0\1abcd", 9)}.text(), "hello"));
  REQUIRE(reads(Archive{.comment = "made by PK\5\6 and friends"}.text(), "hello"));
  const std::string size64("\1\0\x08\0\5\0\0\0\0\0\0\0", 12);
  REQUIRE(reads(Archive{.extra = size64, .size_field = 0xffff'ffff}.text(), "hello"));
  REQUIRE(
      reads(Archive{.extra = std::string("UT\1\0a", 5) + size64, .size_field = 0xffff'ffff}.text(),
            "hello"));
}

TEST_CASE("zip's reader refuses what it cannot vouch for", "[object][zip]") {
  REQUIRE_FALSE(reads(Archive{.crc = 1}.text(), "hello"));
  REQUIRE_FALSE(reads(Archive{.flags = 1}.text(), "hello"));
  REQUIRE_FALSE(reads(Archive{.size_field = 4}.text(), "hello"));
  REQUIRE_FALSE(reads(Archive{.size_field = 6}.text(), "hello"));
  REQUIRE_FALSE(reads(Archive{.size_field = 0xffff'ffff}.text(), "hello"));
  for (const std::string_view cut :
       {"U"sv, "UT"sv, "UT\5"sv, "UT\5\0"sv, "UT\5\0ab"sv}) {  // and ends
    REQUIRE_FALSE(
        reads(Archive{.extra = std::string(cut), .size_field = 0xffff'ffff}.text(), "hello"));
  }
  REQUIRE_FALSE(reads(Archive{.count = 0}.text(), "hello"));
  REQUIRE_FALSE(reads(Archive{.count = 2}.text(), "hello"));
  REQUIRE_FALSE(reads(Archive{.before_end = "gap"}.text(), "hello"));
  REQUIRE_FALSE(reads(Archive{.method = 8}.text(), "hello"));
  const std::string text = Archive{.method = 12}.text();
  const auto result = Zip::decode(std::as_bytes(std::span<const char>(text)), 1'000);
  REQUIRE(result.failure().message.find("its entry is not deflated, but of method 12") !=
          std::string::npos);
}

TEST_CASE("zip's reader looks for the end behind the longest comment", "[object][zip]") {
  REQUIRE(reads(Archive{.comment = std::string(65'534, ' ')}.text(), "hello"));
  REQUIRE(reads(Archive{.comment = std::string(65'535, ' ')}.text(), "hello"));
  REQUIRE_FALSE(reads(Archive{}.text() + " ", "hello"));
}
