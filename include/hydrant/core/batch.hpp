// SPDX-License-Identifier: MIT
//
// What a sink is given: some records that are delivered, and fail or succeed,
// together. A batch owns nothing: it points into the pages that hold its
// records and lives as long as the call it is given to.
#pragma once

#include <hydrant/core/record.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

namespace hydrant {

/// Why a batch stopped growing.
enum class CloseReason : std::uint8_t {
  size,
  interval,
  count,
  flush,
  closing,
  memory,
  recovery,
  partitions
};

constexpr std::string_view to_text(CloseReason reason) {
  switch (reason) {
    case CloseReason::size:
      return "size";
    case CloseReason::interval:
      return "interval";
    case CloseReason::count:
      return "count";
    case CloseReason::flush:
      return "flush";
    case CloseReason::closing:
      return "close";
    case CloseReason::memory:
      return "memory";
    case CloseReason::recovery:
      return "recovery";
    case CloseReason::partitions:
      return "partitions";
  }
  return "unknown";
}

/// The records of a batch, in order, whatever pages they lie in.
class RecordRange {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = RecordView;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = RecordView;

    Iterator() = default;

    Iterator(const RecordSlice* slice, const RecordSlice* end) : slice_(slice), end_(end) {
      skip_empty();
    }

    RecordView operator*() const { return slice_->record(index_); }

    Iterator& operator++() {
      if (++index_ == slice_->last) {
        ++slice_;
        skip_empty();
      }
      return *this;
    }

    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }

    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.slice_ == b.slice_ && a.index_ == b.index_;
    }

   private:
    void skip_empty() {
      while (slice_ != end_ && slice_->count() == 0) {
        ++slice_;
      }
      index_ = slice_ == end_ ? 0 : slice_->first;
    }

    const RecordSlice* slice_ = nullptr;
    const RecordSlice* end_ = nullptr;
    std::uint32_t index_ = 0;
  };

  explicit RecordRange(std::span<const RecordSlice> slices) : slices_(slices) {}

  Iterator begin() const { return {slices_.data(), slices_.data() + slices_.size()}; }

  Iterator end() const {
    const RecordSlice* end = slices_.data() + slices_.size();
    return {end, end};
  }

 private:
  std::span<const RecordSlice> slices_;
};

/// One of the keys by which a stream is partitioned, and its value for the records of a batch.
struct PartitionKey {
  std::string_view name;
  std::string_view value;

  friend bool operator==(const PartitionKey&, const PartitionKey&) = default;
};

/// Everything about a batch but its records.
struct BatchInfo {
  /// The delivery stream's name and version, as object keys carry them.
  std::string_view stream;
  std::uint32_t version = 1;
  /// A UUID, the same on every attempt: the request id, the random part of an object's key.
  std::string_view request_id;
  /// Empty for data; "processing-failed" and the like for batches of the error output.
  std::string_view error_output_type;
  /// What the records of this batch have in common; empty in a stream without partitions. The
  /// memory outlives the call.
  std::span<const PartitionKey> partition_keys;
  /// What stands between records in the slices' bytes; empty when nothing does.
  std::string_view delimiter;
  /// The arrival of the oldest record.
  WallTime first_arrival{};
  /// Bytes of all records, delimiters included.
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;
  CloseReason close_reason = CloseReason::size;
};

/// Some records that are delivered together.
///
/// @code
/// for (hydrant::RecordView record : batch.records()) send(record.text());
/// @endcode
///
/// Threads: immutable; shared: safe while the call that it was given to runs.
class Batch {
 public:
  Batch(const BatchInfo& info, std::span<const RecordSlice> slices)
      : info_(info), slices_(slices) {}

  const BatchInfo& info() const { return info_; }

  std::string_view stream() const { return info_.stream; }

  std::string_view request_id() const { return info_.request_id; }

  std::uint32_t count() const { return info_.count; }

  std::uint64_t bytes() const { return info_.bytes; }

  /// The records, each without its delimiter.
  RecordRange records() const { return RecordRange(slices_); }

  /// The memory that the records lie in, for sinks that write whole pieces.
  std::span<const RecordSlice> slices() const { return slices_; }

 private:
  BatchInfo info_;
  std::span<const RecordSlice> slices_;
};

}  // namespace hydrant
