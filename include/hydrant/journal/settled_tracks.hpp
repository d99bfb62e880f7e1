// SPDX-License-Identifier: MIT
//
// Which records of a spool have ended, apart for the main delivery and for the
// source backup.
#pragma once

#include <hydrant/core/settled_ranges.hpp>
#include <hydrant/journal/seal.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hydrant::detail {

/// The ended records of each shard, by track.
/// Threads: distinct objects: safe; shared: unsafe.
class SettledTracks {
 public:
  /// More is no number of a shard.
  static constexpr std::uint32_t shard_count_max = 1u << 20;

  SettledRanges& of(Track track, std::uint32_t shard) {
    std::vector<SettledRanges>& shards = tracks_[static_cast<std::size_t>(track)];
    if (shards.size() <= shard) {
      shards.resize(std::size_t{shard} + 1);
    }
    return shards[shard];
  }

  /// The same for records some of which may have been added before.
  void add_again(Track track, std::uint32_t shard, std::uint64_t first, std::uint64_t last) {
    add_again(of(track, shard), first, last);
  }

  static void add_again(SettledRanges& settled, std::uint64_t first, std::uint64_t last) {
    std::vector<SettledRanges::Range> fresh;
    settled.for_each_unsettled(first, last, [&](std::uint64_t from, std::uint64_t to) {
      fresh.push_back({from, to});
    });
    for (const SettledRanges::Range& range : fresh) {
      settled.add(range.first, range.last);
    }
  }

  /// Calls `visit(track, shard, const SettledRanges&)` for each shard.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t track = 0; track < tracks_.size(); ++track) {
      for (std::uint32_t shard = 0; shard < tracks_[track].size(); ++shard) {
        visit(static_cast<Track>(track), shard, tracks_[track][shard]);
      }
    }
  }

 private:
  std::array<std::vector<SettledRanges>, track_count> tracks_;
};

}  // namespace hydrant::detail
