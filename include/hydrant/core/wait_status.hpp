// SPDX-License-Identifier: MIT
//
// The answer to "what became of this one record?".
#pragma once

#include <cstdint>
#include <string_view>

namespace hydrant {

/// What `wait` knows of one record.
enum class WaitStatus : std::uint8_t {
  delivered,      ///< At its destination.
  dropped,        ///< The transform chose to deliver nothing of it.
  dead_lettered,  ///< In the error output.
  lost,           ///< See the ledger's lost_by_reason.
  pending,        ///< Not yet at its end when the time was over.
  ended,          ///< At its end, so long ago that how is forgotten.
};

constexpr std::string_view to_text(WaitStatus status) {
  switch (status) {
    case WaitStatus::delivered:
      return "delivered";
    case WaitStatus::dropped:
      return "dropped";
    case WaitStatus::dead_lettered:
      return "dead_lettered";
    case WaitStatus::lost:
      return "lost";
    case WaitStatus::pending:
      return "pending";
    case WaitStatus::ended:
      return "ended";
  }
  return "unknown";
}

}  // namespace hydrant
