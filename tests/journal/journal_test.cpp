// SPDX-License-Identifier: MIT
#include <hydrant/core/system_files.hpp>
#include <hydrant/journal/journal.hpp>

#include <cerrno>

#include "journal/journal_lives.hpp"
#include "scratch_directory.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::tests;
using namespace hydrant::literals;
using hydrant::testing::ManualEnv;
using Texts = std::multiset<std::string>;

std::vector<std::string> names_in(const ManualEnv& env, const std::string& directory) {
  return std::move(env.files().list(directory).value());
}

bool has(const ManualEnv& env, const std::string& path) {
  return env.memory_files().content(path).has_value() || env.memory_files().has_directory(path);
}

/// Changes one byte of a file.
void damage(const ManualEnv& env, const std::string& path, std::size_t at) {
  const auto mapping = std::move(env.files().map(path).value());
  mapping->bytes()[at] ^= std::byte{0x40};
}

const std::string spool_one = std::string(journal_top) + "/0000000000000001";

}  // namespace

TEST_CASE("a journal is refused to a second stream of its name, with what to do", "[journal]") {
  const ManualEnv env;
  auto first = open_journal(env);
  REQUIRE(first);

  const auto second = open_journal(env);

  REQUIRE_FALSE(second);
  REQUIRE(second.failure().os_code == EWOULDBLOCK);
  REQUIRE(second.failure().message ==
          "is in use by another stream of this name: close that one, choose another directory, or "
          "set journal.shared on both");
  first.value()->unlock();
  REQUIRE(open_journal(env));
}

TEST_CASE("a journal is refused under another spelling of its directory", "[journal]") {
  const ScratchDirectory scratch;
  const ManualEnv env(1, std::make_shared<hydrant::SystemFiles>());
  hydrant::JournalOptions options;
  options.directory = scratch.path;
  const auto first = hydrant::detail::Journal::open(hydrant::make_world(env), options, "orders");
  REQUIRE(first);
  options.directory = scratch.path + "/";

  const auto second = hydrant::detail::Journal::open(hydrant::make_world(env), options, "orders");

  REQUIRE_FALSE(second);
  REQUIRE(second.failure().os_code == EWOULDBLOCK);
}

TEST_CASE("a journal finds under a directory with a slash behind it what was put without",
          "[journal]") {
  const ScratchDirectory scratch;
  const ManualEnv env(1, std::make_shared<hydrant::SystemFiles>());
  hydrant::JournalOptions options;
  options.directory = scratch.path + "/deeper";
  {
    const auto journal = std::move(
        hydrant::detail::Journal::open(hydrant::make_world(env), options, "orders").value());
    begin_life(*journal, 1);
    put_chunk(*journal, {.records = {"a"}, .epoch = 1});
  }
  options.directory += "/";

  const auto journal = std::move(
      hydrant::detail::Journal::open(hydrant::make_world(env), options, "orders").value());

  REQUIRE(find(*journal).open == Texts{"a"});
}

TEST_CASE("two journals that share a directory each have a spool, and leave the other's alone",
          "[journal]") {
  const ManualEnv env;
  const auto first = std::move(open_journal(env, true).value());
  const auto second = std::move(open_journal(env, true).value());
  begin_life(*first, 1);
  begin_life(*second, 2);
  REQUIRE(put_chunk(*first, {.records = {"a"}, .epoch = 1}) != nullptr);
  REQUIRE(put_chunk(*second, {.records = {"b"}, .epoch = 2}) != nullptr);

  REQUIRE(first->adopt().empty());
  REQUIRE(second->adopt().empty());

  first->end_life();
  REQUIRE(find(*second).open == Texts{"a"});
}

TEST_CASE("a journal goes on from the oldest spool first", "[journal]") {
  const ManualEnv env;
  live_and_die(env, 3, 1, 100);
  live_and_die(env, 1, 1, 300);
  live_and_die(env, 2, 1, 200);
  const auto journal = std::move(open_journal(env).value());

  std::vector<std::uint64_t> epochs;
  for (const auto& spool : journal->adopt()) {
    epochs.push_back(spool->identity().epoch);
  }

  REQUIRE(epochs == std::vector<std::uint64_t>{3, 2, 1});
}

TEST_CASE("a spool whose records have all ended leaves nothing behind", "[journal]") {
  const ManualEnv env;
  live_and_die(env, 1);
  const auto journal = std::move(open_journal(env).value());
  FoundSpools found = find(*journal);
  REQUIRE(found.open == Texts{"a0", "a1", "a2", "a3"});
  REQUIRE(found.counts.spools == 1);
  REQUIRE(found.counts.segments == 2);
  REQUIRE(found.counts.set_aside == 0);

  found.end_all();

  REQUIRE(names_in(env, journal_top) == std::vector<std::string>{"lock"});
}

TEST_CASE("a lock that was left without a spool is removed, but for one that is held",
          "[journal]") {
  const ManualEnv env;
  const auto living = std::move(open_journal(env, true).value());
  write_file(env.files(), spool_one + ".lock", "");
  const std::string held = std::string(journal_top) + "/0000000000000002.lock";
  const auto lock = std::move(env.files().lock(held).value());
  write_file(env.files(), std::string(journal_top) + "/notes.lock", "");  // not ours

  REQUIRE(living->adopt().empty());

  REQUIRE_FALSE(has(env, spool_one + ".lock"));
  REQUIRE(has(env, held));
  REQUIRE(has(env, std::string(journal_top) + "/notes.lock"));
}

TEST_CASE("a spool that died before it had a manifest or a record is removed", "[journal]") {
  const ManualEnv env;
  const auto journal = std::move(open_journal(env).value());
  REQUIRE(env.files().make_directories(spool_one));
  write_file(env.files(), spool_one + "/manifest-0", std::string(100, '\0'));

  REQUIRE(journal->adopt().empty());

  REQUIRE(names_in(env, journal_top) == std::vector<std::string>{"lock"});
}

TEST_CASE("records of a spool whose manifests are damaged count as not ended", "[journal]") {
  const ManualEnv env;
  live_and_die(env, 1);
  {
    const auto journal = std::move(open_journal(env).value());
    find(*journal).spools.front()->manifest().done(Track::main, 0, 0, 1);
  }
  for (const char* name : {"/manifest-0", "/manifest-1"}) {
    damage(env, spool_one + name, 17);
  }
  const std::string damaged = env.memory_files().content(spool_one + "/manifest-0").value();
  const auto journal = std::move(open_journal(env).value());

  FoundSpools found = find(*journal);

  REQUIRE(found.open == Texts{"a0", "a1", "a2", "a3"});
  REQUIRE(found.counts.damaged_entries == 1);
  found.end_all();
  const std::string aside = std::string(journal_top) + "/set-aside";
  REQUIRE(names_in(env, aside) ==
          std::vector<std::string>{"0000000000000001-manifest-0", "0000000000000001-manifest-1"});
  REQUIRE((env.memory_files().content(aside + "/0000000000000001-manifest-0") ==
           damaged));  // not for printing
}

TEST_CASE("what is set aside takes nobody's place", "[journal]") {
  const ManualEnv env;
  for (int time = 0; time < 3; ++time) {
    live_and_die(env, 1);
    for (const char* name : {"/manifest-0", "/manifest-1"}) {
      damage(env, spool_one + name, 17);
    }
    const auto journal = std::move(open_journal(env).value());
    find(*journal).end_all();
  }

  REQUIRE(names_in(env, std::string(journal_top) + "/set-aside") ==
          std::vector<std::string>{"0000000000000001-manifest-0", "0000000000000001-manifest-0-2",
                                   "0000000000000001-manifest-0-3", "0000000000000001-manifest-1",
                                   "0000000000000001-manifest-1-2",
                                   "0000000000000001-manifest-1-3"});
}

TEST_CASE("a damaged segment is set aside as it is when its spool goes, and stays there",
          "[journal]") {
  const ManualEnv env;
  live_and_die(env, 1);
  const std::string segment = spool_one + "/segment-000001";
  damage(env, segment, hydrant::detail::segment_header_bytes + 9);
  const std::string damaged = env.memory_files().content(segment).value();
  const auto journal = std::move(open_journal(env).value());

  FoundSpools found = find(*journal);

  REQUIRE(found.open == Texts{"a2", "a3"});
  REQUIRE(found.counts.set_aside == 1);
  REQUIRE(found.counts.damaged_chunks == 1);
  found.end_all();
  const std::string aside = std::string(journal_top) + "/set-aside/0000000000000001-segment-000001";
  REQUIRE((env.memory_files().content(aside) == damaged));  // not for printing
  REQUIRE(names_in(env, journal_top) == std::vector<std::string>{"lock", "set-aside"});
  live_and_die(env, 2);
  find(*journal).end_all();
  REQUIRE((env.memory_files().content(aside) == damaged));  // not for printing
}

TEST_CASE("segments that nobody here can read are set aside and counted", "[journal]") {
  const ManualEnv env;
  live_and_die(env, 1, 0);
  {
    const auto journal = std::move(open_journal(env, true).value());
    begin_life(*journal, 1);
    put_chunk(*journal, {.records = {"a"}, .epoch = 1});
  }
  write_file(env.files(), spool_one + "/segment-000002", segment_of({free_block()}, 77));
  write_file(env.files(), spool_one + "/segment-000003", "noise");
  write_file(env.files(), spool_one + "/segment-000004", std::string(9000, '\0'));  // unborn
  const auto journal = std::move(open_journal(env).value());

  FoundSpools found = find(*journal);

  REQUIRE(found.open == Texts{"a"});
  REQUIRE(found.counts.set_aside == 2);
  found.end_all();
  REQUIRE(names_in(env, std::string(journal_top) + "/set-aside") ==
          std::vector<std::string>{"0000000000000001-segment-000002",
                                   "0000000000000001-segment-000003"});
}

TEST_CASE("chunks from before the system was started are set aside, not delivered", "[journal]") {
  const ManualEnv env;
  live_and_die(env, 1, 0);
  const auto journal = std::move(open_journal(env).value());
  {
    const auto shared = std::move(open_journal(env, true).value());
    begin_life(*shared, 1);
    put_chunk(*shared, {.records = {"a"}, .epoch = 1});
  }
  write_file(
      env.files(), spool_one + "/segment-000002",
      segment_of({block_of({.records = {"old"}, .first_sequence = 9, .epoch = 1})}, 1, 4711));

  FoundSpools found = find(*journal);

  REQUIRE(found.open == Texts{"a"});
  REQUIRE(found.counts.untrusted_chunks == 1);
  REQUIRE(found.counts.set_aside == 1);
}

TEST_CASE("a journal takes no more disk than its limit, and gives it back", "[journal]") {
  const ManualEnv env;
  const auto journal = std::move(open_journal(env, false, 1_MiB).value());
  begin_life(*journal, 1);
  constexpr std::size_t large = 256 * 1024;
  std::vector<hydrant::detail::BlockStore::Blocks> all;
  for (int i = 0; i < 3; ++i) {  // each with a header of 4 KiB
    all.push_back(journal->make_blocks(large, 1));
    REQUIRE(all.back().memory != nullptr);
  }

  REQUIRE(journal->make_blocks(large, 1).memory == nullptr);

  REQUIRE(journal->take_trouble() == "disk_limit of the journal is reached");
  REQUIRE(journal->take_trouble().empty());
  all[1].owner->free_block(all[1].memory, large);
  env.advance(std::chrono::seconds(1));
  REQUIRE(journal->make_blocks(large, 1).memory != nullptr);
  env.advance(std::chrono::seconds(1));
  REQUIRE(journal->make_blocks(large, 1).memory == nullptr);
}

TEST_CASE("what an earlier life has left counts against the disk limit until it has ended",
          "[journal]") {
  const ManualEnv env;
  constexpr std::size_t large = 512 * 1024;
  {
    const auto journal = std::move(open_journal(env).value());
    begin_life(*journal, 1);
    const auto blocks = journal->make_blocks(large, 1);
    const std::string block = block_of({.records = {"a"}, .epoch = 1});
    std::memcpy(blocks.memory, block.data(), block.size());
    auto* header = reinterpret_cast<hydrant::detail::ChunkHeader*>(blocks.memory);
    header->capacity = large;
    header->check = check_of(*header);
  }
  const auto journal = std::move(open_journal(env, false, 1_MiB).value());
  FoundSpools found = find(*journal);
  begin_life(*journal, 2);
  REQUIRE(found.blocks.size() == 1);
  REQUIRE(journal->make_blocks(large, 1).memory == nullptr);

  found.end_all();
  env.advance(std::chrono::seconds(1));

  REQUIRE(journal->make_blocks(large, 1).memory != nullptr);
}

TEST_CASE("a journal in a place that cannot be written says what was tried", "[journal]") {
  const ManualEnv env;
  write_file(env.files(), "lake", "a file");

  const auto journal = open_journal(env);

  REQUIRE_FALSE(journal);
  REQUIRE(journal.failure().message == "make directory lake: Not a directory");
}
