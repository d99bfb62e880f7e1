// SPDX-License-Identifier: MIT
//
// The keys of a partition from the fields of JSON records, for the usual case in
// which Firehose's jq query only picks fields: one walk over the record, without
// a copy of it, finds them all.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/core/json_tokens.hpp>
#include <hydrant/core/partition.hpp>
#include <hydrant/transform/jq_number.hpp>
#include <hydrant/transform/json_pointer.hpp>
#include <hydrant/transform/transform.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// One key of a partition, and where in a record its value is.
/// Threads: a plain value; copies are independent.
struct JsonPartitionKey {
  /// Range: 1 to 128 bytes.
  std::string name{};

  /// A JSON pointer (RFC 6901), such as "/customer/id"; "/a~1b" means the field `a/b`, "/0" also
  /// the first of an array. Range: up to 1,024 bytes.
  std::string pointer{};
};

/// What `json_partition_keys` makes.
/// Threads: distinct objects: safe; shared: unsafe.
class JsonPartitionKeys {
 public:
  static constexpr std::size_t pointer_bytes_max = 1024;

  /// Errors: throws OptionsError.
  explicit JsonPartitionKeys(std::vector<JsonPartitionKey> keys) : keys_(std::move(keys)) {
    OptionErrors errors;
    validate(errors);
    if (!errors.empty()) {
      throw OptionsError("json_partition_keys", std::move(errors));
    }
    found_.resize(keys_.size());
  }

  Outcome operator()(const RecordView& record, PartitionKeys& keys) {
    for (Value& value : found_) {
      value.kind = Kind::missing;
    }
    if (!tokens_.begin(record.text()) || !walk(0, 1)) {
      return refuse("partitionKeys cannot be extracted: the record is not JSON");
    }
    if (!tokens_.at_end()) {
      return refuse(tokens_.skip_value()
                        ? "partitionKeys cannot be extracted: the record is more than one JSON "
                          "value (deaggregate_json makes records of them)"
                        : "partitionKeys cannot be extracted: the record is not JSON");
    }
    for (std::size_t at = 0; at < keys_.size(); ++at) {
      if (const char* const fault = fault_of(found_[at]); fault != nullptr) {
        return refuse(std::string(rule_of(found_[at])) + ": \"" + keys_[at].name + "\" at \"" +
                      keys_[at].pointer + "\" " + fault);
      }
      keys.set(keys_[at].name, found_[at].text);
    }
    return Outcome::ok();
  }

  std::vector<std::string> partition_keys() const {
    std::vector<std::string> names;
    for (const JsonPartitionKey& key : keys_) {
      names.push_back(key.name);
    }
    return names;
  }

 private:
  enum class Kind : std::uint8_t { missing, null, object, array, out_of_range, too_long, text };

  struct Value {
    Kind kind = Kind::missing;
    std::string text{};
  };

  /// A value that pointers lead to or through. The first is the record itself.
  struct Node {
    std::string name{};
    std::optional<std::size_t> index{};
    std::vector<std::size_t> children{};
    /// The keys whose value this is; those that are anywhere within.
    std::vector<std::size_t> keys{};
    std::vector<std::size_t> keys_within{};
  };

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  /// So long may an escape be that stands for one byte: a longer string has a longer text.
  static constexpr std::size_t escape_size_max = 6;

  void validate(OptionErrors& errors) {
    errors.check(!keys_.empty() && keys_.size() <= PartitionKeys::count_max, "json_partition_keys",
                 "must be 1 to 50 keys", std::to_string(keys_.size()));
    nodes_.emplace_back();
    for (std::size_t at = 0; at < keys_.size(); ++at) {
      const JsonPartitionKey& key = keys_[at];
      const std::string field = "json_partition_keys[" + std::to_string(at) + "].";
      errors.check(!key.name.empty() && key.name.size() <= PartitionKeys::name_bytes_max,
                   field + "name", "must be 1 to 128 bytes long",
                   std::to_string(key.name.size()) + " bytes");
      bool is_repeated = false;
      for (std::size_t before = 0; before < at; ++before) {
        is_repeated = is_repeated || keys_[before].name == key.name;
      }
      errors.check(!is_repeated, field + "name", "must differ from those before it",
                   "\"" + key.name + "\"");
      const auto names = read_pointer(key.pointer);
      errors.check(names.has_value(), field + "pointer",
                   "must be a JSON pointer of at most 1024 bytes, such as \"/customer/id\"",
                   key.pointer.size() > pointer_bytes_max
                       ? std::to_string(key.pointer.size()) + " bytes"
                       : "\"" + key.pointer + "\"");
      errors.check(!names || add(*names, at), field + "pointer",
                   "must not lead through another key's value, nor to what another leads through",
                   "\"" + key.pointer + "\"");
    }
  }

  static std::optional<std::vector<std::string>> read_pointer(std::string_view pointer) {
    return pointer.size() <= pointer_bytes_max ? detail::read_json_pointer(pointer) : std::nullopt;
  }

  /// Returns: false where a key would need a value to be a text and an object at once.
  bool add(const std::vector<std::string>& names, std::size_t key) {
    std::size_t at = 0;
    bool fits = true;
    for (const std::string& name : names) {
      fits = fits && nodes_[at].keys.empty();
      nodes_[at].keys_within.push_back(key);
      std::size_t child = none;
      for (const std::size_t candidate : nodes_[at].children) {
        child = nodes_[candidate].name == name ? candidate : child;
      }
      if (child == none) {
        child = nodes_.size();
        nodes_[at].children.push_back(child);
        nodes_.push_back({.name = name, .index = detail::array_index(name)});
      }
      at = child;
    }
    nodes_[at].keys.push_back(key);
    return fits && nodes_[at].children.empty();
  }

  /// Passes over the value that comes next, which is that of `node`, and keeps what is wanted of
  /// it. Returns: false when it is no JSON.
  bool walk(std::size_t node, std::size_t depth) {
    const char first = tokens_.peek();
    if (!nodes_[node].keys.empty()) {
      return keep(nodes_[node], first, depth);
    }
    if (first == '{' || first == '[') {
      // No deeper than the pointers are long.
      return walk_members(nodes_[node], first, depth);
    }
    return tokens_.skip_value(depth);
  }

  bool walk_members(const Node& node, char open, std::size_t depth) {
    const bool is_object = open == '{';
    const char close = is_object ? '}' : ']';
    bool is_broken = false;
    tokens_.take(open);
    if (tokens_.take(close)) {
      return true;
    }
    std::size_t index = 0;
    do {
      std::size_t child = none;
      if (is_object) {
        std::string_view key;
        if (!tokens_.take_key(key) || !find(node, key, child)) {
          return false;
        }
      } else {
        child = find(node, index++);
      }
      if (child != none) {
        // Of several members of one name the last counts, and with it nothing of those before.
        for (const std::size_t within : nodes_[child].keys_within) {
          found_[within].kind = Kind::missing;
        }
      }
      if (!(child != none ? walk(child, depth + 1) : tokens_.skip_value(depth + 1))) {
        return false;
      }
    } while (tokens_.take_comma(close, is_broken));
    return !is_broken;
  }

  /// Returns: false at an escape that there is not.
  bool find(const Node& node, std::string_view raw, std::size_t& child) {
    if (raw.find('\\') != std::string_view::npos) {
      scratch_.clear();
      if (!detail::append_unescaped(scratch_, raw)) {
        return false;
      }
      raw = scratch_;
    }
    for (const std::size_t candidate : node.children) {
      if (nodes_[candidate].name == raw) {
        child = candidate;
      }
    }
    return true;
  }

  std::size_t find(const Node& node, std::size_t index) const {
    for (const std::size_t candidate : node.children) {
      if (nodes_[candidate].index == index) {
        return candidate;
      }
    }
    return none;
  }

  bool keep(const Node& node, char first, std::size_t depth) {
    Value& value = found_[node.keys[0]];
    value.text.clear();
    if (first == '"') {
      if (!keep_string(value, depth)) {
        return false;
      }
    } else if (first == '{' || first == '[') {
      value.kind = first == '{' ? Kind::object : Kind::array;
      if (!tokens_.skip_value(depth)) {
        return false;
      }
    } else if (tokens_.at_end() || !keep_word(value, tokens_.take_token())) {
      return false;
    }
    for (const std::size_t key : node.keys) {
      if (key != node.keys[0]) {
        found_[key] = value;
      }
    }
    return true;
  }

  bool keep_string(Value& value, std::size_t depth) {
    const std::uint32_t* const begin = tokens_.place();
    std::string_view raw;
    if (!tokens_.take_string(raw)) {
      return false;
    }
    if (raw.size() > escape_size_max * PartitionKeys::value_bytes_max) {
      value.kind = Kind::too_long;
      tokens_.go_back(begin);
      return tokens_.skip_value(depth);
    }
    value.kind = Kind::text;
    return detail::append_unescaped(value.text, raw);
  }

  static bool keep_word(Value& value, std::string_view token) {
    if (token == "null") {
      value.kind = Kind::null;
      return true;
    }
    if (token == "true" || token == "false") {
      value.kind = Kind::text;
      value.text = token;
      return true;
    }
    if (!detail::is_json_number(token)) {
      return false;
    }
    const bool is_too_long =
        detail::is_plain_integer(token) && token.size() > PartitionKeys::value_bytes_max;
    value.kind = is_too_long                                   ? Kind::too_long
                 : detail::append_jq_number(value.text, token) ? Kind::text
                                                               : Kind::out_of_range;
    return true;
  }

  static const char* fault_of(const Value& value) {
    switch (value.kind) {
      case Kind::missing:
        return "is missing";
      case Kind::null:
        return "is null";
      case Kind::object:
        return "is an object";
      case Kind::array:
        return "is an array";
      case Kind::out_of_range:
        return "is a number that no double holds";
      case Kind::too_long:
        return "is longer";
      case Kind::text:
        break;
    }
    return value.text.empty()                                   ? "is empty"
           : value.text.size() > PartitionKeys::value_bytes_max ? "is longer"
                                                                : nullptr;
  }

  static std::string_view rule_of(const Value& value) {
    switch (value.kind) {
      case Kind::object:
      case Kind::array:
      case Kind::out_of_range:
        return "partitionKeys values must be strings, numbers or booleans";
      case Kind::missing:
      case Kind::null:
        return "partitionKeys values must not be null or empty";
      case Kind::too_long:
      case Kind::text:
        break;
    }
    return value.kind == Kind::text && value.text.empty()
               ? "partitionKeys values must not be null or empty"
               : "partitionKeys values must be at most 1024 bytes";
  }

  static Outcome refuse(std::string reason) {
    return Outcome::failed(std::move(reason), std::string(PartitionKeys::extraction_failed));
  }

  std::vector<JsonPartitionKey> keys_;
  std::vector<Node> nodes_;
  std::vector<Value> found_;
  detail::JsonTokens tokens_;
  std::string scratch_;
};

/// Partitions by fields of records that are JSON, each of which a JSON pointer names.
///
/// @code
/// hydrant::partition_by(hydrant::json_partition_keys({{"customer", "/customer/id"},
///                                                     {"year", "/ts/year"}}))
/// @endcode
///
/// Strings give their text, numbers and booleans what jq's `tostring` makes of them (integers of
/// any size unrounded). A record that is not exactly one JSON value, one that lacks a key, and one
/// whose key is null, empty, an object, an array, or longer than 1,024 bytes, goes to the error
/// output with DynamicPartitioning.MetadataExtractionFailed. Of members that are there twice, the
/// last counts, as with jq.
/// Errors: throws OptionsError when a pointer is none, a name comes twice, or there is no key.
/// Source: Firehose guide, dynamic partitioning, inline parsing.
inline JsonPartitionKeys json_partition_keys(std::vector<JsonPartitionKey> keys) {
  return JsonPartitionKeys(std::move(keys));
}

}  // namespace hydrant
