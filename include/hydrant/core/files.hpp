// SPDX-License-Identifier: MIT
//
// The door to the file system, as an interface, so that a test or a simulator
// can stand in for it: fill the disk, fail the n-th call, lose unsynced writes.
#pragma once

#include <hydrant/core/result.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hydrant {

/// One file open for writing. Destroying it closes it.
/// Threads: distinct objects: safe; shared: unsafe.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  /// Appends all of `bytes`, or fails.
  virtual Status write(std::span<const std::byte> bytes) = 0;

  /// Returns once everything written is on stable storage.
  virtual Status sync() = 0;

  /// Closes the file; an error that the system kept back comes out here.
  virtual Status close() = 0;
};

/// A whole file in memory, shared with whoever else maps it. What is written there survives the
/// end of the process from the moment of the store; a power cut only what was synced before.
/// Destroying it takes the memory away, not the file.
/// Threads: shared: safe, as far as threads keep to bytes of their own.
class Mapping {
 public:
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  virtual ~Mapping() = default;

  /// Where the file lies, from the beginning of a memory page on.
  virtual std::span<std::byte> bytes() = 0;

  /// Takes whole pages out of memory, as far as the system likes. They come back by being touched.
  virtual void page_out(std::size_t offset, std::size_t size) noexcept = 0;

  /// For a forked child: what it writes from here on reaches neither the file nor the parent.
  virtual void become_private() noexcept = 0;
};

/// A file of a fixed size for appending to durably: writing into it changes nothing about the
/// file but its bytes, so `sync` has only those to wait for. Destroying it closes it.
/// Threads: distinct objects: safe; shared: unsafe.
class LogFile {
 public:
  LogFile() = default;
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  virtual ~LogFile() = default;

  /// Writes all of `bytes` there, or fails. They end within the file's size.
  virtual Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  /// Writes the pieces there, one behind the other.
  virtual Status write_pieces_at(std::uint64_t offset,
                                 std::span<const std::span<const std::byte>> pieces) {
    for (const std::span<const std::byte> piece : pieces) {
      if (Status written = write_at(offset, piece); !written) {
        return written;
      }
      offset += piece.size();
    }
    return success();
  }

  /// Returns once everything written is on stable storage. A failure is final: what it lost, no
  /// later sync will find again.
  virtual Status sync() = 0;
};

/// A lock on a name, held until it is destroyed, or until the process ends in whatever way.
class FileLock {
 public:
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  virtual ~FileLock() = default;

  /// Whether the file still has its name: else nobody sees the lock any more.
  virtual bool is_in_place() noexcept { return true; }

  /// For a forked child, to which the lock does not belong: forgets it, so that it ends with the
  /// parent.
  virtual void forget() noexcept = 0;
};

/// A file system.
/// Threads: shared: safe.
class Files {
 public:
  Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  virtual ~Files() = default;

  /// Opens a file that must not exist yet.
  virtual Result<std::unique_ptr<File>> create(const std::string& path) = 0;

  /// Moves `from` to `to` in one step, replacing what is there.
  virtual Status rename(const std::string& from, const std::string& to) = 0;

  virtual Status remove(const std::string& path) = 0;

  /// Makes the directory and every missing parent; one that exists is fine.
  virtual Status make_directories(const std::string& path) = 0;

  /// Makes names in the directory durable (renames, creations).
  virtual Status sync_directory(const std::string& path) = 0;

  /// The names in a directory, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;

  /// All of a file, which is small.
  /// Errors: EFBIG when it is larger than `bytes_max`.
  virtual Result<std::string> read(const std::string& path, std::size_t bytes_max) {
    Result<std::unique_ptr<Mapping>> mapping = map(path);
    if (!mapping) {
      return mapping.failure();
    }
    const std::span<const std::byte> bytes = mapping.value()->bytes();
    if (bytes.size() > bytes_max) {
      return too_large(path, bytes_max);
    }
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  // What only a journal needs. A file system without it cannot hold one.

  /// Removes an empty directory.
  virtual Status remove_directory(const std::string& path) { return without(path); }

  /// Makes a file that must not exist yet, of `size` zeros with disk space for each, and maps it.
  /// So writing to the mapping never meets a full disk.
  virtual Result<std::unique_ptr<Mapping>> create_mapped(const std::string& path, std::uint64_t) {
    return without(path);
  }

  /// Maps a file that exists, in its present size, for reading and writing. An empty one has no
  /// bytes.
  virtual Result<std::unique_ptr<Mapping>> map(const std::string& path) { return without(path); }

  /// Makes a file that must not exist yet, of so many zeros that are on the disk.
  virtual Result<std::unique_ptr<LogFile>> create_log(const std::string& path, std::uint64_t) {
    return without(path);
  }

  /// Locks the file of that name, making it if it is missing.
  /// Errors: EWOULDBLOCK when another process, or this one, has it locked.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) { return without(path); }

  /// Changes whenever what was written, but not synced, may have been lost: with each start of the
  /// operating system. Empty where that cannot be known.
  virtual std::string boot_id() { return {}; }

 protected:
  static Failure too_large(const std::string& path, std::size_t bytes_max) {
    return {"read " + path + ": it is larger than " + std::to_string(bytes_max) + " bytes", EFBIG};
  }

 private:
  static Failure without(const std::string& path) {
    return {"journal " + path + ": this file system cannot hold one"};
  }
};

}  // namespace hydrant
