// SPDX-License-Identifier: MIT
//
// A batch as a test keeps it: everything copied, because a Batch lives only as
// long as the call it is given to.
#pragma once

#include <hydrant/core/batch.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// What a sink was given, copied.
/// Threads: a plain value; copies are independent.
struct ReceivedBatch {
  std::string stream;
  std::uint32_t version = 0;
  std::string request_id;
  std::string error_output_type;
  /// Names and values.
  std::vector<std::pair<std::string, std::string>> partition_keys;
  std::string delimiter;
  WallTime first_arrival{};
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;
  CloseReason close_reason = CloseReason::size;
  /// The attempt that the batch came with.
  std::uint32_t attempt = 0;
  /// When the sink was given it, on the stream's steady clock.
  SteadyTime at{};
  std::vector<std::string> records;
  std::vector<RecordId> ids;
  /// The memory of all slices, one after the other, delimiters included.
  std::string raw;

  static ReceivedBatch copy_of(const Batch& batch, std::uint32_t attempt_number, SteadyTime now) {
    const BatchInfo& info = batch.info();
    ReceivedBatch copy;
    copy.stream = std::string(info.stream);
    copy.version = info.version;
    copy.request_id = std::string(info.request_id);
    copy.error_output_type = std::string(info.error_output_type);
    for (const PartitionKey& key : info.partition_keys) {
      copy.partition_keys.emplace_back(key.name, key.value);
    }
    copy.delimiter = std::string(info.delimiter);
    copy.first_arrival = info.first_arrival;
    copy.bytes = info.bytes;
    copy.count = info.count;
    copy.close_reason = info.close_reason;
    copy.attempt = attempt_number;
    copy.at = now;
    for (const RecordView record : batch.records()) {
      copy.records.emplace_back(record.text());
      copy.ids.push_back(record.id());
    }
    for (const RecordSlice& slice : batch.slices()) {
      const std::span<const std::byte> bytes_of_slice = slice.bytes();
      copy.raw.append(reinterpret_cast<const char*>(bytes_of_slice.data()), bytes_of_slice.size());
    }
    return copy;
  }
};

}  // namespace hydrant::testing
