// SPDX-License-Identifier: MIT
//
// Which of a shard's records have ended (delivered, dropped, dead-lettered or
// lost): a watermark below which all have, and the few ranges above it that
// ended out of order. `wait` and `flush` look here; `put` pays nothing for it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace hydrant::detail {

/// A set of sequence numbers that grows towards "all".
/// Threads: distinct objects: safe; shared: unsafe.
class SettledRanges {
 public:
  struct Range {
    std::uint64_t first;
    std::uint64_t last;
  };

  /// Adds `[first, last)`, which must not overlap what is there.
  void add(std::uint64_t first, std::uint64_t last) {
    if (first == last) {
      return;
    }
    if (first == watermark_) {
      watermark_ = last;
      absorb();
      return;
    }
    auto at =
        std::lower_bound(ranges_.begin(), ranges_.end(), first,
                         [](const Range& range, std::uint64_t key) { return range.first < key; });
    at = ranges_.insert(at, {first, last});
    merge_with_neighbours(static_cast<std::size_t>(at - ranges_.begin()));
  }

  /// Calls `visit(first, last)` for each part of `[first, last)` that is not settled.
  template <class Visit>
  void for_each_unsettled(std::uint64_t first, std::uint64_t last, Visit visit) const {
    first = std::max(first, watermark_);
    for (const Range& range : ranges_) {
      if (first >= last || range.first >= last) {
        break;
      }
      if (range.last <= first) {
        continue;
      }
      if (first < range.first) {
        visit(first, range.first);
      }
      first = range.last;
    }
    if (first < last) {
      visit(first, last);
    }
  }

  bool contains(std::uint64_t sequence) const {
    if (sequence < watermark_) {
      return true;
    }
    auto after =
        std::upper_bound(ranges_.begin(), ranges_.end(), sequence,
                         [](std::uint64_t key, const Range& range) { return key < range.first; });
    return after != ranges_.begin() && sequence < (after - 1)->last;
  }

  /// All numbers below it are settled.
  std::uint64_t watermark() const { return watermark_; }

  std::size_t range_count() const { return ranges_.size(); }

  /// The ranges above the watermark, in order.
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  void absorb() {
    std::size_t absorbed = 0;
    while (absorbed < ranges_.size() && ranges_[absorbed].first == watermark_) {
      watermark_ = ranges_[absorbed++].last;
    }
    ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(absorbed));
  }

  void merge_with_neighbours(std::size_t at) {
    if (at + 1 < ranges_.size() && ranges_[at].last == ranges_[at + 1].first) {
      ranges_[at].last = ranges_[at + 1].last;
      ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    if (at > 0 && ranges_[at - 1].last == ranges_[at].first) {
      ranges_[at - 1].last = ranges_[at].last;
      ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }

  std::uint64_t watermark_ = 0;
  std::vector<Range> ranges_;
};

}  // namespace hydrant::detail
