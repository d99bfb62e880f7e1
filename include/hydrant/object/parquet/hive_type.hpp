// SPDX-License-Identifier: MIT
//
// Types as Hive and the Glue catalog write them: "array<struct<a:int,b:string>>".
// A table's columns can be taken from a catalog as they stand there.
#pragma once

#include <hydrant/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail::parquet {

enum class HiveKind : std::uint8_t {
  boolean,
  tinyint,
  smallint,
  integer,
  bigint,
  float32,
  float64,
  decimal,
  string,
  binary,
  date,
  timestamp,
  array,
  map,
  structure,
};

constexpr std::string_view to_text(HiveKind kind) {
  constexpr std::string_view names[] = {"boolean", "tinyint",   "smallint", "int",    "bigint",
                                        "float",   "double",    "decimal",  "string", "binary",
                                        "date",    "timestamp", "array",    "map",    "struct"};
  return names[static_cast<std::size_t>(kind)];
}

constexpr bool is_scalar(HiveKind kind) {
  return kind < HiveKind::array;
}

struct HiveField;

/// A type; an array has one field, "element", a map has "key" and "value".
struct HiveType {
  HiveKind kind = HiveKind::string;
  /// Of a decimal.
  int precision = 0;
  int scale = 0;
  std::vector<HiveField> fields;  // no initializer: HiveField is not complete yet
};

struct HiveField {
  std::string name;
  HiveType type;
};

/// Reads a type out of its text.
/// Threads: distinct objects: safe; shared: unsafe.
class HiveTypeParser {
 public:
  /// Source: Glue API, shape ColumnTypeString: at most 131,072 characters.
  static constexpr std::size_t length_max = 131'072;
  static constexpr std::size_t depth_max = 32;

  explicit HiveTypeParser(std::string_view text) : text_(text) {}

  /// Returns: the type, or why the text is none and where.
  Result<HiveType> parse() {
    HiveType type;
    if (text_.size() > length_max) {
      return Failure{"is longer than " + std::to_string(length_max) + " characters"};
    }
    if (parse_type(type, 1)) {
      skip_space();
      if (at_ != text_.size()) {
        fail("nothing may follow the type");
      }
    }
    return fault_.empty() ? Result<HiveType>(std::move(type)) : Failure{fault_};
  }

 private:
  static constexpr int decimal_precision_max = 38;
  static constexpr int length_digits_max = 5;

  bool fail(std::string_view expected) {
    if (fault_.empty()) {
      fault_ = "character " + std::to_string(at_ + 1) + ": " + std::string(expected);
    }
    return false;
  }

  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') {
      ++at_;
    }
  }

  bool take(char character) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != character) {
      return false;
    }
    ++at_;
    return true;
  }

  bool expect(char character) {
    return take(character) || fail(std::string("expected '") + character + "'");
  }

  std::string take_word() {
    skip_space();
    std::string word;
    while (at_ < text_.size() && is_word_character(text_[at_])) {
      const char character = text_[at_++];
      word +=
          character >= 'A' && character <= 'Z' ? static_cast<char>(character | 0x20) : character;
    }
    return word;
  }

  static bool is_word_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_';
  }

  bool parse_type(HiveType& type, std::size_t depth) {
    if (depth > depth_max) {
      return fail("types are nested deeper than " + std::to_string(depth_max));
    }
    const std::string word = take_word();
    if (word == "array") {
      type.kind = HiveKind::array;
      return expect('<') && parse_field(type, "element", depth) && expect('>');
    }
    if (word == "map") {
      type.kind = HiveKind::map;
      return expect('<') && parse_field(type, "key", depth) &&
             (is_scalar(type.fields[0].type.kind) || fail("a map's key must be a scalar")) &&
             expect(',') && parse_field(type, "value", depth) && expect('>');
    }
    if (word == "struct") {
      type.kind = HiveKind::structure;
      return parse_struct(type, depth);
    }
    return parse_scalar(type, word);
  }

  bool parse_field(HiveType& parent, std::string name, std::size_t depth) {
    HiveType type;
    if (!parse_type(type, depth + 1)) {
      return false;
    }
    parent.fields.push_back({std::move(name), std::move(type)});
    return true;
  }

  bool parse_struct(HiveType& type, std::size_t depth) {
    if (!expect('<')) {
      return false;
    }
    do {
      std::string name;
      if (!parse_name(name) || !expect(':') || !parse_field(type, std::move(name), depth)) {
        return false;
      }
    } while (take(','));
    return expect('>');
  }

  /// A field's name: everything up to the colon, or in backticks, doubled where they are part of
  /// it.
  bool parse_name(std::string& name) {
    if (take('`')) {
      while (at_ < text_.size()) {
        const char character = text_[at_++];
        if (character == '`' && (at_ == text_.size() || text_[at_] != '`')) {
          return !name.empty() || fail("a field needs a name");
        }
        at_ += character == '`' ? 1 : 0;
        name += character;
      }
      return fail("expected '`'");
    }
    constexpr std::string_view ends = ":,<>` ";
    skip_space();
    while (at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos) {
      name += text_[at_++];
    }
    return !name.empty() || fail("a field needs a name");
  }

  bool parse_scalar(HiveType& type, const std::string& word) {
    constexpr std::pair<std::string_view, HiveKind> words[] = {
        {"boolean", HiveKind::boolean},   {"tinyint", HiveKind::tinyint},
        {"smallint", HiveKind::smallint}, {"int", HiveKind::integer},
        {"integer", HiveKind::integer},   {"bigint", HiveKind::bigint},
        {"float", HiveKind::float32},     {"real", HiveKind::float32},
        {"double", HiveKind::float64},    {"decimal", HiveKind::decimal},
        {"string", HiveKind::string},     {"varchar", HiveKind::string},
        {"char", HiveKind::string},       {"binary", HiveKind::binary},
        {"date", HiveKind::date},         {"timestamp", HiveKind::timestamp},
    };
    for (const auto& [name, kind] : words) {
      if (word == name) {
        type.kind = kind;
        return kind == HiveKind::decimal ? parse_decimal(type)
                                         : word.find("char") == std::string::npos || parse_length();
      }
    }
    return fail("expected a type such as bigint, string, timestamp, array<...>");
  }

  /// Hive's own defaults are decimal(10,0).
  bool parse_decimal(HiveType& type) {
    type.precision = 10;
    if (!take('(')) {
      return true;
    }
    if (!parse_number(type.precision) || (take(',') && !parse_number(type.scale)) || !expect(')')) {
      return false;
    }
    if (type.precision < 1 || type.precision > decimal_precision_max) {
      return fail("a decimal's precision must be within [1, 38]");
    }
    return type.scale <= type.precision || fail("a decimal's scale must be at most its precision");
  }

  /// The length of a varchar or char is read, and not kept to: text is never cut.
  bool parse_length() {
    int length = 0;
    if (!expect('(') || !parse_number(length) || !expect(')')) {
      return false;
    }
    return length >= 1 || fail("a length must be at least 1");
  }

  bool parse_number(int& number) {
    skip_space();
    number = 0;
    int digits = 0;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      if (++digits > length_digits_max) {
        return fail("the number is too long");
      }
      number = number * 10 + (text_[at_++] - '0');
    }
    return digits != 0 || fail("expected a number");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string fault_;
};

/// Appends a field's name, in backticks where it would end too early without them.
inline void append_field_name(std::string& out, std::string_view name) {
  if (!name.empty() && name.find_first_of(":,<>` ") == std::string_view::npos) {
    out += name;
    return;
  }
  out += '`';
  for (const char character : name) {
    out.append(character == '`' ? 2 : 1, character);
  }
  out += '`';
}

/// Appends a type as text that `HiveTypeParser` reads back.
inline void append_hive_type(std::string& out, const HiveType& type) {
  out += to_text(type.kind);
  if (type.kind == HiveKind::decimal) {
    out += "(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
  }
  if (is_scalar(type.kind)) {
    return;
  }
  char separator = '<';
  for (const HiveField& field : type.fields) {
    out += separator;
    separator = ',';
    if (type.kind == HiveKind::structure) {
      append_field_name(out, field.name);
      out += ':';
    }
    append_hive_type(out, field.type);
  }
  out += '>';
}

}  // namespace hydrant::detail::parquet
