// SPDX-License-Identifier: MIT
//
// The keys of a JSON object that becomes a map. There they are data, and each
// may stand there once only: of several that are the same, the last counts.
#pragma once

#include <hydrant/core/json_tokens.hpp>
#include <hydrant/object/parquet/field_names.hpp>
#include <hydrant/object/parquet/hive_type.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant::detail::parquet {

/// Takes the keys of one object, one after the other.
/// Threads: distinct objects: safe; shared: unsafe.
class MapKeys {
 public:
  enum class Outcome : std::uint8_t {
    taken,
    /// The same key comes once more; only a careful walk tells.
    superseded,
    /// The same key was there before: the walk must be done again, carefully.
    twin,
    broken,
  };

  /// The object comes next. Its keys are told apart in any case if `lowers`.
  MapKeys(JsonTokens& tokens, bool lowers, bool is_careful)
      : tokens_(&tokens), lowers_(lowers), is_careful_(is_careful) {
    if (is_careful) {
      count_keys();
    }
  }

  /// Takes a key and the colon behind it.
  Outcome take() {
    if (!take_key(key_)) {
      return Outcome::broken;
    }
    std::size_t& count = counts_[key_];
    if (is_careful_) {
      return --count == 0 ? Outcome::taken : Outcome::superseded;
    }
    return ++count == 1 ? Outcome::taken : Outcome::twin;
  }

  const std::string& key() const { return key_; }

 private:
  bool take_key(std::string& key) {
    std::string_view raw;
    key.clear();
    if (!tokens_->take_key(raw) || !append_unescaped(key, raw)) {
      return false;
    }
    key = lowers_ ? lowered(key) : std::move(key);
    return true;
  }

  void count_keys() {
    const std::uint32_t* const begin = tokens_->place();
    std::string key;
    bool is_broken = false;
    tokens_->take('{');
    while (take_key(key)) {
      ++counts_[key];
      if (!tokens_->skip_value() || !tokens_->take_comma('}', is_broken)) {
        break;
      }
    }
    tokens_->go_back(begin);
  }

  JsonTokens* tokens_;
  bool lowers_;
  bool is_careful_;
  std::string key_;
  /// How often each came so far; in a careful walk, is still to come.
  std::map<std::string, std::size_t, std::less<>> counts_;
};

/// The values of one map's keys, where different texts may mean the same one: "1" and "01" as
/// numbers. No reader would take a map that has both.
/// Threads: distinct objects: safe; shared: unsafe.
class MapKeyValues {
 public:
  /// Adds a value as PLAIN has it. Returns: false when it was there already.
  bool add(HiveKind kind, std::string_view value) {
    if (kind == HiveKind::string || kind == HiveKind::binary) {
      return true;  // MapKeys has told them apart
    }
    std::string plain(value);
    const bool is_float = kind == HiveKind::float32 || kind == HiveKind::float64;
    if (is_float && plain.back() == '\x80' && plain.find_first_not_of('\0') == plain.size() - 1) {
      plain.back() = '\0';  // zero is zero, whatever its sign
    }
    return values_.insert(std::move(plain)).second;
  }

 private:
  std::set<std::string> values_;
};

}  // namespace hydrant::detail::parquet
