// SPDX-License-Identifier: MIT
//
// Fields that records have and the schema lacks. Firehose drops them without a
// word; here someone may ask which they were. Without a lock: objects are
// written while the process forks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// Counts fields that were dropped from records that were written, by name. To be shared between a
/// `Parquet` and who asks. An object that is written twice, after a failure, counts twice. Threads:
/// shared: safe.
class ParquetDroppedFields {
 public:
  /// So many names are kept; fields beyond are counted without one.
  static constexpr std::size_t names_max = 256;

  struct Field {
    std::string name;
    std::uint64_t count = 0;
  };

  ParquetDroppedFields() = default;
  ParquetDroppedFields(const ParquetDroppedFields&) = delete;
  ParquetDroppedFields& operator=(const ParquetDroppedFields&) = delete;

  ~ParquetDroppedFields() {
    for (std::atomic<Entry*>& place : places_) {
      delete place.load();
    }
  }

  /// Each name once, in the order in which they first came. Those of structs stand behind the
  /// way to the struct, with dots.
  std::vector<Field> fields() const {
    std::vector<Field> fields;
    for (const std::atomic<Entry*>& place : places_) {
      if (const Entry* entry = place.load()) {
        fields.push_back({entry->name, entry->count.load()});
      }
    }
    return fields;
  }

  /// How many values were dropped, those of fields without a name included.
  std::uint64_t count() const { return count_.load(); }

  /// Counts `count` values more; an empty name is none.
  void add(const std::string& name, std::uint64_t count) {
    count_ += count;
    if (name.empty()) {
      return;
    }
    for (std::atomic<Entry*>& place : places_) {
      Entry* entry = place.load();
      if (entry == nullptr) {
        auto made = std::make_unique<Entry>(name);
        if (place.compare_exchange_strong(entry, made.get())) {
          entry = made.release();
        }
      }
      if (entry->name == name) {
        entry->count += count;
        return;
      }
    }
  }

 private:
  struct Entry {
    explicit Entry(std::string text) : name(std::move(text)) {}

    const std::string name;
    std::atomic<std::uint64_t> count{0};
  };

  std::array<std::atomic<Entry*>, names_max> places_{};
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace hydrant
