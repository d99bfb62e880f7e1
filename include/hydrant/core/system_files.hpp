// SPDX-License-Identifier: MIT
//
// The operating system's files behind the Files interface: plain descriptors,
// every error with its number, nothing retried that must not be (a failed sync
// is final: what it lost, it will not find again).
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/core/system_open_files.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hydrant {

namespace detail {

/// A descriptor open for writing.
class SystemFile final : public File {
 public:
  SystemFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  ~SystemFile() override {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  Status write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(written));
      } else if (written == 0) {
        // No file system should; asking it again for ever would be worse than an error.
        return system_failure("write", path_, EIO);
      } else if (errno != EINTR) {
        return system_failure("write", path_, errno);
      }
    }
    return success();
  }

  Status sync() override {
    return ::fsync(descriptor_) == 0 ? success() : system_failure("sync", path_, errno);
  }

  Status close() override {
    const int descriptor = std::exchange(descriptor_, -1);
    // After EINTR the descriptor is closed all the same on Linux; closing again could hit
    // another's.
    if (::close(descriptor) != 0 && errno != EINTR) {
      return system_failure("close", path_, errno);
    }
    return success();
  }

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace detail

/// The operating system's files.
/// Threads: shared: safe.
class SystemFiles final : public Files {
 public:
  Result<std::unique_ptr<File>> create(const std::string& path) override {
    constexpr mode_t readable_by_all = 0644;  // as far as the process's umask allows
    int descriptor = -1;
    do {
      descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, readable_by_all);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
      return detail::system_failure("create", path, errno);
    }
    return std::unique_ptr<File>(std::make_unique<detail::SystemFile>(descriptor, path));
  }

  Status rename(const std::string& from, const std::string& to) override {
    return ::rename(from.c_str(), to.c_str()) == 0 ? success()
                                                   : detail::system_failure("rename to", to, errno);
  }

  Status remove(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 ? success() : detail::system_failure("remove", path, errno);
  }

  Status make_directories(const std::string& path) override {
    constexpr mode_t open_to_all = 0755;  // as far as the process's umask allows
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string parent = path.substr(0, end);
      if (!parent.empty() && ::mkdir(parent.c_str(), open_to_all) != 0 && errno != EEXIST) {
        return detail::system_failure("make directory", parent, errno);
      }
      if (end == std::string::npos) {
        return success();
      }
    }
  }

  Status sync_directory(const std::string& path) override {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
      return detail::system_failure("open directory", path, errno);
    }
    const int result = ::fsync(descriptor);
    const int code = errno;
    ::close(descriptor);
    // Some file systems cannot sync a directory and say so; there is nothing more to do there.
    return result == 0 || code == EINVAL ? success()
                                         : detail::system_failure("sync directory", path, code);
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) {
      return detail::system_failure("list", path, errno);
    }
    std::vector<std::string> names;
    errno = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this directory stream
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") {
        names.emplace_back(name);
      }
      errno = 0;  // taking memory may have set it
    }
    const int code = errno;
    ::closedir(directory);
    if (code != 0) {
      return detail::system_failure("list", path, code);
    }
    return names;
  }

  Status remove_directory(const std::string& path) override {
    return ::rmdir(path.c_str()) == 0 ? success() : detail::system_failure("remove", path, errno);
  }

  Result<std::string> read(const std::string& path, std::size_t bytes_max) override {
    // What is no plain file may have nobody who writes it: that is no reason to wait.
    const detail::Descriptor file(detail::open_file(path, O_RDONLY | O_NONBLOCK));
    if (file.number() < 0) {
      return detail::system_failure("read", path, errno);
    }
    std::string content;
    std::array<char, 4096> block{};
    for (;;) {
      const ssize_t size = ::read(file.number(), block.data(), block.size());
      if (size == 0) {
        return content;
      }
      if (size > 0) {
        content.append(block.data(), static_cast<std::size_t>(size));
      } else if (errno != EINTR) {
        return detail::system_failure("read", path, errno);
      }
      if (content.size() > bytes_max) {
        return too_large(path, bytes_max);
      }
    }
  }

  Result<std::unique_ptr<Mapping>> create_mapped(const std::string& path,
                                                 std::uint64_t size) override {
    const detail::Descriptor file(detail::open_file(path, O_RDWR | O_CREAT | O_EXCL));
    if (file.number() < 0) {
      return detail::system_failure("create", path, errno);
    }
    int code = 0;
    do {
      code = ::posix_fallocate(file.number(), 0, static_cast<off_t>(size));
    } while (code == EINTR);
    if (code != 0) {
      ::unlink(path.c_str());
      return detail::system_failure("allocate", path, code);
    }
    Result<std::unique_ptr<Mapping>> mapped = map_whole(file.number(), path, size);
    if (!mapped) {
      ::unlink(path.c_str());
    }
    return mapped;
  }

  Result<std::unique_ptr<Mapping>> map(const std::string& path) override {
    const detail::Descriptor file(detail::open_file(path, O_RDWR));

    struct stat status {};

    if (file.number() < 0 || ::fstat(file.number(), &status) != 0) {
      return detail::system_failure("open", path, errno);
    }
    return map_whole(file.number(), path, static_cast<std::uint64_t>(status.st_size));
  }

  Result<std::unique_ptr<LogFile>> create_log(const std::string& path,
                                              std::uint64_t size) override {
    constexpr std::size_t block = std::size_t{1} << 20;
    detail::Descriptor file(detail::open_file(path, O_WRONLY | O_CREAT | O_EXCL));
    if (file.number() < 0) {
      return detail::system_failure("create", path, errno);
    }
    auto log = std::make_unique<detail::SystemLogFile>(file.release(), path);
    // Zeros are written: space that is only reserved would make each sync of it a change of the
    // file's description, too.
    const std::vector<std::byte> zeros(
        static_cast<std::size_t>(std::min<std::uint64_t>(block, size)));
    Status status = success();
    for (std::uint64_t at = 0; status && at < size; at += block) {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(block, size - at));
      status = log->write_at(at, std::span(zeros).first(part));
    }
    if (status) {
      status = log->sync();
    }
    if (!status) {
      ::unlink(path.c_str());
      return status.failure();
    }
    return std::unique_ptr<LogFile>(std::move(log));
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    for (;;) {
      detail::Descriptor file(detail::open_file(path, O_RDWR | O_CREAT));
      if (file.number() < 0) {
        return detail::system_failure("open", path, errno);
      }
      int result = -1;
      do {
        result = ::flock(file.number(), LOCK_EX | LOCK_NB);
      } while (result != 0 && errno == EINTR);

      struct stat status {};

      if (result != 0 || ::fstat(file.number(), &status) != 0) {
        return detail::system_failure("lock", path, errno);
      }
      // Whoever had it may have removed it meanwhile: then this lock is on a file without a name.
      if (status.st_nlink != 0) {
        return std::unique_ptr<FileLock>(std::make_unique<detail::SystemFileLock>(file.release()));
      }
    }
  }

  std::string boot_id() override {
    // Linux; elsewhere it cannot be known.
    const detail::Descriptor file(detail::open_file("/proc/sys/kernel/random/boot_id", O_RDONLY));
    std::array<char, 36> id{};
    const bool is_whole = file.number() >= 0 && ::read(file.number(), id.data(), id.size()) ==
                                                    static_cast<ssize_t>(id.size());
    return is_whole ? std::string(id.data(), id.size()) : std::string();
  }

 private:
  static Result<std::unique_ptr<Mapping>> map_whole(int descriptor, const std::string& path,
                                                    std::uint64_t size) {
    void* memory = nullptr;
    if (size != 0) {
      memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
      if (memory == MAP_FAILED) {
        return detail::system_failure("map", path, errno);
      }
    }
    return std::unique_ptr<Mapping>(std::make_unique<detail::SystemMapping>(
        static_cast<std::byte*>(memory), static_cast<std::size_t>(size), path));
  }
};

}  // namespace hydrant
