// SPDX-License-Identifier: MIT
//
// The two clocks that the library knows, as types, so that they cannot be
// mixed up: intervals, deadlines and ages are measured on the steady clock;
// the wall clock only names things (object keys, arrival timestamps).
#pragma once

#include <chrono>

namespace hydrant {

/// A point on the stream's steady clock. It never jumps.
using SteadyTime = std::chrono::steady_clock::time_point;

/// A point on the wall clock in UTC, in milliseconds as Firehose gives them.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// `start + duration`, held at the clock's end instead of overflowing.
constexpr SteadyTime saturating_add(SteadyTime start, std::chrono::nanoseconds duration) {
  return duration > SteadyTime::max() - start ? SteadyTime::max() : start + duration;
}

}  // namespace hydrant
