// SPDX-License-Identifier: MIT
#include <hydrant/testing/simulated_disk.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test.hpp"

using hydrant::File;
using hydrant::LogFile;
using hydrant::Mapping;
using hydrant::testing::SimulatedDisk;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

bool write(File& file, std::string_view text) {
  return static_cast<bool>(file.write(bytes_of(text)));
}

void store(Mapping& mapping, std::size_t offset, std::string_view text) {
  std::ranges::copy(bytes_of(text), mapping.bytes().subspan(offset).begin());
}

std::string read(Mapping& mapping, std::size_t offset, std::size_t size) {
  const auto bytes = mapping.bytes().subspan(offset, size);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What is left of a file after power cuts of many seeds. `prepare` is given a fresh disk.
template <class Prepare>
std::set<std::string> left_after_cuts(const std::string& path, Prepare prepare) {
  std::set<std::string> left;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SimulatedDisk disk(seed);
    prepare(disk);
    disk.cut_power();
    left.insert(disk.content(path).value_or("no file"));
  }
  return left;
}

}  // namespace

TEST_CASE("simulated disk keeps what is written, under directories that were made",
          "[testing][simulated_disk]") {
  SimulatedDisk disk;
  REQUIRE(disk.create("lake/x").failure().os_code == ENOENT);
  REQUIRE(disk.make_directories("lake/a"));
  {
    auto file = disk.create("lake/a/x");
    REQUIRE(write(*file.value(), "one\n"));
    REQUIRE(write(*file.value(), "two\n"));
    REQUIRE(file.value()->close());
  }

  REQUIRE(disk.content("lake/a/x") == "one\ntwo\n");
  REQUIRE(disk.create("lake/a/x").failure().os_code == EEXIST);
  REQUIRE(disk.list("lake/a/x").failure().os_code == ENOTDIR);
  REQUIRE(disk.list("lake/b").failure().os_code == ENOENT);
  REQUIRE(disk.remove_directory("lake/a").failure().os_code == ENOTEMPTY);
  REQUIRE(disk.rename("lake/a/x", "lake/y"));
  REQUIRE(disk.paths() == std::vector<std::string>{"lake/y"});
  REQUIRE(disk.remove("lake/y"));
  REQUIRE(disk.remove("lake/y").failure().os_code == ENOENT);
  REQUIRE(disk.remove_directory("lake/a"));
  REQUIRE(disk.list("lake").value().empty());
}

TEST_CASE("simulated disk shares a mapped file's memory, from the beginning of a page on",
          "[testing][simulated_disk]") {
  SimulatedDisk disk;
  auto one = disk.create_mapped("m", 10'000);
  auto other = disk.map("m");

  store(*one.value(), 9'990, "end");

  REQUIRE(reinterpret_cast<std::uintptr_t>(one.value()->bytes().data()) % 4096 == 0);
  REQUIRE(read(*other.value(), 9'990, 3) == "end");
  REQUIRE(read(*other.value(), 0, 1) == std::string(1, '\0'));
  REQUIRE(disk.used() == 10'000);
}

TEST_CASE("simulated disk takes a killed process's last store, and none after it",
          "[testing][simulated_disk]") {
  SimulatedDisk disk;
  auto mapping = disk.create_mapped("m", 4096);
  auto log = disk.create_log("l", 512);
  auto file = disk.create("f");
  auto lock = disk.lock("k");
  store(*mapping.value(), 0, "before");
  REQUIRE(write(*file.value(), "before"));
  REQUIRE(disk.lock("k").failure().os_code == EWOULDBLOCK);

  disk.kill_process();
  store(*mapping.value(), 0, "behind");
  REQUIRE_FALSE(write(*file.value(), "behind"));
  REQUIRE_FALSE(log.value()->write_at(0, bytes_of("behind")));
  auto next_lock = disk.lock("k");
  { const auto dead = std::move(lock); }

  REQUIRE(read(*disk.map("m").value(), 0, 6) == "before");
  REQUIRE(read(*mapping.value(), 0, 6) == "behind");
  REQUIRE(disk.content("f") == "before");
  REQUIRE(disk.content("l") == std::string(512, '\0'));
  REQUIRE(next_lock);
  REQUIRE(disk.lock("k").failure().os_code == EWOULDBLOCK);
}

TEST_CASE("simulated disk keeps what was synced through a power cut", "[testing][simulated_disk]") {
  const auto left = left_after_cuts("d/f", [](SimulatedDisk& disk) {
    REQUIRE(disk.make_directories("d"));
    REQUIRE(disk.sync_directory(""));
    auto file = disk.create("d/f");
    REQUIRE(write(*file.value(), "safe"));
    REQUIRE(file.value()->sync());
    REQUIRE(disk.sync_directory("d"));
  });

  REQUIRE(left == std::set<std::string>{"safe"});
}

TEST_CASE("simulated disk may lose what was not synced, in sectors", "[testing][simulated_disk]") {
  const std::string old(1024, 'o');
  const std::string half = std::string(512, 'n') + std::string(512, 'o');
  const std::string other_half = std::string(512, 'o') + std::string(512, 'n');
  const auto left = left_after_cuts("l", [&](SimulatedDisk& disk) {
    auto log = disk.create_log("l", 1024);
    REQUIRE(log.value()->write_at(0, bytes_of(old)));
    REQUIRE(log.value()->sync());
    REQUIRE(disk.sync_directory(""));
    REQUIRE(log.value()->write_at(0, bytes_of(std::string(1024, 'n'))));
  });

  REQUIRE(left == std::set<std::string>{old, half, other_half, std::string(1024, 'n')});
}

TEST_CASE("simulated disk may lose names whose directory was not synced",
          "[testing][simulated_disk]") {
  const auto left = left_after_cuts("new", [](SimulatedDisk& disk) {
    auto file = disk.create("old");
    REQUIRE(write(*file.value(), "safe"));
    REQUIRE(file.value()->sync());
    REQUIRE(disk.sync_directory(""));
    REQUIRE(disk.rename("old", "new"));
  });

  REQUIRE(left == std::set<std::string>{"no file", "safe"});
}

TEST_CASE("simulated disk forgets for good what a failed sync did not write",
          "[testing][simulated_disk]") {
  const auto left = left_after_cuts("l", [](SimulatedDisk& disk) {
    disk.set_faults({.write_back = 0});
    auto log = disk.create_log("l", 4);
    REQUIRE(disk.sync_directory(""));
    REQUIRE(log.value()->write_at(0, bytes_of("data")));
    disk.fail_call(1, EIO);
    REQUIRE(log.value()->sync().failure().os_code == EIO);
    REQUIRE(log.value()->sync());
  });

  REQUIRE(left == std::set<std::string>{std::string(4, '\0'), "data"});
}

TEST_CASE("simulated disk is another boot after a power cut, and not after a kill",
          "[testing][simulated_disk]") {
  SimulatedDisk disk;
  const std::string first = disk.boot_id();

  disk.kill_process();
  const std::string after_kill = disk.boot_id();
  disk.cut_power();

  REQUIRE(after_kill == first);
  REQUIRE(disk.boot_id() != first);
}

TEST_CASE("simulated disk is full at its capacity, but not for space that was taken before",
          "[testing][simulated_disk]") {
  SimulatedDisk disk;
  disk.set_capacity(8192);
  auto log = disk.create_log("l", 4096);
  REQUIRE(disk.create_mapped("m", 4097).failure().os_code == ENOSPC);
  auto file = disk.create("f");

  REQUIRE_FALSE(write(*file.value(), std::string(5000, 'x')));
  REQUIRE(disk.content("f").value().size() == 4096);
  REQUIRE(disk.create("g").failure().os_code == ENOSPC);
  REQUIRE(log.value()->write_at(0, bytes_of(std::string(4096, 'y'))));
  REQUIRE(disk.remove("f"));
  REQUIRE(disk.create_mapped("m", 4096));
}

TEST_CASE("simulated disk kills in the middle of the call that was chosen",
          "[testing][simulated_disk]") {
  SimulatedDisk disk;
  auto file = disk.create("f");
  bool killed = false;
  disk.kill_at_call(2, [&] { killed = true; });

  REQUIRE(write(*file.value(), "whole"));
  REQUIRE_FALSE(killed);
  REQUIRE_FALSE(write(*file.value(), "parts"));
  REQUIRE(killed);
  REQUIRE_FALSE(write(*file.value(), "gone"));

  REQUIRE(std::string("wholeparts").starts_with(disk.content("f").value()));
}

TEST_CASE("simulated disk kills at a sync: what it was to keep is seen, and may be gone",
          "[testing][simulated_disk]") {
  bool was_lost = false;
  for (std::uint64_t seed = 1; seed <= 50 && !was_lost; ++seed) {
    SimulatedDisk disk(seed);
    auto file = disk.create("f");
    REQUIRE(file.value()->sync());
    REQUIRE(disk.sync_directory("."));
    bool killed = false;
    disk.kill_at_sync(1, [&] { killed = true; });

    REQUIRE(write(*file.value(), "record"));
    REQUIRE_FALSE(killed);
    REQUIRE_FALSE(file.value()->sync());
    REQUIRE(killed);
    REQUIRE(disk.content("f") == "record");
    disk.cut_power();
    was_lost = disk.content("f") != "record";
  }
  REQUIRE(was_lost);
}

TEST_CASE("simulated disk fails by switch and turns bits over", "[testing][simulated_disk]") {
  SimulatedDisk disk;
  auto file = disk.create("f");
  REQUIRE(write(*file.value(), "a"));

  disk.fail_all(EROFS);
  REQUIRE(disk.remove("f").failure().os_code == EROFS);
  disk.fail_all(0);

  REQUIRE(disk.flip_bit("f", 1));
  REQUIRE(disk.content("f") == "c");
  REQUIRE_FALSE(disk.flip_bit("f", 8));
}
