// SPDX-License-Identifier: MIT
//
// The threads: a few for all streams of the process, more when work waits,
// fewer when there is none. The only file that makes a thread.
//
// A ready task starts at once while fewer workers than processors are busy. A
// worker that has been in one task for 10 ms does not count as busy: it
// computes much, or hangs in somebody's sink, and must not hold up the others.
// There is always one more thread than there are tasks running, so a hung sink
// costs a thread and nothing else; a thread without work ends after 10 s.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/delivery/executor.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace hydrant {

/// How many threads a Runtime may have.
struct RuntimeOptions {
  /// Default 0: as many as the machine has processors, at least 2. How many tasks compute at once.
  std::size_t busy_max = 0;

  /// Default 256. Range [2, 4096]. Hung sinks included.
  std::size_t threads_max = 256;

  void validate(OptionErrors& errors) const {
    errors.check(busy_max <= threads_max, "busy_max", "must be at most threads_max",
                 std::to_string(busy_max));
    errors.check(threads_max >= 2 && threads_max <= 4096, "threads_max", "must be within [2, 4096]",
                 std::to_string(threads_max));
  }
};

namespace detail {

class ThreadExecutor final : public Executor, public std::enable_shared_from_this<ThreadExecutor> {
 public:
  explicit ThreadExecutor(const RuntimeOptions& options)
      : busy_max_(options.busy_max != 0
                      ? options.busy_max
                      : std::max<std::size_t>(2, std::thread::hardware_concurrency())),
        threads_max_(options.threads_max) {
    running_.reserve(threads_max_);
  }

  void post(const std::shared_ptr<Task>& task) noexcept override {
    std::lock_guard guard(mutex_);
    if (queue_.post(task, now())) {
      need_worker();
    }
  }

  void post_at(const std::shared_ptr<Task>& task, SteadyTime due) noexcept override {
    std::lock_guard guard(mutex_);
    const std::optional<SteadyTime> before = queue_.next_due();
    queue_.post_at(task, due);
    if (!before || due < *before) {
      need_worker();  // someone must wake up earlier
    }
  }

  void forget(Task& task) noexcept override {
    std::lock_guard guard(mutex_);
    queue_.forget(task);
  }

  bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            SteadyTime until) noexcept override {
    if (until == SteadyTime::max()) {
      changed.wait(lock);
      return true;
    }
    return changed.wait_until(lock, until) == std::cv_status::no_timeout;
  }

  bool should_yield() noexcept override { return false; }

  void before_fork() noexcept override { mutex_.lock(); }

  void after_fork(bool in_child) noexcept override {
    if (in_child) {
      // The threads stayed with the parent, and so did whoever waited here.
      queue_.clear();
      running_.clear();
      threads_ = 0;
      waiting_ = 0;
      new (&wake_) std::condition_variable;
    }
    mutex_.unlock();
  }

  std::size_t thread_count() const {
    std::lock_guard guard(mutex_);
    return threads_;
  }

 private:
  static constexpr std::chrono::milliseconds busy_time{10};
  static constexpr std::chrono::milliseconds patience{5};
  static constexpr std::chrono::seconds idle_time{10};

  static SteadyTime now() { return std::chrono::steady_clock::now(); }

  /// The lock is held.
  void need_worker() noexcept {
    if (waiting_ != 0) {
      wake_.notify_one();
    } else {
      add_thread();
    }
  }

  void add_thread() noexcept {
    if (threads_ >= threads_max_) {
      return;
    }
    // Signals of the process belong to its own threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      std::thread([self = shared_from_this()] { self->work(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {
      // No thread to be had now. Running workers take the work on; the next post asks again.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  bool may_start(SteadyTime at) const {
    std::size_t busy = 0;
    for (const SteadyTime started : running_) {
      busy += at - started < busy_time ? 1u : 0u;
    }
    return busy < busy_max_;
  }

  void work() {
    std::unique_lock lock(mutex_);
    SteadyTime idle_since = now();
    for (;;) {
      const SteadyTime at = now();
      queue_.wake_due(at);
      if (queue_.has_ready() && may_start(at)) {
        run_next(lock, at);
        idle_since = now();
        continue;
      }
      if (at - idle_since >= idle_time && (waiting_ != 0 || (queue_.empty() && running_.empty()))) {
        --threads_;
        return;
      }
      SteadyTime until = idle_since + idle_time <= at ? at + idle_time : idle_since + idle_time;
      if (queue_.has_ready()) {
        until = at + patience;
      } else if (const auto due = queue_.next_due()) {
        until = std::min(until, *due);
      }
      ++waiting_;
      wake_.wait_until(lock, until);
      --waiting_;
    }
  }

  void run_next(std::unique_lock<std::mutex>& lock, SteadyTime at) {
    std::shared_ptr<Task> task = queue_.take(at);
    running_.push_back(at);
    if (waiting_ == 0) {
      add_thread();  // someone must stay to look after the timers and the next task
    } else if (queue_.has_ready()) {
      wake_.notify_one();
    }
    lock.unlock();
    task->run();
    lock.lock();
    running_.erase(std::find(running_.begin(), running_.end(), at));
    queue_.finished(task, now());
    lock.unlock();
    task = nullptr;  // may end the stream: not under the lock
    lock.lock();
  }

  const std::size_t busy_max_;
  const std::size_t threads_max_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  TaskQueue queue_;
  std::vector<SteadyTime> running_;  // since when, one a running task
  std::size_t threads_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace detail

/// The threads that deliver. Streams share the process's one unless they are given another.
///
/// @code
/// hydrant::Runtime own{{.threads_max = 4}};
/// hydrant::DeliveryStream stream{options, hydrant::identity, sink, own};
/// @endcode
///
/// Threads: shared: safe.
class Runtime {
 public:
  /// Errors: OptionsError.
  explicit Runtime(const RuntimeOptions& options = RuntimeOptions()) {
    OptionErrors errors;
    options.validate(errors);
    if (!errors.empty()) {
      throw OptionsError("the runtime", std::move(errors));
    }
    executor_ = std::make_shared<detail::ThreadExecutor>(options);
  }

  /// The process's own, made when first asked for and never destroyed.
  static Runtime& shared() {
    static auto* runtime = new Runtime;
    return *runtime;
  }

  /// Threads that exist just now.
  std::size_t thread_count() const { return executor_->thread_count(); }

  const std::shared_ptr<detail::ThreadExecutor>& executor() const { return executor_; }

 private:
  std::shared_ptr<detail::ThreadExecutor> executor_;
};

}  // namespace hydrant
