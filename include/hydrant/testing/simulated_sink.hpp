// SPDX-License-Identifier: MIT
//
// The ways of a simulated process to a simulated destination: a sink that is
// asked again and again, and a store of objects that keeps its caller waiting.
// Once the process is dead, nothing goes through.
#pragma once

#include <hydrant/object/store.hpp>
#include <hydrant/sink/sink.hpp>
#include <hydrant/testing/simulated_destination.hpp>
#include <hydrant/testing/simulation.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// A polled sink; the request id is the destination's key.
/// Threads: as SimulatedEnv; one attempt a copy at a time.
class SimulatedSink {
 public:
  static constexpr std::string_view name = "simulated";
  static constexpr SinkLimits limits{};

  SimulatedSink(SimulatedDestination destination, SimulatedEnv env)
      : destination_(std::move(destination)), env_(std::move(env)) {}

  void begin(const Batch& batch, Attempt& attempt) {
    if (!env_.is_alive()) {
      return;
    }
    key_ = std::string(batch.request_id());
    records_.clear();
    bytes_.clear();
    for (const RecordView record : batch.records()) {
      records_.emplace_back(record.text());
      bytes_ += std::to_string(record.size()) + ":" + records_.back();
    }
    plan_ = destination_.plan(key_);
    is_silent_ = false;
    answer_at_ = saturating_add(attempt.now(), plan_.delay);
    env_.note("sink: begin", key_, records_.size());
  }

  std::optional<DeliveryResult> step(Attempt& attempt) {
    if (!env_.is_alive() || is_silent_ || attempt.now() < answer_at_) {
      return std::nullopt;
    }
    env_.note("sink: end", key_, static_cast<std::uint64_t>(plan_.kind));
    std::optional<DeliveryResult> result =
        destination_.carry_out(plan_, key_, records_, bytes_, env_.number());
    is_silent_ = !result;
    return result;
  }

  void cancel() {
    if (env_.is_alive()) {
      env_.note("sink: cancelled", key_, 0);
    }
  }

 private:
  SimulatedDestination destination_;
  SimulatedEnv env_;
  // The present attempt.
  std::string key_;
  std::vector<std::string> records_;
  std::string bytes_;
  AttemptPlan plan_;
  SteadyTime answer_at_{};
  bool is_silent_ = false;
};

static_assert(PumpableSink<SimulatedSink>);

/// A store of objects that hold one record a line. A slow answer takes the world's time, in which
/// the rest of the stream goes on.
/// Threads: as SimulatedEnv.
class SimulatedStore {
 public:
  static constexpr std::string_view name = "simulated";

  SimulatedStore(SimulatedDestination destination, SimulatedEnv env)
      : destination_(std::move(destination)), env_(std::move(env)) {}

  DeliveryResult put_object(const Object& object, Attempt& attempt) {
    if (!env_.is_alive()) {
      return dead();
    }
    const std::string key(object.key);
    std::string bytes;
    const Status collected = object.body.write_to([&](std::span<const std::byte> piece) {
      bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      return success();
    });
    if (!collected) {
      return rejected(collected.failure().message);
    }
    const AttemptPlan plan = destination_.plan(key);
    env_.note("store: put", key, bytes.size());
    const std::chrono::nanoseconds patience = attempt.deadline() - attempt.now();
    env_.advance(plan.never_answers() ? patience : std::min(plan.delay, patience));
    if (!env_.is_alive()) {
      return dead();
    }
    env_.note("store: end", key, static_cast<std::uint64_t>(plan.kind));
    if (!plan.never_answers() && plan.delay > patience) {
      return retry("no answer in time");
    }
    return destination_.carry_out(plan, key, lines_of(bytes), bytes, env_.number())
        .value_or(retry("no answer in time"));
  }

 private:
  static DeliveryResult dead() { return retry("the process is dead"); }

  static std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      lines.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
  }

  SimulatedDestination destination_;
  SimulatedEnv env_;
};

static_assert(Store<SimulatedStore>);

}  // namespace hydrant::testing
