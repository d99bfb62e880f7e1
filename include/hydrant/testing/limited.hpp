// SPDX-License-Identifier: MIT
//
// Another sink under narrower limits. Limits belong to a sink's type, so a test
// that wants its own wraps the sink instead of writing a new one.
#pragma once

#include <hydrant/sink/sink.hpp>

#include <utility>

namespace hydrant::testing {

/// `S` with the limits `L`.
///
/// @code
/// hydrant::testing::Limited<MemorySink, hydrant::SinkLimits{.batch_records_max = 3}> narrow{sink};
/// @endcode
///
/// Threads: as `S`.
template <class S, SinkLimits L>
struct Limited : S {
  static constexpr SinkLimits limits = L;

  explicit Limited(S sink) : S(std::move(sink)) {}
};

}  // namespace hydrant::testing
