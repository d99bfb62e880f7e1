// SPDX-License-Identifier: MIT
//
// The two files of a manifest, in mapped memory: while one counts, the other is
// there to be begun anew, larger if need be.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/journal/layout.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

  /// What stands at its front; nothing when that is no manifest's.
  std::optional<ManifestHeader> header(std::size_t index) const {
    const std::span<const std::byte> file = bytes(index);
    if (file.size() < bytes_min) {
      return std::nullopt;
    }
    const auto header = read_plain<ManifestHeader>(file.data());
    const bool is_right = header.magic == ManifestHeader::right_magic &&
                          header.version == journal_version && header.check == header.right_check();
    return is_right ? std::optional(header) : std::nullopt;
  }

  /// Sees to it that a file has that many bytes; what it says is lost. A failure leaves it as it
  /// was: the larger one takes its name only when it is there.
  void make_room(std::size_t index, std::size_t bytes_needed) {
    if (bytes(index).size() < bytes_needed) {
      static_cast<void>(replace(index, std::bit_ceil(bytes_needed)));
    }
  }

  /// Makes a file anew. A failure leaves it as it was.
  Status replace(std::size_t index, std::size_t size) {
    const std::string name = name_of(directory_, index);
    const std::string fresh_name = name + ".new";
    static_cast<void>(files_->remove(fresh_name));  // of a process that died here
    Result<std::unique_ptr<Mapping>> fresh = files_->create_mapped(fresh_name, size);
    if (!fresh) {
      return fresh.failure();
    }
    Status renamed = files_->rename(fresh_name, name);
    if (renamed) {
      mappings_[index] = std::move(fresh.value());
    } else {
      static_cast<void>(files_->remove(fresh_name));
    }
    return renamed;
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
