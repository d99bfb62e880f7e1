// SPDX-License-Identifier: MIT
//
// Writes records as a Parquet file in memory, and random schemas with records
// whose rows are known beforehand.
#pragma once

#include <hydrant/object/parquet.hpp>
#include <hydrant/testing/batch_builder.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "row_text.hpp"

namespace hydrant::tests {

struct WrittenFile {
  std::string bytes;
  /// Why there is none.
  std::string failure;
  std::vector<RecordFailure> left_out;
};

inline WrittenFile write_parquet(const Parquet& format, const std::vector<std::string>& records) {
  testing::BatchBuilder builder;
  for (std::size_t at = 0; at < records.size(); at += 100) {
    const auto begin = records.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min<std::size_t>(100, records.size() - at);
    builder.page({begin, begin + static_cast<std::ptrdiff_t>(count)});
  }
  WrittenFile written;
  const auto out = [&](std::span<const std::byte> piece) -> Status {
    written.bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return success();
  };
  const Status status = format.write(builder.batch(), out, written.left_out);
  written.failure = status ? std::string() : status.failure().message;
  return written;
}

/// Draws schemas, and records with the rows that they must become.
class ParquetDraw {
 public:
  explicit ParquetDraw(std::uint64_t seed) : dice_(seed) {}

  struct Type {
    std::string text;
    std::vector<Type> parts{};
  };

  struct Value {
    std::string json;
    std::string row;
  };

  std::uint64_t below(std::uint64_t end) { return dice_() % end; }

  std::vector<ParquetColumn> columns() {
    types_.clear();
    kinds_ = 1 + below(60);
    std::vector<ParquetColumn> columns;
    for (std::uint64_t i = 1 + below(5); i > 0; --i) {
      types_.push_back(type(0));
      columns.push_back({"c" + std::to_string(types_.size()), types_.back().text});
    }
    return columns;
  }

  /// A record of the columns drawn last: what is missing there is null here.
  Value record() {
    Value record{"{", "{"};
    for (std::size_t i = 0; i < types_.size(); ++i) {
      const std::string name = "\"c" + std::to_string(i + 1) + "\":";
      const bool is_missing = below(9) == 0;
      const Value value = is_missing ? Value{"", "null"} : this->value(types_[i]);
      if (!is_missing) {
        record.json += (record.json.size() == 1 ? "" : ",") + name + value.json;
      }
      record.row += (i == 0 ? "" : ",") + name + value.row;
    }
    record.json += "}";
    record.row += "}";
    return record;
  }

 private:
  Type type(unsigned depth) {
    static const std::vector<std::string> scalars{
        "string", "int",  "bigint",    "double",       "boolean",       "binary",        "smallint",
        "float",  "date", "timestamp", "decimal(9,2)", "decimal(18,0)", "decimal(38,10)"};
    if (depth == 3 || below(5) < 3) {
      return {scalars[below(scalars.size())]};
    }
    if (below(3) == 0) {
      Type element = type(depth + 1);
      std::string text = "array<" + element.text + ">";
      return {std::move(text), {std::move(element)}};
    }
    if (below(2) == 0) {
      Type entry = type(depth + 1);
      std::string text = "map<string," + entry.text + ">";
      return {std::move(text), {std::move(entry)}};
    }
    Type all{"struct<"};
    for (std::uint64_t count = 1 + below(3); count > 0; --count) {
      all.parts.push_back(type(depth + 1));
      all.text += (all.parts.size() == 1 ? "f" : ",f") + std::to_string(all.parts.size()) + ":" +
                  all.parts.back().text;
    }
    all.text += ">";
    return all;
  }

  Value value(const Type& type) {
    if (below(9) == 0) {
      return {"null", "null"};
    }
    return type.parts.empty() ? scalar(type.text) : nested(type);
  }

  Value nested(const Type& type) {
    const bool is_struct = type.text.starts_with("struct");
    const bool is_map = type.text.starts_with("map");
    Value all;
    const std::uint64_t count = is_struct ? type.parts.size() : below(4);
    for (std::uint64_t i = 1; i <= count; ++i) {
      const Value one = value(type.parts[is_struct ? i - 1 : 0]);
      const std::string name = (is_struct ? "\"f" : "\"k") + std::to_string(i) + "\"";
      const std::string separator = i == 1 ? "" : ",";
      all.json += separator + (is_struct || is_map ? name + ":" : "") + one.json;
      all.row += separator + (is_struct ? name + ":" + one.row
                              : is_map  ? "[" + name + "," + one.row + "]"
                                        : one.row);
    }
    if (is_struct) {
      return {"{" + all.json + "}", "{" + all.row + "}"};
    }
    return {is_map ? "{" + all.json + "}" : "[" + all.json + "]", "[" + all.row + "]"};
  }

  static Value same(std::string text) { return {text, text}; }

  /// About `kinds_` different ones, or any.
  std::int64_t number(unsigned bits) {
    const std::uint64_t any = dice_();
    if (below(3) != 0) {
      return static_cast<std::int64_t>(any % kinds_);
    }
    return static_cast<std::int64_t>(any) >> (64 - bits);
  }

  Value scalar(const std::string& type) {
    if (type == "string" || type == "binary") {
      return text();
    }
    if (type == "boolean") {
      return same(below(4) == 0 ? "true" : "false");
    }
    if (type == "date") {
      const auto day = static_cast<int>(number(5) & 15);
      return {"\"1970-1-" + std::to_string(day + 1) + "\"", std::to_string(day)};
    }
    if (type == "timestamp") {
      const std::int64_t second = number(38);
      return {std::to_string(second), std::to_string(second * 1'000'000)};
    }
    if (type == "double" || type == "float") {
      const std::int64_t quarters = number(20);
      char text[32];
      const auto end = std::to_chars(text, text + sizeof(text), static_cast<double>(quarters) / 4,
                                     std::chars_format::fixed)
                           .ptr;
      std::string row(text, end);
      return {row, plain_float(static_cast<double>(quarters) / 4, type == "float")};
    }
    if (type.starts_with("decimal")) {
      return decimal(type);
    }
    return same(std::to_string(number(type == "smallint" ? 16 : type == "int" ? 32 : 64)));
  }

  static std::string plain_float(double value, bool is_narrow) {
    char text[40];
    return is_narrow
               ? std::string(
                     text, std::to_chars(text, text + sizeof(text), static_cast<float>(value)).ptr)
               : std::string(text, std::to_chars(text, text + sizeof(text), value).ptr);
  }

  Value decimal(const std::string& type) {
    const auto scale = static_cast<std::size_t>(std::stoi(type.substr(type.find(',') + 1)));
    std::string digits = std::to_string(number(type.starts_with("decimal(9") ? 29 : 58));
    const bool is_negative = digits[0] == '-';
    digits.erase(0, is_negative ? 1 : 0);
    if (scale != 0) {
      digits.insert(0, digits.size() <= scale ? scale + 1 - digits.size() : 0, '0');
      digits.insert(digits.size() - scale, ".");
    }
    return same((is_negative ? "-" : "") + digits);
  }

  Value text() {
    static const std::vector<Value> pieces{{"a", "a"},
                                           {"bc", "bc"},
                                           {"\\n", "\\n"},
                                           {"\\\"", "\\\""},
                                           {"\\\\", "\\\\"},
                                           {"\\u00e9", "\xc3\xa9"},
                                           {"\xc3\xa9", "\xc3\xa9"},
                                           {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"}};
    Value text{"\"", "\""};
    if (below(3) != 0) {
      text.json += std::to_string(below(kinds_));
      text.row = text.json;
    } else {
      for (std::uint64_t i = below(below(30) == 0 ? 90 : 12); i > 0; --i) {
        const Value& piece = pieces[below(pieces.size())];
        text.json += piece.json;
        text.row += piece.row;
      }
    }
    return {text.json + "\"", text.row + "\""};
  }

  std::mt19937_64 dice_;
  std::vector<Type> types_;
  std::uint64_t kinds_ = 1;
};

}  // namespace hydrant::tests
