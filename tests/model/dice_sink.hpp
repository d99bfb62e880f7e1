// SPDX-License-Identifier: MIT
//
// The model's records, and a destination that throws dice for each attempt and
// remembers what it has confirmed.
#pragma once

#include <hydrant/sink/sink.hpp>
#include <hydrant/testing/received_batch.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::tests {

using Dice = std::mt19937_64;

/// "3:17:xxxx" is record 17 of producer 3; an output of it carries "#k" behind.
struct Name {
  explicit Name(std::string_view text)
      : producer(std::stoi(std::string(text))),
        sequence(std::stoi(std::string(text.substr(text.find(':') + 1)))) {}

  int producer;
  int sequence;
};

inline bool is_poison(std::string_view text) {
  return Name(text).sequence % 13 == 7;
}

/// A polled sink that throws dice for each attempt and remembers what it has confirmed.
class DiceSink {
 public:
  static constexpr std::string_view name = "dice";
  static constexpr SinkLimits limits{};

  struct State {
    explicit State(std::uint64_t seed) : dice(seed) {}

    Dice dice;
    unsigned trouble = 0;
    bool keeps_order = false;
    bool refuses_poison = false;
    std::vector<std::string> confirmed;
    std::vector<testing::ReceivedBatch> sent;
  };

  explicit DiceSink(std::shared_ptr<State> state) : state_(std::move(state)) {}

  void begin(const Batch& batch, Attempt& attempt) {
    batch_ = &batch;
    until_ = attempt.now();
    if (state_->dice() % 100 < state_->trouble && state_->dice() % 4 == 0) {
      until_ += std::chrono::milliseconds(state_->dice() % 8000);
    }
    state_->sent.push_back(testing::ReceivedBatch::copy_of(batch, attempt.number(), attempt.now()));
  }

  std::optional<DeliveryResult> step(Attempt& attempt) {
    if (attempt.now() < until_) {
      return std::nullopt;
    }
    if (state_->refuses_poison) {
      for (const std::string& record : state_->sent.back().records) {
        if (is_poison(record)) {
          return rejected("poison");
        }
      }
    }
    if (state_->dice() % 100 >= state_->trouble) {
      confirm({});
      return delivered;
    }
    return go_wrong();
  }

  void cancel() {}

 private:
  std::optional<DeliveryResult> go_wrong() {
    switch (state_->dice() % (state_->keeps_order ? 5 : 7)) {
      case 0:
        return retry("down");
      case 1:
        return retry("busy", std::chrono::milliseconds(state_->dice() % 20000));
      case 2:
        throw std::runtime_error("broken");
      case 3:
        return partial({{batch_->count() + 3, "lie", true}});
      case 4:
        return state_->dice() % 4 == 0 ? rejected("no") : retry("no answer");
      default: {
        std::vector<RecordFailure> failures;
        for (std::uint32_t i = 0; i < batch_->count(); ++i) {
          if (state_->dice() % 3 == 0) {
            failures.push_back({i, "one by one", state_->dice() % 5 != 0});
          }
        }
        std::set<std::uint32_t> failed;
        for (const RecordFailure& failure : failures) {
          failed.insert(failure.index);
        }
        confirm(failed);
        return partial(std::move(failures));
      }
    }
  }

  void confirm(const std::set<std::uint32_t>& failed) {
    const testing::ReceivedBatch& batch = state_->sent.back();
    for (std::uint32_t i = 0; i < batch.count; ++i) {
      if (failed.count(i) == 0) {
        state_->confirmed.push_back(batch.records[i]);
      }
    }
  }

  std::shared_ptr<State> state_;
  const Batch* batch_ = nullptr;
  SteadyTime until_{};
};

}  // namespace hydrant::tests
