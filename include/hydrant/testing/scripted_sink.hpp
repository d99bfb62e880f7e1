// SPDX-License-Identifier: MIT
//
// A destination that behaves as badly as a test wants: each attempt plays the
// next step of a script; the last step repeats.
//
//     ScriptedSink sink{{hang(5s), fail("503"), reject("poison", 3), deliver}};
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/sink/sink.hpp>
#include <hydrant/testing/received_batch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// What one attempt comes to. Made by the functions below.
struct SinkStep {
  /// How long there is no result at all.
  std::chrono::nanoseconds silence{};
  /// The result, once the silence is over. May throw.
  std::function<DeliveryResult(const Batch&)> answer;
};

namespace detail {

inline SinkStep answer_with(std::function<DeliveryResult(const Batch&)> answer) {
  return {{}, std::move(answer)};
}

inline SinkStep name_records(std::string reason, std::vector<std::uint32_t> indices,
                             bool retryable) {
  return answer_with([reason = std::move(reason), indices = std::move(indices),
                      retryable](const Batch& batch) -> DeliveryResult {
    std::vector<RecordFailure> failures;
    for (const std::uint32_t index : indices) {
      if (index < batch.count()) {
        failures.push_back({index, reason, retryable});
      }
    }
    return partial(std::move(failures));
  });
}

}  // namespace detail

/// Takes the batch.
inline const SinkStep deliver =
    detail::answer_with([](const Batch&) -> DeliveryResult { return hydrant::delivered; });

/// No result for `duration`, then a failure that may be retried. Where the
/// attempt's own time is shorter, it is cancelled before.
inline SinkStep hang(std::chrono::nanoseconds duration) {
  return {duration, [duration](const Batch&) -> DeliveryResult {
            return hydrant::retry("hung for " + to_text(duration));
          }};
}

/// No result, ever: only a cancel ends the attempt.
inline const SinkStep hang_forever = {
    std::chrono::nanoseconds::max(),
    [](const Batch&) -> DeliveryResult { return hydrant::retry("hung for ever"); }};

/// Takes the batch after `duration`.
inline SinkStep deliver_after(std::chrono::nanoseconds duration) {
  return {duration, [](const Batch&) -> DeliveryResult { return hydrant::delivered; }};
}

/// A failure that may be retried.
inline SinkStep fail(std::string reason) {
  return detail::answer_with(
      [reason = std::move(reason)](const Batch&) { return hydrant::retry(reason); });
}

/// The destination wants to be left alone for `after`.
inline SinkStep throttle(std::string reason, std::chrono::nanoseconds after) {
  return detail::answer_with(
      [reason = std::move(reason), after](const Batch&) { return hydrant::retry(reason, after); });
}

/// Refuses the whole batch for good.
inline SinkStep refuse(std::string reason) {
  return detail::answer_with(
      [reason = std::move(reason)](const Batch&) { return hydrant::rejected(reason); });
}

/// Refuses the whole batch for good when it holds a record for which `is_poison` is true.
inline SinkStep refuse_when(std::function<bool(const RecordView&)> is_poison) {
  return detail::answer_with(
      [is_poison = std::move(is_poison)](const Batch& batch) -> DeliveryResult {
        for (const RecordView record : batch.records()) {
          if (is_poison(record)) {
            return hydrant::rejected("poison in the batch");
          }
        }
        return hydrant::delivered;
      });
}

/// Takes all but the record at `index`, which is refused for good.
inline SinkStep reject(std::string reason, std::uint32_t index) {
  return detail::name_records(std::move(reason), {index}, false);
}

/// Takes all but the records at `indices`, which may be sent again.
inline SinkStep partial_retry(std::vector<std::uint32_t> indices) {
  return detail::name_records("try again", std::move(indices), true);
}

/// Names a record that may not be there: `index` as it stands, whatever the batch holds.
inline SinkStep lie(std::uint32_t index) {
  return detail::answer_with([index](const Batch&) {
    return hydrant::partial({{index, "no such record", true}});
  });
}

/// Throws.
// NOLINTNEXTLINE(readability-identifier-naming): the word itself is taken
inline SinkStep throw_(std::string what) {
  return detail::answer_with(
      [what = std::move(what)](const Batch&) -> DeliveryResult { throw std::runtime_error(what); });
}

/// One attempt, as the sink saw it.
struct SinkAttempt {
  /// What was sent, with its time and number.
  ReceivedBatch batch;
  /// When it ended; nothing while it runs.
  std::optional<SteadyTime> ended;
  /// Nothing when the attempt was cancelled, or threw.
  std::optional<DeliveryResult::Verdict> verdict;
  bool was_cancelled = false;
};

/// A polled sink that plays a script and remembers everything. Copies share the script's
/// place and the memory.
/// Threads: shared: safe; one attempt a copy at a time.
class ScriptedSink {
 public:
  static constexpr std::string_view name = "scripted";
  static constexpr SinkLimits limits{};

  /// Plays `steps`, one an attempt; the last one repeats. None: delivers.
  explicit ScriptedSink(std::vector<SinkStep> steps = {}) : state_(std::make_shared<State>()) {
    state_->steps = std::move(steps);
    if (state_->steps.empty()) {
      state_->steps.push_back(deliver);
    }
  }

  /// Refuses every batch that holds a record for which `is_poison` is true.
  static ScriptedSink when(std::function<bool(const RecordView&)> is_poison) {
    return ScriptedSink({refuse_when(std::move(is_poison))});
  }

  void begin(const Batch& batch, Attempt& attempt) {
    ReceivedBatch copy = ReceivedBatch::copy_of(batch, attempt.number(), attempt.now());
    std::lock_guard guard(state_->lock);
    batch_ = &batch;
    step_ = state_->steps[std::min(state_->attempts.size(), state_->steps.size() - 1)];
    attempt_ = state_->attempts.size();
    state_->attempts.push_back({std::move(copy), std::nullopt, std::nullopt, false});
  }

  std::optional<DeliveryResult> step(Attempt& attempt) {
    std::unique_lock guard(state_->lock);
    if (attempt.now() - state_->attempts[attempt_].batch.at < step_.silence) {
      return std::nullopt;
    }
    state_->attempts[attempt_].ended = attempt.now();
    guard.unlock();
    DeliveryResult result = step_.answer(*batch_);
    guard.lock();
    state_->attempts[attempt_].verdict = result.verdict();
    keep_delivered(result);
    return result;
  }

  void cancel() {
    std::lock_guard guard(state_->lock);
    state_->attempts[attempt_].was_cancelled = true;
  }

  /// Plays other steps from the next attempt on.
  void play(std::vector<SinkStep> steps) {
    std::lock_guard guard(state_->lock);
    // Attempts made so far do not count: steps are found by the number of attempts.
    state_->steps.assign(state_->attempts.size(), deliver);
    state_->steps.insert(state_->steps.end(), steps.begin(), steps.end());
  }

  /// Every attempt, in order.
  std::vector<SinkAttempt> attempts() const {
    std::lock_guard guard(state_->lock);
    return state_->attempts;
  }

  std::size_t attempt_count() const {
    std::lock_guard guard(state_->lock);
    return state_->attempts.size();
  }

  /// The records that the sink has taken, in the order in which it took them.
  std::vector<std::string> records() const {
    std::lock_guard guard(state_->lock);
    return state_->records;
  }

  /// The request id that each of `records` came with.
  std::vector<std::string> request_ids() const {
    std::lock_guard guard(state_->lock);
    return state_->request_ids;
  }

 private:
  struct State {
    mutable std::mutex lock;
    std::vector<SinkStep> steps;
    std::vector<SinkAttempt> attempts;
    std::vector<std::string> records;
    std::vector<std::string> request_ids;
  };

  /// Only of results that name records which were there: a liar has taken nothing.
  void keep_delivered(const DeliveryResult& result) {
    const ReceivedBatch& sent = state_->attempts[attempt_].batch;
    std::vector<bool> is_taken(
        sent.records.size(),
        result.is_delivered() || result.verdict() == DeliveryResult::Verdict::partial);
    for (const RecordFailure& failure : result.failures()) {
      if (failure.index >= is_taken.size()) {
        return;
      }
      is_taken[failure.index] = false;
    }
    for (std::size_t i = 0; i < is_taken.size(); ++i) {
      if (is_taken[i]) {
        state_->records.push_back(sent.records[i]);
        state_->request_ids.push_back(sent.request_id);
      }
    }
  }

  std::shared_ptr<State> state_;
  // The present attempt; belongs to this copy.
  const Batch* batch_ = nullptr;
  SinkStep step_;
  std::size_t attempt_ = 0;
};

static_assert(PumpableSink<ScriptedSink>);

}  // namespace hydrant::testing
