// SPDX-License-Identifier: MIT
//
// The partitions of a stream that gather records: which there are, which is
// full, which is due, and which to close when there must be one fewer, or less
// memory must do. Each has the size, the count and the interval of the stream to
// itself. No thread, no lock, no clock, and no record: what a partition holds is
// its owner's business. Nothing here takes longer than the logarithm of how many
// there are.
#pragma once

#include <hydrant/buffer/buffering_hints.hpp>
#include <hydrant/buffer/indexed_heap.hpp>
#include <hydrant/core/batch.hpp>
#include <hydrant/core/config.hpp>
#include <hydrant/core/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace hydrant::detail {

/// The partitions that gather records.
/// Threads: distinct objects: safe; shared: unsafe.
template <class Content>
class PartitionSet {
 public:
  /// One of them.
  class Partition {
   public:
    Partition(std::string_view key, std::uint64_t number) : key_(key), number_(number) {}

    /// The encoded keys.
    const std::string& key() const { return key_; }

    std::uint64_t bytes() const { return bytes_; }

    std::uint32_t count() const { return count_; }

    /// The arrival of the oldest record; SteadyTime::max() when there is none.
    SteadyTime first_arrival() const { return first_arrival_; }

    /// Whether somebody is about to add to it; then nobody closes it.
    bool is_held() const { return is_held_; }

    Content content;

   private:
    friend PartitionSet;

    std::string key_;
    std::uint64_t number_;
    std::uint64_t bytes_ = 0;
    std::uint32_t count_ = 0;
    SteadyTime first_arrival_ = SteadyTime::max();
    bool is_held_ = true;
    std::size_t place_by_age_ = 0;
    std::size_t place_by_bytes_ = 0;
    Partition* staler_ = nullptr;
    Partition* fresher_ = nullptr;
  };

  PartitionSet(const BufferingHints& hints, std::size_t active_max)
      : size_(hints.size.value),
        count_(hints.count == 0 ? std::numeric_limits<std::uint32_t>::max() : hints.count),
        interval_(hints.interval),
        active_max_(active_max) {}

  PartitionSet(const PartitionSet&) = delete;
  PartitionSet& operator=(const PartitionSet&) = delete;

  std::size_t size() const { return partitions_.size(); }

  bool is_full() const { return partitions_.size() >= active_max_; }

  /// What all partitions gather together.
  std::uint64_t bytes() const { return bytes_; }

  // --- adding ---------------------------------------------------------------------------------

  /// The partition of that key, or null.
  Partition* find(std::string_view key) const {
    const auto at = partitions_.find(key);
    return at == partitions_.end() ? nullptr : at->second.get();
  }

  /// A new, held partition. There must be none of that key, and the set must not be full.
  Partition& open(std::string_view key) {
    HYDRANT_ASSERT(!is_full());
    auto partition = std::make_unique<Partition>(key, ++opened_);
    Partition& opened = *partition;
    partitions_.emplace(opened.key_, std::move(partition));
    return opened;
  }

  /// Somebody is about to add to the partition.
  void hold(Partition& partition) {
    if (!std::exchange(partition.is_held_, true)) {
      leave_orders(partition);
    }
  }

  /// Nobody adds to the partition for now. It is the one that was added to last. One that holds
  /// no record is to be taken out instead.
  void release(Partition& partition) {
    HYDRANT_ASSERT(partition.is_held_ && partition.count_ != 0);
    partition.is_held_ = false;
    by_age_.push(&partition);
    by_bytes_.push(&partition);
    partition.staler_ = freshest_;
    partition.fresher_ = nullptr;
    (freshest_ != nullptr ? freshest_->fresher_ : stalest_) = &partition;
    freshest_ = &partition;
  }

  /// Whether so many records of so many bytes together may join the partition: it never holds more
  /// than the size, unless one record alone does.
  bool fits(const Partition& partition, std::uint64_t bytes, std::uint32_t count) const {
    return (partition.count_ == 0 && count == 1) ||
           (count <= count_ - partition.count_ && partition.bytes_ + bytes <= size_);
  }

  /// Notes records that have joined the partition, which is held.
  void add(Partition& partition, std::uint64_t bytes, std::uint32_t count, SteadyTime arrival) {
    HYDRANT_ASSERT(partition.is_held_);
    partition.bytes_ += bytes;
    partition.count_ += count;
    partition.first_arrival_ = std::min(partition.first_arrival_, arrival);
    bytes_ += bytes;
  }

  /// Why the partition has to be closed, if it has for what it holds.
  std::optional<CloseReason> full(const Partition& partition) const {
    return partition.count_ >= count_  ? std::optional(CloseReason::count)
           : partition.bytes_ >= size_ ? std::optional(CloseReason::size)
                                       : std::nullopt;
  }

  /// Notes that records have left the partition; `arrival` is that of the oldest that is left.
  void discard(Partition& partition, std::uint64_t bytes, std::uint32_t count, SteadyTime arrival) {
    const bool was_held = partition.is_held_;
    if (!was_held) {
      by_age_.remove(&partition);
      by_bytes_.remove(&partition);
    }
    partition.bytes_ -= bytes;
    partition.count_ -= count;
    partition.first_arrival_ = partition.count_ == 0 ? SteadyTime::max() : arrival;
    bytes_ -= bytes;
    if (!was_held) {
      by_age_.push(&partition);
      by_bytes_.push(&partition);
    }
  }

  // --- closing --------------------------------------------------------------------------------

  /// Takes a partition out, for good.
  std::unique_ptr<Partition> take(Partition& partition) {
    if (!partition.is_held_) {
      leave_orders(partition);
    }
    bytes_ -= partition.bytes_;
    const auto at = partitions_.find(partition.key_);
    std::unique_ptr<Partition> taken = std::move(at->second);
    partitions_.erase(at);
    return taken;
  }

  /// When the next partition has to be closed by its age; SteadyTime::max() when there is none.
  SteadyTime due() const {
    return by_age_.empty() ? SteadyTime::max()
                           : saturating_add(by_age_.front()->first_arrival_, interval_);
  }

  // Of those that nobody holds; null when there is none.

  /// The one with the oldest record.
  Partition* oldest() const { return by_age_.empty() ? nullptr : by_age_.front(); }

  /// The one whose closing frees most.
  Partition* largest() const { return by_bytes_.empty() ? nullptr : by_bytes_.front(); }

  /// The one that has waited longest for a record, and so is the least likely to get more.
  Partition* stalest() const { return stalest_; }

 private:
  struct Older {
    bool operator()(const Partition& a, const Partition& b) const {
      return a.first_arrival_ != b.first_arrival_ ? a.first_arrival_ < b.first_arrival_
                                                  : a.number_ < b.number_;
    }
  };

  struct Larger {
    bool operator()(const Partition& a, const Partition& b) const {
      return a.bytes_ != b.bytes_ ? a.bytes_ > b.bytes_ : a.number_ < b.number_;
    }
  };

  void leave_orders(Partition& partition) {
    by_age_.remove(&partition);
    by_bytes_.remove(&partition);
    (partition.staler_ != nullptr ? partition.staler_->fresher_ : stalest_) = partition.fresher_;
    (partition.fresher_ != nullptr ? partition.fresher_->staler_ : freshest_) = partition.staler_;
  }

  const std::uint64_t size_;
  const std::uint32_t count_;
  const std::chrono::milliseconds interval_;
  const std::size_t active_max_;
  std::uint64_t bytes_ = 0;
  std::uint64_t opened_ = 0;
  std::unordered_map<std::string_view, std::unique_ptr<Partition>> partitions_;
  IndexedHeap<Partition, &Partition::place_by_age_, Older> by_age_;
  IndexedHeap<Partition, &Partition::place_by_bytes_, Larger> by_bytes_;
  Partition* stalest_ = nullptr;  // in the order in which they were added to last
  Partition* freshest_ = nullptr;
};

}  // namespace hydrant::detail
