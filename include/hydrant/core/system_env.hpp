// SPDX-License-Identifier: MIT
//
// The real world: the system's clocks, its entropy, its files.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/core/system_files.hpp>

#include <chrono>
#include <cstdint>

#include <sys/random.h>
#include <unistd.h>

namespace hydrant {

/// The Env of every stream that is not given another.
/// Threads: shared: safe.
struct SystemEnv {
  SteadyTime steady_now() const { return std::chrono::steady_clock::now(); }

  WallTime wall_now() const {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  }

  /// From the kernel each time: asked for some times a batch, never the same in a forked child.
  std::uint64_t random() const {
    std::uint64_t value = 0;
    if (::getentropy(&value, sizeof value) == 0) {
      return value;
    }
    // No entropy to be had (an old sandbox): identities still must differ from process to process.
    const auto ticks = static_cast<std::uint64_t>(steady_now().time_since_epoch().count());
    return (ticks << 20) ^ static_cast<std::uint64_t>(::getpid()) ^ ++fallback_counter();
  }

  /// One for the process; never destroyed, for workers may outlive main.
  Files& files() const {
    static auto* files = new SystemFiles;
    return *files;
  }

 private:
  static std::uint64_t& fallback_counter() {
    static thread_local std::uint64_t counter = 0;
    return counter;
  }
};

static_assert(Env<SystemEnv>);

}  // namespace hydrant
