// SPDX-License-Identifier: MIT
//
// Turns a flow of slices into batches, cut exactly: at the size (never above,
// unless one record is), at the count, or when the oldest record has waited
// for the interval. It knows no thread, no lock and no clock: time is given to
// it, so every boundary can be tested.
#pragma once

#include <hydrant/buffer/buffering_hints.hpp>
#include <hydrant/core/batch.hpp>
#include <hydrant/core/config.hpp>
#include <hydrant/ingest/chunk.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace hydrant::detail {

class Spool;  // NOLINT(cppcoreguidelines-virtual-class-destructor): final
struct PartitionBuffer;

/// Records that will be delivered together, waiting for their turn.
struct ClosedBatch {
  std::vector<Slice> slices;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;
  CloseReason reason = CloseReason::size;
  SteadyTime first_arrival_steady{};
  WallTime first_arrival{};
  PartitionBuffer* partition = nullptr;  // what it is made of, in a stream with partitions
  // With a journal, from the moment the batch is sealed in it:
  Spool* spool = nullptr;        // where its records are
  std::uint64_t commit = 0;      // number of the write to stable storage that has the seal
  std::uint64_t id_number = 0;   // names the batch within the spool
  bool is_made_again = false;    // it was sealed in an earlier life of the stream
  std::size_t output_quota = 0;  // of a batch made again: as it was then
};

/// Gathers slices and cuts them into batches.
/// Threads: distinct objects: safe; shared: unsafe.
class BatchCutter {
 public:
  explicit BatchCutter(const BufferingHints& hints)
      : size_(hints.size.value),
        count_(hints.count == 0 ? std::numeric_limits<std::uint32_t>::max() : hints.count),
        interval_(hints.interval) {}

  /// Takes a slice, with its ref. Each batch that it completes goes to `close`;
  /// where a slice is cut in two, the second half needs a ref of its own.
  template <class Close>
  void add(Slice slice, Close close) {
    while (slice.first != slice.last) {
      const std::uint32_t fit = first_that_does_not_fit(slice);
      if (fit == slice.first) {
        close(cut(open_.count == count_ ? CloseReason::count : CloseReason::size));
        continue;
      }
      if (fit == slice.last) {
        append(std::move(slice));
        break;
      }
      ++slice.chunk->refs;
      append(slice.part(slice.first, fit));
      slice.first = fit;
      close(cut(open_.count == count_ ? CloseReason::count : CloseReason::size));
    }
    if (open_.count == count_) {
      close(cut(CloseReason::count));
    } else if (open_.bytes >= size_) {
      close(cut(CloseReason::size));
    }
  }

  bool empty() const { return open_.count == 0; }

  std::uint64_t bytes() const { return open_.bytes; }

  std::uint32_t count() const { return open_.count; }

  /// The arrival of the oldest record gathered; `SteadyTime::max()` when empty.
  SteadyTime first_arrival() const {
    return empty() ? SteadyTime::max() : open_.first_arrival_steady;
  }

  /// When the batch must be closed at the latest. `SteadyTime::max()` when empty.
  SteadyTime due() const {
    return empty() ? SteadyTime::max() : saturating_add(open_.first_arrival_steady, interval_);
  }

  /// What has gathered, as a batch. Must not be empty.
  ClosedBatch cut(CloseReason reason) {
    HYDRANT_ASSERT(!empty());
    ClosedBatch closed = std::move(open_);
    open_ = {};
    closed.reason = reason;
    return closed;
  }

  /// The oldest slice gathered. Must not be empty.
  const Slice& front() const { return open_.slices.front(); }

  /// Takes the first slice out; its records will never be in a batch.
  Slice discard_oldest() {
    Slice oldest = std::move(open_.slices.front());
    open_.slices.erase(open_.slices.begin());
    open_.bytes -= oldest.bytes();
    open_.count -= oldest.count();
    if (!open_.slices.empty()) {
      note_first_arrival(open_.slices.front());
    }
    return oldest;
  }

 private:
  /// The index in the slice's page of the first record that the batch cannot take.
  std::uint32_t first_that_does_not_fit(const Slice& slice) const {
    const std::uint32_t by_count =
        count_ - open_.count < slice.count() ? slice.first + (count_ - open_.count) : slice.last;
    const std::uint64_t start = slice.chunk->begin_of(slice.first);
    const std::uint64_t room = size_ > open_.bytes ? size_ - open_.bytes : 0;
    // The last index whose end is within the room; ends only grow.
    std::uint32_t low = slice.first;
    std::uint32_t high = by_count;
    while (low < high) {
      const std::uint32_t middle = low + (high - low + 1) / 2;
      if (slice.chunk->begin_of(middle) - start <= room) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    // One record that is larger than the size makes a batch of its own.
    if (low == slice.first && open_.count == 0 && by_count > slice.first) {
      return slice.first + 1;
    }
    return low;
  }

  void append(Slice slice) {
    if (open_.slices.empty() || slice.arrival_steady < open_.first_arrival_steady) {
      note_first_arrival(slice);
    }
    open_.bytes += slice.bytes();
    open_.count += slice.count();
    open_.slices.push_back(std::move(slice));
  }

  void note_first_arrival(const Slice& slice) {
    open_.first_arrival_steady = slice.arrival_steady;
    open_.first_arrival = slice.arrival;
  }

  std::uint64_t size_;
  std::uint32_t count_;
  std::chrono::milliseconds interval_;
  ClosedBatch open_;
};

}  // namespace hydrant::detail
