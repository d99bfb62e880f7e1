// SPDX-License-Identifier: MIT
//
// What the values of one JSON field have in common, over as many records as one
// cares to read: the narrowest type of a column that takes all of them.
#pragma once

#include <hydrant/core/json_tokens.hpp>
#include <hydrant/object/parquet/hive_type.hpp>
#include <hydrant/object/parquet/json_number.hpp>
#include <hydrant/object/parquet/moment.hpp>
#include <hydrant/object/parquet/utf8_text.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace hydrant::detail::parquet {

/// The type of a field, as far as it is known.
/// Threads: distinct objects: safe; shared: unsafe.
class InferredType {
 public:
  struct Rules {
    bool case_insensitive;
    bool timestamps;
    std::size_t struct_keys_max;
  };

  using Field = std::pair<std::string, InferredType>;

  /// `is_record`: the whole record, which is no map however many keys it has.
  explicit InferredType(bool is_record = false) : is_record_(is_record) {}

  /// Adds the value that comes next. Returns: false when it is no JSON; then this is not to be used
  /// any more.
  bool read(JsonTokens& tokens, const Rules& rules, std::size_t depth) {
    switch (tokens.peek()) {
      case '\0':
        return false;
      case '{':
        return note_within(object, depth) ? read_object(tokens, rules, depth)
                                          : tokens.skip_value(depth + 1);
      case '[':
        return note_within(array, depth) ? read_array(tokens, rules, depth)
                                         : tokens.skip_value(depth + 1);
      case '"':
        return read_text(tokens, rules);
      default:
        return read_bare(tokens.take_token());
    }
  }

  /// Adds what is known of other values of the same field.
  void join(InferredType&& other, const Rules& rules) {
    kinds_ |= other.kinds_;
    if (other.element_ != nullptr) {
      element().join(std::move(*other.element_), rules);
    }
    for (auto& [name, type] : other.fields_) {
      field(name, rules).join(std::move(type), rules);
    }
    if (other.values_ != nullptr) {
      become_map(rules);
      values_->join(std::move(*other.values_), rules);
    }
  }

  /// Of an object, in the order in which they first came.
  const std::vector<Field>& fields() const { return fields_; }

  /// The type as Hive writes it.
  std::string text(const Rules& rules) const {
    switch (kinds_) {
      case boolean:
        return "boolean";
      case integer:
        return "bigint";
      case unsigned_integer:
      case integer | unsigned_integer:
        return "decimal(20,0)";
      case moment:
        return rules.timestamps ? "timestamp" : "string";
      case array:
        return "array<" + (element_ == nullptr ? "string" : element_->text(rules)) + ">";
      case object:
        return object_text(rules);
      default:
        return (kinds_ & fraction) != 0 && (kinds_ & ~numbers) == 0 ? "double" : "string";
    }
  }

 private:
  /// Bits, for a field may have values of several kinds. Null is of none.
  enum Kind : unsigned {
    boolean = 1,
    integer = 2,
    unsigned_integer = 4,  // of 64 bits
    fraction = 8,
    numbers = integer | unsigned_integer | fraction,
    moment = 16,  // text that is a timestamp
    text_or_json = 32,
    array = 64,
    object = 128,
  };

  /// Notes a container. Returns: false when it lies so deep that it must be text.
  bool note_within(Kind kind, std::size_t depth) {
    constexpr std::size_t depth_max = HiveTypeParser::depth_max - 2;
    kinds_ |= depth < depth_max ? kind : text_or_json;
    return depth < depth_max;
  }

  bool read_object(JsonTokens& tokens, const Rules& rules, std::size_t depth) {
    bool is_broken = false;
    tokens.take('{');
    if (tokens.take('}')) {
      return true;
    }
    std::string key;
    do {
      std::string_view raw;
      key.clear();
      if (!tokens.take_key(raw) || !append_unescaped(key, raw) ||
          !field(key, rules).read(tokens, rules, depth + 1)) {
        return false;
      }
    } while (tokens.take_comma('}', is_broken));
    return !is_broken;
  }

  bool read_array(JsonTokens& tokens, const Rules& rules, std::size_t depth) {
    bool is_broken = false;
    tokens.take('[');
    if (tokens.take(']')) {
      return true;
    }
    do {
      if (!element().read(tokens, rules, depth + 1)) {
        return false;
      }
    } while (tokens.take_comma(']', is_broken));
    return !is_broken;
  }

  bool read_text(JsonTokens& tokens, const Rules& rules) {
    std::string_view raw;
    std::string text;
    if (!tokens.take_string(raw) || !append_unescaped(text, raw)) {
      return false;
    }
    std::int64_t instant = 0;
    const bool is_moment =
        rules.timestamps &&
        read_timestamp(text, ParquetTimestampUnit::nanoseconds, instant) == NumberFault::none;
    kinds_ |= is_moment ? moment : text_or_json;
    return true;
  }

  bool read_bare(std::string_view token) {
    if (token == "null") {
      return true;
    }
    if (token == "true" || token == "false") {
      kinds_ |= boolean;
      return true;
    }
    kinds_ |= kind_of_number(token);
    return is_json_number(token);
  }

  static unsigned kind_of_number(std::string_view token) {
    const char* const begin = token.data();
    const char* const end = begin + token.size();
    const auto is_read = [&](auto& value) {
      const auto [at, error] = std::from_chars(begin, end, value);
      return at == end && error == std::errc();
    };
    std::int64_t with_sign = 0;
    std::uint64_t without_sign = 0;
    double approximate = 0;
    return is_read(with_sign)                                    ? unsigned{integer}
           : is_read(without_sign)                               ? unsigned{unsigned_integer}
           : read_float(token, approximate) == NumberFault::none ? unsigned{fraction}
                                                                 : unsigned{text_or_json};
  }

  InferredType& element() {
    if (element_ == nullptr) {
      element_ = std::make_unique<InferredType>();
    }
    return *element_;
  }

  /// What is known of the values of a key.
  InferredType& field(const std::string& name, const Rules& rules) {
    if (values_ != nullptr) {
      return *values_;
    }
    const auto [at, is_new] =
        places_.try_emplace(rules.case_insensitive ? lowered(name) : name, fields_.size());
    if (is_new) {
      fields_.emplace_back(name, InferredType());
      if (fields_.size() > rules.struct_keys_max && !is_record_) {
        become_map(rules);
        return *values_;
      }
    }
    return fields_[at->second].second;
  }

  void become_map(const Rules& rules) {
    if (values_ == nullptr) {
      values_ = std::make_unique<InferredType>();
    }
    for (auto& [name, type] : fields_) {
      values_->join(std::move(type), rules);
    }
    fields_.clear();
    places_.clear();
  }

  std::string object_text(const Rules& rules) const {
    if (values_ != nullptr) {
      return "map<string," + values_->text(rules) + ">";
    }
    std::string text = "struct";
    char separator = '<';
    for (const auto& [name, type] : fields_) {
      if (name.empty()) {
        continue;  // no column can be called that
      }
      text += std::exchange(separator, ',');
      append_field_name(text, name);
      text += ':';
      text += type.text(rules);
    }
    text += '>';
    const bool is_type = separator == ',' && text.size() <= HiveTypeParser::length_max;
    return is_type ? text : "string";
  }

  bool is_record_;
  unsigned kinds_ = 0;
  std::unique_ptr<InferredType> element_;  // of arrays
  std::vector<Field> fields_;              // of objects
  std::map<std::string, std::size_t> places_;
  std::unique_ptr<InferredType> values_;  // of maps: of all keys
};

}  // namespace hydrant::detail::parquet
