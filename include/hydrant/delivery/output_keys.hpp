// SPDX-License-Identifier: MIT
//
// The partition keys that a transform sets, output by output. Most outputs have
// the same keys as the one before, or none, and cost nothing.
#pragma once

#include <hydrant/core/partition.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// Which keys the outputs of a portion have.
/// Threads: distinct objects: safe; shared: unsafe.
class OutputKeys {
 public:
  /// A transform begins on the next record, before it has set any key.
  void begin_record() {
    has_changed_ = has_changed_ || !present_.empty();
    present_.clear();
  }

  void set(std::string_view name, std::string_view value) {
    present_.set(name, value);
    has_changed_ = true;
  }

  /// Output number `output`, the next one, has the present keys.
  void note_output(std::uint64_t output) {
    if (std::exchange(has_changed_, false) && !(changes_.empty() && present_.empty())) {
      changes_.push_back({output, present_});
    }
  }

  /// There are only so many outputs after all.
  void roll_back(std::uint64_t outputs) {
    while (!changes_.empty() && changes_.back().first_output >= outputs) {
      changes_.pop_back();
    }
    has_changed_ = true;
  }

  void clear() {
    changes_.clear();
    present_.clear();
    has_changed_ = false;
    place_ = 0;
  }

  /// The keys of an output. To be asked in the order of the outputs.
  const PartitionKeys& of(std::uint64_t output) {
    while (place_ < changes_.size() && changes_[place_].first_output <= output) {
      ++place_;
    }
    return place_ == 0 ? none_ : changes_[place_ - 1].keys;
  }

 private:
  struct Change {
    std::uint64_t first_output;
    PartitionKeys keys;
  };

  const PartitionKeys none_{};
  PartitionKeys present_;
  std::vector<Change> changes_;
  std::size_t place_ = 0;
  bool has_changed_ = false;
};

}  // namespace hydrant::detail
