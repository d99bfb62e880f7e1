// SPDX-License-Identifier: MIT
//
// Engine, part six: partitions. Records find their place in the buffers of
// partitions, and buffers are closed: full, due, at a flush, to make room for
// another partition, or because memory is short.
#pragma once

#include <hydrant/delivery/collecting.hpp>
#include <hydrant/delivery/engine.hpp>
#include <hydrant/ingest/roll.hpp>

#include <algorithm>

namespace hydrant::detail {

inline Origin& Engine::open_origin(std::unique_ptr<Origin> origin) {
  Lock lock(mutex_);
  for (const Slice& source : origin->sources) {
    ++source.chunk->refs;
  }
  return partitions_->add(std::move(origin));
}

inline bool Engine::place(Split& split) {
  constexpr std::size_t partitions_max = 64;  // in a step, so that the lock is held for moments
  Lock lock(mutex_);
  split.bytes = 0;
  split.records = 0;
  bool has_memory = partitions_->charge(*pool_);
  reserve_in_use_ = partitions_->reserve_in_use();
  bool has_room = has_memory;
  while (has_room && !split.is_done() && split.is_within_step() &&
         split.held.size() + split.closing.size() < partitions_max) {
    GroupTable::Group& group = split.groups[split.next_group];
    if (group.next == group.end) {
      ++split.next_group;
      continue;
    }
    Partition* partition = hold_partition(split, group);
    if (partition != nullptr) {
      has_memory = fill_partition(split, group, *partition);
      has_room = has_memory;
    } else {
      has_room = group.next == group.end;
    }
  }
  if (!has_memory && split.records == 0) {
    end_step(split);
    relieve_partitions();
    start_deliveries([this](Task& task) { executor_->post(shared(task)); });
    return false;
  }
  return true;
}

/// What the step has filled is closed, what it held is not held any more.
inline void Engine::end_step(Split& split) {
  for (Split::Closing& closed : split.closing) {
    enqueue_partition(*closed.partition, closed.reason);
  }
  split.closing.clear();
  release_held(split);
}

/// A partition for which there was no memory at all is none.
inline void Engine::release_held(Split& split) {
  for (Partition* partition : split.held) {
    if (partition->count() != 0) {
      partitions_->set().release(*partition);
      continue;
    }
    forget_buffer(*partition->content);
    partitions_->set().take(*partition);
  }
  split.held.clear();
}

/// The group's partition, held. Null when too many are active: then either the group's records
/// have failed, or this step must end before one of them can be closed.
inline Partition* Engine::hold_partition(Split& split, GroupTable::Group& group) {
  Partitions::Set& set = partitions_->set();
  const std::string_view key = split.groups.key_of(group);
  Partition* partition = set.find(key);
  if (partition == nullptr) {
    if (set.is_full()) {
      if (partitions_->options().when_full == WhenPartitionsFull::error_output) {
        fail_exceeding(split, group);
        return nullptr;
      }
      Partition* stalest = set.stalest();
      if (stalest == nullptr) {
        return nullptr;
      }
      close_partition(*stalest, CloseReason::partitions);
    }
    partition = &partitions_->open(key);
  } else {
    set.hold(*partition);
  }
  split.held.push_back(partition);
  return partition;
}

/// The group's records go to the error output: no further partition may be active.
inline void Engine::fail_exceeding(Split& split, GroupTable::Group& group) {
  auto note = std::make_shared<FailureNote>();
  note->error_output_type = "activePartitionExceeded";
  note->code = "DynamicPartitioning.ActivePartitionsLimitExceeded";
  note->message = "The number of active partitions has exceeded the configured limit";
  note->attempts = 1;
  note->ended_at = world_->wall_now();
  partitions_->count_exceeded(group.end - group.next);
  for (; group.next < group.end; ++group.next) {
    split.origin->fail_output(group.next, note);
  }
}

/// Finds places for records of the group, up to a partition's worth and the step's end.
/// Returns: false when memory is short.
inline bool Engine::fill_partition(Split& split, GroupTable::Group& group, Partition& partition) {
  Partitions::Set& set = partitions_->set();
  std::optional<CloseReason> full;
  while (!full && group.next < group.end && split.is_within_step()) {
    const StoredRecord& record = split.sorted[group.next].record;
    if (!set.fits(partition, record.bytes, 1)) {
      full = CloseReason::size;
      break;
    }
    if (!partition.content->has_room(record.bytes, 1) &&
        !add_chunk(*partition.content, record.bytes)) {
      return false;
    }
    group.next += append_to_partition(split, group, partition);
    full = set.full(partition);
  }
  if (full) {
    partition.content->state = PartitionBuffer::State::closing;
    split.held.pop_back();
    split.closing.push_back({set.take(partition), *full});
  }
  return true;
}

inline bool Engine::add_chunk(PartitionBuffer& buffer, std::uint32_t bytes) {
  Chunk* chunk = partitions_->take_chunk(*pool_, buffer.next_class, chunk_class_for(bytes));
  if (chunk == nullptr) {
    return false;
  }
  if (buffer.open != nullptr) {
    release(buffer.open);
  }
  reserve_in_use_ = partitions_->reserve_in_use();
  chunk->buffer = &buffer;
  chunk->shard = 0;
  chunk->epoch = 0;
  chunk->first_sequence = buffer.records;
  chunk->delimiter_size = static_cast<std::uint32_t>(partition_lane_->delimiter.size());
  buffer.write_to(*chunk);
  buffer.next_class = std::min(buffer.next_class + 1, chunk_class_open);
  return true;
}

/// Finds places for the group's next record, for which there is one, and for those that can stand
/// behind it and came with it. Returns: how many.
inline std::uint32_t Engine::append_to_partition(Split& split, const GroupTable::Group& group,
                                                 Partition& partition) {
  PartitionBuffer& buffer = *partition.content;
  const Slice& slice = *split.sorted[group.next].slice;
  std::uint32_t count = 0;
  std::size_t bytes = 0;
  do {
    bytes += split.sorted[group.next + count].record.bytes;
    ++count;
  } while (group.next + count < group.end && split.is_within_step(bytes, count) &&
           split.sorted[group.next + count].slice == &slice &&
           partitions_->set().fits(partition, bytes + split.sorted[group.next + count].record.bytes,
                                   count + 1) &&
           buffer.has_room(bytes + split.sorted[group.next + count].record.bytes, count + 1));
  split.copy_to(*buffer.open, buffer.tail, buffer.next, group.next, count);
  if (!buffer.runs.empty() &&
      buffer.runs.back().continues(*buffer.open, buffer.next, *split.origin, group.next, slice)) {
    buffer.runs.back().count += count;
  } else {
    if (buffer.runs.empty() || buffer.runs.back().origin != split.origin) {
      split.origin->buffers.push_back(buffer.number);
    }
    ++buffer.open->refs;
    buffer.runs.push_back({buffer.open, buffer.next, count, split.origin, group.next,
                           slice.arrival_steady, slice.arrival});
    partitions_->note_run();
  }
  buffer.tail += bytes;
  buffer.next += count;
  buffer.records += count;
  partitions_->set().add(partition, bytes, count, slice.arrival_steady);
  split.origin->open += count;
  split.records += count;
  split.bytes += bytes;
  partition_lane_->counts.entered += count;
  partition_lane_->counts.in_memory += count;
  return count;
}

inline void Engine::publish(Split& split) {
  Lock lock(mutex_);
  end_step(split);
  if (stop_.load(std::memory_order_relaxed)) {
    lose_partitions();
  }
  post_deliveries(lock);
}

inline void Engine::close_origin(Split& split) {
  Lock lock(mutex_);
  Origin& origin = *split.origin;
  origin.is_filling = false;
  split.for_each_left([&](std::uint32_t output) { origin.lose_output(output); });
  if (origin.has_ended()) {
    end_origin(origin, LostReason::close_deadline);
  }
  close_due_partitions(world_->steady_now());
  notify();
  post_deliveries(lock);
}

// --- closing ----------------------------------------------------------------------------------

inline void Engine::close_partition(Partition& partition, CloseReason reason) {
  const std::unique_ptr<Partition> taken = partitions_->set().take(partition);
  enqueue_partition(*taken, reason);
}

/// The partition is out of the set.
inline void Engine::enqueue_partition(Partition& partition, CloseReason reason) {
  PartitionBuffer& buffer = *partition.content;
  buffer.close(partition.key());
  if (buffer.open != nullptr) {
    release(std::exchange(buffer.open, nullptr));
  }
  ClosedBatch batch = buffer.make_batch();
  batch.reason = reason;
  partition_lane_->enqueue(std::move(batch));
}

/// Returns: false when some that are due are left for another moment.
inline bool Engine::close_due_partitions(SteadyTime now) {
  Partitions::Set& set = partitions_->set();
  for (std::size_t closed = 0; set.due() <= now; ++closed) {
    if (closed == partitions_closed_at_once) {
      return false;
    }
    close_partition(*set.oldest(), CloseReason::interval);
  }
  return true;
}

/// For flush and close: what came before goes out as soon as it has reached its partition.
/// Returns: false when some are left for another moment.
inline bool Engine::flush_partitions() {
  const std::uint64_t closed = main_->next_batch - 1;
  const std::uint64_t passed = closed - main_->queue.size() - main_->in_flight;
  if (passed < flush_mark_.value_or(closed)) {
    flush_mark_ = flush_mark_.value_or(closed);
    return true;  // the end of the last of them wakes the collector
  }
  Partitions::Set& set = partitions_->set();
  for (std::size_t count = 0; set.oldest() != nullptr; ++count) {
    if (count == partitions_closed_at_once) {
      flush_mark_ = 0;
      return false;
    }
    close_partition(*set.oldest(), closing_ ? CloseReason::closing : CloseReason::flush);
  }
  flush_mark_ = closed;
  return true;
}

/// Returns: false when some that should be closed are left for another moment.
inline bool Engine::close_partitions(SteadyTime now, bool memory_is_short) {
  const bool all = close_due_partitions(now);
  if (closing_ || flushing_ != 0) {
    return flush_partitions() && all;
  }
  flush_mark_.reset();
  // As long as there are records that have not come to their partitions, producers are merely
  // faster than that, and will wait; were there no memory for it, `place` would see to that.
  const bool is_splitting = !main_->queue.empty() || main_->in_flight != 0;
  if (memory_is_short && !is_splitting && !is_delivering_partitions()) {
    relieve_sources();
  }
  return all;
}

/// Whether more closed partitions would only wait. One that is stuck in a sink does not count as
/// long as others could be delivered beside it.
inline bool Engine::is_delivering_partitions() const {
  const std::size_t workers = partition_lane_->sink.is_polled() ? 1 : concurrency_;
  return !partition_lane_->queue.empty() || partition_lane_->in_flight >= workers;
}

/// Buffers find no memory: the largest are delivered, a quarter of everything.
inline void Engine::relieve_partitions() {
  if (is_delivering_partitions()) {
    return;  // that will free some
  }
  Partitions::Set& set = partitions_->set();
  const std::uint64_t enough = set.bytes() / 4;
  for (std::uint64_t closed = 0; set.largest() != nullptr;) {
    closed += set.largest()->bytes();
    close_partition(*set.largest(), CloseReason::memory);
    if (closed >= enough) {
      break;
    }
  }
}

/// `put` finds no memory: the oldest source records are brought to their end, a quarter of them,
/// by delivering every partition that has something of theirs. Those of which a sink has something
/// already end when it is done with that, which may be never.
inline void Engine::relieve_sources() {
  const std::uint64_t enough = partitions_->source_bytes() / 4;
  std::uint64_t freed = 0;
  for (Origin* origin = partitions_->oldest_origin(); origin != nullptr && freed <= enough;
       origin = origin->newer) {
    std::vector<PartitionBuffer*> buffers;
    for (const std::uint64_t number : origin->buffers) {
      if (PartitionBuffer* buffer = partitions_->find(number)) {
        buffers.push_back(buffer);
      }
    }
    const bool waits_for_sink =
        std::any_of(buffers.begin(), buffers.end(), [](const PartitionBuffer* buffer) {
          return buffer->state == PartitionBuffer::State::delivering;
        });
    if (waits_for_sink) {
      continue;
    }
    for (PartitionBuffer* buffer : buffers) {
      if (buffer->is_free()) {
        close_partition(*buffer->partition, CloseReason::memory);
      }
    }
    freed += origin->source_bytes;
  }
}

/// Starts deliveries of what was closed, without the lock.
inline void Engine::post_deliveries(Lock& lock) {
  std::size_t tasks = 0;
  std::array<Task*, tasks_started_at_once> ready;
  start_deliveries([&](Task& task) { ready[tasks++] = &task; });
  lock.unlock();
  for (std::size_t i = 0; i < tasks; ++i) {
    executor_->post(shared(*ready[i]));
  }
}

}  // namespace hydrant::detail
