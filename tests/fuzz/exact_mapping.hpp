// SPDX-License-Identifier: MIT
//
// Files for a fuzzer: each is mapped in memory of exactly its size, so that the
// address sanitizer sees the first byte that is read behind its end.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/core/system_files.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::fuzz {

/// Bytes that begin at a memory page, as a mapped file does, and end where they end.
class ExactMapping final : public Mapping {
 public:
  explicit ExactMapping(std::span<const std::byte> content) : size_(content.size()) {
    if (size_ != 0) {
      memory_ = static_cast<std::byte*>(::operator new(size_, page));
      std::memcpy(memory_, content.data(), size_);
    }
  }

  ~ExactMapping() override { ::operator delete(memory_, page); }

  std::span<std::byte> bytes() override { return {memory_, size_}; }

  void page_out(std::size_t, std::size_t) noexcept override {}

  void become_private() noexcept override {}

 private:
  static constexpr std::align_val_t page{4096};

  std::byte* memory_ = nullptr;
  std::size_t size_;
};

/// A file system that has the given files, and no other.
class ExactFiles final : public Files {
 public:
  void add(std::string path, std::span<const std::byte> content) {
    contents_[std::move(path)].assign(content.begin(), content.end());
  }

  Result<std::unique_ptr<Mapping>> map(const std::string& path) override {
    const auto content = contents_.find(path);
    if (content == contents_.end()) {
      return detail::system_failure("open", path, ENOENT);
    }
    return std::unique_ptr<Mapping>(std::make_unique<ExactMapping>(content->second));
  }

  Result<std::unique_ptr<File>> create(const std::string& path) override { return none(path); }

  Status rename(const std::string& from, const std::string&) override { return none(from); }

  Status remove(const std::string& path) override { return none(path); }

  Status make_directories(const std::string& path) override { return none(path); }

  Status sync_directory(const std::string& path) override { return none(path); }

  Result<std::vector<std::string>> list(const std::string& path) override { return none(path); }

 private:
  static Failure none(const std::string& path) {
    return detail::system_failure("use", path, EROFS);
  }

  std::map<std::string, std::vector<std::byte>> contents_;
};

}  // namespace hydrant::fuzz
