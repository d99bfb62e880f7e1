// SPDX-License-Identifier: MIT
//
// The two files of a manifest, in mapped memory: while one counts, the other is
// there to be begun anew, larger if need be.
#pragma once

#include <hydrant/core/files.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace hydrant::detail {

/// Two mapped files that take turns.
/// Threads: distinct objects: safe; shared: unsafe.
class ManifestFiles {
 public:
  static constexpr std::size_t count = 2;
  static constexpr std::size_t bytes_default = std::size_t{1} << 20;
  static constexpr std::size_t bytes_min = std::size_t{16} << 10;

  /// Makes them, empty.
  Status create(Files& files, const std::string& directory, std::size_t bytes) {
    settle_in(files, directory);
    for (std::size_t index = 0; index < count; ++index) {
      Result<std::unique_ptr<Mapping>> file =
          files.create_mapped(name_of(directory, index), std::max(bytes, bytes_min));
      if (!file) {
        return file.failure();
      }
      mappings_[index] = std::move(file.value());
    }
    return success();
  }

  Status open(Files& files, const std::string& directory) {
    settle_in(files, directory);
    for (std::size_t index = 0; index < count; ++index) {
      Result<std::unique_ptr<Mapping>> file = files.map(name_of(directory, index));
      if (!file) {
        return file.failure();
      }
      mappings_[index] = std::move(file.value());
    }
    return success();
  }

  std::span<std::byte> bytes(std::size_t index) const { return mappings_[index]->bytes(); }

  /// Sees to it that a file has that many bytes; what it says is lost. A failure leaves it as it
  /// was: the larger one takes its name only when it is there.
  void make_room(std::size_t index, std::size_t bytes_needed) {
    if (bytes(index).size() >= bytes_needed) {
      return;
    }
    const std::string name = name_of(directory_, index);
    const std::string larger_name = name + ".new";
    static_cast<void>(files_->remove(larger_name));  // of a process that died here
    Result<std::unique_ptr<Mapping>> larger =
        files_->create_mapped(larger_name, std::bit_ceil(bytes_needed));
    if (!larger) {
      return;
    }
    if (files_->rename(larger_name, name)) {
      mappings_[index] = std::move(larger.value());
    } else {
      static_cast<void>(files_->remove(larger_name));
    }
  }

  static std::string name_of(const std::string& directory, std::size_t index) {
    return directory + "/manifest-" + std::to_string(index);
  }

 private:
  void settle_in(Files& files, const std::string& directory) {
    files_ = &files;
    directory_ = directory;
  }

  Files* files_ = nullptr;
  std::string directory_;
  std::array<std::unique_ptr<Mapping>, count> mappings_;
};

}  // namespace hydrant::detail
