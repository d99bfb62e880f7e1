// SPDX-License-Identifier: MIT
//
// Engine, part two: the books. Every record that a batch brings to its end
// passes through `settle_locked` or `fail`; each term of the ledger is counted
// there, where the record is.
#pragma once

#include <hydrant/delivery/committing.hpp>
#include <hydrant/delivery/engine.hpp>
#include <hydrant/delivery/journal_keeping.hpp>
#include <hydrant/ingest/roll.hpp>

#include <algorithm>

namespace hydrant::detail {

inline std::string Engine::request_id(const Lane& lane, const ClosedBatch& batch,
                                      std::uint64_t part, std::uint32_t first_shard,
                                      std::uint64_t first_record, std::uint64_t count) {
  std::uint64_t high = id_seed_high_;
  std::uint64_t low = id_seed_low_;
  std::uint64_t number = batch.number;
  if (batch.spool != nullptr) {
    high = batch.spool->identity().id_seed_high;
    low = batch.spool->identity().id_seed_low;
    number = batch.id_number;
  }
  high = mix64(high ^ mix64(static_cast<std::uint64_t>(lane.kind) + 1));
  high = mix64(high ^ mix64(number));
  low = mix64(low ^ mix64(part) ^ mix64(~std::uint64_t{first_shard}));
  low = mix64(low ^ mix64(first_record) ^ mix64(~count) ^ high);
  return make_uuid(high, low);
}

inline void Engine::settle(Lane& lane, std::span<const Slice> slices, Fate fate) {
  Lock lock(mutex_);
  settle_locked(lane, slices, fate, LostReason::close_deadline);
}

inline void Engine::settle_locked(Lane& lane, std::span<const Slice> slices, Fate fate,
                                  LostReason reason) {
  if (lane.kind == Lane::Kind::partitions) {
    end_outputs(slices, fate, reason, nullptr);
    notify();
    return;
  }
  for (const Slice& slice : slices) {
    for_each_open(lane, slice, [&](const Slice& open) { end_slice(lane, open, fate, reason); });
  }
  notify();
}

/// The one place where records end.
inline void Engine::end_slice(Lane& lane, const Slice& slice, Fate fate, LostReason reason) {
  const std::uint64_t count = slice.count();
  lane.counts.in_memory -= count;
  if (journaling_ != nullptr) {
    if (fate == Fate::lost && reason == LostReason::close_deadline) {
      (lane.kind == Lane::Kind::backup ? lane.counts.in_journal : in_journal_) += count;
      return;  // the next life will deliver them
    }
    journaling_->done(lane, slice);
  }
  std::optional<WaitStatus> status;
  switch (fate) {
    case Fate::delivered:
      lane.counts.delivered += count;
      lane.counts.delivered_bytes += slice.bytes();
      status =
          lane.kind == Lane::Kind::error ? std::optional(WaitStatus::dead_lettered) : std::nullopt;
      break;
    case Fate::dropped:
      lane.counts.dropped += count;
      status = WaitStatus::dropped;
      break;
    case Fate::lost:
      lane.counts.lost += count;
      status = WaitStatus::lost;
      break;
  }
  if (lane.kind == Lane::Kind::backup) {
    return;
  }
  if (fate == Fate::lost) {
    lost_[static_cast<std::size_t>(reason)] += count;
  }
  if (fate == Fate::delivered && lane.kind == Lane::Kind::main) {
    latency_.record(world_->steady_now() - slice.arrival_steady, count);
  }
  mark_ended(slice, status);
}

inline void Engine::mark_ended(const Slice& slice, std::optional<WaitStatus> unusual) {
  if (slice.chunk->is_found) {
    resumed_ended_ += slice.count();
    return;  // nobody in this life has a ticket for it
  }
  const std::uint64_t first = slice.first_sequence();
  if (OwnedShard* shard = shard_of(slice.chunk->shard)) {
    shard->settled.add(first, first + slice.count());
  }
  if (!unusual) {
    return;
  }
  if (!ended_.empty() && ended_.back().shard == slice.chunk->shard && ended_.back().last == first &&
      ended_.back().status == *unusual) {
    ended_.back().last += slice.count();
    return;
  }
  ended_.push_back({slice.chunk->shard, first, first + slice.count(), *unusual});
  if (ended_.size() > ended_ranges_max) {
    ended_.pop_front();
    ended_forgotten_ = true;
  }
}

inline void Engine::fail(Lane& lane, std::span<const Slice> slices,
                         std::shared_ptr<const FailureNote> note) {
  Lock lock(mutex_);
  if (lane.kind == Lane::Kind::partitions) {
    end_outputs(slices, Fate::lost, LostReason::close_deadline,
                stop_.load(std::memory_order_relaxed) ? nullptr : note);
    notify();
    return;
  }
  fail_locked(lane, slices, note);
}

inline void Engine::fail_locked(Lane& lane, std::span<const Slice> slices,
                                const std::shared_ptr<const FailureNote>& note) {
  std::uint32_t count = 0;
  for (const Slice& slice : slices) {
    for_each_open(lane, slice, [&](const Slice& open) { count += open.count(); });
  }
  if (lane.kind != Lane::Kind::main || stop_.load(std::memory_order_relaxed)) {
    settle_locked(lane, slices, Fate::lost,
                  stop_.load(std::memory_order_relaxed) ? LostReason::close_deadline
                                                        : LostReason::error_output_failed);
    record_locked(EventKind::lost, 0, count, std::string(lane.sink.name()) + ": " + note->message);
    return;
  }
  lane.counts.failed += count;
  lane.counts.in_memory -= count;
  const SteadyTime now = world_->steady_now();
  for (const Slice& slice : slices) {
    for_each_open(lane, slice, [&](const Slice& open) {
      Slice letter = open;
      letter.failure = note;
      letter.arrival_steady = now;  // the error output's interval counts from the failure
      ++letter.chunk->refs;
      if (journaling_ != nullptr) {
        journaling_->failed(letter);
      }
      error_->add(std::move(letter));
    });
  }
  record_locked(EventKind::dead_lettered, 0, count, note->error_output_type + ": " + note->message);
  if (flushing_ != 0 || !error_->queue.empty()) {
    wake_collector(false);
  }
}

inline void Engine::count_transformed(const TransformSnapshot& done) {
  Lock lock(mutex_);
  transform_counts_.executed += done.executed;
  transform_counts_.failed += done.failed;
  transform_counts_.output_records += done.output_records;
  transform_counts_.output_bytes += done.output_bytes;
}

inline Chunk* Engine::take_output_chunk(std::uint32_t size_class) {
  Lock lock(mutex_);
  return pool_->take_scratch(size_class);
}

inline void Engine::give_back_output_chunks(std::span<Chunk* const> chunks) {
  Lock lock(mutex_);
  for (Chunk* chunk : chunks) {
    release(chunk);
  }
  notify();
}

inline void Engine::count_attempt(Lane& lane, bool failed) {
  Lock lock(mutex_);
  ++lane.counts.attempts;
  lane.counts.failed_attempts += failed ? 1u : 0u;
}

inline void Engine::record(EventKind kind, std::uint64_t batch, std::uint32_t count,
                           std::string_view text) {
  Lock lock(mutex_);
  record_locked(kind, batch, count, text);
}

inline void Engine::record_locked(EventKind kind, std::uint64_t batch, std::uint32_t count,
                                  std::string_view text) {
  recorder_.note(world_->steady_now(), world_->wall_now(), kind, batch, count, text);
  if (kind == EventKind::gave_up || kind == EventKind::lost || kind == EventKind::sink_overstayed ||
      kind == EventKind::retry_scheduled || kind == EventKind::journal_failed ||
      kind == EventKind::journal_damaged) {
    constexpr std::size_t troubles_max = 5;
    troubles_.push_back(name_ + ": " + std::string(text));
    if (troubles_.size() > troubles_max) {
      troubles_.pop_front();
    }
  }
}

inline Ledger Engine::ledger() {
  Lock lock(mutex_);
  return ledger_locked();
}

inline Ledger Engine::ledger_locked() const {
  Ledger ledger;
  std::uint64_t open = 0;
  count_published(ledger.accepted, open);
  ledger.recovered = resumed_;
  ledger.in_journal = in_journal_;
  ledger.delivered = main_->counts.delivered;
  ledger.dropped = main_->counts.dropped;
  ledger.dead_lettered = error_->counts.delivered;
  ledger.lost_by_reason = lost_;
  ledger.lost_by_reason[static_cast<std::size_t>(LostReason::overflow_newest)] =
      counts_.dropped_newest;
  for (const std::uint64_t count : ledger.lost_by_reason) {
    ledger.lost += count;
  }
  ledger.in_memory = open + main_->counts.in_memory + error_->counts.in_memory;
  ledger.refused_too_large = counts_.refused_too_large;
  ledger.refused_buffer_full = counts_.refused_buffer_full;
  ledger.refused_closed = counts_.refused_closed + gate_->puts_after_end();
  return ledger;
}

inline BackupLedger Engine::backup_ledger() {
  Lock lock(mutex_);
  return backup_locked();
}

inline BackupLedger Engine::backup_locked() const {
  if (backup_ == nullptr) {
    return {};
  }
  const LaneCounts& counts = backup_->counts;
  return {counts.entered, counts.delivered, counts.lost, counts.in_memory, counts.in_journal};
}

/// The arrival of the lane's oldest record; SteadyTime::max() when it has none.
inline SteadyTime Engine::oldest_arrival(const Lane& lane) const {
  SteadyTime oldest = SteadyTime::max();
  for (const ClosedBatch& batch : lane.queue) {
    oldest = std::min(oldest, batch.first_arrival_steady);
  }
  for (const Lane::Gathering& one : lane.gathering) {
    oldest = std::min(oldest, one.cutter.first_arrival());
  }
  for (const auto& task : delivery_tasks_) {
    if (task->lane == &lane && task->has_batch) {
      oldest = std::min(oldest, task->walk->batch().first_arrival_steady);
    }
  }
  if (partitions_ != nullptr && &lane == main_ && partitions_->oldest_origin() != nullptr) {
    oldest = std::min(oldest, partitions_->oldest_origin()->first_arrival());
  }
  return oldest;
}

inline LaneSnapshot Engine::lane_snapshot(const Lane& lane, SteadyTime now) const {
  LaneSnapshot snapshot;
  snapshot.role = lane.kind == Lane::Kind::main     ? LaneRole::delivery
                  : lane.kind == Lane::Kind::backup ? LaneRole::backup
                                                    : LaneRole::error_output;
  snapshot.sink = std::string(lane.sink.name());
  snapshot.records = lane.counts.delivered;
  snapshot.bytes = lane.counts.delivered_bytes;
  snapshot.batches = lane.counts.batches;
  snapshot.attempts = lane.counts.attempts;
  snapshot.attempts_failed = lane.counts.failed_attempts;
  snapshot.records_in_memory = lane.counts.in_memory;
  const SteadyTime oldest = oldest_arrival(lane);
  snapshot.freshness = oldest < now ? now - oldest : std::chrono::nanoseconds(0);
  if (&lane == main_) {
    snapshot.latency = summarize(latency_);
  }
  if (&lane == main_ && partition_lane_ != nullptr) {  // it is there that a sink is
    snapshot.sink = std::string(partition_lane_->sink.name());
    snapshot.batches = partition_lane_->counts.batches;
    snapshot.attempts = partition_lane_->counts.attempts;
    snapshot.attempts_failed = partition_lane_->counts.failed_attempts;
  }
  return snapshot;
}

inline PartitionSnapshot Engine::partition_snapshot() const {
  PartitionSnapshot snapshot;
  if (partitions_ != nullptr) {
    snapshot.active = partitions_->set().size();
    snapshot.active_max = partitions_->options().active_max;
    snapshot.opened = partitions_->opened();
    snapshot.limit_exceeded = partitions_->exceeded();
    snapshot.records_in_memory = partition_lane_->counts.in_memory;
    snapshot.records_delivered = partition_lane_->counts.delivered;
    snapshot.bytes_delivered = partition_lane_->counts.delivered_bytes;
  }
  return snapshot;
}

inline StreamSnapshot Engine::snapshot() {
  Lock lock(mutex_);
  const SteadyTime now = world_->steady_now();
  StreamSnapshot snapshot;
  snapshot.stream = name_;
  snapshot.ledger = ledger_locked();
  snapshot.incoming_bytes = counts_.harvested_bytes;
  snapshot.transform = transform_counts_;
  snapshot.partitions = partition_snapshot();
  for (const auto& lane : lanes_) {
    if (lane.get() != partition_lane_) {
      snapshot.lanes.push_back(lane_snapshot(*lane, now));
    }
  }
  snapshot.closed_by_reason =
      (partition_lane_ != nullptr ? partition_lane_ : main_)->counts.closed_by;
  snapshot.memory_used = ByteCount{pool_->held()};
  snapshot.memory_limit = ByteCount{pool_->budget()};
  return snapshot;
}

inline bool Engine::is_closed() {
  Lock lock(mutex_);
  return closed_;
}

inline std::string Engine::history() {
  Lock lock(mutex_);
  return recorder_.explain();
}

}  // namespace hydrant::detail
