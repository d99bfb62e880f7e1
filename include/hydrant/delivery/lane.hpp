// SPDX-License-Identifier: MIT
//
// One of a stream's deliveries: the main one, the source backup, or the error
// output. Each has its own buffer, queue, retries and account, so that one
// that is stuck stalls none of the others.
#pragma once

#include <hydrant/buffer/batch_cutter.hpp>
#include <hydrant/buffer/buffering_hints.hpp>
#include <hydrant/core/time.hpp>
#include <hydrant/delivery/retry.hpp>
#include <hydrant/delivery/transform_stage.hpp>
#include <hydrant/metrics/snapshot.hpp>
#include <hydrant/sink/any_sink.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// The account of one lane; records as they entered it. Guarded by the stream's lock.
struct LaneCounts {
  std::uint64_t entered = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t failed = 0;  // handed on to the error output
  std::uint64_t lost = 0;
  std::uint64_t in_memory = 0;
  std::uint64_t in_journal = 0;  // the backup's; left to the next life
  // What happened, for metrics.
  std::uint64_t delivered_bytes = 0;
  std::uint64_t batches = 0;
  std::uint64_t attempts = 0;
  std::uint64_t failed_attempts = 0;
  std::array<std::uint64_t, close_reason_count> closed_by{};  // by CloseReason
};

/// One of a stream's deliveries.
struct Lane {
  enum class Kind : std::uint8_t {
    main,
    backup,
    error,
    partitions,  // what the main one has sorted, where there are partitions
  };

  Lane(Kind lane_kind, AnySink lane_sink, std::unique_ptr<TransformStage> stage,
       const BufferingHints& buffering, const RetryOptions& retrying)
      : kind(lane_kind),
        sink(std::move(lane_sink)),
        transform(std::move(stage)),
        hints(buffering),
        retry(retrying) {}

  // Fixed at construction.
  const Kind kind;
  AnySink sink;
  const std::unique_ptr<TransformStage> transform;  // null: records pass as they are
  const BufferingHints hints;
  const RetryOptions retry;
  std::size_t output_quota = 0;      // bytes of chunks that one delivery's outputs may take
  std::size_t output_quota_max = 0;  // all deliveries' together
  std::string delimiter;             // between records, in the memory that the sink is given

  // Guarded by the stream's lock.
  struct Gathering {
    std::string error_output_type;
    const BlockStore* store;  // a batch has the records of one life of the stream
    BatchCutter cutter;

    /// Whether its oldest records may be discarded: not what an earlier life has left.
    bool is_discardable() const { return !cutter.empty() && !cutter.front().chunk->is_found; }
  };

  std::vector<Gathering> gathering;
  std::deque<ClosedBatch> queue;  // closed, delivery not begun
  std::uint64_t next_batch = 1;   // 0 stands for "no batch" in the flight recorder
  std::size_t in_flight = 0;
  LaneCounts counts;

  /// Takes in a slice, with its ref.
  void add(Slice slice) {
    counts.entered += slice.count();
    counts.in_memory += slice.count();
    const std::string_view type =
        slice.failure == nullptr ? std::string_view() : slice.failure->error_output_type;
    BatchCutter& cutter = cutter_for(type, slice.chunk->store);
    cutter.add(std::move(slice), [this](ClosedBatch batch) { enqueue(std::move(batch)); });
  }

  /// Takes in a batch as an earlier life has closed it, with its refs; `open` of its records have
  /// not ended.
  void take_in(ClosedBatch batch, std::uint64_t open) {
    counts.entered += open;
    counts.in_memory += open;
    enqueue(std::move(batch));
  }

  /// Queues a batch whose records are counted already.
  void enqueue(ClosedBatch batch) {
    batch.number = next_batch++;
    ++counts.batches;
    ++counts.closed_by[static_cast<std::size_t>(batch.reason)];
    queue.push_back(std::move(batch));
  }

  /// Closes what has gathered and is due, or everything.
  void close_due(SteadyTime now) {
    for (Gathering& one : gathering) {
      if (one.cutter.due() <= now) {
        enqueue(one.cutter.cut(CloseReason::interval));
      }
    }
  }

  void close_all(CloseReason reason) {
    for (Gathering& one : gathering) {
      if (!one.cutter.empty()) {
        enqueue(one.cutter.cut(reason));
      }
    }
  }

  /// When the next batch is due by its age.
  SteadyTime due() const {
    SteadyTime earliest = SteadyTime::max();
    for (const Gathering& one : gathering) {
      earliest = std::min(earliest, one.cutter.due());
    }
    return earliest;
  }

  std::uint64_t gathered_bytes() const {
    std::uint64_t bytes = 0;
    for (const Gathering& one : gathering) {
      bytes += one.cutter.bytes();
    }
    return bytes;
  }

  /// Whether a batch can be cut into the same parts as under that quota.
  bool can_cut_by(std::uint64_t quota) const {
    return (quota == 0) == (output_quota == 0) && quota <= output_quota_max;
  }

  bool is_idle() const { return counts.in_memory == 0 && queue.empty() && in_flight == 0; }

  /// The arrival of what `discard_oldest` would take out; SteadyTime::max() when there is nothing.
  SteadyTime oldest_waiting() const {
    for (const ClosedBatch& batch : queue) {
      if (!batch.slices.front().chunk->is_found) {
        return batch.slices.front().arrival_steady;
      }
    }
    for (const Gathering& one : gathering) {
      if (one.is_discardable()) {
        return one.cutter.first_arrival();
      }
    }
    return SteadyTime::max();
  }

  /// Takes out the oldest slice whose delivery has not begun; chunk is null when there is none.
  Slice discard_oldest() {
    const auto oldest_batch = std::find_if(
        queue.begin(), queue.end(),
        [](const ClosedBatch& batch) { return !batch.slices.front().chunk->is_found; });
    if (oldest_batch != queue.end()) {
      ClosedBatch& oldest = *oldest_batch;
      Slice slice = std::move(oldest.slices.front());
      oldest.slices.erase(oldest.slices.begin());
      oldest.count -= slice.count();
      oldest.bytes -= slice.bytes();
      if (oldest.slices.empty()) {
        queue.erase(oldest_batch);
      }
      counts.in_memory -= slice.count();
      counts.lost += slice.count();
      return slice;
    }
    for (Gathering& one : gathering) {
      if (one.is_discardable()) {
        Slice slice = one.cutter.discard_oldest();
        counts.in_memory -= slice.count();
        counts.lost += slice.count();
        return slice;
      }
    }
    return {};
  }

 private:
  BatchCutter& cutter_for(std::string_view type, const BlockStore* store) {
    for (Gathering& one : gathering) {
      if (one.error_output_type == type && one.store == store) {
        return one.cutter;
      }
    }
    gathering.push_back({std::string(type), store, BatchCutter(hints)});
    return gathering.back().cutter;
  }
};

}  // namespace hydrant::detail
