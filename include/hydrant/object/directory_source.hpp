// SPDX-License-Identifier: MIT
//
// Objects that are files below a directory, as a DirectoryStore writes them.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/files.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/object_source.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// Reads objects from files.
/// Threads: shared: safe.
class DirectorySource {
 public:
  static constexpr std::string_view name = "directory";

  explicit DirectorySource(std::string directory) : directory_(std::move(directory)) {
    while (directory_.size() > 1 && directory_.ends_with('/')) {
      directory_.pop_back();
    }
  }

  /// Every file whose path below the directory begins with `prefix`, but hidden ones: a store
  /// writes what is not finished under such names. A directory that is missing holds none.
  /// Blocks: on the disk.
  Result<std::vector<std::string>> list(std::string_view prefix, Attempt& attempt) const {
    std::vector<std::string> keys;
    if (Status walked = walk(attempt, {}, prefix, depth_max, keys); !walked) {
      return walked.failure();
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  /// All of an object.
  /// Blocks: on the disk.
  Result<std::string> read(std::string_view key, std::size_t bytes_max, Attempt& attempt) const {
    if (!is_inside(key)) {
      return leads_out("read", key);
    }
    return attempt.files().read(path_of(key), bytes_max);
  }

  /// Gives the object another key, replacing what is there. Afterwards both names are durable.
  /// Blocks: on the disk.
  Status move(std::string_view from, std::string_view to, Attempt& attempt) const {
    if (!is_inside(from) || !is_inside(to)) {
      return leads_out("move", is_inside(from) ? to : from);
    }
    Files& files = attempt.files();
    Status moved = files.make_directories(folder_of(to));
    if (moved) {
      moved = files.rename(path_of(from), path_of(to));
      if (!moved && moved.failure().os_code == ENOENT && is_there(files, path_of(to))) {
        moved = success();  // that was done before
      }
    }
    for (const std::string_view key : {to, from}) {
      if (moved) {
        moved = files.sync_directory(folder_of(key));
      }
    }
    return moved;
  }

 private:
  /// A directory that leads back into itself ends somewhere.
  static constexpr std::size_t depth_max = 64;

  /// `at`: a key, or the beginning of keys up to a '/'; empty for the whole directory.
  Status walk(Attempt& attempt, const std::string& at, std::string_view prefix, std::size_t depth,
              std::vector<std::string>& keys) const {
    Result<std::vector<std::string>> names =
        attempt.files().list(at.empty() ? directory_ : path_of(at));
    if (!names) {
      const int code = names.failure().os_code;
      if (!at.empty() && code == ENOTDIR) {
        if (at.starts_with(prefix)) {
          keys.push_back(at);
        }
        return success();
      }
      return code == ENOENT ? success() : Status(names.failure());  // gone meanwhile
    }
    for (const std::string& entry : names.value()) {
      std::string key = at.empty() ? at : at + "/";
      key += entry;
      const bool may_match = key.starts_with(prefix) || prefix.starts_with(key + "/");
      if (attempt.cancelled()) {
        return Failure{"list " + directory_ + ": stopped: the attempt's time is over"};
      }
      if (entry.starts_with('.') || !may_match || depth == 0) {
        continue;
      }
      if (Status walked = walk(attempt, key, prefix, depth - 1, keys); !walked) {
        return walked;
      }
    }
    return success();
  }

  static bool is_there(Files& files, const std::string& path) {
    const Result<std::string> content = files.read(path, 0);
    return content || content.failure().os_code == EFBIG;
  }

  bool is_inside(std::string_view key) const { return DirectoryStore(directory_).accepts(key); }

  Failure leads_out(const char* what, std::string_view key) const {
    return {std::string(what) + " " + path_of(key) + ": the key leads out of the directory",
            EINVAL};
  }

  std::string path_of(std::string_view key) const { return directory_ + "/" + std::string(key); }

  std::string folder_of(std::string_view key) const {
    const std::string path = path_of(key);
    return path.substr(0, path.rfind('/'));
  }

  std::string directory_;
};

static_assert(ObjectSource<DirectorySource>);

}  // namespace hydrant
