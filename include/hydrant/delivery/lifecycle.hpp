// SPDX-License-Identifier: MIT
//
// Engine, part three: beginning and end. Flush and close wait for the records
// that were there when they were called, never longer than they were given,
// and report what became of every record. Fork leaves the parent alone and
// gives the child an empty stream.
#pragma once

#include <hydrant/delivery/engine.hpp>
#include <hydrant/ingest/roll.hpp>

#include <algorithm>
#include <new>

namespace hydrant::detail {

inline Engine::Engine(EngineOptions options, std::shared_ptr<World> world,
                      std::shared_ptr<Executor> executor, StreamGate& gate,
                      std::vector<std::unique_ptr<Lane>> lanes)
    : ShardSet(std::move(options.ingest)),
      name_(std::move(options.name)),
      version_(options.version),
      concurrency_(options.concurrency),
      world_(std::move(world)),
      executor_(std::move(executor)),
      journaling_(options.journal == nullptr
                      ? nullptr
                      : std::make_unique<Journaling>(std::move(options.journal))),
      gate_(&gate),
      lanes_(std::move(lanes)),
      partitions_(options.partitions.stage == nullptr
                      ? nullptr
                      : std::make_unique<Partitions>(std::move(options.partitions))) {
  for (const auto& lane : lanes_) {
    (lane->kind == Lane::Kind::main     ? main_
     : lane->kind == Lane::Kind::backup ? backup_
     : lane->kind == Lane::Kind::error  ? error_
                                        : partition_lane_) = lane.get();
  }
  std::chrono::nanoseconds interval =
      (partition_lane_ != nullptr ? partition_lane_ : main_)->hints.interval;
  if (backup_ != nullptr) {
    interval = std::min<std::chrono::nanoseconds>(interval, backup_->hints.interval);
  }
  constexpr std::chrono::nanoseconds tick_min = std::chrono::milliseconds(1);
  constexpr std::chrono::nanoseconds tick_max = std::chrono::milliseconds(100);
  tick_ = std::clamp(interval / 10, tick_min, tick_max);
  make_tasks();
}

inline void Engine::make_tasks() {
  collect_task_ = std::make_unique<CollectTask>(*this);
  commit_task_ = std::make_unique<CommitTask>(*this);
  adopt_task_ = std::make_unique<AdoptTask>(*this);
  delivery_tasks_.clear();
  const Lane* delivering = partition_lane_ != nullptr ? partition_lane_ : main_;
  for (const auto& lane : lanes_) {
    const std::uint32_t tasks =
        lane.get() == delivering && !lane->sink.is_polled() ? concurrency_ : 1;
    for (std::uint32_t i = 0; i < tasks; ++i) {
      std::unique_ptr<BatchWalk> walk;
      if (partitions_ != nullptr && lane.get() == main_) {
        walk = std::make_unique<Splitter>(*this, *lane, partitions_->stage());
      } else {
        walk = std::make_unique<Pipeline>(*this, *lane);
      }
      delivery_tasks_.push_back(std::make_unique<DeliveryTask>(*this, *lane, std::move(walk)));
    }
  }
  epoch_ = world_->random();
  id_seed_high_ = world_->random();
  id_seed_low_ = world_->random();
  begin_life();
  last_harvest_ = world_->steady_now();
  quiet_since_ = last_harvest_;
  wake_bytes_ = main_->hints.size.value;
}

inline void Engine::start() {
  {
    Lock lock(mutex_);
    record_locked(EventKind::opened, 0, 0, "stream opened");
    parked_ = true;
  }
  resume();
  gate_->open(shared_from_this());
  Lock lock(mutex_);
  const bool has_work =
      std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return !lane->is_idle(); });
  if (has_work) {  // what earlier lives have left does not wait for the first put
    wake_for_work();
  }
  schedule_adoption();
}

inline bool Engine::wait_for_change(Lock& lock, SteadyTime until) {
  ++waiters_;
  const bool changed = executor_->wait(lock, changed_, until);
  --waiters_;
  return changed;
}

inline bool Engine::all_settled(const std::vector<std::uint64_t>& targets) const {
  for (std::size_t i = 0; i < targets.size() && i < shards_.size(); ++i) {
    if (shards_[i]->settled.watermark() < targets[i]) {
      return false;
    }
  }
  return true;
}

inline bool Engine::all_idle() const {
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
  count_published(accepted, open);
  return open == 0 && std::all_of(lanes_.begin(), lanes_.end(),
                                  [](const auto& lane) { return lane->is_idle(); });
}

/// Whether the next life has something to deliver, or to back up, that this one has given up.
inline bool Engine::leaves_records() const {
  return in_journal_ != 0 || (backup_ != nullptr && backup_->counts.in_journal != 0);
}

inline DeliveryReport Engine::flush(std::chrono::nanoseconds timeout) {
  const SteadyTime started = world_->steady_now();
  const SteadyTime until = saturating_add(started, timeout);
  Lock lock(mutex_);
  std::vector<std::uint64_t> targets;
  std::uint64_t backup_target = backup_ != nullptr ? backup_->counts.entered : 0;
  for (const auto& shard : shards_) {
    targets.push_back(published_by(*shard));
    backup_target += targets.back() - shard->harvested;
  }
  const std::uint64_t resumed_target = resumed_;
  const auto done = [&] {
    return all_settled(targets) && resumed_ended_ >= resumed_target &&
           (backup_ == nullptr ||
            backup_->counts.delivered + backup_->counts.lost >= backup_target);
  };
  record_locked(EventKind::flush, 0, 0, "flush");
  ++flushing_;
  flush_deadline_ = std::min(flush_deadline_, until);
  executor_->post(shared(*collect_task_));
  const bool may_wait = engine_of_this_thread != this;  // else it would wait for itself
  while (!done() && may_wait && wait_for_change(lock, until)) {
  }
  if (--flushing_ == 0) {
    flush_deadline_ = SteadyTime::max();
  }
  return report_locked(done(), started);
}

inline WaitStatus Engine::wait(Ticket ticket, std::chrono::nanoseconds timeout) {
  const SteadyTime until = saturating_add(world_->steady_now(), timeout);
  Lock lock(mutex_);
  OwnedShard* shard = shard_of(ticket.shard);
  if (shard == nullptr) {
    return WaitStatus::ended;  // of an earlier life of this stream
  }
  while (!shard->settled.contains(ticket.sequence)) {
    if (engine_of_this_thread == this || !wait_for_change(lock, until)) {
      break;
    }
  }
  if (!shard->settled.contains(ticket.sequence)) {
    return WaitStatus::pending;
  }
  const auto range = std::find_if(ended_.rbegin(), ended_.rend(), [&](const EndedRange& ended) {
    return ended.shard == ticket.shard && ended.first <= ticket.sequence &&
           ticket.sequence < ended.last;
  });
  if (range != ended_.rend()) {
    return range->status;
  }
  return ended_forgotten_ ? WaitStatus::ended : WaitStatus::delivered;
}

inline DeliveryReport Engine::close(std::chrono::nanoseconds timeout) {
  const SteadyTime started = world_->steady_now();
  const SteadyTime until = saturating_add(started, timeout);
  Lock lock(mutex_);
  if (!closed_) {
    closed_ = true;
    record_locked(EventKind::close, 0, 0, "closing, within " + to_text(timeout));
  }
  closing_ = true;
  parked_ = false;
  closing_deadline_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  gate_->change_generation();
  lock.unlock();
  // After this, every record that any thread was told is accepted can be seen, and every further
  // put sees that the stream is closed.
  heavy_fence();
  lock.lock();
  harvest_into_lanes(world_->steady_now());
  harvest_ended_ = true;
  lock.unlock();
  collect();
  lock.lock();
  if (engine_of_this_thread == this) {
    return report_locked(all_idle(),
                         started);  // called from a callback: the owner's close will wait
  }
  for (const auto& task : delivery_tasks_) {
    executor_->post(shared(*task));  // cut back-offs short
  }
  if (waiters_ != 0) {
    changed_.notify_all();  // producers that wait for memory
  }
  while (!all_idle() && wait_for_change(lock, until)) {
  }
  if (!all_idle()) {
    abandon_what_is_left(lock);
  }
  return report_locked(
      all_idle() && !leaves_records() &&
          ledger_locked().lost_by_reason[static_cast<std::size_t>(LostReason::close_deadline)] == 0,
      started);
}

/// Out of time. What no sink has in its hands is lost, and counted so; what a
/// sink has stays "in memory", for nobody knows whether it will arrive.
inline void Engine::abandon_what_is_left(Lock& lock) {
  stop_.store(true, std::memory_order_relaxed);
  if (partitions_ != nullptr) {
    lose_partitions();
  }
  for (const auto& lane : lanes_) {
    lane->close_all(CloseReason::closing);
    lose_queue(*lane);
  }
  lock.unlock();
  for (const auto& task : delivery_tasks_) {
    deliver(*task);  // gives up what waits for another attempt
  }
  lock.lock();
  // A sink that watches its attempt comes back at the deadline: hear its answer.
  constexpr std::chrono::milliseconds last_words{20};
  const SteadyTime until = saturating_add(world_->steady_now(), last_words);
  while (!all_idle() && wait_for_change(lock, until)) {
  }
}

inline void Engine::lose_queue(Lane& lane) {
  for (const ClosedBatch& batch : lane.queue) {
    settle_locked(lane, batch.slices, Fate::lost, LostReason::close_deadline);
    for (const Slice& slice : batch.slices) {
      if (journaling_ == nullptr) {  // there the next life needs the chunks as they are
        release(slice.chunk);
      }
    }
    if (batch.partition != nullptr && journaling_ == nullptr) {
      forget_buffer(*batch.partition);
    }
  }
  lane.queue.clear();
}

inline DeliveryReport Engine::report_locked(bool complete, SteadyTime started) {
  DeliveryReport report;
  report.complete = complete;
  report.took = world_->steady_now() - started;
  report.ledger = ledger_locked();
  report.backup = backup_locked();
  for (const std::string& trouble : troubles_) {
    report.troubles += trouble + "\n";
  }
  troubles_.clear();
  return report;
}

inline void Engine::detach() {
  gate_->shut();
  Lock lock(mutex_);
  detached_ = true;
  if (journaling_ != nullptr) {
    remove_ended_spools(lock);
    if (all_idle() && !leaves_records()) {
      journaling_->journal().remove_current();
    }
    journaling_->journal().unlock();
  }
  executor_->forget(*collect_task_);
  executor_->forget(*commit_task_);
  executor_->forget(*adopt_task_);
  for (const auto& task : delivery_tasks_) {
    executor_->forget(*task);
  }
}

/// The lock is held since before the fork.
inline void Engine::unlock_after_fork(bool in_child) {
  if (in_child) {
    // Other threads, and the frames in which they ran our tasks, exist only in the parent. What
    // they held is theirs: it is neither delivered nor freed here.
    static_cast<void>(collect_task_.release());
    static_cast<void>(commit_task_.release());
    static_cast<void>(adopt_task_.release());
    for (auto& task : delivery_tasks_) {
      static_cast<void>(task.release());
    }
    for (const auto& lane : lanes_) {
      lane->gathering.clear();
      lane->queue.clear();
      lane->in_flight = 0;
      lane->counts = {};
    }
    if (journaling_ != nullptr) {
      journaling_->forget_in_child();
    }
    if (partitions_ != nullptr) {
      partitions_->forget_in_child();
    }
    flush_mark_.reset();
    resumed_ = 0;
    resumed_ended_ = 0;
    in_journal_ = 0;
    commits_started_ = 0;
    commits_done_ = 0;
    committing_ = false;
    commit_wanted_ = false;
    commit_scheduled_ = false;
    adoption_scheduled_ = false;
    manifest_was_short_ = false;
    commit_failed_ = false;
    forget_everything();
    new (&changed_) std::condition_variable;
    waiters_ = 0;
    flushing_ = 0;
    flush_deadline_ = SteadyTime::max();
    pressure_ = false;
    collecting_ = false;
    collecting_soon_ = false;
    lost_ = {};
    ended_.clear();
    ended_forgotten_ = false;
    latency_ = {};
    troubles_.clear();
    make_tasks();
    record_locked(EventKind::forked, 0, 0, "forked: the child's stream starts empty");
    gate_->change_generation();
  }
  mutex_.unlock();
}

}  // namespace hydrant::detail
