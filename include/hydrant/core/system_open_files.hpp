// SPDX-License-Identifier: MIT
//
// Files of the operating system that stay open for as long as a journal works
// with them: mapped into memory, appended to durably, locked.
#pragma once

#include <hydrant/core/files.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace hydrant::detail {

/// "rename a: No space left on device" with the number beside it.
inline Failure system_failure(std::string_view tried, std::string_view path, int code) {
  return {
      std::string(tried) + " " + std::string(path) + ": " + std::generic_category().message(code),
      code};
}

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }

  int number() const { return number_; }

  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

inline int open_file(const std::string& path, int flags) {
  constexpr mode_t owner_only = 0600;  // records may be anything
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, owner_only);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

class SystemMapping final : public Mapping {
 public:
  SystemMapping(std::byte* memory, std::size_t size, std::string path)
      : memory_(memory), size_(size), path_(std::move(path)) {}

  ~SystemMapping() override {
    if (size_ != 0) {
      ::munmap(memory_, size_);
    }
  }

  std::span<std::byte> bytes() override { return {memory_, size_}; }

  void page_out(std::size_t offset, std::size_t size) noexcept override {
    // Of a shared mapping this forgets where the pages are in memory, not what is in them.
    ::madvise(memory_ + offset, size, MADV_DONTNEED);
  }

  void become_private() noexcept override {
    if (size_ == 0) {
      return;
    }
    const Descriptor file(open_file(path_, O_RDWR));
    const int flags = MAP_FIXED | MAP_PRIVATE | (file.number() < 0 ? MAP_ANONYMOUS : 0);
    static_cast<void>(::mmap(memory_, size_, PROT_READ | PROT_WRITE, flags, file.number(), 0));
  }

 private:
  std::byte* memory_;
  std::size_t size_;
  std::string path_;
};

/// Whether somebody has removed the file.
inline bool is_removed(int descriptor) {
  struct stat status {};

  return ::fstat(descriptor, &status) == 0 && status.st_nlink == 0;
}

class SystemLogFile final : public LogFile {
 public:
  SystemLogFile(int descriptor, std::string path)
      : descriptor_(descriptor), path_(std::move(path)) {}

  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
      } else if (written == 0 || errno != EINTR) {
        return system_failure("write", path_, written == 0 ? EIO : errno);
      }
    }
    return success();
  }

  Status write_pieces_at(std::uint64_t offset,
                         std::span<const std::span<const std::byte>> pieces) override {
    constexpr std::size_t pieces_a_call = 64;
    while (!pieces.empty()) {
      std::array<iovec, pieces_a_call> vector{};
      const std::size_t count = std::min(pieces.size(), vector.size());
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < count; ++i) {
        vector[i] = {const_cast<std::byte*>(pieces[i].data()), pieces[i].size()};
        bytes += pieces[i].size();
      }
      const ssize_t written = ::pwritev(descriptor_.number(), vector.data(),
                                        static_cast<int>(count), static_cast<off_t>(offset));
      if (written != static_cast<ssize_t>(bytes)) {  // interrupted, or cut short: one by one
        if (Status whole = LogFile::write_pieces_at(offset, pieces.first(count)); !whole) {
          return whole;
        }
      }
      offset += bytes;
      pieces = pieces.subspan(count);
    }
    return success();
  }

  Status sync() override {
    // Nothing more is asked of the file here: whoever looks at its times makes the next write
    // change them, and its sync half as slow again.
    return ::fdatasync(descriptor_.number()) == 0 ? success()
                                                  : system_failure("sync", path_, errno);
  }

 private:
  Descriptor descriptor_;
  std::string path_;
};

class SystemFileLock final : public FileLock {
 public:
  explicit SystemFileLock(int descriptor) : descriptor_(descriptor) {}

  bool is_in_place() noexcept override { return !is_removed(descriptor_.number()); }

  // Closing this process's copy: the lock belongs to the open file, which the parent still has.
  void forget() noexcept override { ::close(descriptor_.release()); }

 private:
  Descriptor descriptor_;
};

}  // namespace hydrant::detail
