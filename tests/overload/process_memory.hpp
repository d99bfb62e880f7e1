// SPDX-License-Identifier: MIT
//
// What the kernel says of this process's memory, for the promise that a stream
// keeps within its own. Meaningless under the sanitizers, which keep a shadow of
// everything: there nothing is measured.
#pragma once

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

#include "sanitized.hpp"
#include <malloc.h>

namespace hydrant::tests {

/// How much the process's resident memory has risen at the most since the construction.
class ResidentGrowth {
 public:
  ResidentGrowth() {
    ::malloc_trim(0);  // what earlier tests have left must not be there to be used again
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
    const std::optional<std::uint64_t> now = bytes_of("VmRSS:");
    const std::optional<std::uint64_t> peak = bytes_of("VmHWM:");
    // Where the peak cannot be made anew, the present stands for it.
    constexpr std::uint64_t near = 1 << 20;
    field_ = now && peak && *peak <= *now + near ? "VmHWM:" : "VmRSS:";
    start_ = now;
  }

  /// Nothing where it cannot be measured.
  std::optional<std::uint64_t> bytes() const {
    const std::optional<std::uint64_t> now = bytes_of(field_);
    if (is_sanitized || !start_ || !now) {
      return std::nullopt;
    }
    return *now > *start_ ? *now - *start_ : 0;
  }

 private:
  static std::optional<std::uint64_t> bytes_of(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      std::uint64_t kibibytes = 0;
      if (word == field && status >> kibibytes) {
        return kibibytes * 1024;
      }
    }
    return std::nullopt;
  }

  std::string field_;
  std::optional<std::uint64_t> start_;
};

}  // namespace hydrant::tests
