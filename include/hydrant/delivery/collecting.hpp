// SPDX-License-Identifier: MIT
//
// Engine, part one: how published records become batches, and batches find a
// worker. At each tick, and when a producer has crossed the size or run out of
// memory, one task harvests all shards, cuts what is due and starts deliveries.
#pragma once

#include <hydrant/delivery/engine.hpp>
#include <hydrant/ingest/roll.hpp>

#include <algorithm>

namespace hydrant::detail {

inline void Engine::collect() noexcept {
  const Engine* outer = std::exchange(engine_of_this_thread, this);
  Lock lock(mutex_);
  const SteadyTime now = world_->steady_now();
  const std::uint64_t entered_before = main_->counts.entered;
  const bool was_woken = std::exchange(collecting_, false);
  collecting_soon_ = false;
  const SteadyTime last_harvest = last_harvest_;
  const std::uint64_t harvested_before = counts_.harvested_bytes;
  harvest_into_lanes(now);
  std::chrono::nanoseconds pause =
      pause_for_rate(counts_.harvested_bytes - harvested_before, now - last_harvest);
  if (was_woken) {
    pause = std::min<std::chrono::nanoseconds>(pause, soon);  // a burst, maybe: spare it more wakes
  }
  close_batches(now);
  note_overstays(now);
  schedule_commit(now);
  const bool quiet = main_->counts.entered == entered_before;
  const std::optional<SteadyTime> next = next_collect(lock, now, pause, quiet);
  std::size_t tasks = 0;
  std::array<Task*, tasks_started_at_once> ready;
  start_deliveries([&](Task& task) { ready[tasks++] = &task; });
  notify();
  lock.unlock();
  // Waking a worker takes microseconds: not under the lock that producers may want.
  if (next) {
    executor_->post_at(shared(*collect_task_), *next);
  }
  for (std::size_t i = 0; i < tasks; ++i) {
    executor_->post(shared(*ready[i]));
  }
  if (!quiet) {
    provision();
  }
  if (journaling_ != nullptr) {
    lock.lock();
    remove_ended_spools(lock);
    lock.unlock();
  }
  engine_of_this_thread = outer;
}

inline void Engine::harvest_into_lanes(SteadyTime now) {
  if (harvest_ended_) {
    return;
  }
  const WallTime wall = world_->wall_now();
  harvest(last_harvest_, [&](Slice slice) {
    slice.arrival =
        wall - std::chrono::duration_cast<std::chrono::milliseconds>(now - slice.arrival_steady);
    if (backup_ != nullptr) {
      ++slice.chunk->refs;
      backup_->add(slice);
    }
    if (journaling_ != nullptr && journaling_->survives_power_loss()) {
      ++slice.chunk->refs;
      journaling_->add_uncommitted(slice);
    }
    main_->add(std::move(slice));
  });
  last_harvest_ = now;
  const std::uint64_t gathered = main_->gathered_bytes();
  const std::uint64_t size = main_->hints.size.value;
  constexpr std::uint64_t least = std::uint64_t{64} << 10;
  wake_bytes_ = std::max(least, size > gathered ? size - gathered : 0);
}

inline void Engine::close_batches(SteadyTime now) {
  const bool memory_is_short = std::exchange(pressure_, false);
  for (const auto& lane : lanes_) {
    if (lane.get() == error_ && (closing_ || flushing_ != 0) && letters_may_follow(now)) {
      lane->close_due(now);
    } else if (closing_) {
      lane->close_all(CloseReason::closing);
    } else if (flushing_ != 0) {
      lane->close_all(CloseReason::flush);
    } else {
      lane->close_due(now);
      // Open chunks of many threads can fill the memory before any batch fills: deliver what there
      // is.
      if (memory_is_short && lane->queue.empty() && lane->in_flight == 0) {
        lane->close_all(CloseReason::memory);
      }
    }
  }
}

/// Whether to wait, in close or flush, for more failed records before the error output gets what
/// there is: else each would become an object of its own. Never for long, and never when time is
/// short.
inline bool Engine::letters_may_follow(SteadyTime now) const {
  return !main_->is_idle() && std::min(closing_deadline(), flush_deadline_) - now > 10 * tick_ &&
         now < saturating_add(error_->oldest_waiting(), tick_);
}

/// Names tasks without a batch, as many as there are batches that wait for one.
template <class Start>
void Engine::start_deliveries(Start start) {
  std::size_t room = tasks_started_at_once;
  for (const auto& lane : lanes_) {
    std::size_t waiting = std::min(room, lane->queue.size());
    for (const auto& task : delivery_tasks_) {
      if (waiting == 0) {
        break;
      }
      if (task->lane == lane.get() && !task->has_batch) {
        start(*task);
        --waiting;
        --room;
      }
    }
  }
}

/// How long to leave the shards alone: a quarter of the time in which records
/// fill a batch at the present rate, within what a tick allows. Where records
/// come fast this spares `put` from waking anyone, at some microseconds a wake.
inline std::chrono::nanoseconds Engine::pause_for_rate(std::uint64_t bytes,
                                                       std::chrono::nanoseconds elapsed) const {
  constexpr std::chrono::nanoseconds shortest = std::chrono::microseconds(100);
  if (bytes == 0) {
    return tick_;
  }
  const double quarter = static_cast<double>(main_->hints.size.value) / 4;
  const double fill = static_cast<double>(elapsed.count()) * quarter / static_cast<double>(bytes);
  return fill >= static_cast<double>(tick_.count())
             ? tick_
             : std::max(shortest, std::chrono::nanoseconds(static_cast<std::int64_t>(fill)));
}

/// When to collect next; nothing when the stream parks, or needs it no more.
inline std::optional<SteadyTime> Engine::next_collect(Lock& lock, SteadyTime now,
                                                      std::chrono::nanoseconds pause, bool quiet) {
  bool idle = quiet;
  SteadyTime due = SteadyTime::max();
  for (const auto& lane : lanes_) {
    due = std::min(due, lane->due());
    idle = idle && lane->is_idle();
  }
  if (!idle) {
    quiet_since_ = now;
  }
  if (parked_ || detached_ || (closing_ && all_idle())) {
    return std::nullopt;
  }
  if (idle && now - quiet_since_ >= quiet_before_park) {
    return park(lock) ? std::nullopt : std::optional(now);
  }
  collecting_soon_ = pause <= soon;
  return std::min(due, saturating_add(now, pause));
}

/// Nothing came for a while: sleep without a timer until the next put. Whoever
/// published before the fence is seen by the harvest below; whoever publishes
/// after it sees the new generation and unparks.
/// Returns: whether the stream sleeps.
inline bool Engine::park(Lock& lock) {
  parked_ = true;
  gate_->change_generation();
  lock.unlock();
  heavy_fence();
  lock.lock();
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
  count_published(accepted, open);
  if (parked_ && open != 0) {
    parked_ = false;
  }
  if (!parked_) {
    return false;
  }
  pool_->trim(std::size_t{4} << 20);
  record_locked(EventKind::parked, 0, 0, "no records: sleeping until the next put");
  return true;
}

inline void Engine::unpark() noexcept {
  quiet_since_ = world_->steady_now();
  last_harvest_ = quiet_since_;
  executor_->post_at(shared(*collect_task_), saturating_add(quiet_since_, tick_));
  schedule_adoption();  // for a forked child
}

inline void Engine::wake_collector(bool memory_is_short) noexcept {
  pressure_ = pressure_ || memory_is_short;
  if (!collecting_ && !collecting_soon_) {
    collecting_ = true;  // until it has begun
    executor_->post(shared(*collect_task_));
  }
}

/// Of the main delivery and the backup, whichever keeps the oldest waiting gives it up. A chunk
/// that both keep is free after two calls; a backup that is down costs the main delivery nothing.
inline bool Engine::drop_oldest() noexcept {
  if (lane_of_oldest() == nullptr) {
    harvest_into_lanes(world_->steady_now());
  }
  Lane* lane = lane_of_oldest();
  if (lane == nullptr) {
    return false;
  }
  const Slice oldest = lane->discard_oldest();
  if (journaling_ != nullptr) {
    journaling_->done(*lane, oldest);
  }
  if (lane == main_) {
    lost_[static_cast<std::size_t>(LostReason::overflow_oldest)] += oldest.count();
    mark_ended(oldest, WaitStatus::lost);
  }
  record_locked(EventKind::overflow, 0, oldest.count(),
                std::string(lane->sink.name()) + ": memory_limit reached: oldest dropped");
  release(oldest.chunk);
  notify();
  return true;
}

/// The one of main and backup that has the oldest record whose delivery has not begun, or null.
inline Lane* Engine::lane_of_oldest() const noexcept {
  const SteadyTime none = SteadyTime::max();
  const SteadyTime in_main = main_->oldest_waiting();
  const SteadyTime in_backup = backup_ == nullptr ? none : backup_->oldest_waiting();
  if (in_main == none && in_backup == none) {
    return nullptr;
  }
  return in_main <= in_backup ? main_ : backup_;
}

inline bool Engine::wait_for_memory(Lock& lock, SteadyTime until) noexcept {
  if (engine_of_this_thread == this) {
    return false;  // this very thread would have to free the memory
  }
  pressure_ = true;  // as long as anyone waits
  return wait_for_change(lock, until);
}

/// One turn of a delivery task: takes a batch, or goes on with the one it has.
inline void Engine::deliver(DeliveryTask& task) noexcept {
  const Engine* outer = std::exchange(engine_of_this_thread, this);
  Lock lock(mutex_);
  while (!task.is_running && !detached_ && (task.has_batch || take_batch(task))) {
    task.is_running = true;
    lock.unlock();
    const Pipeline::Progress progress = task.pipeline.advance();
    lock.lock();
    task.is_running = false;
    if (progress == Pipeline::Progress::finished) {
      finish_batch(task);
    } else if (stop_.load(std::memory_order_relaxed)) {
      continue;  // it ended an attempt: now let it give up
    } else if (progress == Pipeline::Progress::waiting) {
      executor_->post_at(shared(task), task.pipeline.wake_at());
      break;
    }
    if (executor_->should_yield()) {
      executor_->post(shared(task));
      break;
    }
  }
  lock.unlock();
  engine_of_this_thread = outer;
}

inline bool Engine::take_batch(DeliveryTask& task) {
  Lane& lane = *task.lane;
  if (lane.queue.empty() || !is_sealed_safely(lane, lane.queue.front())) {
    return false;
  }
  task.pipeline.start(std::move(lane.queue.front()));
  lane.queue.pop_front();
  task.has_batch = true;
  task.overstay_noted = false;
  ++lane.in_flight;
  const ClosedBatch& batch = task.pipeline.batch();
  if (options_.overflow.kind() == Overflow::Kind::spill) {
    for (const Slice& slice : batch.slices) {
      if (!slice.chunk->is_found) {
        pool_->claim(*slice.chunk, options_.reserve);
      }
    }
  }
  record_locked(EventKind::batch_closed, batch.number, batch.count,
                std::string(lane.sink.name()) + ": closed by " +
                    std::string(to_text(batch.reason)) + ", " + std::to_string(batch.bytes) +
                    " bytes");
  return true;
}

inline void Engine::finish_batch(DeliveryTask& task) {
  const ClosedBatch& batch = task.pipeline.batch();
  record_locked(EventKind::batch_finished, batch.number, batch.count,
                std::string(task.lane->sink.name()) + ": after " +
                    to_text(std::chrono::duration_cast<std::chrono::milliseconds>(
                        world_->steady_now() - batch.first_arrival_steady)));
  // What was given up for want of time is left to the next life, and its chunks as they are.
  const bool is_left =
      journaling_ != nullptr && stop_.load(std::memory_order_relaxed) && is_open(*task.lane, batch);
  for (const Slice& slice : batch.slices) {
    if (slice.chunk->claims != 0) {
      pool_->unclaim(*slice.chunk);
    }
    if (!is_left) {
      release(slice.chunk);
    }
  }
  if (journaling_ != nullptr && !is_left) {
    journaling_->finish(*task.lane, batch);
  }
  task.pipeline.drop_batch();
  task.has_batch = false;
  --task.lane->in_flight;
  if ((closing_ || flushing_ != 0) && task.lane == main_ && main_->is_idle()) {
    wake_collector(false);  // no more letters for the error output
  }
  notify();
}

inline void Engine::note_overstays(SteadyTime now) {
  for (const auto& task : delivery_tasks_) {
    if (task->is_running && !task->overstay_noted && task->pipeline.attempt_deadline() < now) {
      task->overstay_noted = true;
      record_locked(EventKind::sink_overstayed, task->pipeline.batch_number(), 0,
                    std::string(task->lane->sink.name()) +
                        ": the sink is still in an attempt whose time is over");
    }
  }
}

}  // namespace hydrant::detail
