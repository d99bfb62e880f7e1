// SPDX-License-Identifier: MIT
//
// The operating system's files behind the Files interface: plain descriptors,
// every error with its number, nothing retried that must not be (a failed sync
// is final: what it lost, it will not find again).
#pragma once

#include <hydrant/core/files.hpp>

#include <cerrno>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hydrant {

namespace detail {

/// "rename a: No space left on device" with the number beside it.
inline Failure system_failure(std::string_view tried, std::string_view path, int code) {
  return {
      std::string(tried) + " " + std::string(path) + ": " + std::generic_category().message(code),
      code};
}

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
};

}  // namespace hydrant
