// SPDX-License-Identifier: MIT
//
// The inside of MemoryFiles: the bytes of its files, and what a caller holds of
// one that is open, mapped or locked.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/core/system_files.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::testing::detail {

/// A file's bytes: a string that grows or, once it has been mapped, pages of a fixed size.
struct StoredFile {
  struct alignas(4096) Page {
    std::array<char, 4096> bytes{};
  };

  std::string content;
  std::size_t synced = 0;
  std::vector<Page> pages;
  std::size_t mapped_size = 0;

  std::span<char> bytes() {
    return pages.empty() ? std::span(content) : std::span(pages.front().bytes.data(), mapped_size);
  }

  void make_pages() {
    if (pages.empty() && !content.empty()) {
      mapped_size = content.size();
      pages.resize((mapped_size + sizeof(Page) - 1) / sizeof(Page));
      content.copy(pages.front().bytes.data(), mapped_size);
      content = {};
    }
  }
};

struct MemoryDisk {
  mutable std::mutex lock;
  std::map<std::string, std::shared_ptr<StoredFile>> files;
  std::set<std::string> directories;
  std::set<std::string> locked;
  std::uint64_t calls = 0;
  std::uint64_t failing_call = 0;
  int failing_code = 0;
  std::uint64_t room = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t syncs = 0;
  std::uint64_t directory_syncs = 0;

  /// Returns: 0, or the error that this call is to fail with.
  int count_call() { return ++calls == failing_call ? failing_code : 0; }

  /// The current directory and the root are always there.
  bool has_directory(const std::string& path) const {
    return path.empty() || path == "." || path == "/" || directories.count(path) != 0;
  }
};

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<MemoryDisk> disk, std::shared_ptr<StoredFile> stored, std::string path)
      : disk_(std::move(disk)), stored_(std::move(stored)), path_(std::move(path)) {}

  Status write(std::span<const std::byte> bytes) override {
    std::lock_guard guard(disk_->lock);
    if (const int code = disk_->count_call()) {
      return hydrant::detail::system_failure("write", path_, code);
    }
    const std::size_t fit =
        bytes.size() <= disk_->room ? bytes.size() : static_cast<std::size_t>(disk_->room);
    stored_->content.append(reinterpret_cast<const char*>(bytes.data()), fit);
    disk_->room -= fit;
    return fit == bytes.size() ? success()
                               : hydrant::detail::system_failure("write", path_, ENOSPC);
  }

  Status sync() override {
    std::lock_guard guard(disk_->lock);
    ++disk_->syncs;
    if (const int code = disk_->count_call()) {
      return hydrant::detail::system_failure("sync", path_, code);
    }
    stored_->synced = stored_->content.size();
    return success();
  }

  Status close() override {
    std::lock_guard guard(disk_->lock);
    const int code = disk_->count_call();
    return code == 0 ? success() : hydrant::detail::system_failure("close", path_, code);
  }

 private:
  std::shared_ptr<MemoryDisk> disk_;
  std::shared_ptr<StoredFile> stored_;
  std::string path_;
};

class MemoryMapping final : public Mapping {
 public:
  explicit MemoryMapping(std::shared_ptr<StoredFile> stored) : stored_(std::move(stored)) {}

  std::span<std::byte> bytes() override { return std::as_writable_bytes(stored_->bytes()); }

  void page_out(std::size_t, std::size_t) noexcept override {}

  void become_private() noexcept override {}

 private:
  std::shared_ptr<StoredFile> stored_;
};

class MemoryLog final : public LogFile {
 public:
  MemoryLog(std::shared_ptr<MemoryDisk> disk, std::shared_ptr<StoredFile> stored, std::string path)
      : disk_(std::move(disk)), stored_(std::move(stored)), path_(std::move(path)) {}

  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    std::lock_guard guard(disk_->lock);
    if (const int code = disk_->count_call()) {
      return hydrant::detail::system_failure("write", path_, code);
    }
    std::ranges::copy(bytes, std::as_writable_bytes(stored_->bytes()).subspan(offset).begin());
    return success();
  }

  Status sync() override {
    std::lock_guard guard(disk_->lock);
    ++disk_->syncs;
    const int code = disk_->count_call();
    return code == 0 ? success() : hydrant::detail::system_failure("sync", path_, code);
  }

 private:
  std::shared_ptr<MemoryDisk> disk_;
  std::shared_ptr<StoredFile> stored_;
  std::string path_;
};

class MemoryLock final : public FileLock {
 public:
  MemoryLock(std::shared_ptr<MemoryDisk> disk, std::string path)
      : disk_(std::move(disk)), path_(std::move(path)) {}

  ~MemoryLock() override {
    std::lock_guard guard(disk_->lock);
    disk_->locked.erase(path_);
  }

  void forget() noexcept override {}

 private:
  std::shared_ptr<MemoryDisk> disk_;
  std::string path_;
};

}  // namespace hydrant::testing::detail
