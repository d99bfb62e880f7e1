// SPDX-License-Identifier: MIT
//
// The sink that takes everything and keeps nothing: for benchmarks, and to
// switch a stream off without touching the code that puts.
#pragma once

#include <hydrant/sink/sink.hpp>

#include <string_view>

namespace hydrant {

/// Takes every batch and keeps nothing.
/// Threads: shared: safe.
struct NullSink {
  static constexpr std::string_view name = "null";
  static constexpr SinkLimits limits{};
  static constexpr bool never_waits = true;

  DeliveryResult deliver(const Batch&, Attempt&) { return delivered; }
};

static_assert(PumpableSink<NullSink>);

}  // namespace hydrant
