// SPDX-License-Identifier: MIT
//
// Runs a stream's work in slices of the caller's time: no thread at all. For
// game loops and other programs that own their every microsecond.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/delivery/executor.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

namespace hydrant::detail {

/// Runs tasks in `pump`, and while its caller waits in flush, close or wait.
/// Threads: shared: safe; one thread pumps, another that comes meanwhile does nothing.
class PumpExecutor final : public Executor {
 public:
  explicit PumpExecutor(std::shared_ptr<World> world) : world_(std::move(world)) {}

  void post(const std::shared_ptr<Task>& task) noexcept override {
    std::lock_guard guard(mutex_);
    queue_.post(task, SteadyTime());
  }

  void post_at(const std::shared_ptr<Task>& task, SteadyTime due) noexcept override {
    std::lock_guard guard(mutex_);
    queue_.post_at(task, due);
  }

  void forget(Task& task) noexcept override {
    std::lock_guard guard(mutex_);
    queue_.forget(task);
  }

  /// Works for at most `budget`. Returns: true when nothing is left to do now.
  bool pump(std::chrono::nanoseconds budget) noexcept {
    const std::unique_lock pumping(pumping_, std::try_to_lock);
    if (!pumping) {
      return false;
    }
    const SteadyTime deadline = saturating_add(world_->steady_now(), budget);
    set_deadline(deadline);
    bool did_something = true;
    while (did_something && world_->steady_now() < deadline) {
      did_something = run_one();
    }
    return !did_something;
  }

  bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            SteadyTime until) noexcept override {
    constexpr std::chrono::milliseconds slice{1};
    lock.unlock();
    pump(std::clamp<std::chrono::nanoseconds>(until - world_->steady_now(), {}, slice));
    lock.lock();
    const SteadyTime now = world_->steady_now();
    if (now >= until) {
      return false;
    }
    // Nothing to do now: until the next timer, or the other thread that pumps, has something.
    changed.wait_for(lock, std::min<std::chrono::nanoseconds>(until - now, idle_wait()));
    return true;
  }

  bool should_yield() noexcept override {
    return world_->steady_now() >=
           SteadyTime(SteadyTime::duration(deadline_.load(std::memory_order_relaxed)));
  }

  void before_fork() noexcept override { mutex_.lock(); }

  void after_fork(bool in_child) noexcept override {
    if (in_child) {
      queue_.clear();
    }
    mutex_.unlock();
  }

 private:
  std::chrono::nanoseconds idle_wait() {
    constexpr std::chrono::microseconds longest{500};
    std::lock_guard guard(mutex_);
    return queue_.has_ready() ? std::chrono::nanoseconds(0) : std::chrono::nanoseconds(longest);
  }

  void set_deadline(SteadyTime deadline) {
    deadline_.store(deadline.time_since_epoch().count(), std::memory_order_relaxed);
  }

  bool run_one() noexcept {
    std::unique_lock lock(mutex_);
    std::shared_ptr<Task> task = queue_.take(world_->steady_now());
    if (task == nullptr) {
      return false;
    }
    lock.unlock();
    task->run();
    lock.lock();
    queue_.finished(task, SteadyTime());
    lock.unlock();
    return true;
  }

  const std::shared_ptr<World> world_;
  std::mutex mutex_;
  std::mutex pumping_;
  TaskQueue queue_;
  std::atomic<SteadyTime::rep> deadline_{SteadyTime::max().time_since_epoch().count()};
};

}  // namespace hydrant::detail
