// SPDX-License-Identifier: MIT
//
// What the oracle is told beforehand: which promises a stream under test has
// made, and what a crash may take.
#pragma once

#include <hydrant/testing/numbered_record.hpp>

#include <cstdint>
#include <functional>

namespace hydrant::testing {

/// What the stream under test has promised.
struct OracleRules {
  /// Records of one producer arrive in their order, as far as they arrive for the first time.
  bool keeps_order = false;
  /// Each output is at the destination at most once. Else a confirmed one is not sent again.
  bool exactly_once = false;
  /// A record may end as lost.
  bool may_lose = false;
  /// Each accepted record arrives at the source backup, too.
  bool backs_up = false;
  /// How many outputs, "record#0" and so on, a transform makes of a record. None: there is no
  /// transform, and the record itself arrives.
  std::function<std::uint32_t(const RecordName&)> outputs_of{};
};

/// What of the records that had not ended survives a crash.
enum class Survives : std::uint8_t {
  nothing,           ///< They may be missing from now on.
  what_was_durable,  ///< All that `made_durable` was told of.
  everything         ///< All that were accepted.
};

}  // namespace hydrant::testing
