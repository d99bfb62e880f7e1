// SPDX-License-Identifier: MIT
//
// The encodings that a Parquet file is made of, against decoders that go one
// bit at a time.
#include <hydrant/object/parquet/compact_writer.hpp>
#include <hydrant/object/parquet/delta_encoder.hpp>
#include <hydrant/object/parquet/hybrid_encoder.hpp>
#include <hydrant/object/parquet/level_list.hpp>
#include <hydrant/object/parquet/page_codec.hpp>
#include <hydrant/object/parquet/value_bounds.hpp>
#include <hydrant/object/parquet/value_dictionary.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "page_decoders.hpp"
#include "test.hpp"

using hydrant::ParquetCompression;
using hydrant::tests::ByteReader;
using namespace hydrant::detail::parquet;
using namespace hydrant::tests;

namespace {

/// Runs of all lengths between numbers of up to `width` bits.
std::vector<std::uint32_t> numbers_with_runs(std::mt19937_64& dice, unsigned width) {
  std::vector<std::uint32_t> numbers;
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  for (std::uint64_t parts = dice() % 12; parts > 0; --parts) {
    const std::uint64_t length = dice() % (dice() % 3 == 0 ? 300 : 20);
    const auto same = static_cast<std::uint32_t>(dice() & mask);
    const bool is_run = dice() % 2 == 0;
    for (std::uint64_t i = 0; i < length; ++i) {
      numbers.push_back(is_run ? same : static_cast<std::uint32_t>(dice() & mask));
    }
  }
  return numbers;
}

std::vector<std::uint64_t> widened(const std::vector<std::uint32_t>& numbers) {
  return {numbers.begin(), numbers.end()};
}

template <class T>
std::vector<std::int64_t> through_delta(const std::vector<T>& numbers) {
  ByteBuffer out;
  append_delta(out, std::span<const T>(numbers));
  ByteReader from{out.text()};
  std::vector<std::int64_t> read = decode_delta(from, sizeof(T) * 8);
  REQUIRE(from.bytes.empty());
  return read;
}

ParquetLeaf leaf_of(const ParquetNode& node, ParquetPhysical physical) {
  ParquetLeaf leaf;
  leaf.node = &node;
  leaf.physical = physical;
  return leaf;
}

}  // namespace

TEST_CASE("hybrid encoding gives back any numbers at any width", "[parquet]") {
  std::mt19937_64 dice(1);
  for (int round = 0; round < 1500; ++round) {
    const auto width = static_cast<unsigned>(1 + dice() % 32);
    const std::vector<std::uint32_t> numbers = numbers_with_runs(dice, width);
    CAPTURE(round, width);
    ByteBuffer out;

    append_hybrid(out, std::span<const std::uint32_t>(numbers), width);

    REQUIRE(decode_hybrid(out.text(), width, numbers.size()) == widened(numbers));
  }
}

TEST_CASE("hybrid encoding makes a run of eight equal numbers and more", "[parquet]") {
  for (const std::size_t count : {7u, 8u, 9u}) {
    const std::vector<std::uint32_t> numbers(count, 5);
    ByteBuffer out;

    append_hybrid(out, std::span<const std::uint32_t>(numbers), 3);

    // One byte of head and one of value; or a head and a group of eight times three bits, or two.
    REQUIRE(out.size() == (count >= 8 ? 2 : 4));
  }
}

TEST_CASE("levels come back whatever was dropped in between", "[parquet]") {
  std::mt19937_64 dice(2);
  for (int round = 0; round < 800; ++round) {
    const auto max = static_cast<std::uint8_t>(1 + dice() % 9);
    LevelList list;
    std::vector<std::uint64_t> model;
    const std::uint64_t kinds = 1 + dice() % 3;
    for (std::uint64_t steps = dice() % 60; steps > 0; --steps) {
      if (dice() % 10 == 0) {
        const std::size_t kept = model.empty() ? 0 : dice() % (model.size() + 1);
        list.truncate(kept);
        model.resize(kept);
      }
      const auto level = static_cast<std::uint8_t>(max - dice() % kinds % (max + 1u));
      for (std::uint64_t count = dice() % 12; count > 0; --count) {
        list.append(level);
        model.push_back(level);
      }
      const std::size_t begin = model.empty() ? 0 : dice() % model.size();
      REQUIRE(list.count_of(level, begin) ==
              static_cast<std::size_t>(std::count(
                  model.begin() + static_cast<std::ptrdiff_t>(begin), model.end(), level)));
    }
    ByteBuffer out;

    list.append_to(out, max);

    CAPTURE(round);
    REQUIRE(list.size() == model.size());
    REQUIRE(decode_hybrid(out.text(), bits_for(max), model.size()) == model);
  }
}

TEST_CASE("delta encoding gives back any numbers, also where differences overflow", "[parquet]") {
  std::mt19937_64 dice(3);
  for (int round = 0; round < 600; ++round) {
    const std::size_t count = dice() % 3 == 0 ? dice() % 5 : 120 + dice() % 150;
    const auto shift = static_cast<unsigned>(dice() % 64);
    std::vector<std::int64_t> wide;
    std::vector<std::int32_t> narrow;
    for (std::size_t i = 0; i < count; ++i) {
      std::int64_t value = static_cast<std::int64_t>(dice()) >> shift;
      if (dice() % 20 == 0) {
        value = dice() % 2 == 0 ? std::numeric_limits<std::int64_t>::min()
                                : std::numeric_limits<std::int64_t>::max();
      }
      wide.push_back(value);
      narrow.push_back(static_cast<std::int32_t>(value >> (dice() % 2 * 31)));
    }
    CAPTURE(round, count, shift);

    REQUIRE(through_delta(wide) == wide);
    REQUIRE(through_delta(narrow) == std::vector<std::int64_t>(narrow.begin(), narrow.end()));
  }
}

TEST_CASE("delta encoding of texts gives back any texts", "[parquet]") {
  std::mt19937_64 dice(4);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts;
    std::string text;
    for (std::uint64_t i = dice() % 300; i > 0; --i) {
      text.resize(text.empty() ? 0 : dice() % (text.size() + 1));
      for (std::uint64_t more = dice() % 6; more > 0; --more) {
        text += static_cast<char>(dice() % 3 == 0 ? dice() : 'a');
      }
      texts.push_back(text);
    }
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    ByteBuffer out;

    append_delta_bytes(out, views);

    CAPTURE(round);
    REQUIRE(decode_delta_bytes(out.text()) == texts);
  }
}

TEST_CASE("dictionary numbers values in the order they came, and forgets the latest", "[parquet]") {
  std::mt19937_64 dice(5);
  for (const std::uint32_t width : {0u, 4u, 8u, 12u}) {
    CAPTURE(width);
    ValueDictionary dictionary(width);
    std::vector<std::string> distinct;
    std::vector<std::uint64_t> places;  // where each first came
    for (std::uint64_t place = 0; place < 6000; ++place) {
      if (dice() % 50 == 0 && place > 20) {
        place -= dice() % 20;
        dictionary.forget_from(place);
        while (!places.empty() && places.back() >= place) {
          places.pop_back();
          distinct.pop_back();
        }
        REQUIRE(dictionary.size() == distinct.size());
      }
      const std::size_t size = width != 0 ? width : dice() % 24;
      std::string value(size, 'x');
      const std::uint64_t kind = dice() % (1 + place);
      value.replace(0, std::min<std::size_t>(size, 8),
                    plain_number(static_cast<std::int64_t>(kind), std::min<std::size_t>(size, 8)));
      const auto known = std::find(distinct.begin(), distinct.end(), value);
      const auto index = static_cast<std::uint32_t>(known - distinct.begin());
      if (known == distinct.end()) {
        distinct.push_back(value);
        places.push_back(place);
      }
      REQUIRE(dictionary.find_or_add(value, place) == index);
    }
    REQUIRE(dictionary.size() > 512);
    const std::int64_t physical = width == 0 ? 6 : 7;
    REQUIRE(decode_plain(dictionary.page().text(), physical, width, dictionary.size()) == distinct);
    REQUIRE(dictionary.value(3) == distinct[3]);
    dictionary.clear();
    REQUIRE(dictionary.size() == 0);
    REQUIRE(dictionary.page().empty());
  }
}

TEST_CASE("compact protocol gives back numbers, texts, lists and structs", "[parquet]") {
  ByteBuffer out;
  CompactWriter writer(out);
  writer.boolean(1, true);
  writer.boolean(2, false);
  writer.i8(3, -7);
  writer.i16(4, -300);
  writer.i32(5, std::numeric_limits<std::int32_t>::min());
  writer.i64(21, std::numeric_limits<std::int64_t>::min());  // a jump of 16: the long form
  writer.binary(36, std::string(200, 'b'));
  for (const int count : {14, 15}) {
    writer.list(37 + count, CompactType::i32, static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      writer.i32(i - 3);
    }
  }
  writer.list(60, CompactType::boolean_true, 2);
  writer.boolean(true);
  writer.boolean(false);
  writer.begin_struct(61);
  writer.i64(1, 5);
  writer.empty_struct(2);
  writer.end_struct();
  writer.i32(62, 9);
  writer.end_struct();
  ByteReader from{out.text()};

  const Thrift read = read_thrift(from);

  REQUIRE(from.bytes.empty());
  REQUIRE(read.at(1).number == 1);
  REQUIRE(read.at(2).number == 0);
  REQUIRE(read.at(3).number == -7);
  REQUIRE(read.at(4).number == -300);
  REQUIRE(read.at(5).number == std::numeric_limits<std::int32_t>::min());
  REQUIRE(read.at(21).number == std::numeric_limits<std::int64_t>::min());
  REQUIRE(read.at(36).bytes == std::string(200, 'b'));
  REQUIRE(read.at(51).list.size() == 14);
  REQUIRE(read.at(52).list.size() == 15);
  REQUIRE(read.at(52).list[14].number == 11);
  REQUIRE(read.at(60).list[0].number == 1);
  REQUIRE(read.at(60).list[1].number == 0);
  REQUIRE(read.at(61).at(1).number == 5);
  REQUIRE(read.at(61).has(2));
  REQUIRE(read.at(62).number == 9);
}

TEST_CASE("pages are what they were, after any compression, at each level", "[parquet]") {
  const std::map<ParquetCompression, std::vector<int>> levels{
      {ParquetCompression::uncompressed, {0}},
      {ParquetCompression::snappy, {0}},
      {ParquetCompression::gzip, {0, 1, 9}},
      {ParquetCompression::zstd, {0, 1, 19}}};
  std::mt19937_64 dice(6);
  std::string noise;
  for (int i = 0; i < 300'000; ++i) {
    noise += static_cast<char>(dice());
  }
  for (const auto& [compression, some] : levels) {
    for (const int level : some) {
      PageCodec codec(compression, level);
      for (const std::string& page :
           {std::string(), std::string("x"), std::string(700'000, 'y'), noise}) {
        CAPTURE(static_cast<int>(compression), level, page.size());
        ByteBuffer out;
        out.append("before");

        REQUIRE(codec.append(page, out));

        REQUIRE(out.text().starts_with("before"));
        const bool is_same =
            decompressed(codec.number(), out.text().substr(6), page.size()) == page;
        REQUIRE(is_same);
      }
    }
  }
}

TEST_CASE("bounds that are cut short still bound, and are text where the value is", "[parquet]") {
  const std::string e_acute = "\xc3\xa9";
  const std::string last = "\xf4\x8f\xbf\xbf";
  const auto repeated = [](const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) {
      all += text;
    }
    return all;
  };
  ParquetNode node;
  node.kind = HiveKind::string;
  const ParquetLeaf text = leaf_of(node, ParquetPhysical::bytes);
  const std::string whole(64, 'a');
  REQUIRE(stored_min(text, whole).exact);
  REQUIRE(stored_max(text, whole).bytes == whole);
  REQUIRE(stored_min(text, whole + "b").bytes == whole);
  REQUIRE_FALSE(stored_min(text, whole + "b").exact);
  REQUIRE(stored_max(text, whole + "b").bytes == std::string(63, 'a') + "b");
  // 63 bytes and half a character: cut before it.
  REQUIRE(stored_max(text, std::string(63, 'a') + e_acute).bytes == std::string(62, 'a') + "b");
  REQUIRE(stored_max(text, "z" + repeated(last, 20)).bytes == "{");
  REQUIRE(stored_max(text, repeated(last, 20)).bytes == repeated(last, 20));
  REQUIRE(stored_max(text, repeated("\xed\x9f\xbf", 30)).bytes ==
          repeated("\xed\x9f\xbf", 20) + "\xee\x80\x80");
  ParquetNode bytes;
  bytes.kind = HiveKind::binary;
  REQUIRE(stored_max(leaf_of(bytes, ParquetPhysical::bytes), "a" + std::string(80, '\xff')).bytes ==
          "b");
}
