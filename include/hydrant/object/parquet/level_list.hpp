// SPDX-License-Identifier: MIT
//
// The definition or repetition levels of a page. Most columns have the same
// level in every record; those cost a counter.
#pragma once

#include <hydrant/object/parquet/hybrid_encoder.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hydrant::detail::parquet {

/// Levels of one column, in order.
/// Threads: distinct objects: safe; shared: unsafe.
class LevelList {
 public:
  std::size_t size() const { return count_; }

  void append(std::uint8_t level) {
    if (level != first_ || !levels_.empty()) {
      if (count_ == 0) {
        first_ = level;
      } else {
        append_other(level);
      }
    }
    ++count_;
  }

  /// Drops all but the first `count` levels.
  void truncate(std::size_t count) {
    count_ = count;
    levels_.resize(std::min(levels_.size(), count));
  }

  void clear() { truncate(0); }

  /// How many levels from place `begin` on are `level`.
  std::size_t count_of(std::uint8_t level, std::size_t begin = 0) const {
    if (levels_.empty()) {
      return level == first_ ? count_ - begin : 0;
    }
    return static_cast<std::size_t>(
        std::count(levels_.begin() + static_cast<std::ptrdiff_t>(begin), levels_.end(), level));
  }

  /// Appends the levels of a column whose highest is `max`, not 0.
  void append_to(ByteBuffer& out, std::uint8_t max) const {
    if (levels_.empty()) {
      append_hybrid_run(out, first_, count_, bits_for(max));
    } else {
      append_hybrid(out, std::span<const std::uint8_t>(levels_), bits_for(max));
    }
  }

 private:
  void append_other(std::uint8_t level) {
    if (levels_.empty()) {
      levels_.assign(count_, first_);
    }
    levels_.push_back(level);
  }

  /// The level of all while `levels_` is empty.
  std::uint8_t first_ = 0;
  std::size_t count_ = 0;
  std::vector<std::uint8_t> levels_;
};

}  // namespace hydrant::detail::parquet
