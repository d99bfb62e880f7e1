// SPDX-License-Identifier: MIT
//
// What a stream does with a sink, as far as the sink's options depend on it.
#pragma once

#include <span>
#include <string_view>

namespace hydrant {

/// How a stream uses a sink. A sink that cares has `validate_use(const StreamUse&, OptionErrors&)`.
struct StreamUse {
  /// Whether the stream has partitions, and by which keys as far as they are known beforehand.
  bool is_partitioned = false;
  std::span<const std::string_view> partition_keys{};
  /// Whether batches are delivered by a later process when this one dies.
  bool is_journalled = false;
};

}  // namespace hydrant
