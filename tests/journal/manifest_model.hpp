// SPDX-License-Identifier: MIT
//
// What a manifest should know, kept in plain sets and lists, and the bytes of
// its two files as a process leaves them when it dies.
#pragma once

#include <hydrant/journal/manifest.hpp>
#include <hydrant/testing/memory_files.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::tests {

using detail::Manifest;
using detail::ManifestFiles;
using detail::ManifestHeader;
using detail::Seal;
using detail::SealedPart;
using detail::Track;
using testing::MemoryFiles;

/// The bytes of manifest-0 and manifest-1.
using ManifestBytes = std::array<std::string, 2>;

inline ManifestBytes manifest_bytes(const MemoryFiles& files, const std::string& directory) {
  return {files.content(ManifestFiles::name_of(directory, 0)).value(),
          files.content(ManifestFiles::name_of(directory, 1)).value()};
}

/// A disk that has a directory "spool" with these two files.
inline std::unique_ptr<MemoryFiles> disk_with(const ManifestBytes& bytes) {
  auto files = std::make_unique<MemoryFiles>();
  bool is_made = bool(files->make_directories("spool"));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto file = files->create(ManifestFiles::name_of("spool", i));
    is_made = is_made && file && file.value()->write(std::as_bytes(std::span(bytes[i])));
  }
  if (!is_made) {
    throw std::runtime_error("the test has no disk");
  }
  return files;
}

inline ManifestHeader header_of(const std::string& file) {
  return detail::read_plain<ManifestHeader>(reinterpret_cast<const std::byte*>(file.data()));
}

inline void set_header(std::string& file, const ManifestHeader& header) {
  std::memcpy(file.data(), &header, sizeof(header));
}

/// Which file counts: the later generation that is complete.
inline std::size_t active_of(const ManifestBytes& bytes) {
  const ManifestHeader first = header_of(bytes[0]);
  const ManifestHeader second = header_of(bytes[1]);
  return second.complete != 0 && (first.complete == 0 || second.generation > first.generation) ? 1
                                                                                               : 0;
}

/// A seal as its bytes, so that two can be compared.
inline std::string text_of(const Seal& seal) {
  detail::EntryWriter out;
  out.put(seal.lane);
  encode(seal, out);
  const auto bytes = out.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What a manifest is asked for after a crash.
struct ManifestModel {
  static constexpr std::uint32_t shard_count = 3;
  static constexpr std::uint64_t sequence_count = 300;

  std::set<std::tuple<std::size_t, std::uint32_t, std::uint64_t>> settled;  // track, shard, number
  std::vector<Seal> seals;  // in the log: those that were forgotten since the log began as well
  std::vector<SealedPart> parts;
  std::uint64_t highest_number = 0;  // of all that were ever sealed

  void done(Track track, std::uint32_t shard, std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t sequence = first; sequence < last; ++sequence) {
      settled.emplace(static_cast<std::size_t>(track), shard, sequence);
    }
  }

  void seal(const Seal& seal) {
    seals.push_back(seal);
    highest_number = std::max(highest_number, seal.number);
  }

  /// Returns: what is different, nothing when all is as it should be.
  std::string difference(Manifest& manifest) const {
    for (std::size_t track = 0; track < detail::track_count; ++track) {
      for (std::uint32_t shard = 0; shard < shard_count; ++shard) {
        const auto& known = manifest.settled_of(static_cast<Track>(track), shard);
        for (std::uint64_t sequence = 0; sequence < sequence_count + 1; ++sequence) {
          if (known.contains(sequence) != settled.contains({track, shard, sequence})) {
            return "record " + std::to_string(sequence) + " of shard " + std::to_string(shard) +
                   ", track " + std::to_string(track);
          }
        }
      }
    }
    const bool same_seals = std::equal(
        seals.begin(), seals.end(), manifest.seals().begin(), manifest.seals().end(),
        [](const Seal& mine, const Seal& other) { return text_of(mine) == text_of(other); });
    if (!same_seals) {
      return "seals: " + std::to_string(manifest.seals().size()) + " for " +
             std::to_string(seals.size());
    }
    for (const SealedPart& part : parts) {
      // In this order: one that is not known would be from the first question on.
      if (manifest.part(part.number, part.part, ~part.digest) ||
          !manifest.part(part.number, part.part, part.digest)) {
        return "part " + std::to_string(part.part) + " of batch " + std::to_string(part.number);
      }
    }
    const std::uint64_t number = manifest.take_number();
    return number > highest_number ? std::string()
                                   : "number " + std::to_string(number) + " was given before";
  }
};

}  // namespace hydrant::tests
