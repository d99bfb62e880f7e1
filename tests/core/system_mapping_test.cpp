// SPDX-License-Identifier: MIT
//
// What a journal asks of the operating system's files: mappings that others
// see, logs of a fixed size, locks that end with their owner.
#include <hydrant/core/system_files.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "scratch_directory.hpp"
#include "test.hpp"
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using hydrant::SystemFiles;
using hydrant::tests::ScratchDirectory;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text));
}

void put(hydrant::Mapping& mapping, std::size_t at, std::string_view text) {
  std::ranges::copy(bytes_of(text), mapping.bytes().subspan(at).begin());
}

/// Runs `work` in a child. Returns: whether it said true.
template <class Work>
bool in_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(work() ? 0 : 1);
  }
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

TEST_CASE("a mapping made by system files is zeros, of that size, with disk space for each",
          "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/a";

  const auto mapping = std::move(files.create_mapped(path, 10'000).value());

  REQUIRE(mapping->bytes().size() == 10'000);
  REQUIRE(reinterpret_cast<std::uintptr_t>(mapping->bytes().data()) % 4096 == 0);
  REQUIRE((content_of(path) == std::string(10'000, '\0')));

  struct stat status {};

  REQUIRE(::stat(path.c_str(), &status) == 0);
  REQUIRE(status.st_blocks * 512 >= 10'000);
  REQUIRE((status.st_mode & 0777) == 0600);  // records are nobody else's business
  REQUIRE(files.create_mapped(path, 10).failure().os_code == EEXIST);
}

TEST_CASE("what is stored in a mapping is in the file at once, and when the process was killed",
          "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/a";
  {
    const auto mapping = std::move(files.create_mapped(path, 8192).value());
    put(*mapping, 5000, "here");
    REQUIRE(content_of(path).substr(5000, 4) == "here");
  }
  const pid_t child = ::fork();
  if (child == 0) {
    const auto mapping = std::move(files.map(path).value());
    put(*mapping, 6000, "still here");
    ::kill(::getpid(), SIGKILL);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));

  const auto mapping = std::move(files.map(path).value());

  const std::string_view found(reinterpret_cast<const char*>(mapping->bytes().data()), 8192);
  REQUIRE(found.substr(5000, 4) == "here");
  REQUIRE(found.substr(6000, 10) == "still here");
}

TEST_CASE("an empty file is mapped as no bytes, and one that is missing is named",
          "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  REQUIRE(files.create(scratch.path + "/empty"));

  REQUIRE(files.map(scratch.path + "/empty").value()->bytes().empty());
  REQUIRE(files.map(scratch.path + "/missing").failure().os_code == ENOENT);
  REQUIRE(files.map(scratch.path + "/missing").failure().message ==
          "open " + scratch.path + "/missing: No such file or directory");
}

TEST_CASE("a mapping for which there is no room leaves no file", "[core][system_files]") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path + "/a";

  REQUIRE(in_child([&] {  // for the limit holds for the whole process
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    SystemFiles files;
    return files.create_mapped(path, 200'000).failure().os_code == EFBIG &&
           files.create_log(path, 200'000).failure().os_code == EFBIG;
  }));

  REQUIRE(SystemFiles().list(scratch.path).value().empty());
}

TEST_CASE("a mapping that is taken out of memory comes back as it was", "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const auto mapping = std::move(files.create_mapped(scratch.path + "/a", 16'384).value());
  put(*mapping, 4096, "second page");

  mapping->page_out(4096, 8192);

  REQUIRE(std::ranges::equal(mapping->bytes().subspan(4096, 11), bytes_of("second page")));
}

TEST_CASE("what a forked child writes to its private mapping reaches neither file nor parent",
          "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/a";
  const auto mapping = std::move(files.create_mapped(path, 4096).value());
  put(*mapping, 0, "parent");

  REQUIRE(in_child([&] {
    mapping->become_private();
    const bool sees_parent = std::ranges::equal(mapping->bytes().first(6), bytes_of("parent"));
    put(*mapping, 0, "child!");
    return sees_parent && std::ranges::equal(mapping->bytes().first(6), bytes_of("child!"));
  }));

  REQUIRE(std::ranges::equal(mapping->bytes().first(6), bytes_of("parent")));
  REQUIRE(content_of(path).substr(0, 6) == "parent");
}

TEST_CASE("a child may go on with a private mapping whose file is gone", "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const auto mapping = std::move(files.create_mapped(scratch.path + "/a", 4096).value());
  REQUIRE(files.remove(scratch.path + "/a"));

  REQUIRE(in_child([&] {
    mapping->become_private();
    put(*mapping, 4000, "child");
    return true;
  }));
}

TEST_CASE("a log has its whole size from the beginning, and takes writes in any place",
          "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/log";
  const auto log = std::move(files.create_log(path, 3'000'000).value());
  REQUIRE(content_of(path).size() == 3'000'000);

  REQUIRE(log->write_at(2'999'996, bytes_of("last")));
  REQUIRE(log->write_at(0, bytes_of("first")));
  REQUIRE(log->sync());

  const std::string content = content_of(path);
  REQUIRE(content.size() == 3'000'000);
  REQUIRE(content.substr(0, 6) == std::string("first\0", 6));
  REQUIRE(content.substr(2'999'996) == "last");
  REQUIRE(files.create_log(path, 10).failure().os_code == EEXIST);
}

TEST_CASE("a lock is refused while it is held, to this process and to others",
          "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/lock";
  auto lock = files.lock(path);
  REQUIRE(lock);

  REQUIRE(files.lock(path).failure().os_code == EWOULDBLOCK);
  REQUIRE(in_child([&] { return files.lock(path).failure().os_code == EWOULDBLOCK; }));

  lock.value().reset();
  REQUIRE(files.lock(path));
  REQUIRE(in_child([&] { return bool(files.lock(path)); }));
}

TEST_CASE("a lock ends with the process that holds it", "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/lock";
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = files.lock(path);
    ::kill(::getpid(), lock ? SIGKILL : SIGTERM);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));

  REQUIRE(files.lock(path));
}

TEST_CASE("a child that forgets a lock leaves it to its parent", "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/lock";
  auto lock = files.lock(path);
  REQUIRE(lock);

  REQUIRE(in_child([&] {
    lock.value()->forget();
    lock.value().reset();
    return files.lock(path).failure().os_code == EWOULDBLOCK;
  }));

  REQUIRE(files.lock(path).failure().os_code == EWOULDBLOCK);
  lock.value().reset();
  REQUIRE(files.lock(path));
}

TEST_CASE("a lock whose file was removed by its holder is taken anew", "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/lock";
  const auto first = files.lock(path);
  REQUIRE(files.remove(path));

  const auto second = files.lock(path);

  REQUIRE(second);
  REQUIRE(files.lock(path).failure().os_code == EWOULDBLOCK);
}

TEST_CASE("system files remove directories that are empty, and no others", "[core][system_files]") {
  const ScratchDirectory scratch;
  SystemFiles files;
  const std::string path = scratch.path + "/directory";
  REQUIRE(files.make_directories(path));
  REQUIRE(files.create(path + "/a"));

  REQUIRE(files.remove_directory(path).failure().os_code == ENOTEMPTY);
  REQUIRE(files.remove(path + "/a"));
  REQUIRE(files.remove_directory(path));
  REQUIRE(files.remove_directory(path).failure().os_code == ENOENT);
}

TEST_CASE("system files name the start of the system by the same word every time",
          "[core][system_files]") {
  SystemFiles files;
  const std::string first = files.boot_id();

  REQUIRE(first == files.boot_id());
  REQUIRE((first.empty() || first.size() == 36));
}
