// SPDX-License-Identifier: MIT
//
// The keys that say to which partition a record belongs: a handful of names,
// each with a value, in whatever order they were set. Records whose keys are
// equal make a partition.
#pragma once

#include <hydrant/core/batch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant {

/// The names and values by which one record is partitioned.
///
/// @code
/// hydrant::PartitionKeys keys;
/// keys.set("customer", "1234567890");
/// @endcode
///
/// Threads: a plain value; copies are independent.
class PartitionKeys {
 public:
  /// Source: Firehose guide, dynamic partitioning: at most 50 keys.
  static constexpr std::size_t count_max = 50;
  static constexpr std::size_t name_bytes_max = 128;
  /// Source: S3: an object's key has at most 1,024 bytes.
  static constexpr std::size_t value_bytes_max = 1024;
  /// Source: Firehose guide, dynamic partitioning, error codes.
  static constexpr std::string_view extraction_failed =
      "DynamicPartitioning.MetadataExtractionFailed";

  /// Sets one key; of two values for one name the later counts. A name or a value that is empty
  /// or too long, and a key too many, are faults of the record: it goes to the error output.
  void set(std::string_view name, std::string_view value) {
    const char* fault = fault_of(name, value);
    const auto at = std::lower_bound(
        entries_.begin(), entries_.end(), name,
        [this](const Entry& entry, std::string_view wanted) { return name_of(entry) < wanted; });
    const bool is_known = at != entries_.end() && name_of(*at) == name;
    if (fault == nullptr && !is_known && entries_.size() == count_max) {
      fault = "a record has at most 50 partitionKeys";
    }
    if (fault != nullptr) {
      fault_ = fault_ != nullptr ? fault_ : fault;
      return;
    }
    const Entry entry{static_cast<std::uint32_t>(text_.size()),
                      static_cast<std::uint16_t>(name.size()),
                      static_cast<std::uint16_t>(value.size())};
    append(name);
    append(value);
    if (is_known) {
      *at = entry;
    } else {
      entries_.insert(at, entry);
    }
  }

  /// The value of a key that is set; nothing otherwise.
  std::optional<std::string_view> find(std::string_view name) const {
    for (const Entry& entry : entries_) {
      if (name_of(entry) == name) {
        return value_of(entry);
      }
    }
    return std::nullopt;
  }

  std::size_t count() const { return entries_.size(); }

  bool empty() const { return entries_.empty() && fault_ == nullptr; }

  /// What is wrong with what was set; empty where nothing is.
  std::string_view fault() const { return fault_ == nullptr ? std::string_view() : fault_; }

  /// Forgets everything, and keeps the memory.
  void clear() {
    text_.clear();
    entries_.clear();
    fault_ = nullptr;
  }

  /// Appends the keys by name: equal keys make equal bytes, others never do.
  void encode(std::string& out) const {
    for (const Entry& entry : entries_) {
      out.append(text_, entry.begin, 4u + entry.name_bytes + entry.value_bytes);
    }
  }

 private:
  /// In the text: the name and then the value, each behind its size in two bytes.
  struct Entry {
    std::uint32_t begin;
    std::uint16_t name_bytes;
    std::uint16_t value_bytes;
  };

  static const char* fault_of(std::string_view name, std::string_view value) {
    return name.empty()                     ? "partitionKeys names must not be empty"
           : value.empty()                  ? "partitionKeys values must not be null or empty"
           : name.size() > name_bytes_max   ? "partitionKeys names must be at most 128 bytes"
           : value.size() > value_bytes_max ? "partitionKeys values must be at most 1024 bytes"
                                            : nullptr;
  }

  void append(std::string_view text) {
    const char size[] = {static_cast<char>(text.size() & 0xff),
                         static_cast<char>(text.size() >> 8)};
    text_.append(size, sizeof size).append(text);
  }

  std::string_view name_of(const Entry& entry) const {
    return std::string_view(text_).substr(entry.begin + std::size_t{2}, entry.name_bytes);
  }

  std::string_view value_of(const Entry& entry) const {
    return std::string_view(text_).substr(entry.begin + std::size_t{4} + entry.name_bytes,
                                          entry.value_bytes);
  }

  std::string text_;
  std::vector<Entry> entries_;  // by name
  const char* fault_ = nullptr;
};

namespace detail {

/// The keys that `encode` has written, as views into it. Returns: nothing, when the bytes are no
/// such keys.
inline std::optional<std::vector<PartitionKey>> decode_partition_keys(std::string_view encoded) {
  std::vector<PartitionKey> keys;
  const auto take = [&encoded]() -> std::optional<std::string_view> {
    if (encoded.size() < 2) {
      return std::nullopt;
    }
    const std::size_t size = static_cast<unsigned char>(encoded[0]) |
                             std::size_t{static_cast<unsigned char>(encoded[1])} << 8;
    encoded.remove_prefix(2);
    if (encoded.size() < size) {
      return std::nullopt;
    }
    const std::string_view text = encoded.substr(0, size);
    encoded.remove_prefix(size);
    return text;
  };
  while (!encoded.empty()) {
    const std::optional<std::string_view> name = take();
    const std::optional<std::string_view> value = name ? take() : std::nullopt;
    if (!value || keys.size() == PartitionKeys::count_max) {
      return std::nullopt;
    }
    keys.push_back({*name, *value});
  }
  return keys;
}

}  // namespace detail

}  // namespace hydrant
