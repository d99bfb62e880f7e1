// SPDX-License-Identifier: MIT
//
// Why a record goes to the error output: what its letter will say.
#pragma once

#include <hydrant/core/time.hpp>

#include <cstdint>
#include <string>

namespace hydrant::detail {

/// Why a record goes to the error output.
struct FailureNote {
  std::string error_output_type;  // "processing-failed", "directory-failed", ...
  std::string code;
  std::string message;
  std::uint32_t attempts = 0;
  WallTime ended_at{};
};

}  // namespace hydrant::detail
