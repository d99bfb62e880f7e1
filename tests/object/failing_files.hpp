// SPDX-License-Identifier: MIT
//
// A file system in memory whose n-th call fails, and that knows what a power
// cut would leave of it.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/files.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::tests {

class FailingFiles final : public Files {
 public:
  struct Content {
    std::string bytes;
    bool synced = false;
  };

  /// By path. Names that are not synced yet count, too.
  std::map<std::string, Content> files;
  /// Directories whose names changed since they were last synced.
  std::set<std::string> unsynced;
  std::set<std::string> directories{"."};
  std::vector<std::string> calls;
  /// Counted from 1 over all calls; 0 never fails.
  std::size_t failing_call = 0;

  Result<std::unique_ptr<File>> create(const std::string& path) override {
    if (fails("create " + path) || !directories.contains(parent(path)) || files.contains(path)) {
      return no_space("create", path);
    }
    files[path] = {};
    unsynced.insert(parent(path));
    return std::unique_ptr<File>(std::make_unique<MemoryFile>(*this, path));
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (fails("rename " + to) || !files.contains(from)) {
      return no_space("rename to", to);
    }
    files[to] = files[from];
    files.erase(from);
    unsynced.insert(parent(to));
    return success();
  }

  Status remove(const std::string& path) override {
    if (fails("remove " + path) || files.erase(path) == 0) {
      return no_space("remove", path);
    }
    return success();
  }

  Status make_directories(const std::string& path) override {
    if (fails("make_directories " + path)) {
      return no_space("make directory", path);
    }
    for (std::string at = path; directories.insert(at).second; at = parent(at)) {
      unsynced.insert(parent(at));
    }
    return success();
  }

  Status sync_directory(const std::string& path) override {
    if (fails("sync_directory " + path) || !directories.contains(path)) {
      return no_space("sync directory", path);
    }
    unsynced.erase(path);
    return success();
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    std::vector<std::string> names;
    for (const auto& [name, content] : files) {
      if (parent(name) == path) {
        names.push_back(name);
      }
    }
    return names;
  }

  static std::string parent(const std::string& path) {
    const std::size_t end = path.rfind('/');
    return end == std::string::npos ? "." : path.substr(0, end);
  }

 private:
  class MemoryFile final : public File {
   public:
    MemoryFile(FailingFiles& files, std::string path) : files_(files), path_(std::move(path)) {}

    Status write(std::span<const std::byte> bytes) override {
      const bool is_full = files_.fails("write " + path_);
      const std::size_t size = is_full ? bytes.size() / 2 : bytes.size();
      files_.files[path_].bytes.append(reinterpret_cast<const char*>(bytes.data()), size);
      return is_full ? Status(no_space("write", path_)) : success();
    }

    Status sync() override {
      if (files_.fails("sync " + path_)) {
        return no_space("sync", path_);
      }
      files_.files[path_].synced = true;
      return success();
    }

    Status close() override {
      return files_.fails("close " + path_) ? Status(no_space("close", path_)) : success();
    }

   private:
    FailingFiles& files_;
    std::string path_;
  };

  bool fails(std::string call) {
    calls.push_back(std::move(call));
    return calls.size() == failing_call;
  }

  static Failure no_space(const std::string& tried, const std::string& path) {
    return {tried + " " + path + ": No space left on device", 28};
  }
};

/// A world that a test sets.
class StillWorld final : public World {
 public:
  explicit StillWorld(Files& files) : files_(&files) {}

  SteadyTime now{};

  SteadyTime steady_now() override { return now; }

  WallTime wall_now() override { return {}; }

  std::uint64_t random() override { return ++random_; }

  Files& files() override { return *files_; }

 private:
  Files* files_;
  std::uint64_t random_ = 0;
};

/// An attempt in a world of its own, with a minute left.
struct TestAttempt {
  explicit TestAttempt(Files& files) : world(files) {}

  StillWorld world;
  std::atomic<bool> stop{false};
  Attempt attempt{world, 1, SteadyTime{} + std::chrono::minutes(1), stop};
};

}  // namespace hydrant::tests
