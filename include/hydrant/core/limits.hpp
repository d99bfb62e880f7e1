// SPDX-License-Identifier: MIT
//
// Every limit of the service that this library follows, once, with its source.
// Ranges of Hydrant's own options stand beside the option.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hydrant::limits {

/// Source: Firehose API 2015-08-04, shape Data: 0 to 1,024,000 bytes before base64.
inline constexpr std::uint32_t record_bytes_max = 1'024'000;

/// Source: Firehose API 2015-08-04, PutRecordBatch: 1 to 500 records a call.
inline constexpr std::size_t put_batch_records_max = 500;

/// Source: Firehose API 2015-08-04, shape DeliveryStreamName: 1 to 64 of [a-zA-Z0-9_.-].
inline constexpr std::size_t stream_name_length_max = 64;

/// Source: Firehose API 2015-08-04, shape SizeInMBs: 1 to 128, of 1,048,576 bytes each.
inline constexpr std::uint64_t buffering_size_min = 1ull << 20;
inline constexpr std::uint64_t buffering_size_max = 128ull << 20;

/// Source: Firehose API 2015-08-04, shape IntervalInSeconds: 0 to 900.
inline constexpr std::int64_t buffering_interval_seconds_max = 900;

/// Source: Firehose API 2015-08-04, shapes *RetryOptions.DurationInSeconds: 0 to 7200.
inline constexpr std::int64_t retry_duration_seconds_max = 7200;

/// Source: Firehose API 2015-08-04, shape Prefix: at most 1,024 characters as written.
inline constexpr std::size_t prefix_length_max = 1024;

/// Source: Firehose guide, custom prefixes for S3 objects: at most 512 characters once evaluated.
/// Here bytes, so that no key exceeds what S3 takes.
inline constexpr std::size_t prefix_evaluated_bytes_max = 512;

/// Source: Firehose API 2015-08-04, shape FileExtension: at most 128 characters.
inline constexpr std::size_t file_extension_length_max = 128;

/// Source: Amazon S3 guide, naming objects: keys have at most 1,024 bytes.
inline constexpr std::size_t object_key_bytes_max = 1024;

/// Source: Firehose guide, dynamic partitioning, multi record de-aggregation: 500 per record.
inline constexpr std::uint32_t deaggregated_records_max = 500;

static_assert(record_bytes_max < buffering_size_min);

}  // namespace hydrant::limits
