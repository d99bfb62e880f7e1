// SPDX-License-Identifier: MIT
//
// What surrounds the process: its environment variables, and programs that it
// can run. Handed in, so that a test can stand in for both.
#pragma once

#include <hydrant/core/result.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace hydrant {

/// How long a program may run, and how much it may write.
struct ProgramLimits {
  /// Default 60 s. Then it is killed, with everything that it has started.
  std::chrono::milliseconds time{60'000};
  /// Of its standard output. Default 64 KiB.
  std::size_t output_bytes_max = std::size_t{64} << 10;
};

/// Threads: shared: safe, as far as what it is made of is.
struct ProcessEnvironment {
  /// The value of an environment variable; nothing when it is not set.
  std::function<std::optional<std::string>(const std::string& name)> variable;

  /// Runs a command line as the shell does.
  /// Returns: what it wrote to its standard output, or why it failed, without a word of what it was
  /// or wrote: either may be secret.
  /// Blocks: until it has ended, at most for `limits.time`, or until `cancelled`.
  std::function<Result<std::string>(const std::string& command, const ProgramLimits& limits,
                                    const std::function<bool()>& cancelled)>
      run_program;

  /// The value of a variable; empty when it is not set.
  std::string value_of(const std::string& name) const {
    return variable ? variable(name).value_or(std::string()) : std::string();
  }
};

}  // namespace hydrant
