// SPDX-License-Identifier: MIT
//
// What is to run now, and what later: the order of work, without threads, locks
// or clocks. The runtime's workers, `pump` and the manual Env all work from one
// of these; whoever owns it guards it.
#pragma once

#include <hydrant/core/config.hpp>
#include <hydrant/core/time.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace hydrant::detail {

/// Something that runs again and again, never twice at once. It outlives every
/// run: whoever posts it brings a reference.
class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;

  virtual void run() noexcept = 0;

 private:
  friend class TaskQueue;

  enum class State : std::uint8_t { idle, ready, running, running_and_posted };

  State state_ = State::idle;
  bool timed_ = false;
  SteadyTime due_{};
  SteadyTime ready_since_{};
  Task* next_ = nullptr;
  std::shared_ptr<Task> self_;  // while ready or timed
};

/// Ready tasks, first in, first out, and tasks that become ready at a time.
/// Threads: guarded by its owner.
class TaskQueue {
 public:
  TaskQueue() = default;
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  ~TaskQueue() { clear(); }

  /// Makes the task ready, or ready again once its present run is over. No allocation.
  /// Returns: true when a worker is needed that was not needed before.
  bool post(const std::shared_ptr<Task>& task, SteadyTime now) {
    switch (task->state_) {
      case Task::State::idle:
        push(task, now);
        return true;
      case Task::State::running:
        task->state_ = Task::State::running_and_posted;
        task->self_ = task;
        return false;
      case Task::State::ready:
      case Task::State::running_and_posted:
        return false;
    }
    return false;
  }

  /// Makes the task ready at `due`; replaces an earlier wish of this kind.
  void post_at(const std::shared_ptr<Task>& task, SteadyTime due) {
    cancel_timer(*task);
    task->timed_ = true;
    task->due_ = due;
    task->self_ = task;
    timers_.emplace(due, task.get());
  }

  /// The next task to run, marked as running, or null.
  std::shared_ptr<Task> take(SteadyTime now) {
    wake_due(now);
    if (first_ == nullptr) {
      return nullptr;
    }
    Task* task = first_;
    first_ = task->next_;
    if (first_ == nullptr) {
      last_ = nullptr;
    }
    task->next_ = nullptr;
    task->state_ = Task::State::running;
    return task->timed_ ? task->self_ : std::exchange(task->self_, nullptr);
  }

  /// The run of a taken task is over. Returns: true when it is ready again.
  bool finished(const std::shared_ptr<Task>& task, SteadyTime now) {
    const bool again = task->state_ == Task::State::running_and_posted;
    task->state_ = Task::State::idle;
    if (again) {
      push(task, now);
    }
    return again;
  }

  /// Drops every wish to run the task. A run that is under way goes on.
  void forget(Task& task) {
    cancel_timer(task);
    if (task.state_ == Task::State::running_and_posted) {
      task.state_ = Task::State::running;
    }
    if (task.state_ == Task::State::ready) {
      unlink(task);
      task.state_ = Task::State::idle;
    }
    const std::shared_ptr<Task> last = std::exchange(task.self_, nullptr);
  }

  /// Forgets everything, as a forked child must.
  void clear() {
    while (first_ != nullptr) {
      forget(*first_);
    }
    while (!timers_.empty()) {
      forget(*timers_.begin()->second);
    }
  }

  bool has_ready() const { return first_ != nullptr; }

  /// Since when the first ready task waits. Only with `has_ready`.
  SteadyTime waiting_since() const { return first_->ready_since_; }

  bool empty() const { return first_ == nullptr && timers_.empty(); }

  /// When the next timed task becomes ready.
  std::optional<SteadyTime> next_due() const {
    return timers_.empty() ? std::nullopt : std::optional(timers_.begin()->first);
  }

  /// Makes timed tasks ready whose time has come.
  void wake_due(SteadyTime now) {
    while (!timers_.empty() && timers_.begin()->first <= now) {
      const std::shared_ptr<Task> task = timers_.begin()->second->self_;
      cancel_timer(*task);
      if (task->state_ == Task::State::idle || task->state_ == Task::State::running) {
        post(task, now);
      }
    }
  }

 private:
  void push(const std::shared_ptr<Task>& task, SteadyTime now) {
    task->state_ = Task::State::ready;
    task->ready_since_ = now;
    task->self_ = task;
    task->next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = task.get();
    last_ = task.get();
  }

  void unlink(Task& task) {
    Task* previous = nullptr;
    for (Task* at = first_; at != &task; at = at->next_) {
      previous = at;
    }
    (previous != nullptr ? previous->next_ : first_) = task.next_;
    if (last_ == &task) {
      last_ = previous;
    }
    task.next_ = nullptr;
  }

  void cancel_timer(Task& task) {
    if (task.timed_) {
      timers_.erase({task.due_, &task});
      task.timed_ = false;
      if (task.state_ == Task::State::idle || task.state_ == Task::State::running) {
        task.self_ = nullptr;  // the caller holds a reference
      }
    }
  }

  Task* first_ = nullptr;
  Task* last_ = nullptr;
  std::set<std::pair<SteadyTime, Task*>> timers_;
};

}  // namespace hydrant::detail
