// SPDX-License-Identifier: MIT
//
// Who runs the work of simulated processes: one thread that takes any task that
// is ready, of any process, by the dice, and moves time on when none is. So the
// order of work is another one with each seed, and the same one with the same
// seed.
#pragma once

#include <hydrant/core/time.hpp>
#include <hydrant/delivery/executor.hpp>
#include <hydrant/testing/event_trace.hpp>
#include <hydrant/testing/seeded_dice.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace hydrant::testing::detail {

/// The time of a simulation, which only the simulation moves.
/// Threads: shared: safe.
class SimulatedClock {
 public:
  static constexpr SteadyTime begin{std::chrono::hours(1000)};

  explicit SimulatedClock(std::shared_ptr<EventTrace> trace) : trace_(std::move(trace)) {}

  SteadyTime steady_now() const {
    std::lock_guard guard(mutex_);
    return now_;
  }

  WallTime wall_now() const {
    std::lock_guard guard(mutex_);
    return wall_at_begin_ + std::chrono::duration_cast<std::chrono::milliseconds>(now_ - begin);
  }

  void jump_wall(std::chrono::milliseconds by) {
    std::lock_guard guard(mutex_);
    wall_at_begin_ += by;
  }

  /// Never goes back.
  void move_to(SteadyTime time) {
    std::lock_guard guard(mutex_);
    now_ = std::max(now_, time);
    trace_->set_time(now_ - begin);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<EventTrace> trace_;
  SteadyTime now_ = begin;
  WallTime wall_at_begin_{std::chrono::milliseconds(1'767'225'600'000)};  // 2026-01-01 00:00 UTC
};

class SimulatedExecutor;

/// The ready and the timed tasks of all processes.
/// Threads: shared: safe.
class SimulatedSchedule {
 public:
  using Task = hydrant::detail::Task;

  /// More runs than any stream needs before time must move on.
  static constexpr std::uint64_t runs_at_once_max = 200'000;

  SimulatedSchedule(std::uint64_t seed, std::shared_ptr<SimulatedClock> clock,
                    std::shared_ptr<EventTrace> trace)
      : dice_(seed), clock_(std::move(clock)), trace_(std::move(trace)) {}

  void post(const std::shared_ptr<Task>& task, SimulatedExecutor& owner) {
    std::lock_guard guard(mutex_);
    entry_of(task, owner).is_ready = true;
  }

  void post_at(const std::shared_ptr<Task>& task, SteadyTime due, SimulatedExecutor& owner) {
    std::lock_guard guard(mutex_);
    entry_of(task, owner).due = due;
  }

  void forget(Task& task) {
    std::shared_ptr<Task> last;  // goes without the lock
    std::lock_guard guard(mutex_);
    const auto entry = find(task);
    if (entry != entries_.end()) {
      last = entry->task;
      entry->is_ready = false;
      entry->due.reset();
      drop_if_idle(entry);
    }
  }

  /// Drops all work of one process.
  void drop_all_of(const SimulatedExecutor& owner) {
    std::vector<std::shared_ptr<Task>> dropped;  // go without the lock: they may hold a stream
    std::lock_guard guard(mutex_);
    for (const Entry& entry : entries_) {
      if (entry.owner == &owner) {
        dropped.push_back(entry.task);
      }
    }
    std::erase_if(entries_, [&](const Entry& entry) { return entry.owner == &owner; });
  }

  /// Runs one of the ready tasks, if there is one.
  bool run_one() noexcept;

  /// Moves time to the next timer, at most to `end`. Returns: false when time is there already,
  /// or no timer is set and there is no end.
  bool skip_to_next_timer(SteadyTime end) noexcept {
    std::lock_guard guard(mutex_);
    SteadyTime next = end;
    for (const Entry& entry : entries_) {
      next = std::min(next, entry.due.value_or(SteadyTime::max()));
    }
    if (is_stuck_ || clock_->steady_now() >= end || next == SteadyTime::max()) {
      return false;
    }
    clock_->move_to(next);
    runs_at_once_ = 0;
    return true;
  }

  SteadyTime now() const { return clock_->steady_now(); }

  /// Whether tasks have kept each other busy without end while no time went by. Then nothing runs
  /// any more.
  bool is_stuck() const {
    std::lock_guard guard(mutex_);
    return is_stuck_;
  }

 private:
  struct Entry {
    std::shared_ptr<Task> task;
    SimulatedExecutor* owner = nullptr;
    std::uint64_t number = 0;  // addresses differ from run to run
    bool is_ready = false;
    bool is_running = false;
    std::optional<SteadyTime> due;
  };

  std::vector<Entry>::iterator find(const Task& task) {
    return std::find_if(entries_.begin(), entries_.end(),
                        [&](const Entry& entry) { return entry.task.get() == &task; });
  }

  Entry& entry_of(const std::shared_ptr<Task>& task, SimulatedExecutor& owner) {
    const auto entry = find(*task);
    return entry != entries_.end()
               ? *entry
               : entries_.emplace_back(Entry{task, &owner, ++numbered_, false, false, {}});
  }

  void drop_if_idle(std::vector<Entry>::iterator entry) {
    if (!entry->is_ready && !entry->is_running && !entry->due) {
      entries_.erase(entry);
    }
  }

  /// Returns: how many tasks are ready.
  std::uint64_t wake_due() {
    const SteadyTime now = clock_->steady_now();
    std::uint64_t ready = 0;
    for (Entry& entry : entries_) {
      if (entry.due && *entry.due <= now) {
        entry.due.reset();
        entry.is_ready = true;
      }
      ready += entry.is_ready && !entry.is_running ? 1u : 0u;
    }
    return ready;
  }

  mutable std::mutex mutex_;
  SeededDice dice_;
  std::shared_ptr<SimulatedClock> clock_;
  std::shared_ptr<EventTrace> trace_;
  std::vector<Entry> entries_;
  std::uint64_t numbered_ = 0;
  std::uint64_t runs_at_once_ = 0;
  bool is_stuck_ = false;
};

/// Runs the tasks of one process until it is killed, and meanwhile those of the others.
/// Threads: shared: safe.
class SimulatedExecutor final : public hydrant::detail::Executor {
 public:
  using Task = hydrant::detail::Task;

  SimulatedExecutor(std::uint64_t seed, std::shared_ptr<SimulatedSchedule> schedule)
      : dice_(seed), schedule_(std::move(schedule)) {}

  // --- how it works ---------------------------------------------------------------------------

  /// Each run of a task takes up to so much time.
  void work_takes(std::chrono::nanoseconds at_most) {
    std::lock_guard guard(mutex_);
    work_max_ = at_most;
  }

  /// In so many of a thousand cases a running task is told to give others a turn.
  void yields(std::uint32_t per_mille) {
    std::lock_guard guard(mutex_);
    yields_ = per_mille;
  }

  /// Drops all work, for good.
  void kill() {
    const SteadyTime now = schedule_->now();
    {
      std::lock_guard guard(mutex_);
      died_at_ = std::min(died_at_, now);
      is_alive_ = false;
    }
    schedule_->drop_all_of(*this);
  }

  bool is_alive() const {
    std::lock_guard guard(mutex_);
    return is_alive_;
  }

  /// SteadyTime::max() while it is alive.
  SteadyTime died_at() const {
    std::lock_guard guard(mutex_);
    return died_at_;
  }

  /// How long the task took that has just run.
  std::chrono::nanoseconds draw_work() {
    std::lock_guard guard(mutex_);
    return std::chrono::nanoseconds(work_max_.count() == 0
                                        ? 0
                                        : static_cast<std::int64_t>(dice_.below(
                                              static_cast<std::uint64_t>(work_max_.count()))));
  }

  // --- Executor -------------------------------------------------------------------------------

  void post(const std::shared_ptr<Task>& task) noexcept override {
    if (is_alive()) {
      schedule_->post(task, *this);
    }
  }

  void post_at(const std::shared_ptr<Task>& task, SteadyTime due) noexcept override {
    if (is_alive()) {
      schedule_->post_at(task, due, *this);
    }
  }

  void forget(Task& task) noexcept override { schedule_->forget(task); }

  bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable&,
            SteadyTime until) noexcept override {
    lock.unlock();
    const bool changed =
        is_alive() && schedule_->now() <= until && (run_one() || skip_to_next_timer(until));
    lock.lock();
    return changed;
  }

  bool should_yield() noexcept override {
    std::lock_guard guard(mutex_);
    return dice_.chance(yields_);
  }

  // --- time passes ----------------------------------------------------------------------------

  /// Runs one of the ready tasks of any process, if this one is alive and there is one.
  bool run_one() noexcept { return is_alive() && schedule_->run_one(); }

  /// See SimulatedSchedule.
  bool skip_to_next_timer(SteadyTime end) noexcept { return schedule_->skip_to_next_timer(end); }

 private:
  mutable std::mutex mutex_;
  SeededDice dice_;
  std::shared_ptr<SimulatedSchedule> schedule_;
  std::chrono::nanoseconds work_max_{};
  std::uint32_t yields_ = 0;
  bool is_alive_ = true;
  SteadyTime died_at_ = SteadyTime::max();
};

inline bool SimulatedSchedule::run_one() noexcept {
  std::unique_lock lock(mutex_);
  const std::uint64_t count = wake_due();
  if (count == 0 || is_stuck_) {
    return false;
  }
  std::uint64_t skip = dice_.below(count);
  auto entry = entries_.begin();
  while (!entry->is_ready || entry->is_running || skip-- != 0) {
    ++entry;
  }
  const std::shared_ptr<Task> task = entry->task;
  SimulatedExecutor* const owner = entry->owner;
  entry->is_ready = false;
  entry->is_running = true;
  trace_->note("run task", {}, entry->number);
  lock.unlock();
  task->run();
  const std::chrono::nanoseconds took = owner->draw_work();  // the task holds its engine
  lock.lock();
  runs_at_once_ = took.count() == 0 ? runs_at_once_ + 1 : 0;
  is_stuck_ = runs_at_once_ > runs_at_once_max;
  clock_->move_to(clock_->steady_now() + took);
  entry = find(*task);
  if (entry != entries_.end()) {
    entry->is_running = false;
    drop_if_idle(entry);
  }
  return true;
}

}  // namespace hydrant::testing::detail
