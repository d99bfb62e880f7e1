// SPDX-License-Identifier: MIT
//
// The language of prefixes: text, and expressions `!{namespace:value}`. Read
// once into a list of parts, which knows what is wrong with each expression.
// Source: Firehose guide, custom prefixes for S3 objects.
#pragma once

#include <hydrant/object/key_escape.hpp>
#include <hydrant/object/time_pattern.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::detail {

/// What stands at one place of a prefix.
struct KeyPart {
  enum class Kind : std::uint8_t {
    text,
    timestamp,
    random_string,
    error_output_type,
    partition_key_from_query,
    partition_key_from_lambda,
    stream,
    version,
    batch_id,
    host,
    pid
  };

  Kind kind = Kind::text;
  /// The text itself, or the partition key's name.
  std::string text;
  TimePattern pattern{std::string_view()};

  bool is_partition_key() const {
    return kind == Kind::partition_key_from_query || kind == Kind::partition_key_from_lambda;
  }
};

/// A prefix, taken apart.
/// Threads: immutable; shared: safe.
class KeyExpression {
 public:
  struct Fault {
    std::string rule;
    std::string expression;
  };

  KeyExpression() = default;

  explicit KeyExpression(std::string_view prefix) {
    while (!prefix.empty()) {
      const std::size_t start = prefix.find("!{");
      if (start != 0) {
        parts_.push_back({KeyPart::Kind::text, std::string(prefix.substr(0, start))});
        prefix.remove_prefix(start == std::string_view::npos ? prefix.size() : start);
        continue;
      }
      const std::size_t end = prefix.find('}');
      has_expressions_ = true;
      if (end == std::string_view::npos) {
        faults_.push_back({"must close every !{ with a }", std::string(prefix)});
        return;
      }
      parse(prefix.substr(2, end - 2));
      prefix.remove_prefix(end + 1);
    }
  }

  const std::vector<KeyPart>& parts() const { return parts_; }

  std::vector<KeyPart>& parts() { return parts_; }

  const std::vector<Fault>& faults() const { return faults_; }

  bool has_expressions() const { return has_expressions_; }

  bool has(KeyPart::Kind kind) const {
    for (const KeyPart& part : parts_) {
      if (part.kind == kind) {
        return true;
      }
    }
    return false;
  }

  bool has_partition_keys() const {
    return has(KeyPart::Kind::partition_key_from_query) ||
           has(KeyPart::Kind::partition_key_from_lambda);
  }

 private:
  using Kind = KeyPart::Kind;

  void parse(std::string_view expression) {
    const std::size_t colon = expression.find(':');
    const std::string_view space = expression.substr(0, colon);
    const std::string_view value =
        colon == std::string_view::npos ? std::string_view() : expression.substr(colon + 1);
    const char* fault = nullptr;
    if (expression.find("!{") != std::string_view::npos) {
      fault = "must have !{ only at the beginning of an expression";
    } else if (space == "timestamp" && !value.empty()) {
      parts_.push_back({Kind::timestamp, {}, TimePattern(value)});
      fault = parts_.back().pattern.fault();
    } else if (space == "partitionKeyFromQuery" && !value.empty()) {
      parts_.push_back({Kind::partition_key_from_query, std::string(value)});
    } else if (space == "partitionKeyFromLambda" && !value.empty()) {
      parts_.push_back({Kind::partition_key_from_lambda, std::string(value)});
    } else if (!parse_name(expression)) {
      fault =
          "must use only the expressions !{timestamp:...}, !{firehose:random-string}, "
          "!{firehose:error-output-type}, !{partitionKeyFromQuery:...}, "
          "!{partitionKeyFromLambda:...} and !{hydrant:...} with stream, version, batch-id, host "
          "or pid";
    }
    if (fault != nullptr) {
      faults_.push_back({fault, "!{" + std::string(expression) + "}"});
    }
  }

  /// Expressions that are one name each.
  bool parse_name(std::string_view expression) {
    struct Name {
      std::string_view name;
      Kind kind;
    };

    constexpr std::array<Name, 7> names{{{"firehose:random-string", Kind::random_string},
                                         {"firehose:error-output-type", Kind::error_output_type},
                                         {"hydrant:stream", Kind::stream},
                                         {"hydrant:version", Kind::version},
                                         {"hydrant:batch-id", Kind::batch_id},
                                         {"hydrant:host", Kind::host},
                                         {"hydrant:pid", Kind::pid}}};
    for (const Name& known : names) {
      if (known.name == expression) {
        parts_.push_back({known.kind, {}});
        return true;
      }
    }
    return false;
  }

  std::vector<KeyPart> parts_;
  std::vector<Fault> faults_;
  bool has_expressions_ = false;
};

}  // namespace hydrant::detail
