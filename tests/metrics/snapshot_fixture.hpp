// SPDX-License-Identifier: MIT
//
// A snapshot in which every number differs from every other, so that a number
// under the wrong name shows.
#pragma once

#include <hydrant/metrics/snapshot.hpp>

#include <chrono>

namespace hydrant::tests {

inline StreamSnapshot full_snapshot() {
  using namespace std::chrono_literals;
  StreamSnapshot snapshot;
  snapshot.stream = "access-log";
  snapshot.ledger = {.accepted = 1000,
                     .delivered = 701,
                     .dropped = 102,
                     .dead_lettered = 83,
                     .lost = 10,
                     .in_memory = 64,
                     .in_journal = 40,
                     .lost_by_reason = {1, 2, 3, 4},
                     .refused_too_large = 11,
                     .refused_buffer_full = 12,
                     .refused_closed = 13};
  snapshot.incoming_bytes = 123456;
  snapshot.transform = {
      .executed = 900, .failed = 225, .output_records = 850, .output_bytes = 98765};
  snapshot.lanes.push_back({.role = LaneRole::delivery,
                            .sink = "http_endpoint",
                            .records = 702,
                            .bytes = 70200,
                            .batches = 7,
                            .attempts = 10,
                            .attempts_failed = 3,
                            .records_in_memory = 65,
                            .freshness = 1500ms,
                            .latency = {702, 351.5, 250ms, 2s, 4s}});
  snapshot.lanes.push_back({.role = LaneRole::backup, .sink = "s3", .records = 990});
  snapshot.closed_by_reason = {21, 22, 23, 24, 25, 26, 27};
  snapshot.memory_used = {4096};
  snapshot.memory_limit = {1ull << 24};
  return snapshot;
}

}  // namespace hydrant::tests
