// SPDX-License-Identifier: MIT
//
// The names on a simulated disk: as processes see them, as they are on the disk,
// and the changes between, which only a sync of their directory makes durable.
#pragma once

#include <hydrant/testing/parent_directory.hpp>
#include <hydrant/testing/seeded_dice.hpp>
#include <hydrant/testing/simulated_file.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::testing::detail {

/// The names of files and directories. Every function that can fail returns 0 or the error.
/// Threads: guarded by its disk.
class SimulatedNames {
 public:
  using FilePointer = std::shared_ptr<SimulatedFile>;

  FilePointer find(const std::string& path) const {
    const auto file = now_.files.find(path);
    return file == now_.files.end() ? nullptr : file->second;
  }

  /// The current directory and the root are always there.
  bool has_directory(const std::string& path) const { return now_.has_directory(path); }

  const std::map<std::string, FilePointer>& files() const { return now_.files; }

  int create(const std::string& path, FilePointer file) {
    if (!has_directory(parent_directory(path))) {
      return ENOENT;
    }
    if (find(path) != nullptr || has_directory(path)) {
      return EEXIST;
    }
    change({Change::Kind::create, path, {}, std::move(file)});
    return 0;
  }

  int rename(const std::string& from, const std::string& to) {
    FilePointer file = find(from);
    if (file == nullptr || !has_directory(parent_directory(to))) {
      return ENOENT;
    }
    if (has_directory(to)) {
      return EISDIR;
    }
    change({Change::Kind::rename, to, from, std::move(file)});
    return 0;
  }

  int remove(const std::string& path) {
    if (find(path) == nullptr) {
      return ENOENT;
    }
    change({Change::Kind::remove, path, {}, nullptr});
    return 0;
  }

  int make_directories(const std::string& path) {
    if (has_directory(path)) {
      return 0;
    }
    if (find(path) != nullptr) {
      return ENOTDIR;
    }
    if (const int code = make_directories(parent_directory(path))) {
      return code;
    }
    change({Change::Kind::make_directory, path, {}, nullptr});
    return 0;
  }

  int remove_directory(const std::string& path) {
    if (now_.directories.count(path) == 0) {
      return ENOENT;
    }
    if (!list(path).empty()) {
      return ENOTEMPTY;
    }
    change({Change::Kind::remove_directory, path, {}, nullptr});
    return 0;
  }

  std::vector<std::string> list(const std::string& path) const {
    std::vector<std::string> names;
    const auto take = [&](const std::string& entry) {
      if (entry != path && parent_directory(entry) == path) {
        names.push_back(entry.substr(entry.rfind('/') + 1));
      }
    };
    for (const auto& [file, stored] : now_.files) {
      take(file);
    }
    for (const std::string& directory : now_.directories) {
      take(directory);
    }
    return names;
  }

  /// Makes durable what has changed in this directory; not the directory's own name.
  int sync_directory(const std::string& path) {
    if (!has_directory(path)) {
      return ENOENT;
    }
    std::vector<Change> rest;
    for (Change& pending : pending_) {
      if (parent_directory(pending.path) != (path == "." ? std::string() : path)) {
        rest.push_back(std::move(pending));
        continue;
      }
      durable_.apply(pending);
      if (pending.kind == Change::Kind::rename) {
        // The old name, in another directory maybe, must not come to life any more.
        std::erase_if(rest, [&](const Change& older) { return older.path == pending.from; });
      }
    }
    pending_ = std::move(rest);
    return 0;
  }

  /// Of the changes that were never synced all, none, the first ones or any may have happened.
  void cut_power(SeededDice& dice) {
    const auto kept = dice.pick<std::uint64_t>({0, 500, 1000});
    const bool in_order = dice.chance(500);
    for (const Change& pending : pending_) {
      if (dice.chance(kept)) {
        durable_.apply(pending);
      } else if (in_order) {
        break;
      }
    }
    pending_.clear();
    durable_.drop_orphans();
    now_ = durable_;
  }

 private:
  struct Change {
    enum class Kind : std::uint8_t { create, rename, remove, make_directory, remove_directory };

    Kind kind;
    std::string path;
    std::string from;
    FilePointer file;
  };

  struct Tree {
    std::map<std::string, FilePointer> files;
    std::set<std::string> directories;

    bool has_directory(const std::string& path) const {
      return path.empty() || path == "." || path == "/" || directories.count(path) != 0;
    }

    void apply(const Change& change) {
      switch (change.kind) {
        case Change::Kind::create:
          files[change.path] = change.file;
          break;
        case Change::Kind::rename:
          files.erase(change.from);
          files[change.path] = change.file;
          break;
        case Change::Kind::remove:
          files.erase(change.path);
          break;
        case Change::Kind::make_directory:
          directories.insert(change.path);
          break;
        case Change::Kind::remove_directory:
          directories.erase(change.path);
          break;
      }
    }

    /// What lies in a directory that was lost is lost with it.
    void drop_orphans() {
      // In the order of names a directory comes before what is in it.
      for (auto directory = directories.begin(); directory != directories.end();) {
        directory = has_directory(parent_directory(*directory)) ? std::next(directory)
                                                                : directories.erase(directory);
      }
      std::erase_if(files, [this](const auto& entry) {
        return !has_directory(parent_directory(entry.first));
      });
    }
  };

  void change(Change made) {
    now_.apply(made);
    pending_.push_back(std::move(made));
  }

  Tree now_;
  Tree durable_;
  std::vector<Change> pending_;
};

}  // namespace hydrant::testing::detail
