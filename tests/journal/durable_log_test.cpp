// SPDX-License-Identifier: MIT
//
// What may be believed of a log, and when: directories that nobody could sync,
// the frame that a killed process was writing, the numbers of batches after the
// power was cut.
#include <hydrant/journal/commit_log.hpp>
#include <hydrant/journal/rebuilding.hpp>
#include <hydrant/testing/memory_files.hpp>
#include <hydrant/testing/simulated_disk.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test.hpp"

namespace {

using hydrant::detail::CommitLog;
using hydrant::detail::EntryType;
using hydrant::detail::ItemType;
using hydrant::detail::Manifest;
using hydrant::detail::ManifestHeader;
using hydrant::detail::Rebuilding;
using hydrant::testing::MemoryFiles;
using hydrant::testing::SimulatedDisk;

constexpr std::uint64_t epoch = 7;
constexpr std::uint64_t file_bytes = std::uint64_t{64} << 10;
const std::string directory = "top/stream/spool";

void add_entry(CommitLog& log, std::string_view text) {
  log.add_entry(static_cast<std::uint16_t>(EntryType::done), 0, std::as_bytes(std::span(text)));
}

/// One record of shard 0.
void add_record(CommitLog& log, std::uint64_t sequence) {
  constexpr std::string_view text = "record";
  const std::uint32_t slot = text.size();
  hydrant::RecordSlice slice;
  slice.payload = reinterpret_cast<const std::byte*>(text.data());
  slice.slots_top = &slot + 1;
  slice.page_sequence = sequence;
  slice.first = 0;
  slice.last = 1;
  log.add_records(slice);
}

/// The sequences that the log's first file is believed to have on stable storage.
std::vector<std::uint64_t> logged_in(hydrant::Files& files) {
  const auto file = std::move(files.map(CommitLog::path_of(directory, 1)).value());
  std::vector<std::uint64_t> logged;
  hydrant::detail::for_each_logged_in(file->bytes(), epoch,
                                      [&](std::uint32_t, std::uint64_t first, std::uint64_t last) {
                                        for (; first != last; ++first) {
                                          logged.push_back(first);
                                        }
                                      });
  return logged;
}

/// A first commit on a disk whose `n`-th call fails so.
hydrant::Status commit_with_failing_call(std::uint64_t n, int os_code) {
  SimulatedDisk disk;
  static_cast<void>(disk.make_directories(directory));
  CommitLog log(disk, directory, epoch, 0, file_bytes);
  add_entry(log, "entry");
  disk.fail_call(n, os_code);
  return log.commit();
}

}  // namespace

TEST_CASE("a log whose name is not durable fails, in whichever directory above it the sync fails",
          "[journal][log]") {
  // The file is made, then the directories are synced: spool, stream, journal, and what holds it.
  for (std::uint64_t call = 1; call <= 5; ++call) {
    INFO("call " << call);
    REQUIRE(!commit_with_failing_call(call, EIO));
  }
}

TEST_CASE("only what holds the journal's directory may be closed to us", "[journal][log]") {
  REQUIRE(commit_with_failing_call(5, EACCES));
  REQUIRE(commit_with_failing_call(5, EPERM));
  REQUIRE(!commit_with_failing_call(4, EACCES));
}

TEST_CASE("what an earlier life could not make durable of a log's name, the next one does",
          "[journal][log]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    SimulatedDisk disk(seed);
    static_cast<void>(disk.make_directories(directory));
    CommitLog first(disk, directory, epoch, 0, file_bytes);
    add_entry(first, "first");
    disk.fail_call(4, EIO);
    REQUIRE(!first.commit());

    CommitLog second(disk, directory, epoch, 1, file_bytes);
    add_entry(second, "second");
    REQUIRE(second.commit());
    disk.cut_power();

    REQUIRE(disk.content(CommitLog::path_of(directory, 2)));
  }
}

TEST_CASE("the last frame of a log may be in the page cache only, so its records are not believed",
          "[journal][log]") {
  MemoryFiles files;
  REQUIRE(files.make_directories(directory));
  CommitLog log(files, directory, epoch, 0, file_bytes);
  for (std::uint64_t frame = 0; frame < 3; ++frame) {
    add_record(log, 2 * frame);
    add_record(log, 2 * frame + 1);
    REQUIRE(log.commit());
    std::vector<std::uint64_t> believed;
    for (std::uint64_t sequence = 0; sequence < 2 * frame; ++sequence) {
      believed.push_back(sequence);
    }
    REQUIRE(logged_in(files) == believed);
  }
}

TEST_CASE("numbers of batches skip the lives that a log does not know of, and go on skipping them",
          "[journal][log]") {
  MemoryFiles files;
  REQUIRE(files.make_directories(directory));
  ManifestHeader header;
  header.epoch = epoch;
  header.next_number = 5;
  header.check = header.right_check();
  CommitLog log(files, directory, epoch, 0, file_bytes);
  log.add_entry(static_cast<std::uint16_t>(ItemType::identity), 0,
                std::as_bytes(std::span(&header, 1)));
  REQUIRE(log.commit());

  REQUIRE(Rebuilding(files, directory, Rebuilding::What::everything, 40).rebuild());

  const auto number_of = [&] {
    return Manifest::open(files, directory).value()->take_number() >> 32;
  };
  REQUIRE(number_of() > 40);
  REQUIRE(number_of() > 40);  // another life that opens the same files
}
