// SPDX-License-Identifier: MIT
//
// What takes records in benchmarks/put.cpp. The floor is what no queue can
// do without: the bytes are copied once and published with one release store.
#pragma once

#include <hydrant/delivery_stream.hpp>
#include <hydrant/sink/null_sink.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace hydrant::benchmarks {

/// A bare append into memory that was touched before, round and round: one ring a thread.
class Ring {
  struct alignas(64) Lane {
    explicit Lane(std::size_t bytes) : memory(bytes, 'x') {}

    std::atomic<std::size_t> published{0};
    alignas(64) std::vector<char> memory;
    std::size_t at = 0;
  };

 public:
  Ring(std::size_t bytes, std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) {
      lanes_.push_back(std::make_unique<Lane>(bytes));
    }
  }

  class Putter {
   public:
    explicit Putter(Lane& lane)
        : lane_(&lane), memory_(lane.memory.data()), size_(lane.memory.size()), at_(lane.at) {}

    Putter(const Putter&) = delete;
    Putter& operator=(const Putter&) = delete;

    ~Putter() { lane_->at = at_; }

    bool operator()(std::string_view record) {
      if (record.size() > size_ - at_) {
        at_ = 0;
      }
      std::memcpy(memory_ + at_, record.data(), record.size());
      at_ += record.size();
      lane_->published.store(at_, std::memory_order_release);
      return true;
    }

   private:
    Lane* lane_;
    char* memory_;
    std::size_t size_;
    std::size_t at_;
  };

  Putter putter(std::size_t thread) { return Putter(*lanes_[thread]); }

 private:
  std::vector<std::unique_ptr<Lane>> lanes_;
};

/// What one writes by hand: a lock, a vector, and a thread that swaps it every 100 us.
class DoubleBuffer {
 public:
  static constexpr std::size_t bytes_max = 64 << 20;

  DoubleBuffer() : front_(bytes_max, 'x'), back_(bytes_max, 'x'), drainer_([this] { drain(); }) {
    front_.clear();
  }

  DoubleBuffer(const DoubleBuffer&) = delete;
  DoubleBuffer& operator=(const DoubleBuffer&) = delete;

  ~DoubleBuffer() {
    stop_.store(true);
    drainer_.join();
  }

  struct Putter {
    DoubleBuffer* buffer;

    bool operator()(std::string_view record) {
      while (!buffer->append(record)) {
        std::this_thread::yield();
      }
      return true;
    }
  };

  Putter putter(std::size_t) { return {this}; }

 private:
  bool append(std::string_view record) {
    std::lock_guard guard(mutex_);
    if (front_.size() + record.size() > bytes_max) {
      return false;
    }
    front_.insert(front_.end(), record.begin(), record.end());
    return true;
  }

  void drain() {
    while (!stop_.load()) {
      back_.clear();
      {
        std::lock_guard guard(mutex_);
        front_.swap(back_);
      }
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }

  std::mutex mutex_;
  std::vector<char> front_;
  std::vector<char> back_;
  std::atomic<bool> stop_{false};
  std::thread drainer_;
};

/// A delivery stream into nothing. A full stream blocks, so no record is refused unless it says so.
class NullStream {
 public:
  NullStream(std::string name, ByteCount batch, std::string journal = {})
      : stream_(StreamOptions{.name = std::move(name),
                              .buffering = {.size = batch},
                              .overflow = Overflow::block{std::chrono::seconds(10)},
                              .journal = {.directory = std::move(journal)}},
                identity, NullSink{}) {}

  struct Putter {
    DeliveryStream<Identity, NullSink>* stream;

    bool operator()(std::string_view record) { return static_cast<bool>(stream->put(record)); }
  };

  Putter putter(std::size_t) { return {&stream_}; }

  DeliveryStream<Identity, NullSink>& stream() { return stream_; }

 private:
  DeliveryStream<Identity, NullSink> stream_;
};

}  // namespace hydrant::benchmarks
