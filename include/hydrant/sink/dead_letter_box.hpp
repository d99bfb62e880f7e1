// SPDX-License-Identifier: MIT
//
// Where failed records go when the stream was given no error output: a box in
// memory, small and bounded. What does not fit is counted as lost, so a stream
// that must keep what fails needs an error output of its own.
#pragma once

#include <hydrant/sink/sink.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant {

/// Keeps the first failed records, in Firehose's error shape, until the stream ends.
/// Copies share one box.
/// Threads: shared: safe.
class DeadLetterBox {
 public:
  static constexpr std::string_view name = "dead_letter_box";
  static constexpr SinkLimits limits{};
  static constexpr bool never_waits = true;

  /// Range of `bytes_max`: any; the sum of the letters kept.
  explicit DeadLetterBox(std::size_t bytes_max) : state_(std::make_shared<State>()) {
    state_->bytes_max = bytes_max;
  }

  DeliveryResult deliver(const Batch& batch, Attempt&) {
    std::lock_guard guard(state_->lock);
    std::vector<RecordFailure> refused;
    std::uint32_t index = 0;
    for (const RecordView record : batch.records()) {
      if (state_->bytes + record.size() <= state_->bytes_max) {
        state_->bytes += record.size();
        state_->letters.emplace_back(record.text());
      } else {
        refused.push_back(
            {index, "the dead letter box is full; give the stream an error output", false});
      }
      ++index;
    }
    return partial(std::move(refused));
  }

  /// What is in the box: one JSON object a failed record.
  std::vector<std::string> letters() const {
    std::lock_guard guard(state_->lock);
    return state_->letters;
  }

 private:
  struct State {
    mutable std::mutex lock;
    std::size_t bytes_max = 0;
    std::size_t bytes = 0;
    std::vector<std::string> letters;
  };

  std::shared_ptr<State> state_;
};

}  // namespace hydrant
