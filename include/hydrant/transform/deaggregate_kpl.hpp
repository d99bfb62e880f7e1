// SPDX-License-Identifier: MIT
//
// Records that the Kinesis Producer Library has put into one:
//
//     | F3 89 9A C2 | AggregatedRecord, a protobuf message | its MD5, 16 bytes |
//
//     AggregatedRecord: 1 partition keys, 2 explicit hash keys, 3 records, each repeated
//     Record: 1 index of its partition key, 2 index of its hash key, 3 data, 4 tags
//     Tag: 1 key, 2 value
//
// Firehose takes them apart before everything else that it does.
// Source: awslabs/amazon-kinesis-producer, aggregation-format.md.
#pragma once

#include <hydrant/core/md5.hpp>
#include <hydrant/transform/protobuf_fields.hpp>
#include <hydrant/transform/transform.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hydrant {

namespace detail {

/// A record within an aggregated record.
struct KplRecord {
  std::string_view data;
  std::uint64_t partition_key = 0;
  std::uint64_t explicit_hash_key = 0;
  bool has_explicit_hash_key = false;
};

/// Whether `message` is a Tag: its key is required.
inline bool is_kpl_tag(std::string_view message) {
  ProtobufFields fields(message);
  bool has_key = false;
  for (ProtobufField field; fields.next(field);) {
    has_key = has_key || field.is(1, ProtobufField::Wire::bytes);
  }
  return fields.ok() && has_key;
}

/// Returns: nothing where the message is broken, or lacks what is required.
inline std::optional<KplRecord> read_kpl_record(std::string_view message) {
  ProtobufFields fields(message);
  KplRecord record;
  bool has_partition_key = false;
  bool has_data = false;
  for (ProtobufField field; fields.next(field);) {
    if (field.is(1, ProtobufField::Wire::varint)) {
      record.partition_key = field.value;
      has_partition_key = true;
    } else if (field.is(2, ProtobufField::Wire::varint)) {
      record.explicit_hash_key = field.value;
      record.has_explicit_hash_key = true;
    } else if (field.is(3, ProtobufField::Wire::bytes)) {
      record.data = field.bytes;
      has_data = true;
    } else if (field.is(4, ProtobufField::Wire::bytes) && !is_kpl_tag(field.bytes)) {
      return std::nullopt;
    }
  }
  const bool is_right = fields.ok() && has_partition_key && has_data;
  return is_right ? std::optional(record) : std::nullopt;
}

/// Whether all of an AggregatedRecord is right, the indexes into its tables included.
inline bool is_kpl_aggregate(std::string_view message) {
  ProtobufFields fields(message);
  std::uint64_t partition_keys = 0;
  std::uint64_t explicit_hash_keys = 0;
  std::uint64_t partition_keys_needed = 0;
  std::uint64_t explicit_hash_keys_needed = 0;
  for (ProtobufField field; fields.next(field);) {
    if (field.is(1, ProtobufField::Wire::bytes)) {
      ++partition_keys;
    } else if (field.is(2, ProtobufField::Wire::bytes)) {
      ++explicit_hash_keys;
    } else if (field.is(3, ProtobufField::Wire::bytes)) {
      const std::optional<KplRecord> record = read_kpl_record(field.bytes);
      // A message has less than 2^32 keys, which leaves room for one more than the index.
      constexpr std::uint64_t index_max = 0xffff'ffff;
      if (!record || record->partition_key > index_max || record->explicit_hash_key > index_max) {
        return false;
      }
      partition_keys_needed = std::max(partition_keys_needed, record->partition_key + 1);
      if (record->has_explicit_hash_key) {
        explicit_hash_keys_needed =
            std::max(explicit_hash_keys_needed, record->explicit_hash_key + 1);
      }
    }
  }
  return fields.ok() && partition_keys_needed <= partition_keys &&
         explicit_hash_keys_needed <= explicit_hash_keys;
}

/// The protobuf message of a record that is aggregated; nothing where it is not, or is broken.
inline std::optional<std::string_view> kpl_message(std::string_view record) {
  constexpr std::string_view magic = "\xf3\x89\x9a\xc2";
  constexpr std::size_t digest_size = sizeof(Md5);
  if (!record.starts_with(magic) || record.size() < magic.size() + digest_size) {
    return std::nullopt;
  }
  const std::string_view message =
      record.substr(magic.size(), record.size() - magic.size() - digest_size);
  const auto bytes_of = [](std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
  };
  const Md5 digest = md5_of(bytes_of(message));
  const auto stored = bytes_of(record.substr(record.size() - digest_size));
  const bool is_right =
      std::equal(digest.begin(), digest.end(), stored.begin()) && is_kpl_aggregate(message);
  return is_right ? std::optional(message) : std::nullopt;
}

}  // namespace detail

/// What `deaggregate_kpl` makes.
/// Threads: shared: safe.
struct DeaggregateKpl {
  Outcome operator()(const RecordView& record, Emitter& out) const {
    const std::optional<std::string_view> message = detail::kpl_message(record.text());
    if (!message) {
      out.emit(record.bytes());
      return Outcome::ok();
    }
    detail::ProtobufFields fields(*message);
    for (detail::ProtobufField field; fields.next(field);) {
      if (field.is(3, detail::ProtobufField::Wire::bytes)) {
        if (const auto single = detail::read_kpl_record(field.bytes)) {
          out.emit(single->data);
        }
      }
    }
    return Outcome::ok();
  }
};

/// Delivers each record that the Kinesis Producer Library has put into one as a record of its
/// own. A record that is not aggregated, or whose checksum or message is broken, goes on as it
/// is: the library's consumers do the same.
///
/// @code
/// hydrant::deaggregate_kpl() | hydrant::map(to_csv)
/// @endcode
inline DeaggregateKpl deaggregate_kpl() {
  return {};
}

static_assert(Transform<DeaggregateKpl>);

}  // namespace hydrant
