// SPDX-License-Identifier: MIT
//
// A world that a test owns: time stands still until the test moves it, dice are
// seeded, files are in memory, and the whole stream runs on the test's own
// thread. So a test of an hour of retries takes microseconds and goes the same
// way every time.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/core/uuid.hpp>
#include <hydrant/delivery/executor.hpp>
#include <hydrant/testing/memory_files.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace hydrant::detail {

/// The state behind a ManualEnv, and the executor of the streams that it is given to.
class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(std::uint64_t seed) : seed_(seed) {}

  // --- the clocks and the dice ----------------------------------------------------------------

  SteadyTime steady_now() const {
    std::lock_guard guard(mutex_);
    return now_;
  }

  WallTime wall_now() const {
    std::lock_guard guard(mutex_);
    return wall_at_start_ + std::chrono::duration_cast<std::chrono::milliseconds>(now_ - start);
  }

  void jump_wall(std::chrono::milliseconds by) {
    std::lock_guard guard(mutex_);
    wall_at_start_ += by;
  }

  std::uint64_t random() {
    std::lock_guard guard(mutex_);
    return mix64(seed_ ^ mix64(++drawn_));
  }

  void yield_each(std::uint64_t looks) {
    std::lock_guard guard(mutex_);
    looks_to_yield_ = looks;
  }

  // --- Executor -------------------------------------------------------------------------------

  void post(const std::shared_ptr<Task>& task) noexcept override {
    std::lock_guard guard(mutex_);
    queue_.post(task, now_);
  }

  void post_at(const std::shared_ptr<Task>& task, SteadyTime due) noexcept override {
    std::lock_guard guard(mutex_);
    queue_.post_at(task, due);
  }

  void forget(Task& task) noexcept override {
    std::lock_guard guard(mutex_);
    queue_.forget(task);
  }

  /// Work takes no time here, so what is ready at the very end of the time still runs.
  bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable&,
            SteadyTime until) noexcept override {
    lock.unlock();
    const bool changed = steady_now() <= until && (run_one() || skip_to_next_timer(until));
    lock.lock();
    return changed;
  }

  bool should_yield() noexcept override {
    std::lock_guard guard(mutex_);
    return looks_to_yield_ != 0 && ++looks_ % looks_to_yield_ == 0;
  }

  void before_fork() noexcept override { mutex_.lock(); }

  void after_fork(bool in_child) noexcept override {
    if (in_child) {
      queue_.clear();
    }
    mutex_.unlock();
  }

  // --- time passes ----------------------------------------------------------------------------

  /// Runs one ready task, if there is one.
  bool run_one() noexcept {
    std::unique_lock lock(mutex_);
    std::shared_ptr<Task> task = queue_.take(now_);
    if (task == nullptr) {
      return false;
    }
    lock.unlock();
    task->run();
    lock.lock();
    queue_.finished(task, now_);
    lock.unlock();
    return true;  // the task may be the last owner of its stream: it goes without the lock
  }

  /// Moves time to the next timer, at most to `end`. Returns: false when time is there already,
  /// or no timer is set and there is no end.
  bool skip_to_next_timer(SteadyTime end) noexcept {
    std::lock_guard guard(mutex_);
    const SteadyTime next = std::min(queue_.next_due().value_or(SteadyTime::max()), end);
    if (now_ >= end || next == SteadyTime::max()) {
      return false;
    }
    now_ = std::max(now_, next);
    return true;
  }

  static constexpr SteadyTime start{std::chrono::hours(1000)};

 private:
  mutable std::mutex mutex_;
  TaskQueue queue_;
  SteadyTime now_ = start;
  WallTime wall_at_start_{std::chrono::milliseconds(1'767'225'600'000)};  // 2026-01-01 00:00 UTC
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
  std::uint64_t looks_to_yield_ = 0;
  std::uint64_t looks_ = 0;
};

}  // namespace hydrant::detail

namespace hydrant::testing {

/// An Env whose time a test moves. Copies refer to the same world.
///
/// @code
/// hydrant::testing::ManualEnv env;
/// hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
/// if (auto put = stream.put("one"); !put) fail(put.reason());
/// env.advance(60s);  // the interval is over: the batch is delivered, on this thread
/// @endcode
///
/// Nothing runs until time is moved, by `advance` or by a call that waits: flush,
/// close and wait move it as far as they need. Work itself takes no time. A sink
/// that calls `advance` stands for one that is slow; the rest of the stream goes on.
///
/// Threads: shared: safe. What becomes due runs on the thread that moves time.
class ManualEnv {
 public:
  /// Worlds of the same seed go the same way.
  explicit ManualEnv(std::uint64_t seed = 1)
      : executor_(std::make_shared<hydrant::detail::ManualExecutor>(seed)),
        memory_files_(std::make_shared<MemoryFiles>()),
        files_(memory_files_) {}

  /// The same, with other files.
  ManualEnv(std::uint64_t seed, std::shared_ptr<Files> files) : ManualEnv(seed) {
    files_ = std::move(files);
  }

  SteadyTime steady_now() const { return executor_->steady_now(); }

  /// Begins at 2026-01-01 00:00:00 UTC and moves with `advance`.
  WallTime wall_now() const { return executor_->wall_now(); }

  std::uint64_t random() const { return executor_->random(); }

  Files& files() const { return *files_; }

  /// The files, unless the world was given others.
  MemoryFiles& memory_files() const { return *memory_files_; }

  /// Runs the streams that this world is given to.
  std::shared_ptr<hydrant::detail::Executor> executor() const { return executor_; }

  /// Lets so much time pass; what becomes due runs in the order of its time.
  void advance(std::chrono::nanoseconds duration) const {
    const SteadyTime end = saturating_add(steady_now(), duration);
    do {
      run_ready();
    } while (executor_->skip_to_next_timer(end));
  }

  /// Runs what is ready, without moving time.
  void run_ready() const {
    while (executor_->run_one()) {
    }
  }

  /// Sets the wall clock; the steady clock goes on as if nothing had been.
  void set_wall(WallTime wall) const { jump_wall(wall - wall_now()); }

  void jump_wall(std::chrono::milliseconds by) const { executor_->jump_wall(by); }

  /// Makes work in progress give way each time it has looked `looks` times whether it should,
  /// as `pump` does when its budget is used up. 0, as at the start: never.
  void yield_each(std::uint64_t looks) const { executor_->yield_each(looks); }

 private:
  std::shared_ptr<hydrant::detail::ManualExecutor> executor_;
  std::shared_ptr<MemoryFiles> memory_files_;
  std::shared_ptr<Files> files_;
};

static_assert(Env<ManualEnv>);

}  // namespace hydrant::testing
