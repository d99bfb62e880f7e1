// SPDX-License-Identifier: MIT
//
// Who runs the work: the Runtime's threads, the caller of `pump`, or a test
// that owns time. The engine knows only this.
#pragma once

#include <hydrant/core/time.hpp>
#include <hydrant/delivery/task_queue.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace hydrant::detail {

/// Runs tasks.
/// Threads: shared: safe.
class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  /// Runs the task as soon as possible. Never waits, never throws, does not allocate.
  virtual void post(const std::shared_ptr<Task>& task) noexcept = 0;

  /// Runs the task at `due`, unless it is posted earlier; the last `due` counts.
  virtual void post_at(const std::shared_ptr<Task>& task, SteadyTime due) noexcept = 0;

  /// Drops what was posted and has not begun.
  virtual void forget(Task& task) noexcept = 0;

  /// Waits until `changed` is notified, or does a piece of work itself. The lock is given up
  /// meanwhile. Returns: false when `until` has passed, or nothing can ever change.
  virtual bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                    SteadyTime until) noexcept = 0;

  /// True when a task that is running should let others have a turn.
  virtual bool should_yield() noexcept = 0;

  /// Before fork: hold still. After it: go on, or, in the child, start empty.
  virtual void before_fork() noexcept {}

  virtual void after_fork(bool in_child) noexcept { static_cast<void>(in_child); }
};

}  // namespace hydrant::detail
