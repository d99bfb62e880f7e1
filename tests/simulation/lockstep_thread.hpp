// SPDX-License-Identifier: MIT
//
// Threads that work only while the test waits for them. The stream tells its
// producers apart by thread, so a simulation needs several; one at a time, so
// that it goes the same way every time.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace hydrant::tests {

/// A thread that does what it is told while its owner waits.
class LockstepThread {
 public:
  LockstepThread() : thread_([this] { work(); }) {}

  LockstepThread(const LockstepThread&) = delete;
  LockstepThread& operator=(const LockstepThread&) = delete;

  ~LockstepThread() {
    run(nullptr);
    thread_.join();
  }

  /// Blocks: until `job` is done. An empty one ends the thread.
  void run(std::function<void()> job) {
    std::unique_lock lock(mutex_);
    job_ = std::move(job);
    is_done_ = false;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_done_; });
  }

 private:
  void work() {
    for (bool goes_on = true; goes_on;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !is_done_; });
      goes_on = job_ != nullptr;
      if (goes_on) {
        job_();
      }
      is_done_ = true;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> job_;
  bool is_done_ = true;
  std::thread thread_;
};

}  // namespace hydrant::tests
