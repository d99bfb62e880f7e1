// SPDX-License-Identifier: MIT
//
// What a spool is called and what names its batches, and single entries of its
// manifest on their way elsewhere.
#pragma once

#include <hydrant/core/time.hpp>
#include <hydrant/journal/layout.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hydrant::detail {

/// What a spool is called and what names its batches.
struct SpoolIdentity {
  std::uint64_t epoch = 0;
  std::uint64_t id_seed_high = 0;
  std::uint64_t id_seed_low = 0;
  WallTime created_at{};
  std::string boot_id;
  bool owes_backup = false;  // whether each record must be backed up, too

  static SpoolIdentity of(const ManifestHeader& header) {
    return {.epoch = header.epoch,
            .id_seed_high = header.id_seed_high,
            .id_seed_low = header.id_seed_low,
            .created_at = WallTime(std::chrono::milliseconds(header.created_at)),
            .boot_id = {header.boot_id.begin(),
                        std::find(header.boot_id.begin(), header.boot_id.end(), '\0')},
            .owes_backup = (header.flags & ManifestHeader::owes_backup) != 0};
  }

  /// As far as it goes.
  ManifestHeader header() const {
    ManifestHeader header;
    header.epoch = epoch;
    header.id_seed_high = id_seed_high;
    header.id_seed_low = id_seed_low;
    header.created_at = created_at.time_since_epoch().count();
    header.flags = owes_backup ? ManifestHeader::owes_backup : 0;
    boot_id.copy(header.boot_id.data(), header.boot_id.size() - 1);
    return header;
  }
};

/// The digest of what a transform made of a part of a batch.
struct SealedPart {
  std::uint64_t number = 0;  // of the batch
  std::uint64_t part = 0;
  std::uint64_t digest = 0;
};

/// An entry of a manifest, apart from it.
struct LoggedEntry {
  EntryType type{};
  std::uint16_t lane = 0;
  std::vector<std::byte> payload;
};

}  // namespace hydrant::detail
