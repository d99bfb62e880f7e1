// SPDX-License-Identifier: MIT
//
// Objects as files below a directory. Each is written under a hidden temporary
// name, synced, and renamed, so under its own name there is never half an
// object: not after a full disk, a crash, or a power cut.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/object/store.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// Where and how a DirectoryStore keeps objects.
struct DirectoryStoreOptions {
  /// The top directory; made when missing, with its parents. Range: not empty.
  std::string directory{};

  /// Whether an object is on stable storage before it counts as delivered.
  /// Default true. False leaves that to the system: a power cut may lose what was delivered.
  bool sync = true;
};

/// Keeps objects as files.
/// Threads: shared: safe.
class DirectoryStore {
 public:
  static constexpr std::string_view name = "directory";

  explicit DirectoryStore(std::string directory)
      : DirectoryStore(DirectoryStoreOptions{.directory = std::move(directory)}) {}

  explicit DirectoryStore(const char* directory) : DirectoryStore(std::string(directory)) {}

  explicit DirectoryStore(DirectoryStoreOptions options) : options_(std::move(options)) {
    while (options_.directory.size() > 1 && options_.directory.ends_with('/')) {
      options_.directory.pop_back();
    }
  }

  void validate(OptionErrors& errors) const {
    errors.check(!options_.directory.empty() && options_.directory.find('\0') == std::string::npos,
                 "directory_store.directory", "must name a directory",
                 "\"" + options_.directory + "\"");
  }

  /// Returns: delivered when the object is in place; retry when the file system refused
  /// something, for a full disk may be emptied; rejected when the key leads out of the directory.
  DeliveryResult put_object(const Object& object, Attempt& attempt) {
    if (!is_inside(object.key)) {
      return rejected("put " + std::string(object.key) + ": the key leads out of the directory")
          .with_code("Directory.InvalidKey");
    }
    const std::string path = options_.directory + "/" + std::string(object.key);
    const std::string folder = path.substr(0, path.rfind('/'));
    const std::string temporary = folder + "/." + path.substr(folder.size() + 1) + "." +
                                  std::to_string(attempt.world().random()) + ".tmp";
    Files& files = attempt.files();
    if (Status status = files.make_directories(folder); !status) {
      return failed(object.key, status.failure(), "Directory.MakeDirectoryFailed");
    }
    Status status = write(object, attempt, temporary);
    if (status) {
      status = files.rename(temporary, path);
    }
    if (!status) {
      static_cast<void>(files.remove(temporary));
      return failed(object.key, status.failure(), "Directory.WriteFailed");
    }
    if (options_.sync) {
      if (Status synced = files.sync_directory(folder); !synced) {
        return failed(object.key, synced.failure(), "Directory.SyncFailed");
      }
    }
    return delivered;
  }

 private:
  Status write(const Object& object, Attempt& attempt, const std::string& temporary) {
    Result<std::unique_ptr<File>> created = attempt.files().create(temporary);
    if (!created) {
      return created.failure();
    }
    File& file = *created.value();
    Status status = object.body.write_to([&](std::span<const std::byte> piece) -> Status {
      if (attempt.cancelled()) {
        return Failure{"the attempt's time is over"};
      }
      return file.write(piece);
    });
    if (status && options_.sync) {
      status = file.sync();
    }
    // Closed in any case; an error that the system kept back counts.
    Status closed = file.close();
    return status ? std::move(closed) : std::move(status);
  }

  static DeliveryResult failed(std::string_view key, const Failure& failure, const char* code) {
    return retry("put " + std::string(key) + ": " + failure.message).with_code(code);
  }

  /// No part of the key is empty, "." or "..", and none holds a NUL.
  static bool is_inside(std::string_view key) {
    if (key.find('\0') != std::string_view::npos) {
      return false;
    }
    for (;;) {
      const std::size_t end = key.find('/');
      const std::string_view part = key.substr(0, end);
      if (part.empty() || part == "." || part == "..") {
        return false;
      }
      if (end == std::string_view::npos) {
        return true;
      }
      key.remove_prefix(end + 1);
    }
  }

  DirectoryStoreOptions options_;
};

static_assert(Store<DirectoryStore>);

}  // namespace hydrant
