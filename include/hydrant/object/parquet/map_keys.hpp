// SPDX-License-Identifier: MIT
//
// The keys of a JSON object that becomes a map. There they are data, and each
// may stand there once only: of several that are the same, the last counts.
#pragma once

#include <hydrant/core/json_tokens.hpp>
#include <hydrant/object/parquet/field_names.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
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

}  // namespace hydrant::detail::parquet
