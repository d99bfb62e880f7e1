// SPDX-License-Identifier: MIT
//
// What a stream tells a sink that names objects, so that a key that does not
// suit the stream is refused at construction. Apart from the key itself, for
// who asks need not know what a key is.
#pragma once

#include <span>
#include <string_view>

namespace hydrant {

/// What a stream does, as far as the rules for prefixes depend on it.
struct KeyUse {
  /// Whether the stream has partitions. Default false.
  bool is_partitioned = false;
  /// The keys of the partitions, as far as they are known before any record. Default none.
  std::span<const std::string_view> partition_keys{};
  /// Whether batches are delivered by a later process when this one dies. Default false.
  bool is_journalled = false;
};

}  // namespace hydrant
