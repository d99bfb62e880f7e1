// SPDX-License-Identifier: MIT
//
// Engine, part five: stable storage. Where the journal is to survive a power
// cut, everything published and every seal is written to its log from time to
// time, together, by one task; a batch waits for its seal to be there before its
// first attempt. After a write or a sync has failed, the log is never believed
// again: the stream goes on, and says that it survives less.
#pragma once

#include <hydrant/delivery/collecting.hpp>
#include <hydrant/delivery/engine.hpp>
#include <hydrant/delivery/journaling.hpp>

namespace hydrant::detail {

/// Sees to it that what is there now is written soon. The lock is held.
inline void Engine::want_commit() noexcept {
  if (!std::exchange(commit_wanted_, true) && !committing_) {
    executor_->post(shared(*commit_task_));
  }
}

/// Where there is something to commit, it is committed within the interval. The lock is held.
inline void Engine::schedule_commit(SteadyTime now) {
  if (journaling_ != nullptr && journaling_->survives_power_loss() && !commit_wanted_ &&
      !commit_scheduled_ && journaling_->has_uncommitted()) {
    commit_scheduled_ = true;
    executor_->post_at(shared(*commit_task_), saturating_add(now, journaling_->commit_interval()));
  }
}

inline void Engine::commit() noexcept {
  const Engine* outer = std::exchange(engine_of_this_thread, this);
  Lock lock(mutex_);
  if (!committing_ && !detached_ && journaling_ != nullptr) {
    committing_ = true;
    commit_wanted_ = false;
    commit_scheduled_ = false;
    harvest_into_lanes(world_->steady_now());
    for (const auto& lane : lanes_) {
      for (ClosedBatch& batch : lane->queue) {
        seal(*lane, batch);
      }
    }
    const std::uint64_t number = ++commits_started_;
    Journaling::Commit work = journaling_->begin_commit();
    lock.unlock();
    const Status status = work.write();
    lock.lock();
    finish_commit(work, number, status);
  }
  lock.unlock();
  engine_of_this_thread = outer;
}

inline void Engine::finish_commit(Journaling::Commit& work, std::uint64_t number,
                                  const Status& status) {
  journaling_->finish_commit(work, bool(status));
  for (const Slice& slice : work.slices) {
    release(slice.chunk);
  }
  committing_ = false;
  commits_done_ = number;
  if (!status && !std::exchange(commit_failed_, true)) {
    record_locked(EventKind::journal_failed, 0, 0,
                  "journal: " + status.failure().message +
                      ": from here on records survive a killed process, not a power cut");
  }
  start_deliveries([this](Task& task) { executor_->post(shared(task)); });
  if (commit_wanted_) {
    executor_->post(shared(*commit_task_));
  } else {
    schedule_commit(world_->steady_now());
  }
  notify();
}

/// Whether the batch may be tried: its seal must be as safe as its records. The lock is held.
inline bool Engine::is_sealed_safely(Lane& lane, ClosedBatch& batch) {
  if (journaling_ == nullptr) {
    return true;
  }
  seal(lane, batch);
  if (!journaling_->survives_power_loss() || commit_failed_ || batch.commit <= commits_done_) {
    return true;
  }
  want_commit();
  return false;
}

inline SyncStatus Engine::sync(std::chrono::nanoseconds timeout) {
  const SteadyTime until = saturating_add(world_->steady_now(), timeout);
  Lock lock(mutex_);
  if (journaling_ == nullptr || !journaling_->survives_power_loss()) {
    return SyncStatus::not_configured;
  }
  const std::uint64_t target = commits_started_ + 1;
  while (commits_done_ < target && !commit_failed_) {
    want_commit();
    if (engine_of_this_thread == this || !wait_for_change(lock, until)) {
      break;
    }
  }
  return commit_failed_            ? SyncStatus::failed
         : commits_done_ >= target ? SyncStatus::durable
                                   : SyncStatus::pending;
}

}  // namespace hydrant::detail
