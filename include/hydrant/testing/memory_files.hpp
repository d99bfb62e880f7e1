// SPDX-License-Identifier: MIT
//
// A file system in memory that a test can look into and make fail: at the n-th
// call, when it is full, or by forgetting what was never synced.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/core/system_files.hpp>
#include <hydrant/testing/memory_disk.hpp>
#include <hydrant/testing/parent_directory.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// Files that exist only here. Directories must be made before files in them, as on a disk.
///
/// @code
/// env.memory_files().fail_call(3, EIO);  // the third call from now on fails, once
/// REQUIRE(env.memory_files().content("lake/a.log") == "one\ntwo\n");
/// @endcode
///
/// Threads: shared: safe.
class MemoryFiles final : public Files {
 public:
  MemoryFiles() : disk_(std::make_shared<detail::MemoryDisk>()) {}

  // --- what a test looks at and breaks --------------------------------------------------------

  /// What was written to the file; nothing when there is no such file.
  std::optional<std::string> content(const std::string& path) const {
    std::lock_guard guard(disk_->lock);
    const auto file = disk_->files.find(path);
    if (file == disk_->files.end()) {
      return std::nullopt;
    }
    const std::span<char> bytes = file->second->bytes();
    return std::string(bytes.begin(), bytes.end());
  }

  /// The paths of all files, sorted.
  std::vector<std::string> paths() const {
    std::lock_guard guard(disk_->lock);
    std::vector<std::string> paths;
    for (const auto& [path, file] : disk_->files) {
      paths.push_back(path);
    }
    return paths;
  }

  bool has_directory(const std::string& path) const {
    std::lock_guard guard(disk_->lock);
    return disk_->has_directory(path);
  }

  /// The `n`-th call from now on fails with the system's error `os_code`; later ones do not.
  void fail_call(std::uint64_t n, int os_code = EIO) {
    std::lock_guard guard(disk_->lock);
    disk_->failing_call = disk_->calls + n;
    disk_->failing_code = os_code;
  }

  /// After `bytes` more bytes every write fails with ENOSPC, having written what still fit.
  void fill_up_after(std::uint64_t bytes) {
    std::lock_guard guard(disk_->lock);
    disk_->room = bytes;
  }

  /// There is space again.
  void empty_out() { fill_up_after(std::numeric_limits<std::uint64_t>::max()); }

  /// What a power cut does: bytes that were never synced are gone.
  void lose_unsynced_writes() {
    std::lock_guard guard(disk_->lock);
    for (auto& [path, file] : disk_->files) {
      file->content.resize(file->synced);
    }
  }

  /// Calls of any kind so far, for `fail_call`.
  std::uint64_t call_count() const {
    std::lock_guard guard(disk_->lock);
    return disk_->calls;
  }

  std::uint64_t sync_count() const {
    std::lock_guard guard(disk_->lock);
    return disk_->syncs;
  }

  std::uint64_t directory_sync_count() const {
    std::lock_guard guard(disk_->lock);
    return disk_->directory_syncs;
  }

  // --- Files ----------------------------------------------------------------------------------

  Result<std::unique_ptr<File>> create(const std::string& path) override {
    std::lock_guard guard(disk_->lock);
    int code = disk_->count_call();
    if (code == 0 && !disk_->has_directory(parent_of(path))) {
      code = ENOENT;
    }
    if (code == 0 && (disk_->files.count(path) != 0 || disk_->directories.count(path) != 0)) {
      code = EEXIST;
    }
    if (code != 0) {
      return hydrant::detail::system_failure("create", path, code);
    }
    auto stored = std::make_shared<detail::StoredFile>();
    disk_->files[path] = stored;
    return std::unique_ptr<File>(
        std::make_unique<detail::MemoryFile>(disk_, std::move(stored), path));
  }

  Status rename(const std::string& from, const std::string& to) override {
    std::lock_guard guard(disk_->lock);
    int code = disk_->count_call();
    const auto file = disk_->files.find(from);
    if (code == 0 && (file == disk_->files.end() || !disk_->has_directory(parent_of(to)))) {
      code = ENOENT;
    }
    if (code == 0 && disk_->directories.count(to) != 0) {
      code = EISDIR;
    }
    if (code != 0) {
      return hydrant::detail::system_failure("rename to", to, code);
    }
    std::shared_ptr<detail::StoredFile> stored = std::move(file->second);
    disk_->files.erase(file);
    disk_->files[to] = std::move(stored);
    return success();
  }

  Status remove(const std::string& path) override {
    std::lock_guard guard(disk_->lock);
    int code = disk_->count_call();
    if (code == 0 && disk_->files.erase(path) == 0) {
      code = ENOENT;
    }
    return code == 0 ? success() : hydrant::detail::system_failure("remove", path, code);
  }

  Status make_directories(const std::string& path) override {
    std::lock_guard guard(disk_->lock);
    if (const int code = disk_->count_call()) {
      return hydrant::detail::system_failure("make directory", path, code);
    }
    for (std::string made = path; !made.empty(); made = parent_of(made)) {
      if (disk_->files.count(made) != 0) {
        return hydrant::detail::system_failure("make directory", made, ENOTDIR);
      }
      disk_->directories.insert(made);
    }
    return success();
  }

  Status sync_directory(const std::string& path) override {
    std::lock_guard guard(disk_->lock);
    int code = disk_->count_call();
    if (code == 0 && !disk_->has_directory(path)) {
      code = ENOENT;
    }
    ++disk_->directory_syncs;
    return code == 0 ? success() : hydrant::detail::system_failure("sync directory", path, code);
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    std::lock_guard guard(disk_->lock);
    int code = disk_->count_call();
    if (code == 0 && !disk_->has_directory(path)) {
      code = disk_->files.contains(path) ? ENOTDIR : ENOENT;
    }
    if (code != 0) {
      return hydrant::detail::system_failure("list", path, code);
    }
    std::vector<std::string> names;
    const auto take = [&](const std::string& entry) {
      if (entry != path && parent_of(entry) == path) {
        names.push_back(entry.substr(entry.rfind('/') + 1));
      }
    };
    for (const auto& [file, stored] : disk_->files) {
      take(file);
    }
    for (const std::string& directory : disk_->directories) {
      take(directory);
    }
    return names;
  }

  Result<std::string> read(const std::string& path, std::size_t bytes_max) override {
    std::lock_guard guard(disk_->lock);
    int code = disk_->count_call();
    const auto file = disk_->files.find(path);
    if (code == 0 && file == disk_->files.end()) {
      code = disk_->directories.count(path) != 0 ? EISDIR : ENOENT;
    }
    if (code != 0) {
      return hydrant::detail::system_failure("read", path, code);
    }
    const std::span<char> bytes = file->second->bytes();
    if (bytes.size() > bytes_max) {
      return too_large(path, bytes_max);
    }
    return std::string(bytes.begin(), bytes.end());
  }

  Status remove_directory(const std::string& path) override {
    std::lock_guard guard(disk_->lock);
    int code = disk_->count_call();
    if (code == 0 && disk_->directories.count(path) == 0) {
      code = ENOENT;
    }
    const auto is_inside = [&](const std::string& entry) { return parent_of(entry) == path; };
    for (const auto& [file, stored] : disk_->files) {
      code = code == 0 && is_inside(file) ? ENOTEMPTY : code;
    }
    for (const std::string& directory : disk_->directories) {
      code = code == 0 && is_inside(directory) ? ENOTEMPTY : code;
    }
    if (code == 0) {
      disk_->directories.erase(path);
    }
    return code == 0 ? success() : hydrant::detail::system_failure("remove", path, code);
  }

  Result<std::unique_ptr<Mapping>> create_mapped(const std::string& path,
                                                 std::uint64_t size) override {
    std::lock_guard guard(disk_->lock);
    Result<std::shared_ptr<detail::StoredFile>> stored = create_sized(path, size);
    if (!stored) {
      return stored.failure();
    }
    return std::unique_ptr<Mapping>(
        std::make_unique<detail::MemoryMapping>(std::move(stored.value())));
  }

  Result<std::unique_ptr<Mapping>> map(const std::string& path) override {
    std::lock_guard guard(disk_->lock);
    int code = disk_->count_call();
    const auto file = disk_->files.find(path);
    if (code == 0 && file == disk_->files.end()) {
      code = ENOENT;
    }
    if (code != 0) {
      return hydrant::detail::system_failure("open", path, code);
    }
    file->second->make_pages();
    return std::unique_ptr<Mapping>(std::make_unique<detail::MemoryMapping>(file->second));
  }

  Result<std::unique_ptr<LogFile>> create_log(const std::string& path,
                                              std::uint64_t size) override {
    std::lock_guard guard(disk_->lock);
    Result<std::shared_ptr<detail::StoredFile>> stored = create_sized(path, size);
    if (!stored) {
      return stored.failure();
    }
    return std::unique_ptr<LogFile>(
        std::make_unique<detail::MemoryLog>(disk_, std::move(stored.value()), path));
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    std::lock_guard guard(disk_->lock);
    int code = disk_->count_call();
    if (code == 0 && !disk_->has_directory(parent_of(path))) {
      code = ENOENT;
    }
    if (code == 0 && disk_->locked.count(path) != 0) {
      code = EWOULDBLOCK;
    }
    if (code != 0) {
      return hydrant::detail::system_failure("lock", path, code);
    }
    disk_->files.try_emplace(path, std::make_shared<detail::StoredFile>());
    disk_->locked.insert(path);
    return std::unique_ptr<FileLock>(std::make_unique<detail::MemoryLock>(disk_, path));
  }

  std::string boot_id() override { return "boot 1"; }

 private:
  /// A file of so many zeros. The disk's lock is held.
  Result<std::shared_ptr<detail::StoredFile>> create_sized(const std::string& path,
                                                           std::uint64_t size) {
    int code = disk_->count_call();
    if (code == 0 && !disk_->has_directory(parent_of(path))) {
      code = ENOENT;
    }
    if (code == 0 && (disk_->files.count(path) != 0 || disk_->directories.count(path) != 0)) {
      code = EEXIST;
    }
    if (code == 0 && size > disk_->room) {
      code = ENOSPC;
    }
    if (code != 0) {
      return hydrant::detail::system_failure("create", path, code);
    }
    disk_->room -= size;
    auto stored = std::make_shared<detail::StoredFile>();
    stored->content.resize(static_cast<std::size_t>(size));
    stored->make_pages();
    disk_->files[path] = stored;
    return stored;
  }

  static std::string parent_of(const std::string& path) { return detail::parent_directory(path); }

  std::shared_ptr<detail::MemoryDisk> disk_;
};

}  // namespace hydrant::testing
