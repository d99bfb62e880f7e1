// SPDX-License-Identifier: MIT
//
// Threads that live as long as the benchmark, so that each keeps its shard of
// the stream, and that start one measurement at the same moment.
#pragma once

#include <hydrant/core/asymmetric_fence.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hydrant::benchmarks {

inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// When one thread's part of a measurement began and ended.
struct Lap {
  double start = 0;
  double end = 0;
};

/// What the threads measured together.
struct Result {
  double ns_a_record = 0;       // for the one who calls put: the mean of the threads
  double records_a_second = 0;  // of all threads together, from first start to last end
};

class Crew {
 public:
  explicit Crew(std::size_t size) : laps_(size) {
    for (std::size_t i = 0; i < size; ++i) {
      threads_.emplace_back([this, i] { serve(i); });
    }
  }

  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  ~Crew() {
    run(0, nullptr);
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  /// Runs `work(index)` on the first `count` threads at once; each puts `records` records.
  Result measure(std::size_t count, std::size_t records,
                 const std::function<void(std::size_t)>& work) {
    run(count, &work);
    Result result;
    double first = laps_[0].start;
    double last = laps_[0].end;
    for (std::size_t i = 0; i < count; ++i) {
      result.ns_a_record += (laps_[i].end - laps_[i].start) * 1e9 / static_cast<double>(records) /
                            static_cast<double>(count);
      first = std::min(first, laps_[i].start);
      last = std::max(last, laps_[i].end);
    }
    result.records_a_second = static_cast<double>(records * count) / (last - first);
    return result;
  }

 private:
  void run(std::size_t count, const std::function<void(std::size_t)>* work) {
    std::unique_lock lock(mutex_);
    work_ = work;
    count_ = count;
    left_ = work == nullptr ? 0 : count;
    at_start_.store(0, std::memory_order_relaxed);
    ++turn_;
    begin_.notify_all();
    done_.wait(lock, [this] { return left_ == 0; });
  }

  void serve(std::size_t index) {
    std::size_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      begin_.wait(lock, [&] { return turn_ != seen; });
      seen = turn_;
      if (work_ == nullptr) {
        return;
      }
      if (index >= count_) {
        continue;
      }
      const auto& work = *work_;
      const std::size_t count = count_;
      lock.unlock();
      at_start_.fetch_add(1);
      while (at_start_.load() < count) {
        detail::spin_pause();
      }
      laps_[index].start = seconds_now();
      work(index);
      laps_[index].end = seconds_now();
      lock.lock();
      if (--left_ == 0) {
        done_.notify_one();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable begin_;
  std::condition_variable done_;
  const std::function<void(std::size_t)>* work_ = nullptr;
  std::size_t count_ = 0;
  std::size_t left_ = 0;
  std::size_t turn_ = 0;
  std::atomic<std::size_t> at_start_{0};
  std::vector<Lap> laps_;
  std::vector<std::thread> threads_;
};

}  // namespace hydrant::benchmarks
