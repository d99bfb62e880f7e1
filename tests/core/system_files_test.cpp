// SPDX-License-Identifier: MIT
#include <hydrant/core/system_files.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

using hydrant::Failure;
using hydrant::Result;
using hydrant::Status;
using hydrant::SystemFiles;

namespace {

/// A directory that is gone at the end of the test.
struct Scratch {
  Scratch() { REQUIRE(::mkdtemp(path.data()) != nullptr); }

  ~Scratch() { static_cast<void>(std::system(("rm -r " + path).c_str())); }

  std::string path = "/tmp/hydrant-files-XXXXXX";
};

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text));
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("system files write what they are given", "[core][system_files]") {
  const Scratch scratch;
  SystemFiles files;
  const std::string large(3'000'000, 'x');

  auto file = files.create(scratch.path + "/a");
  REQUIRE(static_cast<bool>(file));
  REQUIRE(static_cast<bool>(file.value()->write(bytes_of("hello "))));
  REQUIRE(static_cast<bool>(file.value()->write({})));
  REQUIRE(static_cast<bool>(file.value()->write(bytes_of(large))));
  REQUIRE(static_cast<bool>(file.value()->sync()));
  REQUIRE(static_cast<bool>(file.value()->close()));

  REQUIRE((content_of(scratch.path + "/a") == "hello " + large));
}

TEST_CASE("system files do not create what exists", "[core][system_files]") {
  const Scratch scratch;
  SystemFiles files;
  REQUIRE(static_cast<bool>(files.create(scratch.path + "/a")));

  auto again = files.create(scratch.path + "/a");

  REQUIRE_FALSE(static_cast<bool>(again));
  REQUIRE(again.failure().os_code == EEXIST);
  REQUIRE(again.failure().message == "create " + scratch.path + "/a: File exists");
}

TEST_CASE("system files are not inherited by programs that are started", "[core][system_files]") {
  const Scratch scratch;
  SystemFiles files;
  const int free_before = ::dup(0);
  ::close(free_before);

  auto file = files.create(scratch.path + "/a");

  REQUIRE(static_cast<bool>(file));
  REQUIRE((::fcntl(free_before, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a system file that is destroyed gives its descriptor back", "[core][system_files]") {
  const Scratch scratch;
  SystemFiles files;
  const int free_before = ::dup(0);
  ::close(free_before);

  static_cast<void>(files.create(scratch.path + "/a"));
  const int free_after = ::dup(0);
  ::close(free_after);

  REQUIRE(free_after == free_before);
}

TEST_CASE("system files report a write that the system took only in part", "[core][system_files]") {
  const Scratch scratch;
  // In a child, for the limit holds for the whole process.
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    SystemFiles files;
    auto file = files.create(scratch.path + "/a");
    const hydrant::Status status = file.value()->write(bytes_of(std::string(5000, 'x')));
    ::_exit(!status && status.failure().os_code == EFBIG ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  REQUIRE(content_of(scratch.path + "/a").size() == 1000);
}

TEST_CASE("system files make directories with their parents, again and again",
          "[core][system_files]") {
  const Scratch scratch;
  SystemFiles files;
  const std::string deep = scratch.path + "/a/b//c";

  REQUIRE(static_cast<bool>(files.make_directories(deep)));
  REQUIRE(static_cast<bool>(files.make_directories(deep)));
  REQUIRE(static_cast<bool>(files.make_directories(deep + "/")));

  REQUIRE(static_cast<bool>(files.create(deep + "/file")));
  REQUIRE(static_cast<bool>(files.sync_directory(deep)));
  const hydrant::Status below_a_file = files.make_directories(deep + "/file/d");
  REQUIRE_FALSE(static_cast<bool>(below_a_file));
  REQUIRE(below_a_file.failure().os_code == ENOTDIR);
}

TEST_CASE("system files rename over what is there", "[core][system_files]") {
  const Scratch scratch;
  SystemFiles files;
  for (const std::string_view name : {"/old", "/new"}) {
    auto file = files.create(scratch.path + std::string(name));
    REQUIRE(static_cast<bool>(file.value()->write(bytes_of(name))));
  }

  REQUIRE(static_cast<bool>(files.rename(scratch.path + "/new", scratch.path + "/old")));

  REQUIRE(content_of(scratch.path + "/old") == "/new");
  REQUIRE(files.list(scratch.path).value() == std::vector<std::string>{"old"});
}

TEST_CASE("system files list names without the two dots", "[core][system_files]") {
  const Scratch scratch;
  SystemFiles files;
  for (const std::string_view name : {"/b", "/.hidden", "/a"}) {
    REQUIRE(static_cast<bool>(files.create(scratch.path + std::string(name))));
  }

  std::vector<std::string> names = files.list(scratch.path).value();
  std::sort(names.begin(), names.end());

  REQUIRE(names == std::vector<std::string>{".hidden", "a", "b"});
}

TEST_CASE("system files say what is not there", "[core][system_files]") {
  const Scratch scratch;
  SystemFiles files;
  const std::string missing = scratch.path + "/missing";

  REQUIRE(files.create(missing + "/a").failure().os_code == ENOENT);
  REQUIRE(files.rename(missing, missing + "2").failure().os_code == ENOENT);
  REQUIRE(files.remove(missing).failure().os_code == ENOENT);
  REQUIRE(files.sync_directory(missing).failure().os_code == ENOENT);
  REQUIRE(files.list(missing).failure().os_code == ENOENT);
  REQUIRE(files.remove(missing).failure().message ==
          "remove " + missing + ": No such file or directory");
}

TEST_CASE("system files read a file that is small", "[core][system_files]") {
  const Scratch scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/a";
  std::ofstream(path) << std::string(10'000, 'x');

  REQUIRE(files.read(path, 10'001).value() == std::string(10'000, 'x'));
  REQUIRE(files.read(path, 10'000).value() == std::string(10'000, 'x'));
  const auto too_large = files.read(path, 9'999);
  REQUIRE(too_large.failure().os_code == EFBIG);
  REQUIRE(too_large.failure().message == "read " + path + ": it is larger than 9999 bytes");
  REQUIRE(files.read(scratch.path + "/none", 9).failure().message ==
          "read " + scratch.path + "/none: No such file or directory");
  REQUIRE(files.read(scratch.path, 9).failure().os_code == EISDIR);
}

TEST_CASE("system files do not wait for a pipe that nobody writes to", "[core][system_files]") {
  const Scratch scratch;
  const std::string path = scratch.path + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);

  REQUIRE(SystemFiles().read(path, 9).value().empty());
}

TEST_CASE("files that can only be mapped can be read", "[core][system_files]") {
  const Scratch scratch;
  std::ofstream(scratch.path + "/a") << "content";
  std::ofstream(scratch.path + "/empty");

  struct MappedFiles final : hydrant::Files {
    Failure none() { return {"not here"}; }

    Result<std::unique_ptr<hydrant::File>> create(const std::string&) override { return none(); }

    Status rename(const std::string&, const std::string&) override { return none(); }

    Status remove(const std::string&) override { return none(); }

    Status make_directories(const std::string&) override { return none(); }

    Status sync_directory(const std::string&) override { return none(); }

    Result<std::vector<std::string>> list(const std::string&) override { return none(); }

    Result<std::unique_ptr<hydrant::Mapping>> map(const std::string& path) override {
      return real.map(path);
    }

    SystemFiles real;
  } files;

  REQUIRE(files.read(scratch.path + "/a", 7).value() == "content");
  REQUIRE(files.read(scratch.path + "/empty", 0).value().empty());
  REQUIRE(files.read(scratch.path + "/a", 6).failure().os_code == EFBIG);
  REQUIRE(files.read(scratch.path + "/none", 9).failure().os_code == ENOENT);
}
