// SPDX-License-Identifier: MIT
//
// The keys of a JSON object that becomes a map. There they are data, and each
// may stand there once only: readers refuse a map with a key twice. Of several
// that mean the same value, as "1" and "01" among numbers, the last counts.
#pragma once

#include <hydrant/core/json_tokens.hpp>
#include <hydrant/object/parquet/scalar_converter.hpp>
#include <hydrant/object/parquet/schema.hpp>
#include <hydrant/object/parquet/utf8_text.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace hydrant::detail::parquet {

/// Takes the keys of one object, one after the other.
/// Threads: distinct objects: safe; shared: unsafe.
class MapKeys {
 public:
  enum class Outcome : std::uint8_t {
    /// To be converted; that may fail.
    taken,
    /// The same key comes once more; only a careful walk tells.
    superseded,
    /// The same key was there before: the walk must be done again, carefully.
    twin,
    broken,
  };

  /// The object comes next, and its keys become values of `node`; text in small letters if
  /// `lowers`.
  MapKeys(JsonTokens& tokens, const ScalarConverter& scalars, const ParquetNode& node, bool lowers,
          bool is_careful)
      : tokens_(&tokens),
        scalars_(&scalars),
        node_(&node),
        lowers_(lowers && (node.kind == HiveKind::string || node.kind == HiveKind::binary)),
        is_careful_(is_careful) {
    if (is_careful) {
      count_keys();
    }
  }

  /// Takes a key and the colon behind it.
  Outcome take() {
    if (!take_key()) {
      return Outcome::broken;
    }
    if (!scalars_->value_of(*node_, key_, value_)) {
      return Outcome::taken;
    }
    std::size_t& count = counts_[value_];
    if (is_careful_) {
      return --count == 0 ? Outcome::taken : Outcome::superseded;
    }
    return ++count == 1 ? Outcome::taken : Outcome::twin;
  }

  const std::string& key() const { return key_; }

 private:
  bool take_key() {
    std::string_view raw;
    key_.clear();
    if (!tokens_->take_key(raw) || !append_unescaped(key_, raw)) {
      return false;
    }
    if (lowers_) {
      key_ = lowered(key_);
    }
    return true;
  }

  void count_keys() {
    const std::uint32_t* const begin = tokens_->place();
    bool is_broken = false;
    tokens_->take('{');
    while (take_key()) {
      if (scalars_->value_of(*node_, key_, value_)) {
        ++counts_[value_];
      }
      if (!tokens_->skip_value() || !tokens_->take_comma('}', is_broken)) {
        break;
      }
    }
    tokens_->go_back(begin);
  }

  JsonTokens* tokens_;
  const ScalarConverter* scalars_;
  const ParquetNode* node_;
  bool lowers_;
  bool is_careful_;
  std::string key_;
  std::string value_;
  /// By value: how often it came so far; in a careful walk, is still to come.
  std::map<std::string, std::size_t, std::less<>> counts_;
};

}  // namespace hydrant::detail::parquet
