// SPDX-License-Identifier: MIT
//
// One JSON scalar becomes a value of a column, or does not: strings are read as
// numbers where a number is due, and numbers are taken as text where text is.
#pragma once

#include <hydrant/core/json_tokens.hpp>
#include <hydrant/object/parquet/column_writer.hpp>
#include <hydrant/object/parquet/json_number.hpp>
#include <hydrant/object/parquet/moment.hpp>
#include <hydrant/object/parquet/schema.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::detail::parquet {

/// What became of a scalar.
struct ScalarOutcome {
  bool is_good = true;
  /// Why not; empty when it is no JSON at all.
  std::string_view found{};
};

/// Takes one value in place of a column: bytes that are the same for equal values.
/// Threads: distinct objects: safe; shared: unsafe.
class ValueBytes {
 public:
  ValueBytes(const ParquetLeaf& leaf, std::string& bytes) : leaf_(&leaf), bytes_(&bytes) {}

  const ParquetLeaf& leaf() const { return *leaf_; }

  template <class T>
  void append_number(std::uint8_t, T value) {
    value = value == T{} ? T{} : value;  // -0 is 0
    bytes_->assign(reinterpret_cast<const char*>(&value), sizeof(value));
  }

  void append_bytes(std::uint8_t, std::string_view bytes) { bytes_->assign(bytes); }

 private:
  const ParquetLeaf* leaf_;
  std::string* bytes_;
};

/// Puts scalars into columns.
/// Threads: distinct objects: safe; shared: unsafe.
class ScalarConverter {
 public:
  ScalarConverter(ParquetTimestampUnit unit, std::vector<ColumnWriter>& columns)
      : unit_(unit), columns_(&columns) {}

  /// A token that is neither null nor the beginning of an object or an array.
  ScalarOutcome convert(const ParquetNode& node, std::uint8_t repetition, std::string_view token) {
    if (token[0] != '"') {
      return convert_bare(node, repetition, token);
    }
    if (token.size() < 2 || token.back() != '"') {
      return {false, {}};
    }
    std::string_view text = token.substr(1, token.size() - 2);
    if (!text.empty() && std::memchr(text.data(), '\\', text.size()) != nullptr) {
      text_.clear();
      if (!append_unescaped(text_, text)) {
        return {false, {}};
      }
      text = text_;
    }
    return convert_text(node, repetition, text);
  }

  /// What a string says.
  ScalarOutcome convert_text(const ParquetNode& node, std::uint8_t repetition,
                             std::string_view text) {
    return append_text(node, (*columns_)[node.first_leaf], repetition, text);
  }

  /// Makes `bytes` those of the value that a string says, the same for equal values.
  /// Returns: whether it says one.
  bool value_of(const ParquetNode& node, std::string_view text, std::string& bytes) const {
    ValueBytes value((*columns_)[node.first_leaf].leaf(), bytes);
    return append_text(node, value, 0, text).is_good;
  }

 private:
  template <class Column>
  ScalarOutcome append_text(const ParquetNode& node, Column& column, std::uint8_t repetition,
                            std::string_view text) const {
    switch (node.kind) {
      case HiveKind::string:
      case HiveKind::binary:
        column.append_bytes(repetition, text);
        return {};
      case HiveKind::boolean:
        return append_boolean(column, repetition, text);
      case HiveKind::date:
        if (const std::optional<std::int32_t> day = read_date(trimmed(text))) {
          column.append_number(repetition, *day);
          return {};
        }
        return {false, "found a string that is no date"};
      case HiveKind::timestamp:
        return append_timestamp(column, repetition, trimmed(text), true);
      default:
        return append_number(node, column, repetition, trimmed(text), true);
    }
  }

  /// A number, `true` or `false`.
  ScalarOutcome convert_bare(const ParquetNode& node, std::uint8_t repetition,
                             std::string_view token) {
    ColumnWriter& column = (*columns_)[node.first_leaf];
    const bool is_boolean = token == "true" || token == "false";
    if (!is_boolean && !is_json_number(token)) {
      return {false, {}};
    }
    switch (node.kind) {
      case HiveKind::string:
      case HiveKind::binary:
        column.append_bytes(repetition, token);
        return {};
      case HiveKind::boolean:
        if (is_boolean) {
          column.append_number(repetition, static_cast<std::uint8_t>(token == "true"));
          return {};
        }
        return {false, "found a number"};
      case HiveKind::date:
        return {false, is_boolean ? "found a boolean" : "found a number"};
      case HiveKind::timestamp:
        if (!is_boolean) {
          return append_timestamp(column, repetition, token, false);
        }
        break;
      default:
        if (!is_boolean) {
          return append_number(node, column, repetition, token, false);
        }
    }
    return {false, "found a boolean"};
  }

  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_json_space(text.front())) {
      text.remove_prefix(1);
    }
    while (!text.empty() && is_json_space(text.back())) {
      text.remove_suffix(1);
    }
    return text;
  }

  static ScalarOutcome append_boolean(auto& column, std::uint8_t repetition,
                                      std::string_view text) {
    const auto is = [&](std::string_view word) {
      bool equal = text.size() == word.size();
      for (std::size_t at = 0; equal && at < word.size(); ++at) {
        equal = (text[at] | 0x20) == word[at];
      }
      return equal;
    };
    if (!is("true") && !is("false")) {
      return {false, "found a string that is neither true nor false"};
    }
    column.append_number(repetition, static_cast<std::uint8_t>(text.size() == 4));
    return {};
  }

  ScalarOutcome append_timestamp(auto& column, std::uint8_t repetition, std::string_view text,
                                 bool is_string) const {
    std::int64_t value = 0;
    const NumberFault fault =
        is_string ? read_timestamp(text, unit_, value) : read_epoch(text, unit_, value);
    if (fault == NumberFault::none) {
      column.append_number(repetition, value);
      return {};
    }
    return {false, fault == NumberFault::out_of_range ? "found an instant out of range"
                                                      : "found a string that is no timestamp"};
  }

  static ScalarOutcome outcome_of(NumberFault fault, bool is_string) {
    switch (fault) {
      case NumberFault::none:
        return {};
      case NumberFault::no_number:
        return {false, "found a string that is no number"};
      case NumberFault::no_integer:
        return {false, is_string ? "found a string that is no integer" : "found a fraction"};
      case NumberFault::out_of_range:
        break;
    }
    return {false, "found a number out of range"};
  }

  static ScalarOutcome append_number(const ParquetNode& node, auto& column, std::uint8_t repetition,
                                     std::string_view text, bool is_string) {
    switch (node.kind) {
      case HiveKind::tinyint:
        return append_integer<std::int32_t, std::int8_t>(column, repetition, text, is_string);
      case HiveKind::smallint:
        return append_integer<std::int32_t, std::int16_t>(column, repetition, text, is_string);
      case HiveKind::integer:
        return append_integer<std::int32_t, std::int32_t>(column, repetition, text, is_string);
      case HiveKind::bigint:
        return append_integer<std::int64_t, std::int64_t>(column, repetition, text, is_string);
      case HiveKind::float32:
        return append_float<float>(column, repetition, text, is_string);
      case HiveKind::float64:
        return append_float<double>(column, repetition, text, is_string);
      default:
        return append_decimal(node, column, repetition, text, is_string);
    }
  }

  template <class Stored, class Range>
  static ScalarOutcome append_integer(auto& column, std::uint8_t repetition, std::string_view text,
                                      bool is_string) {
    std::int64_t value = 0;
    const NumberFault fault = read_integer(text, std::numeric_limits<Range>::min(),
                                           std::numeric_limits<Range>::max(), value);
    if (fault == NumberFault::none) {
      column.append_number(repetition, static_cast<Stored>(value));
    }
    return outcome_of(fault, is_string);
  }

  template <class T>
  static ScalarOutcome append_float(auto& column, std::uint8_t repetition, std::string_view text,
                                    bool is_string) {
    T value{};
    const NumberFault fault = read_float(text, value);
    if (fault == NumberFault::none) {
      column.append_number(repetition, value);
    }
    return outcome_of(fault, is_string);
  }

  static ScalarOutcome append_decimal(const ParquetNode& node, auto& column,
                                      std::uint8_t repetition, std::string_view text,
                                      bool is_string) {
    Int128 value = 0;
    const NumberFault fault = read_decimal(text, node.precision, node.scale, value);
    if (fault != NumberFault::none) {
      return outcome_of(fault, is_string);
    }
    switch (column.leaf().physical) {
      case ParquetPhysical::int32:
        column.append_number(repetition, static_cast<std::int32_t>(value));
        break;
      case ParquetPhysical::int64:
        column.append_number(repetition, static_cast<std::int64_t>(value));
        break;
      default:
        char bytes[sizeof(Int128)];
        const std::size_t width = column.leaf().width;
        for (std::size_t at = width; at-- != 0;) {
          bytes[at] = static_cast<char>(value & 0xff);
          value >>= 8;
        }
        column.append_bytes(repetition, {bytes, width});
    }
    return {};
  }

  ParquetTimestampUnit unit_;
  std::vector<ColumnWriter>* columns_;
  std::string text_;
};

}  // namespace hydrant::detail::parquet
