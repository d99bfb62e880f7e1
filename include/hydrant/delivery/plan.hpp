// SPDX-License-Identifier: MIT
//
// From options to an engine: who gets how much of the memory, which lanes there
// are, what stands between records in memory. Worked out once, here, and told
// to the user by `explain`.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/delivery/dead_letter.hpp>
#include <hydrant/delivery/lane.hpp>
#include <hydrant/ingest/chunk.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace hydrant::detail {

/// How a stream's memory is shared out.
struct MemoryPlan {
  std::size_t limit = 0;
  std::size_t main_quota = 0;   // a delivery's transformed outputs, at most
  std::size_t error_quota = 0;  // the error output's letters in flight, at most
  std::size_t reserve = 0;      // kept from producers for the two

  static MemoryPlan make(std::size_t limit, std::size_t record_bytes_max, bool transforms,
                         std::uint32_t concurrency) {
    MemoryPlan plan;
    plan.limit = limit;
    plan.error_quota = chunk_bytes(chunk_class_for(dead_letter_bytes_max(record_bytes_max)));
    if (transforms) {
      const std::size_t least = chunk_bytes(chunk_class_for(record_bytes_max));
      plan.main_quota = std::max(least, limit / 4 / std::max(1u, concurrency));
    }
    plan.reserve = plan.main_quota * concurrency + plan.error_quota;
    return plan;
  }

  /// Adds a fault when the limit cannot hold what it must.
  void validate(OptionErrors& errors, ByteCount size, bool is_automatic) const {
    const ByteCount least{2 * size.value + reserve};
    errors.check(limit >= least.value, "memory_limit",
                 "must be at least 2 x buffering.size (" + to_text(2 * size) + ") and " +
                     to_text(ByteCount{reserve}) + " for transforms and the error output",
                 to_text(ByteCount{limit}) + (is_automatic ? " (automatic)" : ""));
  }
};

/// One line of `explain`.
inline std::string explain_line(std::string_view name, const std::string& text) {
  constexpr std::size_t width = 22;
  return "  " + std::string(name) +
         std::string(name.size() < width ? width - name.size() : 1, ' ') + text + "\n";
}

/// The delimiter that records of the lane carry in memory: none where it is too long for that.
inline std::string embedded_delimiter(std::string_view wanted) {
  return wanted.size() <= Shard::delimiter_size_max ? std::string(wanted) : std::string();
}

}  // namespace hydrant::detail
