// SPDX-License-Identifier: MIT
#include <hydrant/testing/memory_files.hpp>

#include <cerrno>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

using hydrant::File;
using hydrant::testing::MemoryFiles;

namespace {

bool write(File& file, std::string_view text) {
  return static_cast<bool>(file.write(std::as_bytes(std::span(text.data(), text.size()))));
}

}  // namespace

TEST_CASE("memory files keep what is written, under directories that were made",
          "[testing][memory_files]") {
  MemoryFiles files;
  REQUIRE(files.create("lake/a/x.log").failure().os_code == ENOENT);
  REQUIRE(files.make_directories("lake/a"));
  {
    auto file = files.create("lake/a/x.log");
    REQUIRE(file);
    REQUIRE(write(*file.value(), "one\n"));
    REQUIRE(write(*file.value(), "two\n"));
    REQUIRE(file.value()->close());
  }

  REQUIRE(files.content("lake/a/x.log") == "one\ntwo\n");
  REQUIRE(files.create("lake/a/x.log").failure().os_code == EEXIST);
  REQUIRE(files.list("lake").value() == std::vector<std::string>{"a"});
  REQUIRE(files.list("lake/a/x.log").failure().os_code == ENOTDIR);
  REQUIRE(files.rename("lake/a/x.log", "lake/y.log"));
  REQUIRE(files.list("lake").value() == std::vector<std::string>{"y.log", "a"});
  REQUIRE(files.remove("lake/y.log"));
  REQUIRE(files.paths().empty());
  REQUIRE(files.remove("lake/y.log").failure().os_code == ENOENT);
}

TEST_CASE("memory files fail exactly the call that was chosen", "[testing][memory_files]") {
  MemoryFiles files;
  auto file = files.create("x");
  files.fail_call(2, EIO);

  REQUIRE(write(*file.value(), "a"));
  REQUIRE(file.value()->sync().failure().os_code == EIO);
  REQUIRE(file.value()->sync());
  REQUIRE(files.sync_count() == 2);
}

TEST_CASE("memory files fill up in the middle of a write", "[testing][memory_files]") {
  MemoryFiles files;
  auto file = files.create("x");
  files.fill_up_after(4);

  REQUIRE(write(*file.value(), "abc"));
  REQUIRE_FALSE(write(*file.value(), "def"));
  REQUIRE(files.content("x") == "abcd");

  files.empty_out();
  REQUIRE(write(*file.value(), "!"));
}

TEST_CASE("memory files lose what was not synced", "[testing][memory_files]") {
  MemoryFiles files;
  auto file = files.create("x");
  REQUIRE(write(*file.value(), "safe"));
  REQUIRE(file.value()->sync());
  REQUIRE(write(*file.value(), " gone"));

  files.lose_unsynced_writes();

  REQUIRE(files.content("x") == "safe");
}

TEST_CASE("memory files can be read whole, if they are small", "[testing][memory_files]") {
  MemoryFiles files;
  REQUIRE(files.make_directories("lake"));
  REQUIRE(write(*files.create("lake/a").value(), "content"));

  REQUIRE(files.read("lake/a", 7).value() == "content");
  REQUIRE(files.read("lake/a", 6).failure().os_code == EFBIG);
  REQUIRE(files.read("lake/b", 6).failure().os_code == ENOENT);
  REQUIRE(files.read("lake", 6).failure().os_code == EISDIR);
  files.fail_call(1, EIO);
  REQUIRE(files.read("lake/a", 7).failure().os_code == EIO);
}
