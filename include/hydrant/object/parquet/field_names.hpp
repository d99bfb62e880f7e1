// SPDX-License-Identifier: MIT
//
// Which field of a struct a JSON key means: in any case or in its own, with
// dots or underscores, under another name. That is found out once for each way
// a key is written; and since records tend to have their keys in the same
// order, the key that comes next is mostly the one that came next before.
#pragma once

#include <hydrant/core/json_tokens.hpp>
#include <hydrant/object/parquet/key_rules.hpp>
#include <hydrant/object/parquet/short_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail::parquet {

/// The fields of one struct, found by JSON key.
/// Threads: distinct objects: safe; shared: unsafe.
class FieldNames {
 public:
  static constexpr int unknown = -1;
  /// A key with an escape that there is not.
  static constexpr int broken = -2;

  FieldNames(const std::vector<std::string>& fields, const ParquetKeyRules& rules)
      : rules_(&rules) {
    for (std::size_t index = 0; index < fields.size(); ++index) {
      fields_.emplace(key_of(fields[index], rules), static_cast<int>(index));
    }
    spellings_.push_back({{}, broken});  // stands before the first key
  }

  /// Begins an object.
  void begin() { last_ = 0; }

  /// The field that a key means, `raw` being what lies between its quotes; or one of the above.
  int find(std::string_view raw) {
    const std::uint32_t guess = spellings_[last_].next;
    if (guess != 0 && equal_bytes(spellings_[guess].raw, raw)) {
      last_ = guess;
      return spellings_[guess].field;
    }
    return look_up(raw);
  }

  /// The way in which the key that was found last is written; 0 for all that are not kept.
  std::uint32_t last_spelling() const { return last_; }

  /// A key that is written in this way was dropped.
  void count_unknown(std::uint32_t spelling) {
    ++(spelling != 0 ? spellings_[spelling].count : others_);
  }

  /// Appends the keys that were dropped, as they were written, and how often; one without a name
  /// stands for those that were not kept.
  void append_unknown(std::vector<std::pair<std::string, std::uint64_t>>& keys) const {
    for (const Spelling& spelling : spellings_) {
      if (spelling.count != 0) {
        keys.emplace_back(spelling.raw, spelling.count);
      }
    }
    if (others_ != 0) {
      keys.emplace_back(std::string(), others_);
    }
  }

 private:
  /// Keys that are data are many: only so many ways to write keys are kept.
  static constexpr std::size_t spellings_max = 1024;
  static constexpr std::size_t spelling_size_max = 256;

  struct Spelling {
    std::string raw{};
    int field = unknown;
    std::uint32_t next = 0;
    /// How often it was dropped.
    std::uint64_t count = 0;
  };

  int look_up(std::string_view raw) {
    if (const auto known = numbers_.find(raw); known != numbers_.end()) {
      spellings_[last_].next = known->second;
      last_ = known->second;
      return spellings_[last_].field;
    }
    const int field = field_of(raw);
    if (spellings_.size() < spellings_max && raw.size() <= spelling_size_max) {
      const auto number = static_cast<std::uint32_t>(spellings_.size());
      spellings_.push_back({std::string(raw), field});
      numbers_.emplace(std::string(raw), number);
      spellings_[last_].next = number;
      last_ = number;
    } else {
      last_ = 0;
    }
    return field;
  }

  int field_of(std::string_view raw) const {
    std::string key;
    if (!append_unescaped(key, raw)) {
      return broken;
    }
    const auto found = fields_.find(folded_key(key, *rules_));
    return found == fields_.end() ? unknown : found->second;
  }

  const ParquetKeyRules* rules_;
  std::map<std::string, int, std::less<>> fields_;
  std::vector<Spelling> spellings_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::uint32_t last_ = 0;
  std::uint64_t others_ = 0;
};

}  // namespace hydrant::detail::parquet
