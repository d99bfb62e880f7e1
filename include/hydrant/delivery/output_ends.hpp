// SPDX-License-Identifier: MIT
//
// Engine, part seven: the books of partitions. What ends in a partition's batch
// is an output; when the last output of an origin has ended, its source records
// end, and only then the stream's own books hear of it.
#pragma once

#include <hydrant/delivery/engine.hpp>
#include <hydrant/ingest/roll.hpp>

#include <algorithm>

namespace hydrant::detail {

/// These outputs have ended: delivered, lost, or, with a note, failed. The lock is held.
inline void Engine::end_outputs(std::span<const Slice> slices, Fate fate, LostReason reason,
                                const std::shared_ptr<const FailureNote>& note) {
  LaneCounts& counts = partition_lane_->counts;
  for (const Slice& slice : slices) {
    counts.in_memory -= slice.count();
    (note != nullptr           ? counts.failed
     : fate == Fate::delivered ? counts.delivered
                               : counts.lost) += slice.count();
    counts.delivered_bytes += note == nullptr && fate == Fate::delivered ? slice.bytes() : 0;
    slice.chunk->buffer->for_each_run(
        slice, [&](const PartitionBuffer::Run& run, std::uint32_t from, std::uint32_t count) {
          Origin& origin = *run.origin;
          for (std::uint32_t i = 0; i < count && (note != nullptr || fate == Fate::lost); ++i) {
            if (note != nullptr) {
              origin.fail_output(run.output + from + i, note);
            } else {
              origin.lose_output(run.output + from + i);
            }
          }
          origin.open -= count;
          if (origin.has_ended()) {
            end_origin(origin, reason);
          }
        });
  }
}

/// The last output of the origin has ended: so do its source records. The lock is held.
inline void Engine::end_origin(Origin& ended, LostReason reason) {
  const std::unique_ptr<Origin> origin = partitions_->take(ended);
  origin->for_each_end([&](const Slice& run, Origin::SourceFate fate,
                           const std::shared_ptr<const FailureNote>& note) {
    if (fate == Origin::SourceFate::failed) {
      fail_locked(*main_, {&run, 1}, note);
    } else {
      settle_locked(*main_, {&run, 1},
                    fate == Origin::SourceFate::dropped ? Fate::dropped
                    : fate == Origin::SourceFate::lost  ? Fate::lost
                                                        : Fate::delivered,
                    reason);
    }
  });
  for (const Slice& source : origin->sources) {
    release(source.chunk);
  }
  settle_memory();
}

/// All records of the buffer have ended, and its batch is gone. The lock is held.
inline void Engine::forget_buffer(PartitionBuffer& buffer) {
  for (const PartitionBuffer::Run& run : buffer.runs) {
    release(run.chunk);
  }
  partitions_->forget(buffer);
  settle_memory();
}

inline void Engine::settle_memory() {
  partitions_->discharge(*pool_);
  reserve_in_use_ = partitions_->reserve_in_use();
}

/// Memory may be free: whoever waits for a place in a partition tries again. The lock is held.
inline void Engine::wake_splitter() {
  for (const auto& task : delivery_tasks_) {
    if (task->lane == main_ && task->has_batch) {
      executor_->post(shared(*task));
    }
  }
}

/// Out of time: nothing of what gathers, or waits to be delivered, is sent. The lock is held.
inline void Engine::lose_partitions() {
  while (Partition* partition = partitions_->set().oldest()) {
    close_partition(*partition, CloseReason::closing);
  }
  lose_queue(*partition_lane_);
}

// --- Overflow::drop_oldest ----------------------------------------------------------------------

/// The oldest origin none of whose outputs is in a sink's hands: giving it up frees its memory.
inline Origin* Engine::oldest_discardable() const {
  for (Origin* origin = partitions_->oldest_origin(); origin != nullptr; origin = origin->newer) {
    const bool is_free =
        std::all_of(origin->buffers.begin(), origin->buffers.end(), [this](std::uint64_t number) {
          const PartitionBuffer* buffer = partitions_->find(number);
          return buffer == nullptr || buffer->is_free() ||
                 buffer->state == PartitionBuffer::State::queued;
        });
    if (is_free && !origin->is_filling) {
      return origin;
    }
  }
  return nullptr;
}

/// Takes the origin's outputs out of every buffer; its source records are lost.
inline void Engine::discard_origin(Origin& origin) {
  std::uint32_t count = 0;
  for (const Slice& source : origin.sources) {
    count += source.count();
  }
  const std::vector<std::uint64_t> buffers = origin.buffers;
  for (const std::uint64_t number : buffers) {
    if (PartitionBuffer* buffer = partitions_->find(number)) {
      discard_from(*buffer, origin);
    }
  }
  HYDRANT_ASSERT(origin.has_ended());
  end_origin(origin, LostReason::overflow_oldest);
  wake_splitter();
  record_locked(
      EventKind::overflow, 0, count,
      std::string(partition_lane_->sink.name()) + ": memory_limit reached: oldest dropped");
}

inline void Engine::discard_from(PartitionBuffer& buffer, Origin& origin) {
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;
  std::size_t runs = 0;
  SteadyTime arrival = SteadyTime::max();
  for (const PartitionBuffer::Run& run : buffer.runs) {
    if (run.origin != &origin) {
      arrival = std::min(arrival, run.arrival_steady);
      continue;
    }
    bytes += run.chunk->begin_of(run.first + run.count) - run.chunk->begin_of(run.first);
    count += run.count;
    ++runs;
    for (std::uint32_t i = 0; i < run.count; ++i) {
      origin.lose_output(run.output + i);
    }
  }
  origin.open -= count;
  partition_lane_->counts.in_memory -= count;
  partition_lane_->counts.lost += count;
  partitions_->forget_runs(runs);
  if (buffer.state == PartitionBuffer::State::gathering) {
    partitions_->set().discard(*buffer.partition, bytes, count, arrival);
    release_runs(buffer, origin);
    if (buffer.runs.empty()) {
      partitions_->set().take(*buffer.partition);
      release(std::exchange(buffer.open, nullptr));
      forget_buffer(buffer);
    }
    return;
  }
  const auto queued =
      std::find_if(partition_lane_->queue.begin(), partition_lane_->queue.end(),
                   [&](const ClosedBatch& batch) { return batch.partition == &buffer; });
  for (const Slice& slice : queued->slices) {
    release(slice.chunk);
  }
  release_runs(buffer, origin);
  if (buffer.runs.empty()) {
    partition_lane_->queue.erase(queued);
    forget_buffer(buffer);
    return;
  }
  ClosedBatch rest = buffer.make_batch();
  rest.number = queued->number;
  rest.reason = queued->reason;
  *queued = std::move(rest);
}

inline void Engine::release_runs(PartitionBuffer& buffer, const Origin& origin) {
  for (const PartitionBuffer::Run& run : buffer.runs) {
    if (run.origin == &origin) {
      if (run.chunk->refs == 1) {
        partitions_->forget_chunk(buffer, *run.chunk);
      }
      release(run.chunk);
    }
  }
  std::erase_if(buffer.runs,
                [&](const PartitionBuffer::Run& run) { return run.origin == &origin; });
}

}  // namespace hydrant::detail
