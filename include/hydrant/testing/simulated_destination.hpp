// SPDX-License-Identifier: MIT
//
// Where records of a simulation arrive: it outlives every process, misbehaves by
// its dice, and knows what it has taken, whatever it said about it.
#pragma once

#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/time.hpp>
#include <hydrant/testing/seeded_dice.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// How often a simulated destination misbehaves, in a thousand attempts.
struct DestinationFaults {
  /// Takes nothing and says so.
  std::uint32_t fails = 0;
  /// The same, and wants to be left alone for up to 20 s.
  std::uint32_t throttles = 0;
  /// Refuses the whole batch, whatever is in it.
  std::uint32_t rejects = 0;
  /// Takes some records and names the others.
  std::uint32_t partials = 0;
  /// Never answers. One time in two it has taken the batch.
  std::uint32_t hangs = 0;
  /// Takes the batch, and says that it failed.
  std::uint32_t loses_answers = 0;
  /// Throws.
  std::uint32_t throws_up = 0;
  /// Names records that were never sent.
  std::uint32_t lies = 0;
  /// Answers after up to `late_max`, whatever the answer is.
  std::uint32_t late = 0;
  std::chrono::milliseconds late_max{8000};
};

/// One record that a destination has taken.
struct CommittedRecord {
  std::string_view key;
  std::string_view record;
  /// It was there already, under the same key, and there is still only one.
  bool is_repeat = false;
  /// The process is told that it was taken.
  bool is_acknowledged = false;
  /// Which has sent it, as SimulatedEnv::number.
  std::uint64_t process = 0;
};

/// What a destination does about a key that it knows.
enum class Keeps : std::uint8_t {
  every_copy,   ///< Stores what comes once more: who sends twice has it twice.
  one_per_key,  ///< Overwrites. The bytes must be the same as before.
};

/// What will become of one attempt.
struct AttemptPlan {
  enum class Kind : std::uint8_t {
    deliver,
    fail,
    throttle,
    reject,
    partial,
    hang,
    hang_committed,
    lose_answer,
    throw_up,
    lie
  };

  Kind kind = Kind::deliver;
  std::chrono::nanoseconds delay{};

  bool never_answers() const { return kind == Kind::hang || kind == Kind::hang_committed; }
};

/// A destination. Copies refer to the same one. See simulated_sink.hpp for the ways to it.
/// Threads: shared: unsafe.
class SimulatedDestination {
 public:
  explicit SimulatedDestination(std::uint64_t seed, DestinationFaults faults = {},
                                Keeps keeps = Keeps::every_copy)
      : state_(std::make_shared<State>(seed, faults, keeps)) {}

  /// Calls `tell` for each record that is taken.
  void on_commit(std::function<void(const CommittedRecord&)> tell) const {
    state_->tell = std::move(tell);
  }

  /// Refuses, always, what holds a record for which `is_poison` is true.
  void refuse_when(std::function<bool(std::string_view)> is_poison) const {
    state_->is_poison = std::move(is_poison);
  }

  /// From the next attempt on.
  void set_faults(DestinationFaults faults) const { state_->faults = faults; }

  /// From now on what is known may come with other bytes: the medium that it is read from has gone
  /// bad.
  void let_change() const { state_->may_change = true; }

  /// What it was sent that must never be sent: other bytes under a known key.
  const std::vector<std::string>& violations() const { return state_->violations; }

  std::uint64_t attempt_count() const { return state_->attempts; }

  // --- for the sinks --------------------------------------------------------------------------

  /// Draws the fate of an attempt.
  AttemptPlan plan(const std::string& key) const {
    ++state_->attempts;
    AttemptPlan plan;
    plan.kind = draw();
    if (state_->keeps == Keeps::one_per_key) {
      const bool is_known = state_->contents.count(key) != 0;
      if (plan.kind == AttemptPlan::Kind::partial) {
        plan.kind = AttemptPlan::Kind::fail;  // all or nothing is what makes it idempotent
      } else if (is_known && plan.kind == AttemptPlan::Kind::reject) {
        plan.kind = AttemptPlan::Kind::deliver;  // it has taken it
      }
    }
    if (state_->dice.chance(state_->faults.late)) {
      plan.delay = std::chrono::milliseconds(
          state_->dice.below(static_cast<std::uint64_t>(state_->faults.late_max.count()) + 1));
    }
    return plan;
  }

  /// Lets the attempt come to its end, and tells what was taken. May throw.
  /// Returns: nothing when there will never be an answer.
  std::optional<DeliveryResult> carry_out(const AttemptPlan& plan, const std::string& key,
                                          const std::vector<std::string>& records,
                                          std::string_view bytes, std::uint64_t process = 0) const {
    using Kind = AttemptPlan::Kind;
    const bool is_known = state_->keeps == Keeps::one_per_key && state_->contents.count(key) != 0;
    if (state_->is_poison && !is_known) {
      for (const std::string& record : records) {
        if (state_->is_poison(record)) {
          return rejected("poison");
        }
      }
    }
    switch (plan.kind) {
      case Kind::deliver:
        commit({process, key, records, bytes, true}, {});
        return DeliveryResult::make_delivered();
      case Kind::fail:
        return retry("503 try again");
      case Kind::throttle:
        return retry("429 slow down", std::chrono::milliseconds(state_->dice.below(20'000)));
      case Kind::reject:
        return rejected("400 no");
      case Kind::partial:
        return take_some({process, key, records, bytes, true});
      case Kind::hang:
        return std::nullopt;
      case Kind::hang_committed:
        commit({process, key, records, bytes, false}, {});
        return std::nullopt;
      case Kind::lose_answer:
        commit({process, key, records, bytes, false}, {});
        return retry("the answer was lost");
      case Kind::throw_up:
        throw std::runtime_error("connection reset");
      case Kind::lie:
        return partial({{static_cast<std::uint32_t>(records.size()) + 3, "a lie", true}});
    }
    return std::nullopt;
  }

 private:
  struct State {
    State(std::uint64_t seed, DestinationFaults destination_faults, Keeps destination_keeps)
        : dice(seed), faults(destination_faults), keeps(destination_keeps) {}

    SeededDice dice;
    DestinationFaults faults;
    const Keeps keeps;
    std::function<void(const CommittedRecord&)> tell;
    std::function<bool(std::string_view)> is_poison;
    std::map<std::string, std::string> contents;  // by key; only where one is kept
    std::vector<std::string> violations;
    std::uint64_t attempts = 0;
    bool may_change = false;
  };

  AttemptPlan::Kind draw() const {
    using Kind = AttemptPlan::Kind;
    const DestinationFaults& faults = state_->faults;
    std::uint64_t left = state_->dice.below(1000);
    const std::pair<std::uint32_t, Kind> odds[] = {
        {faults.fails, Kind::fail},         {faults.throttles, Kind::throttle},
        {faults.rejects, Kind::reject},     {faults.partials, Kind::partial},
        {faults.hangs, Kind::hang},         {faults.loses_answers, Kind::lose_answer},
        {faults.throws_up, Kind::throw_up}, {faults.lies, Kind::lie}};
    for (const auto& [per_mille, kind] : odds) {
      if (left < per_mille) {
        return kind == Kind::hang && state_->dice.chance(500) ? Kind::hang_committed : kind;
      }
      left -= per_mille;
    }
    return Kind::deliver;
  }

  /// What one attempt has sent.
  struct Delivery {
    std::uint64_t process;
    const std::string& key;
    const std::vector<std::string>& records;
    std::string_view bytes;
    bool is_acknowledged;
  };

  DeliveryResult take_some(const Delivery& sent) const {
    std::vector<RecordFailure> failures;
    std::vector<bool> is_left_out(sent.records.size());
    for (std::uint32_t i = 0; i < sent.records.size(); ++i) {
      if (state_->dice.chance(333)) {
        failures.push_back({i, "one by one", !state_->dice.chance(200)});
        is_left_out[i] = true;
      }
    }
    commit(sent, is_left_out);
    return partial(std::move(failures));
  }

  void commit(const Delivery& sent, const std::vector<bool>& is_left_out) const {
    bool is_repeat = false;
    if (state_->keeps == Keeps::one_per_key) {
      const auto [known, is_new] = state_->contents.emplace(sent.key, sent.bytes);
      is_repeat = !is_new;
      if (known->second != sent.bytes) {
        if (!state_->may_change) {
          state_->violations.push_back("same identity, other bytes: " + sent.key);
        }
        known->second = sent.bytes;
      }
    }
    for (std::size_t i = 0; i < sent.records.size() && state_->tell; ++i) {
      if (is_left_out.empty() || !is_left_out[i]) {
        state_->tell({sent.key, sent.records[i], is_repeat, sent.is_acknowledged, sent.process});
      }
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace hydrant::testing
