// SPDX-License-Identifier: MIT
//
// Files of chunks that are whole, cut short, damaged, or somebody else's.
#include <hydrant/journal/segment.hpp>

#include <map>
#include <random>

#include "journal/chunk_file.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::tests;
using hydrant::detail::FoundChunk;
using hydrant::detail::Segment;
using hydrant::detail::SegmentHeader;
using hydrant::testing::MemoryFiles;

/// What was found: each record under its shard and number.
struct Found {
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> records;
  std::uint64_t damaged_chunks = 0;
  std::uint64_t damaged_records = 0;
  Segment::Fault fault = Segment::Fault::none;
};

Found read(const std::string& content) {
  MemoryFiles files;
  write_file(files, "segment", content);
  const Segment segment = std::move(Segment::open(files, "segment").value());
  Found found;
  found.fault = segment.fault(5);
  if (found.fault != Segment::Fault::none) {
    return found;
  }
  found.damaged_chunks = segment.for_each_chunk([&](const FoundChunk& chunk) {
    found.damaged_records += chunk.for_each_run([&](std::uint32_t first, std::uint32_t last) {
      const std::vector<std::string> texts = texts_of(chunk, first, last);
      for (std::uint32_t i = 0; i < texts.size(); ++i) {
        found.records[{chunk.shard, chunk.first_sequence + first + i}] = texts[i];
      }
    });
  });
  return found;
}

void flip(std::string& file, std::size_t bit) {
  file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
}

std::string three_chunks() {
  return segment_of({block_of({.records = {"a", "b", ""}, .first_sequence = 0, .shard = 0}),
                     free_block(), block_of({.records = {"c"}, .first_sequence = 3, .shard = 0}),
                     block_of({.records = {"x", "y"}, .first_sequence = 7, .shard = 1})});
}

constexpr std::size_t front = hydrant::detail::segment_header_bytes;

}  // namespace

TEST_CASE("a segment gives back the records that were put into it", "[journal][segment]") {
  const Found found = read(three_chunks());

  REQUIRE(found.damaged_chunks == 0);
  REQUIRE(found.damaged_records == 0);
  REQUIRE(found.records.size() == 6);
  REQUIRE(found.records.at({0, 1}) == "b");
  REQUIRE(found.records.at({0, 2}).empty());
  REQUIRE(found.records.at({0, 3}) == "c");
  REQUIRE(found.records.at({1, 8}) == "y");
}

TEST_CASE("a segment that was just made is one of no records", "[journal][segment]") {
  MemoryFiles files;
  SegmentHeader header;
  header.epoch = 5;
  header.block_bytes = block_bytes;
  header.block_count = 3;

  REQUIRE(Segment::create(files, "segment", header));

  const Found found = read(files.content("segment").value());
  REQUIRE(found.fault == Segment::Fault::none);
  REQUIRE(found.records.empty());
  REQUIRE(found.damaged_chunks == 0);
}

TEST_CASE("a segment that is cut short at any size keeps the chunks that are there",
          "[journal][segment]") {
  const std::string whole = three_chunks();
  for (std::size_t size = 0; size < whole.size(); size += size < 64 ? 1 : 61) {
    const Found found = read(whole.substr(0, size));
    CAPTURE(size);
    if (size == 0) {
      REQUIRE(found.fault == Segment::Fault::unborn);
    } else if (size < front) {
      REQUIRE(found.fault == Segment::Fault::damaged);
    } else {
      const std::size_t blocks = (size - front) / block_bytes;
      REQUIRE(found.damaged_chunks == 4 - blocks);
      const std::size_t records[] = {0, 3, 3, 4};
      REQUIRE(found.records.size() == records[blocks]);
    }
  }
}

TEST_CASE("a segment of zeros, of any size, was never born", "[journal][segment]") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, front - 1, front, front + 9000}) {
    CAPTURE(size);
    REQUIRE(read(std::string(size, '\0')).fault == Segment::Fault::unborn);
  }
}

TEST_CASE("a flipped bit in a segment's header is found", "[journal][segment]") {
  for (std::size_t bit = 0; bit < sizeof(SegmentHeader) * 8; ++bit) {
    std::string file = three_chunks();
    flip(file, bit);
    CAPTURE(bit);
    const Segment::Fault expected = bit / 32 == 2 ? Segment::Fault::newer : Segment::Fault::damaged;
    REQUIRE(read(file).fault == expected);
  }
}

TEST_CASE("a segment of another life is foreign", "[journal][segment]") {
  REQUIRE(read(segment_of({free_block()}, 6)).fault == Segment::Fault::foreign);
}

TEST_CASE("a segment with blocks of a size that no writer uses is damaged", "[journal][segment]") {
  for (const std::uint32_t size : {0u, 1u, 64u, 2048u, 4097u, 12288u, 0xffff'ffffu}) {
    std::string file = segment_of({free_block()});
    SegmentHeader header;
    header.epoch = 5;
    header.block_bytes = size;
    header.block_count = 1;
    header.check = header.right_check();
    std::memcpy(file.data(), &header, sizeof(header));
    CAPTURE(size);
    REQUIRE(read(file).fault == Segment::Fault::damaged);
  }
}

TEST_CASE("a flipped bit in a chunk's header costs that chunk, and is counted",
          "[journal][segment]") {
  constexpr std::size_t committed_bits = 32;
  for (std::size_t bit = committed_bits; bit < 48 * 8; ++bit) {
    std::string file = three_chunks();
    flip(file, front * 8 + bit);
    CAPTURE(bit);
    const Found found = read(file);
    REQUIRE(found.damaged_chunks == 1);
    REQUIRE(found.records.size() == 3);
  }
}

TEST_CASE("a chunk that counts more records than it has room for is damaged",
          "[journal][segment]") {
  constexpr auto most = static_cast<std::uint32_t>((block_bytes - 64) / sizeof(std::uint32_t));
  const auto with_count = [](std::uint32_t count) {
    std::string file = three_chunks();
    std::memcpy(file.data() + front, &count, sizeof(count));
    return read(file);
  };

  REQUIRE(with_count(most + 1).damaged_chunks == 1);
  REQUIRE(with_count(0xffff'ffff).damaged_chunks == 1);
  REQUIRE(with_count(most).damaged_chunks == 0);
  REQUIRE(with_count(most).damaged_records > 0);
}

TEST_CASE("a chunk of another life in a segment is damaged", "[journal][segment]") {
  const Found found =
      read(segment_of({block_of({.records = {"a"}, .first_sequence = 0, .shard = 0, .epoch = 6})}));

  REQUIRE(found.damaged_chunks == 1);
  REQUIRE(found.records.empty());
}

TEST_CASE("a damaged slot costs its neighbours at most, and no record is read that never was",
          "[journal][segment]") {
  for (const std::string delimiter : {"", "\n"}) {
    const std::vector<std::string> records{
        "ten bytes.", "twenty bytes in this", "", "five!", "thirty bytes are in this record", "z"};
    const std::string whole = segment_of({block_of(
        {.records = records, .first_sequence = 100, .shard = 2, .delimiter = delimiter})});
    for (std::size_t bit = 0; bit < records.size() * 32; ++bit) {
      std::string file = whole;
      flip(file, file.size() * 8 - records.size() * 32 + bit);

      const Found found = read(file);

      CAPTURE(delimiter, bit);
      REQUIRE(found.damaged_chunks == 0);
      REQUIRE(found.damaged_records <= 3);
      REQUIRE(found.records.size() + found.damaged_records == records.size());
      if (found.damaged_records != 0) {  // else the slots tell of other records, just as likely
        for (const auto& [key, text] : found.records) {
          REQUIRE(text == records[key.second - 100]);
        }
      }
    }
  }
}

TEST_CASE("a segment knows whether it was written since the system has started",
          "[journal][segment]") {
  const auto is_of_boot = [](std::uint64_t written, std::uint64_t now) {
    MemoryFiles files;
    write_file(files, "segment", segment_of({free_block()}, 5, written));
    return Segment::open(files, "segment").value().is_of_boot(now);
  };

  REQUIRE(is_of_boot(7, 7));
  REQUIRE_FALSE(is_of_boot(7, 8));
  REQUIRE(is_of_boot(0, 8));  // unknown when it was written
}

TEST_CASE("a segment of noise with right checks is never read beyond its end",
          "[journal][segment]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    std::string file = three_chunks();
    for (std::uint64_t i = 0; i < 1 + dice() % 40; ++i) {
      const std::size_t at = front + (dice() % 4 == 0 ? dice() % (4 * block_bytes)
                                                      : dice() % 4 * block_bytes + 4084 + i % 12);
      file[at] = static_cast<char>(dice());
    }
    file.resize(file.size() - (dice() % 3 == 0 ? dice() % (2 * block_bytes) : 0));

    const Found found = read(file);

    REQUIRE(found.damaged_chunks <= 4);
    for (const auto& [key, text] : found.records) {
      REQUIRE(text.size() < block_bytes);
    }
  }
}
