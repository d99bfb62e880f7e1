// SPDX-License-Identifier: MIT
//
// The part of a batch that one request carries, and the ways to cut it: to the
// sink's limits, in half to find a record to blame, down to the records that a
// partial result left over. Slices here hold no refs of their own: the batch
// or its portion does, for as long as the pieces live.
#pragma once

#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/sink_limits.hpp>
#include <hydrant/ingest/chunk.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// Records that are sent, and answered for, together.
struct Piece {
  std::vector<Slice> slices;
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;
  std::uint32_t attempts = 0;
  SteadyTime first_failure = SteadyTime::max();
  SteadyTime not_before = SteadyTime::min();
  bool hurried = false;  // its back-off was cut short because the stream closes
  std::string request_id;

  void add(Slice slice) {
    if (slice.count() == 0) {
      return;
    }
    bytes += slice.bytes();
    count += slice.count();
    if (!slices.empty() && slices.back().chunk == slice.chunk &&
        slices.back().last == slice.first && slices.back().arrival == slice.arrival &&
        slices.back().failure == slice.failure) {
      slices.back().last = slice.last;
    } else {
      slices.push_back(std::move(slice));
    }
  }

  std::uint64_t first_record() const { return slices.front().first_sequence(); }

  std::uint32_t first_shard() const { return slices.front().chunk->shard; }

  /// Leaves the first half of the records here and returns the second, as new pieces.
  Piece split_half() {
    Piece first;
    Piece second;
    const std::uint32_t half = count / 2;
    for (const Slice& slice : slices) {
      const std::uint32_t to_first = std::min(half - first.count, slice.count());
      first.add(slice.part(slice.first, slice.first + to_first));
      second.add(slice.part(slice.first + to_first, slice.last));
    }
    *this = std::move(first);
    return second;
  }

  /// The same piece, shrunk to the records of `rest`: a partial result never changes an identity.
  void take_records_of(Piece rest) {
    slices = std::move(rest.slices);
    bytes = rest.bytes;
    count = rest.count;
  }
};

using PieceQueue = std::deque<Piece>;

/// Cuts records into pieces that fit a sink's limits.
class PieceCutter {
 public:
  explicit PieceCutter(const SinkLimits& limits)
      : records_max_(limits.batch_records_max == 0 ? std::numeric_limits<std::uint32_t>::max()
                                                   : limits.batch_records_max),
        bytes_max_(limits.batch_bytes_max == 0 ? std::numeric_limits<std::uint64_t>::max()
                                               : limits.batch_bytes_max),
        record_max_(limits.record_bytes_max) {}

  template <class Take, class TooLarge>
  void cut(std::span<const Slice> slices, Take take, TooLarge too_large) {
    Piece piece;
    for (const Slice& slice : slices) {
      // Most batches are far below the limits: looking at each record of a large one would keep
      // a stream that is pumped beyond its budget.
      if (fits_whole(piece, slice)) {
        piece.add(slice);
        continue;
      }
      for (std::uint32_t index = slice.first; index < slice.last; ++index) {
        const Slice one = slice.part(index, index + 1);
        if (record_max_ != 0 && slice.view().record(index).size() > record_max_) {
          too_large(one);
          continue;
        }
        if (piece.count != 0 &&
            (piece.count == records_max_ || piece.bytes + one.bytes() > bytes_max_)) {
          take(std::exchange(piece, {}));
        }
        piece.add(one);
      }
    }
    if (piece.count != 0) {
      take(std::move(piece));
    }
  }

 private:
  bool fits_whole(const Piece& piece, const Slice& slice) const {
    const std::uint64_t count = std::uint64_t{piece.count} + slice.count();
    return count <= records_max_ && piece.bytes + slice.bytes() <= bytes_max_ &&
           (record_max_ == 0 || slice.bytes() <= record_max_);
  }

  std::uint32_t records_max_;
  std::uint64_t bytes_max_;
  std::uint32_t record_max_;
};

/// Sorts a piece's records by what a partial result says of them.
class PieceSorter {
 public:
  struct Refused {
    Slice slice;  // one record
    const RecordFailure* failure;
  };

  /// Every index of `failures` is within the piece.
  PieceSorter(const Piece& piece, const std::vector<RecordFailure>& failures) {
    std::vector<const RecordFailure*> sorted;
    sorted.reserve(failures.size());
    for (const RecordFailure& failure : failures) {
      sorted.push_back(&failure);
    }
    std::stable_sort(
        sorted.begin(), sorted.end(),
        [](const RecordFailure* a, const RecordFailure* b) { return a->index < b->index; });
    auto next = sorted.begin();
    std::uint32_t base = 0;
    for (const Slice& slice : piece.slices) {
      std::uint32_t done = slice.first;
      for (; next != sorted.end() && (*next)->index < base + slice.count(); ++next) {
        const std::uint32_t index = slice.first + ((*next)->index - base);
        if (index < done) {
          continue;  // named twice
        }
        delivered_.add(slice.part(done, index));
        const Slice one = slice.part(index, index + 1);
        if ((*next)->retryable) {
          retryable_.add(one);
        } else {
          refused_.push_back({one, *next});
        }
        done = index + 1;
      }
      delivered_.add(slice.part(done, slice.last));
      base += slice.count();
    }
  }

  const std::vector<Slice>& delivered() const { return delivered_.slices; }

  const Piece& retryable() const { return retryable_; }

  const std::vector<Refused>& refused() const { return refused_; }

 private:
  Piece delivered_;
  Piece retryable_;
  std::vector<Refused> refused_;
};

/// Walks over the records of some slices, run by run.
class SourceWalk {
 public:
  SourceWalk(std::span<const Slice> slices, std::size_t slice, std::uint32_t record)
      : slices_(slices), slice_(slice), record_(record) {}

  /// The next records, at most `count`, as far as they lie in one slice.
  Slice take(std::uint32_t count) {
    const Slice& slice = slices_[slice_];
    const std::uint32_t first = std::max(record_, slice.first);
    const std::uint32_t last = std::min(slice.last, first + count);
    Slice run = slice.part(first, last);
    record_ = last;
    if (last == slice.last) {
      ++slice_;
      record_ = 0;
    }
    return run;
  }

 private:
  std::span<const Slice> slices_;
  std::size_t slice_;
  std::uint32_t record_;
};

}  // namespace hydrant::detail
