// SPDX-License-Identifier: MIT
//
// Which outputs of an origin have the same keys: groups by key, found once for
// each record, and forgotten all at once. So the keys lie in one text, and the
// table keeps its memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::detail {

/// Groups, numbered from 0 on in the order in which their keys first came.
/// Threads: distinct objects: safe; shared: unsafe.
class GroupTable {
 public:
  static constexpr std::uint32_t none = 0xffff'ffff;

  /// The outputs of one partition, by their numbers in the origin.
  struct Group {
    std::size_t hash;
    std::size_t key_begin;
    std::size_t key_bytes;
    std::uint32_t next = 0;
    std::uint32_t end = 0;
  };

  std::size_t size() const { return groups_.size(); }

  bool empty() const { return groups_.empty(); }

  Group& operator[](std::size_t number) { return groups_[number]; }

  const Group& operator[](std::size_t number) const { return groups_[number]; }

  auto begin() { return groups_.begin(); }

  auto end() { return groups_.end(); }

  std::string_view key_of(const Group& group) const {
    return std::string_view(keys_).substr(group.key_begin, group.key_bytes);
  }

  /// The number of the group of that key, which is new when there was none.
  std::uint32_t number_of(std::string_view key) {
    if (last_ < groups_.size() && key_of(groups_[last_]) == key) {
      return last_;  // neighbours often are of one partition
    }
    if (slots_.size() < 2 * (groups_.size() + 1)) {
      grow();
    }
    const std::size_t hash = std::hash<std::string_view>()(key);
    std::size_t at = hash & (slots_.size() - 1);
    for (; slots_[at] != none; at = (at + 1) & (slots_.size() - 1)) {
      const Group& group = groups_[slots_[at]];
      if (group.hash == hash && key_of(group) == key) {
        return last_ = slots_[at];
      }
    }
    last_ = static_cast<std::uint32_t>(groups_.size());
    slots_[at] = last_;
    groups_.push_back({hash, keys_.size(), key.size()});
    keys_ += key;
    return last_;
  }

  /// Forgets the groups, and keeps the memory.
  void clear() {
    groups_.clear();
    keys_.clear();
    slots_.assign(slots_.size(), none);
    last_ = 0;
  }

 private:
  void grow() {
    constexpr std::size_t slots_min = 64;
    slots_.assign(slots_.empty() ? slots_min : 2 * slots_.size(), none);
    for (std::size_t number = 0; number < groups_.size(); ++number) {
      std::size_t at = groups_[number].hash & (slots_.size() - 1);
      while (slots_[at] != none) {
        at = (at + 1) & (slots_.size() - 1);
      }
      slots_[at] = static_cast<std::uint32_t>(number);
    }
  }

  std::string keys_;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> slots_;  // numbers of groups, by hash; a power of two, half empty
  std::uint32_t last_ = 0;
};

}  // namespace hydrant::detail
