// SPDX-License-Identifier: MIT
//
// The disk that a journal's segments take, and may take. Its logs and manifests,
// some MiB a spool, are not counted.
#pragma once

#include <atomic>
#include <cstdint>

namespace hydrant::detail {

/// How much disk all spools of a journal may take, and take.
struct DiskBudget {
  std::uint64_t limit = 0;  // 0: no limit
  std::atomic<std::uint64_t> used{0};

  bool take(std::uint64_t bytes) {
    const std::uint64_t before = used.fetch_add(bytes, std::memory_order_relaxed);
    if (limit != 0 && before + bytes > limit) {
      used.fetch_sub(bytes, std::memory_order_relaxed);
      return false;
    }
    return true;
  }

  void give_back(std::uint64_t bytes) { used.fetch_sub(bytes, std::memory_order_relaxed); }
};

}  // namespace hydrant::detail
