// SPDX-License-Identifier: MIT
//
// The sink that keeps everything where a test can look at it.
#pragma once

#include <hydrant/sink/sink.hpp>
#include <hydrant/testing/received_batch.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// Takes every batch and keeps a copy of it.
///
/// @code
/// hydrant::testing::MemorySink sink;
/// hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
/// REQUIRE(sink.records() == std::vector<std::string>{"one", "two"});
/// @endcode
///
/// Copies share what is kept, so the test's own copy sees what the stream's has taken.
/// Threads: shared: safe.
class MemorySink {
 public:
  static constexpr std::string_view name = "memory";
  static constexpr SinkLimits limits{};
  static constexpr bool never_waits = true;

  /// `record_delimiter` is what the stream appends to records that lack it; nothing by default.
  explicit MemorySink(std::string record_delimiter = {})
      : delimiter_(std::move(record_delimiter)), state_(std::make_shared<State>()) {}

  std::string_view record_delimiter() const { return delimiter_; }

  DeliveryResult deliver(const Batch& batch, Attempt& attempt) {
    ReceivedBatch copy = ReceivedBatch::copy_of(batch, attempt.number(), attempt.now());
    std::lock_guard guard(state_->lock);
    state_->batches.push_back(std::move(copy));
    return delivered;
  }

  std::vector<ReceivedBatch> batches() const {
    std::lock_guard guard(state_->lock);
    return state_->batches;
  }

  /// The records of all batches, in the order in which they came.
  std::vector<std::string> records() const {
    std::lock_guard guard(state_->lock);
    std::vector<std::string> records;
    for (const ReceivedBatch& batch : state_->batches) {
      records.insert(records.end(), batch.records.begin(), batch.records.end());
    }
    return records;
  }

  std::size_t record_count() const {
    std::lock_guard guard(state_->lock);
    std::size_t count = 0;
    for (const ReceivedBatch& batch : state_->batches) {
      count += batch.records.size();
    }
    return count;
  }

  void clear() {
    std::lock_guard guard(state_->lock);
    state_->batches.clear();
  }

 private:
  struct State {
    mutable std::mutex lock;
    std::vector<ReceivedBatch> batches;
  };

  std::string delimiter_;
  std::shared_ptr<State> state_;
};

static_assert(PumpableSink<MemorySink>);

}  // namespace hydrant::testing
