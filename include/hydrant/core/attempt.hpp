// SPDX-License-Identifier: MIT
//
// One try to deliver a batch, seen from inside the sink: how often it was
// tried, until when it may take, whether to stop, and the door to the world.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/core/time.hpp>

#include <atomic>
#include <cstdint>

namespace hydrant {

/// One try to deliver a batch.
/// Threads: shared: safe.
class Attempt {
 public:
  Attempt(World& world, std::uint32_t number, SteadyTime deadline,
          const std::atomic<bool>& stop_requested)
      : world_(&world), stop_(&stop_requested), deadline_(deadline), number_(number) {}

  /// 1 for the first try of this batch.
  std::uint32_t number() const { return number_; }

  /// When the result stops being of interest, on the stream's steady clock.
  SteadyTime deadline() const { return deadline_; }

  /// True when the sink should return as soon as it can: the stream is being
  /// closed and out of time, or the attempt's own time is over.
  bool cancelled() const { return stop_->load(std::memory_order_relaxed) || now() >= deadline_; }

  SteadyTime now() const { return world_->steady_now(); }

  World& world() const { return *world_; }

  Files& files() const { return world_->files(); }

 private:
  World* world_;
  const std::atomic<bool>* stop_;
  SteadyTime deadline_;
  std::uint32_t number_;
};

}  // namespace hydrant
