// SPDX-License-Identifier: MIT
//
// A disk that is really full: a file system of 1 MiB in this process's own view
// of the mounts. Whoever waits long enough for space gets every record; who does
// not finds them in the error output; and no half object stands anywhere.
#include <hydrant/core/system_files.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/lines.hpp>
#include <hydrant/object/object_sink.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;

namespace {

namespace fs = std::filesystem;

/// A disk of 1 MiB, mounted where only this process sees it.
class SmallDisk {
 public:
  SmallDisk() {
    path_ = "/tmp/hydrant-disk-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) {
      return;
    }
    static const bool is_apart = ::unshare(CLONE_NEWNS) == 0 || become_root_of_own_world();
    is_mounted_ = is_apart && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                  ::mount("none", path_.c_str(), "tmpfs", 0, "size=1m") == 0;
  }

  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  ~SmallDisk() {
    if (is_mounted_) {
      ::umount(path_.c_str());
    }
    ::rmdir(path_.c_str());
  }

  bool is_mounted() const { return is_mounted_; }

  const std::string& path() const { return path_; }

  /// Takes up what is free, but for `bytes`.
  void fill_but(std::size_t bytes) const {
    std::ofstream ballast(path_ + "/ballast", std::ios::binary);
    const std::size_t size = fs::space(path_).available - bytes;
    ballast << std::string(size, 'b');
  }

  void make_room() const { fs::remove(path_ + "/ballast"); }

  /// Every file but the ballast, whatever its name.
  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path_)) {
      if (entry.is_regular_file() && entry.path().filename() != "ballast") {
        files.push_back(entry.path());
      }
    }
    return files;
  }

  /// The lines of all files.
  Texts lines() const {
    Texts lines;
    for (const fs::path& path : files()) {
      std::ifstream file(path);
      for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
      }
    }
    return lines;
  }

 private:
  /// Who has no right to mount has it in a name space of his own.
  static bool become_root_of_own_world() {
    const std::string user = "0 " + std::to_string(::getuid()) + " 1";
    const std::string group = "0 " + std::to_string(::getgid()) + " 1";
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return false;
    }
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/gid_map") << group;
    return bool(std::ofstream("/proc/self/uid_map") << user << std::flush);
  }

  std::string path_;
  bool is_mounted_ = false;
};

/// A stream of objects on the disk, in a world whose files are the system's.
struct DiskStream {
  explicit DiskStream(const SmallDisk& disk)
      : env(1, std::make_shared<hydrant::SystemFiles>()),
        stream(minute_options(), hydrant::identity,
               hydrant::ObjectSink{hydrant::DirectoryStore{disk.path()}, hydrant::Lines{},
                                   hydrant::Uncompressed{}},
               env, hydrant::error_output(letters)) {}

  ManualEnv env;
  MemorySink letters{"\n"};
  hydrant::DeliveryStream<
      hydrant::Identity,
      hydrant::ObjectSink<hydrant::DirectoryStore, hydrant::Lines, hydrant::Uncompressed>,
      ManualEnv>
      stream;
};

const std::string disk_is_full = "No space left on device";

// The batches of 20,000 records are of 129 kB, and this is what is free.
constexpr std::size_t too_little = 100'000;
constexpr std::size_t batch_records = 20'000;

}  // namespace

TEST_CASE("stream on a full disk says so, leaves nothing half, and delivers when there is room",
          "[integration][full_disk]") {
  const SmallDisk disk;
  if (!disk.is_mounted()) {
    HYDRANT_SKIP("full disk: no right to mount a small one");
  }
  disk.fill_but(too_little);
  DiskStream rig(disk);
  put_all(rig.stream, numbered(batch_records));
  for (int second = 0; second < 240; ++second) {  // a minute of gathering, three of retries
    rig.env.advance(1s);
    REQUIRE(disk.files().empty());  // neither half an object nor a temporary file
  }

  const hydrant::DeliveryReport report = rig.stream.flush(1s);
  REQUIRE_FALSE(report.complete);
  REQUIRE(report.ledger.in_memory == batch_records);
  REQUIRE(report.troubles.find("put " + disk.path() + "/2026/01/01/00/rig-1-") !=
          std::string::npos);
  REQUIRE(report.troubles.find(disk_is_full) != std::string::npos);
  REQUIRE(rig.stream.history().find("put " + disk.path()) != std::string::npos);
  REQUIRE(rig.stream.history().find(disk_is_full) != std::string::npos);
  disk.make_room();
  rig.env.advance(120s);

  REQUIRE(rig.stream.ledger().delivered == batch_records);
  REQUIRE(disk.files().size() == 1);
  REQUIRE(disk.lines() == numbered(batch_records));
  REQUIRE(rig.letters.record_count() == 0);
}

TEST_CASE("stream on a disk that stays full gives its records to the error output and goes on",
          "[integration][full_disk]") {
  const SmallDisk disk;
  if (!disk.is_mounted()) {
    HYDRANT_SKIP("full disk: no right to mount a small one");
  }
  disk.fill_but(too_little);
  DiskStream rig(disk);
  put_all(rig.stream, numbered(batch_records));
  rig.env.advance(60s + 300s + 300s);  // gathered, retried, and gathered by the error output

  const hydrant::DeliveryReport report = rig.stream.flush(1s);
  REQUIRE(report.complete);
  REQUIRE(report.ledger.dead_lettered == batch_records);
  REQUIRE(report.troubles.find(disk_is_full + ", no retry time left") != std::string::npos);
  REQUIRE(rig.stream.history().find(disk_is_full + ", no retry time left") != std::string::npos);
  REQUIRE(rig.letters.record_count() == batch_records);
  for (const std::string& letter : rig.letters.records()) {
    REQUIRE(letter.find("Directory.WriteFailed") != std::string::npos);
    REQUIRE(letter.find(disk_is_full) != std::string::npos);
  }
  REQUIRE(disk.files().empty());

  put_all(rig.stream, numbered(100));  // so little fits
  REQUIRE(rig.stream.flush(1s).complete);
  REQUIRE(disk.lines() == numbered(100));
}

TEST_CASE("stream whose error output is on the same full disk counts what it lost",
          "[integration][full_disk]") {
  const SmallDisk disk;
  if (!disk.is_mounted()) {
    HYDRANT_SKIP("full disk: no right to mount a small one");
  }
  disk.fill_but(too_little);
  const auto on_disk = [&](const char* folder) {
    return hydrant::ObjectSink{hydrant::DirectoryStore{disk.path() + "/" + folder},
                               hydrant::Lines{}, hydrant::Uncompressed{}};
  };
  ManualEnv env(1, std::make_shared<hydrant::SystemFiles>());
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, on_disk("main"), env,
                                 hydrant::error_output(on_disk("errors"))};
  put_all(stream, Texts(150, std::string(999, 'x')));
  env.advance(60s + 300s + 300s + 300s);

  const hydrant::DeliveryReport report = stream.close(1s);

  REQUIRE(report.ledger.balanced());
  REQUIRE(report.ledger.lost == 150);
  REQUIRE(report.ledger
              .lost_by_reason[static_cast<std::size_t>(hydrant::LostReason::error_output_failed)] ==
          150);
  REQUIRE(to_text(report).find("lost (error_output_failed): 150") != std::string::npos);
  REQUIRE(report.troubles.find(disk_is_full) != std::string::npos);
  REQUIRE(disk.files().empty());
}
