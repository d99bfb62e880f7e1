// SPDX-License-Identifier: MIT
//
// What a destination can take at once. Limits belong to the sink's type; the
// engine splits batches so that they fit.
#pragma once

#include <cstdint>

namespace hydrant {

/// The hard limits of a destination. 0 means that there is none.
///
/// @code
/// static constexpr hydrant::SinkLimits limits{.batch_records_max = 500};
/// @endcode
struct SinkLimits {
  std::uint32_t batch_records_max = 0;
  /// Bytes of record data, delimiters included.
  std::uint64_t batch_bytes_max = 0;
  /// A longer record goes to the error output without being sent.
  std::uint32_t record_bytes_max = 0;
  /// Whether a refused batch is worth splitting to find the records to blame.
  /// False where a refusal has nothing to do with single records (a directory).
  bool splits_rejected_batches = true;
};

}  // namespace hydrant
