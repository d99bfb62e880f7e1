// SPDX-License-Identifier: MIT
//
// The door to the file system, as an interface, so that a test or a simulator
// can stand in for it: fill the disk, fail the n-th call, lose unsynced writes.
#pragma once

#include <hydrant/core/result.hpp>

#include <cstddef>
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
};

}  // namespace hydrant
