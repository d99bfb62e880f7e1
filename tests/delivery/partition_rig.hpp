// SPDX-License-Identifier: MIT
//
// What tests of partitions share: records that say their own partition, and a
// look at what a sink was given, partition by partition.
#pragma once

#include <hydrant/testing/received_batch.hpp>
#include <hydrant/transform/partition.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "stream_rig.hpp"

namespace hydrant::tests {

/// What stands before the first colon: "a:1" belongs to "a".
inline std::string_view before_colon(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
}

/// One key, "k": what stands before the colon.
inline auto by_first_field(PartitionOptions options = PartitionOptions()) {
  return partition_by("k", before_colon, options);
}

/// The value of the one key of a batch.
inline std::string partition_of(const testing::ReceivedBatch& batch) {
  return batch.partition_keys.size() == 1 ? batch.partition_keys.front().second : "?";
}

/// The records of each partition, in the order in which they came.
inline std::map<std::string, Texts> by_partition(
    const std::vector<testing::ReceivedBatch>& batches) {
  std::map<std::string, Texts> partitions;
  for (const testing::ReceivedBatch& batch : batches) {
    Texts& records = partitions[partition_of(batch)];
    records.insert(records.end(), batch.records.begin(), batch.records.end());
  }
  return partitions;
}

/// "p0:0", "p1:1", ... over so many partitions.
inline Texts spread(std::size_t count, std::size_t partitions, std::size_t first = 0) {
  Texts records;
  for (std::size_t i = first; i < first + count; ++i) {
    records.push_back("p" + std::to_string(i % partitions) + ":" + std::to_string(i));
  }
  return records;
}

}  // namespace hydrant::tests
