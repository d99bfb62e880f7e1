// SPDX-License-Identifier: MIT
#include <hydrant/object/directory_source.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_files.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

using hydrant::Attempt;
using hydrant::DirectorySource;

namespace {

struct DirectoryRig {
  Attempt attempt() { return {*world, 1, world->steady_now() + std::chrono::hours(1), stop}; }

  void keep(const std::string& key, std::string_view body) {
    const std::string path = "lake/" + key;
    REQUIRE(files->make_directories(path.substr(0, path.rfind('/'))));
    auto file = std::move(files->create(path).value());
    REQUIRE(file->write(std::as_bytes(std::span(body))));
    REQUIRE(file->close());
  }

  std::vector<std::string> list(std::string_view prefix) {
    Attempt now = attempt();
    auto keys = source.list(prefix, now);
    INFO((keys ? std::string() : keys.failure().message));
    REQUIRE(keys);
    return keys.value();
  }

  std::shared_ptr<hydrant::testing::MemoryFiles> files =
      std::make_shared<hydrant::testing::MemoryFiles>();
  hydrant::testing::ManualEnv env{1, files};
  std::shared_ptr<hydrant::World> world = hydrant::make_world(env);
  std::atomic<bool> stop{false};
  DirectorySource source{"lake/"};
};

}  // namespace

TEST_CASE("a directory lists its files by prefix, in order, but hidden ones",
          "[object][directory_source]") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 dice(seed);
    DirectoryRig rig;
    std::set<std::string> kept;
    for (std::size_t i = dice() % 12; i > 0; --i) {
      std::string key;
      for (std::size_t depth = dice() % 3; depth > 0; --depth) {
        key += std::string(dice() % 8 == 0 ? "." : "") + "d" + std::to_string(dice() % 3) + "/";
      }
      key += std::string(dice() % 8 == 0 ? "." : "") + "f" + std::to_string(dice() % 5);
      if (kept.insert(key).second) {
        rig.keep(key, "body");
      }
    }
    for (const std::string prefix : {"", "d", "d1/", "d1/f", "d1/d2/f0", "d1/f0/", "x"}) {
      CAPTURE(prefix);
      std::vector<std::string> expected;
      for (const std::string& key : kept) {
        if (key.starts_with(prefix) && !key.starts_with('.') && key.find("/.") == key.npos) {
          expected.push_back(key);
        }
      }
      REQUIRE(rig.list(prefix) == expected);
    }
  }
}

TEST_CASE("a directory that is missing holds no objects", "[object][directory_source]") {
  DirectoryRig rig;
  REQUIRE(rig.list("").empty());
  REQUIRE(rig.list("../").empty());
}

TEST_CASE("a file is read whole, if it is not too large", "[object][directory_source]") {
  DirectoryRig rig;
  rig.keep("errors/a", "some text");
  Attempt now = rig.attempt();

  REQUIRE(rig.source.read("errors/a", 9, now).value() == "some text");
  REQUIRE(rig.source.read("errors/a", 8, now).failure().os_code == EFBIG);
  REQUIRE(rig.source.read("errors/b", 8, now).failure().os_code == ENOENT);
}

TEST_CASE("a file that is moved is under its new key, however often it is asked for",
          "[object][directory_source]") {
  DirectoryRig rig;
  rig.keep("errors/a", "some text");
  Attempt now = rig.attempt();

  REQUIRE(rig.source.move("errors/a", "redriven/errors/a", now));
  REQUIRE(rig.source.move("errors/a", "redriven/errors/a", now));
  REQUIRE(rig.list("") == std::vector<std::string>{"redriven/errors/a"});
  REQUIRE(rig.source.move("errors/b", "redriven/errors/b", now).failure().os_code == ENOENT);
}

TEST_CASE("a key that leads out of the directory is neither read nor moved",
          "[object][directory_source]") {
  DirectoryRig rig;
  rig.keep("a", "some text");
  Attempt now = rig.attempt();

  REQUIRE(rig.source.read("../a", 100, now).failure().message ==
          "read lake/../a: the key leads out of the directory");
  REQUIRE(rig.source.move("a", "../../a", now).failure().message ==
          "move lake/../../a: the key leads out of the directory");
  REQUIRE(rig.source.move("/a", "b", now).failure().os_code == EINVAL);
  REQUIRE(rig.list("") == std::vector<std::string>{"a"});
}
