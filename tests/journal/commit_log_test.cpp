// SPDX-License-Identifier: MIT
//
// The log of a spool, written and read back: items of every size, in memory of
// the log's own or where they lay, and frames that are cut short.
#include <hydrant/core/system_files.hpp>
#include <hydrant/journal/commit_log.hpp>

#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scratch_directory.hpp"
#include "test.hpp"

namespace {

using hydrant::detail::CommitLog;
using hydrant::detail::LogCounts;

constexpr std::uint64_t epoch = 7;
constexpr std::uint64_t file_bytes = std::uint64_t{1} << 20;

/// Records in a page as a chunk has them.
struct Page {
  explicit Page(const std::vector<std::string>& records) : slots(records.size()) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      payload += records[i];
      slots[records.size() - 1 - i] = static_cast<std::uint32_t>(payload.size());
    }
  }

  hydrant::RecordSlice slice(std::uint32_t first, std::uint32_t last) const {
    hydrant::RecordSlice slice;
    slice.payload = reinterpret_cast<const std::byte*>(payload.data());
    slice.slots_top = slots.data() + slots.size();
    slice.first = first;
    slice.last = last;
    return slice;
  }

  std::string payload;
  std::vector<std::uint32_t> slots;
};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Each item of a log's first file, as its type and its bytes.
std::vector<std::string> items_of(const std::string& directory, LogCounts& counts) {
  hydrant::SystemFiles files;
  const auto file = std::move(files.map(CommitLog::path_of(directory, 1)).value());
  std::vector<std::string> items;
  hydrant::detail::read_log_file(
      file->bytes(), epoch, counts,
      [&](std::uint16_t type, std::uint16_t lane, std::span<const std::byte> item) {
        items.push_back(std::to_string(type) + "/" + std::to_string(lane) + " " + text_of(item));
      });
  return items;
}

std::string padded(std::string text) {
  text.resize((text.size() + 7) / 8 * 8);
  return text;
}

}  // namespace

TEST_CASE("a log gives back every item, however large, in its order", "[journal][log]") {
  std::mt19937 dice(3);
  for (int round = 0; round < 60; ++round) {
    const hydrant::tests::ScratchDirectory scratch;
    hydrant::SystemFiles files;
    CommitLog log(files, scratch.path, epoch, 0, file_bytes);
    std::vector<std::string> expected;
    std::vector<std::string> payloads;  // of records
    std::vector<std::unique_ptr<Page>> pages;
    const auto frames = 1 + dice() % 3;
    for (std::uint64_t frame = 0; frame < frames; ++frame) {
      for (std::uint64_t item = 1 + dice() % 5; item != 0; --item) {
        if (dice() % 2 == 0) {
          const std::string entry(dice() % 100, static_cast<char>('a' + dice() % 26));
          log.add_entry(1, 2, std::as_bytes(std::span(entry)));
          expected.push_back("1/2 " + padded(entry));
          payloads.emplace_back();
          continue;
        }
        std::vector<std::string> records;
        for (std::uint64_t i = 1 + dice() % 4; i != 0; --i) {
          records.emplace_back(dice() % 3 == 0 ? dice() % 9000 : dice() % 50,
                               static_cast<char>('a' + dice() % 26));
        }
        pages.push_back(std::make_unique<Page>(records));
        const auto first = static_cast<std::uint32_t>(dice() % records.size());
        const auto slice = pages.back()->slice(first, static_cast<std::uint32_t>(records.size()));
        log.add_records(slice);
        expected.emplace_back();
        payloads.push_back(text_of(slice.bytes()));
      }
      REQUIRE(log.commit());
    }

    LogCounts counts;
    const std::vector<std::string> items = items_of(scratch.path, counts);

    REQUIRE(counts.frames == frames);
    REQUIRE(counts.damaged == 0);
    REQUIRE(items.size() == expected.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      CAPTURE(round, i);
      if (!expected[i].empty()) {
        REQUIRE((items[i] == expected[i]));  // not for printing
      } else {
        REQUIRE(items[i].starts_with("17/0 "));
        REQUIRE(items[i].find(payloads[i]) != std::string::npos);
        REQUIRE(items[i].size() % 8 == std::string("17/0 ").size());
      }
    }
  }
}

TEST_CASE("a frame of a log counts wholly or not at all, whatever byte of it is lost",
          "[journal][log]") {
  const hydrant::tests::ScratchDirectory scratch;
  hydrant::SystemFiles files;
  {
    CommitLog log(files, scratch.path, epoch, 0, std::uint64_t{64} << 10);
    const Page page({std::string(5000, 'x'), "short"});
    log.add_records(page.slice(0, 2));
    REQUIRE(log.commit());
    log.add_entry(1, 0, std::as_bytes(std::span("second", 6)));
    REQUIRE(log.commit());
  }
  const auto file = std::move(files.map(CommitLog::path_of(scratch.path, 1)).value());
  const std::size_t frame_bytes = sizeof(hydrant::detail::FrameHeader) +
                                  sizeof(hydrant::detail::ItemHeader) +
                                  sizeof(hydrant::detail::RecordsHeader) + 8 + 5005 + 3;
  for (std::size_t at = 16; at < frame_bytes; at += 3) {
    file->bytes()[at] ^= std::byte{0x10};

    LogCounts counts;
    const std::vector<std::string> items = items_of(scratch.path, counts);

    file->bytes()[at] ^= std::byte{0x10};
    CAPTURE(at);
    REQUIRE(items.size() == 1);
    REQUIRE(items[0].starts_with("1/0 second"));
    REQUIRE(counts.damaged == 1);
  }
}

TEST_CASE("the end of a log that is damaged, or gone, is told", "[journal][log]") {
  hydrant::SystemFiles files;
  const auto damage = [&](const auto& harm) {
    const hydrant::tests::ScratchDirectory scratch;
    {
      CommitLog log(files, scratch.path, epoch, 0, std::uint64_t{64} << 10);
      for (const std::string_view text : {"first", "second", "third"}) {
        log.add_entry(1, 0, std::as_bytes(std::span(text)));
        REQUIRE(log.commit());
      }
    }
    harm(CommitLog::path_of(scratch.path, 1));
    LogCounts counts;
    const std::size_t found = items_of(scratch.path, counts).size();
    return std::pair(found, counts.damaged);
  };
  const auto flip_at = [&](std::size_t at) {
    return [&files, at](const std::string& path) {
      const auto file = std::move(files.map(path).value());
      file->bytes()[at] ^= std::byte{1};
    };
  };
  const auto cut_at = [](std::size_t size) {
    return [size](const std::string& path) { std::filesystem::resize_file(path, size); };
  };
  using Told = std::pair<std::size_t, std::uint64_t>;
  REQUIRE(damage([](const std::string&) {}) == Told{3, 0});
  REQUIRE(damage(flip_at(2 * 4096 + 70)) == Told{2, 1});
  REQUIRE(damage(flip_at(2 * 4096 + 20)) == Told{2, 1});
  REQUIRE(damage(cut_at(2 * 4096 + 70)) == Told{2, 1});
  REQUIRE(damage(cut_at(2 * 4096)) == Told{2, 1});
  REQUIRE(damage(cut_at(2 * 4096 - 1)) == Told{2, 1});
  REQUIRE(damage(cut_at(4096)) == Told{1, 1});
  REQUIRE(damage(cut_at(3 * 4096)) == Told{3, 1});
}
