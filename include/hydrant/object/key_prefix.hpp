// SPDX-License-Identifier: MIT
//
// A prefix evaluated: what its expressions stand for in the key of one batch,
// and how values that are too long together are made to fit.
#pragma once

#include <hydrant/core/batch.hpp>
#include <hydrant/core/limits.hpp>
#include <hydrant/core/uuid.hpp>
#include <hydrant/object/key_expression.hpp>
#include <hydrant/object/local_time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant::detail {

/// 11 letters and digits that look random and are the same for the same batch and place.
inline void append_random_string(std::string& out, std::string_view id, std::uint64_t instance) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::uint64_t state = instance;
  for (const char c : id) {
    state = mix64(state ^ static_cast<unsigned char>(c));
  }
  for (int i = 0; i < 11; ++i) {
    state = mix64(state);
    out += alphabet[state % alphabet.size()];
  }
}

/// Threads: immutable; shared: safe.
class KeyPrefix {
 public:
  KeyPrefix() = default;

  explicit KeyPrefix(KeyExpression expression) : expression_(std::move(expression)) {}

  const KeyExpression& expression() const { return expression_; }

  /// At most `limits::prefix_evaluated_bytes_max` bytes: values that would make it longer are cut
  /// to the same length, as long as possible, each with its digest at the end. Where there are too
  /// many even for that, the digest of them all stands behind the text before the first of them.
  std::string evaluate(const BatchInfo& batch, const LocalTime& time) const {
    std::string prefix = evaluate(batch, time, key_value_bytes_max);
    if (prefix.size() <= limits::prefix_evaluated_bytes_max) {
      return prefix;
    }
    std::size_t fitting = key_cut_bytes - 1;
    std::size_t too_long = key_value_bytes_max;
    std::string best;
    while (fitting + 1 < too_long) {
      const std::size_t middle = (fitting + too_long) / 2;
      std::string shorter = evaluate(batch, time, middle);
      if (shorter.size() <= limits::prefix_evaluated_bytes_max) {
        fitting = middle;
        best = std::move(shorter);
      } else {
        too_long = middle;
      }
    }
    return best.empty() ? front_text() + std::string(key_cut_mark) + hex_digest(prefix) + "/"
                        : best;
  }

  /// As written, however long it is.
  std::string evaluate(const BatchInfo& batch, const LocalTime& time,
                       std::size_t value_bytes_max) const {
    std::string prefix;
    std::uint64_t instance = 0;
    for (const KeyPart& part : expression_.parts()) {
      switch (part.kind) {
        case KeyPart::Kind::timestamp:
          part.pattern.append_to(prefix, time);
          break;
        case KeyPart::Kind::random_string:
          append_random_string(prefix, batch.request_id, ++instance);
          break;
        case KeyPart::Kind::version:
          prefix += std::to_string(batch.version);
          break;
        case KeyPart::Kind::text:
          prefix += part.text;
          break;
        default:
          append_key_value(prefix, value_of(part, batch), value_bytes_max);
      }
    }
    return prefix;
  }

 private:
  static std::string_view value_of(const KeyPart& part, const BatchInfo& batch) {
    switch (part.kind) {
      case KeyPart::Kind::error_output_type:
        return batch.error_output_type;
      case KeyPart::Kind::stream:
        return batch.stream;
      case KeyPart::Kind::batch_id:
        return batch.request_id;
      case KeyPart::Kind::partition_key_from_query:
      case KeyPart::Kind::partition_key_from_lambda:
        for (const PartitionKey& key : batch.partition_keys) {
          if (key.name == part.text) {
            return key.value;
          }
        }
        return {};
      default:
        return part.text;  // of the process, known since construction
    }
  }

  /// The folders before the first expression, as far as there is room.
  std::string front_text() const {
    const std::string& text = expression_.parts().front().text;
    const bool is_text = expression_.parts().front().kind == KeyPart::Kind::text;
    const std::size_t slash = is_text ? text.rfind('/') : std::string::npos;
    const std::size_t size = slash == std::string::npos ? 0 : slash + 1;
    return size + key_cut_bytes + 1 <= limits::prefix_evaluated_bytes_max ? text.substr(0, size)
                                                                          : std::string();
  }

  KeyExpression expression_;
};

}  // namespace hydrant::detail
