// SPDX-License-Identifier: MIT
//
// Objects as files below a directory. Each is written under a hidden temporary
// name beside its place, synced, and renamed, so under its own name there is
// never half an object: not after a full disk, a crash, or a power cut.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/object/store.hpp>

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// Where and how a DirectoryStore keeps objects.
struct DirectoryStoreOptions {
  /// The top directory; made when missing, with its parents. Range: not empty.
  /// Only what is below it is synced: where a power cut right after the very
  /// first object matters, make the directory beforehand.
  std::string directory{};

  /// Whether an object is on stable storage before it counts as delivered.
  /// Default true. False leaves that to the system: a power cut may lose what was delivered.
  bool sync = true;
};

namespace detail {

/// Removes a temporary file, also when something throws, unless it was kept.
/// Threads: distinct objects: safe; shared: unsafe.
class TemporaryFileGuard {
 public:
  TemporaryFileGuard(Files& files, const std::string& path) : files_(&files), path_(&path) {}

  TemporaryFileGuard(const TemporaryFileGuard&) = delete;
  TemporaryFileGuard& operator=(const TemporaryFileGuard&) = delete;

  ~TemporaryFileGuard() {
    if (files_ == nullptr) {
      return;
    }
    try {
      // What made the object fail is the better reason; this one is not reported.
      static_cast<void>(files_->remove(*path_));
    } catch (...) {  // NOLINT(bugprone-empty-catch): nothing may leave a destructor
    }
  }

  void keep() { files_ = nullptr; }

 private:
  Files* files_;
  const std::string* path_;
};

}  // namespace detail

/// Keeps objects as files.
///
/// @code
/// hydrant::DirectoryStore{"lake"}
/// hydrant::DirectoryStore{{.directory = "lake", .sync = false}}
/// @endcode
///
/// A process that is killed may leave a file `.hydrant-<number>.tmp` behind; no
/// one reads it, and it may be removed while nothing writes there.
///
/// Threads: shared: safe.
class DirectoryStore {
 public:
  static constexpr std::string_view name = "directory";

  /// With the defaults. A template, for GCC 12 takes `{{.directory = "lake"}}` for a string, too.
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>

  explicit DirectoryStore(const Text& directory)
      : DirectoryStore(
            DirectoryStoreOptions{.directory = std::string(std::string_view(directory))}) {}

  explicit DirectoryStore(DirectoryStoreOptions options) : options_(std::move(options)) {
    while (options_.directory.size() > 1 && options_.directory.ends_with('/')) {
      options_.directory.pop_back();
    }
  }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(!options_.directory.empty() && options_.directory.find('\0') == std::string::npos,
                 "directory_store.directory", "must name a directory",
                 "\"" + options_.directory + "\"");
  }

  /// Whether the key names a file inside the directory: relative, without "..", without NUL.
  bool accepts(std::string_view key) const {
    if (key.starts_with('/') || key.find('\0') != std::string_view::npos) {
      return false;
    }
    for (;;) {
      const std::size_t end = key.find('/');
      const std::string_view part = key.substr(0, end);
      if (part == "..") {
        return false;
      }
      if (end == std::string_view::npos) {
        return !part.empty() && part != ".";
      }
      key.remove_prefix(end + 1);
    }
  }

  /// Puts the object in its place, replacing one of the same key.
  /// Returns: delivered when it is there, and stays there; rejected when the key leads out of the
  /// directory; otherwise retry, for a full or unwritable disk may recover.
  /// Errors: Directory. and InvalidKey, MakeDirectoryFailed, CreateFailed, EncodeFailed,
  /// WriteFailed, Cancelled, SyncFailed, CloseFailed, RenameFailed, SyncDirectoryFailed.
  /// Blocks: until the disk has it.
  DeliveryResult put_object(const Object& object, Attempt& attempt) {
    const std::string path = options_.directory + "/" + std::string(object.key);
    if (!accepts(object.key)) {
      return rejected("put " + path + ": the key leads out of the directory")
          .with_code("Directory.InvalidKey");
    }
    const std::string folder = path.substr(0, path.rfind('/'));
    Files& files = attempt.files();
    if (Status made = files.make_directories(folder); !made) {
      return failed(path, "Directory.MakeDirectoryFailed", made.failure());
    }
    // Not made of the key: that may already be as long as a name can be.
    const std::string temporary =
        folder + "/.hydrant-" + std::to_string(attempt.world().random()) + ".tmp";
    Result<std::unique_ptr<File>> created = files.create(temporary);
    if (!created) {
      return failed(path, "Directory.CreateFailed", created.failure());
    }
    detail::TemporaryFileGuard leftover(files, temporary);
    if (DeliveryResult written = write(object, attempt, path, std::move(created.value()));
        !written.is_delivered()) {
      return written;
    }
    if (Status renamed = files.rename(temporary, path); !renamed) {
      return failed(path, "Directory.RenameFailed", renamed.failure());
    }
    leftover.keep();
    return options_.sync ? sync_names(files, path, folder) : delivered;
  }

 private:
  DeliveryResult write(const Object& object, Attempt& attempt, const std::string& path,
                       std::unique_ptr<File> file) const {
    const char* code = "Directory.EncodeFailed";
    Status taken = success();
    const auto take = [&](std::span<const std::byte> piece) -> Status {
      if (attempt.cancelled()) {
        code = "Directory.Cancelled";
        taken = Failure{"stopped: the attempt's time is over"};
      } else if (taken = file->write(piece); !taken) {
        code = "Directory.WriteFailed";
      }
      return taken;
    };
    Status status = object.body.write_to(take);
    if (status && !taken) {
      status =
          taken;  // a format that does not pass on what it is told must not make half an object
    }
    if (status && options_.sync) {
      code = "Directory.SyncFailed";
      status = file->sync();
    }
    // Closed in any case; an error that the system kept back counts.
    Status closed = file->close();
    if (status && !closed) {
      code = "Directory.CloseFailed";
      status = std::move(closed);
    }
    return status ? delivered : failed(path, code, status.failure());
  }

  /// The file's name is durable when its directory is, and every directory that may be new.
  DeliveryResult sync_names(Files& files, const std::string& path, std::string folder) const {
    for (;;) {
      if (Status synced = files.sync_directory(folder); !synced) {
        return failed(path, "Directory.SyncDirectoryFailed", synced.failure());
      }
      if (folder.size() <= options_.directory.size()) {
        return delivered;
      }
      folder.resize(folder.rfind('/'));
    }
  }

  static DeliveryResult failed(const std::string& path, const char* code, const Failure& failure) {
    return retry("put " + path + ": " + failure.message).with_code(code);
  }

  DirectoryStoreOptions options_;
};

static_assert(Store<DirectoryStore>);

}  // namespace hydrant
