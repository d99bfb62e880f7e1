// SPDX-License-Identifier: MIT
//
// The lines of some files, one file after the other, handed out in blocks of
// whole lines so that several threads can share the reading.
#pragma once

#include <hydrant/core/limits.hpp>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace access_log {

/// Threads: shared: safe.
class LineSource {
 public:
  static constexpr std::size_t block_size = 256 * 1024;
  /// What is longer comes with its middle cut out, and still too long: the stream
  /// refuses it, and counts that.
  static constexpr std::size_t line_size_max = hydrant::limits::record_bytes_max;

  /// Without files: standard input.
  explicit LineSource(std::vector<std::string> files) : files_(std::move(files)) {
    bytes_total_ = files_.empty() ? 0 : size_of(files_);
    if (files_.empty()) {
      files_.emplace_back("/dev/stdin");
    }
  }

  /// The next lines, each with its new line, but for the last of a file that ends without.
  /// Returns: false at the end of the last file.
  /// Errors: std::system_error where a file cannot be read.
  bool next(std::string& block) {
    std::lock_guard guard(lock_);
    block.clear();
    while (block.empty()) {
      if (file_ == nullptr && !open_next()) {
        return false;
      }
      fill(block);
    }
    bytes_read_ += block.size();
    return true;
  }

  std::uint64_t bytes_read() const { return bytes_read_; }

  /// 0 when nobody can know.
  std::uint64_t bytes_total() const { return bytes_total_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  static std::uint64_t size_of(const std::vector<std::string>& files) {
    std::uint64_t total = 0;
    for (const std::string& path : files) {
      struct stat info {};

      if (::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
        total += static_cast<std::uint64_t>(info.st_size);
      }
    }
    return total;
  }

  bool open_next() {
    if (next_file_ == files_.size()) {
      return false;
    }
    path_ = files_[next_file_++];
    file_.reset(std::fopen(path_.c_str(), "rb"));
    if (file_ == nullptr) {
      throw std::system_error(errno, std::generic_category(), path_);
    }
    return true;
  }

  /// Reads until there is a whole line, and keeps what follows the last one for later.
  void fill(std::string& block) {
    block.swap(rest_);
    rest_.clear();
    for (;;) {
      const std::size_t old_size = block.size();
      block.resize(old_size + block_size);
      // Not fread: it would wait until a slow pipe has filled the whole block.
      const ::ssize_t count = ::read(::fileno(file_.get()), block.data() + old_size, block_size);
      if (count < 0) {
        throw std::system_error(errno, std::generic_category(), path_);
      }
      block.resize(old_size + static_cast<std::size_t>(count));
      if (count == 0) {
        file_.reset();
        return;
      }
      if (const std::size_t end = block.rfind('\n'); end != std::string::npos) {
        rest_.assign(block, end + 1);
        block.resize(end + 1);
        return;
      }
      // No end of the line in sight: its head will do, however much there still is.
      if (block.size() > line_size_max) {
        block.resize(line_size_max + 1);
      }
    }
  }

  std::vector<std::string> files_;
  std::size_t next_file_ = 0;
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::string rest_;
  std::mutex lock_;
  std::atomic<std::uint64_t> bytes_read_{0};
  std::uint64_t bytes_total_ = 0;
};

}  // namespace access_log
