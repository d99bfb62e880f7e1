// SPDX-License-Identifier: MIT
//
// The columns of a Parquet file, as a user names them, and the tree that is
// made of them: which values it has, and at which levels they lie (Dremel's
// definition and repetition levels).
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/object/parquet/hive_type.hpp>
#include <hydrant/object/parquet/utf8_text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// A column: its name, and its type as Hive and the Glue catalog write it.
///
/// @code
/// hydrant::ParquetColumn{"client", "struct<ip:string,ports:array<int>>"}
/// @endcode
///
/// Types: boolean, tinyint, smallint, int, bigint, float, double, decimal(p,s), string, varchar(n),
/// char(n), binary, date, timestamp, array<T>, map<K,V>, struct<name:T,...>; a name that contains
/// one of `:,<>` or a blank stands in backticks. The n of varchar and char is not kept to.
///
/// Threads: a plain value; copies are independent.
struct ParquetColumn {
  std::string name;
  std::string type = "string";

  friend bool operator==(const ParquetColumn&, const ParquetColumn&) = default;
};

/// What a timestamp counts.
enum class ParquetTimestampUnit : std::uint8_t { milliseconds, microseconds, nanoseconds };

namespace detail::parquet {

/// How values lie in the file, by the format's own numbers.
enum class ParquetPhysical : std::uint8_t {
  boolean = 0,
  int32 = 1,
  int64 = 2,
  float32 = 4,
  float64 = 5,
  bytes = 6,
  fixed = 7,
};

/// A column, or a part of one.
struct ParquetNode {
  std::string name{};
  HiveKind kind = HiveKind::structure;
  int precision = 0;
  int scale = 0;
  /// Only the keys of maps are; everything else may be null.
  bool required = false;
  /// The definition level at which there is a value.
  std::uint8_t definition = 0;
  /// How many arrays and maps it lies in.
  std::uint8_t repetition = 0;
  std::uint32_t first_leaf = 0;
  std::uint32_t leaf_count = 1;
  /// Its number among the structs.
  std::uint32_t structure = 0;
  std::vector<ParquetNode> children{};

  /// The first level at which it is there at all, if null.
  std::uint8_t null_definition() const {
    return static_cast<std::uint8_t>(definition - (required ? 0 : 1));
  }
};

/// A node that has values, and the names that lead to it.
struct ParquetLeaf {
  const ParquetNode* node = nullptr;
  ParquetPhysical physical = ParquetPhysical::bytes;
  /// Bytes of a value; 0 where they differ from value to value.
  std::uint32_t width = 0;
  std::vector<std::string> path{};
};

/// How many bytes hold a decimal of so many digits.
constexpr std::uint32_t decimal_width(int precision) {
  // 10^precision - 1 and a sign bit; log2(10) = 3.3219...
  return static_cast<std::uint32_t>((precision * 33'220 / 10'000 + 1) / 8 + 1);
}

inline std::pair<ParquetPhysical, std::uint32_t> physical_of(const ParquetNode& node) {
  constexpr int int32_digits = 9;
  constexpr int int64_digits = 18;
  switch (node.kind) {
    case HiveKind::boolean:
      return {ParquetPhysical::boolean, 1};
    case HiveKind::tinyint:
    case HiveKind::smallint:
    case HiveKind::integer:
    case HiveKind::date:
      return {ParquetPhysical::int32, 4};
    case HiveKind::bigint:
    case HiveKind::timestamp:
      return {ParquetPhysical::int64, 8};
    case HiveKind::float32:
      return {ParquetPhysical::float32, 4};
    case HiveKind::float64:
      return {ParquetPhysical::float64, 8};
    case HiveKind::decimal:
      if (node.precision <= int32_digits) {
        return {ParquetPhysical::int32, 4};
      }
      return node.precision <= int64_digits
                 ? std::pair(ParquetPhysical::int64, std::uint32_t{8})
                 : std::pair(ParquetPhysical::fixed, decimal_width(node.precision));
    default:
      return {ParquetPhysical::bytes, 0};
  }
}

/// The columns of a file as a tree. Its nodes stay where they are.
/// Threads: immutable once built; shared: safe.
class ParquetTree {
 public:
  static constexpr std::size_t leaves_max = 10'000;

  /// Adds one line to `errors`, named below "parquet.schema", for each faulty column.
  ParquetTree(const std::vector<ParquetColumn>& columns, bool case_insensitive,
              OptionErrors& errors) {
    errors.check(!columns.empty(), "parquet.schema", "must name at least one column", "empty");
    root_.children.reserve(columns.size());
    for (std::size_t index = 0; index < columns.size(); ++index) {
      const ParquetColumn& column = columns[index];
      const std::string field = "parquet.schema[" + std::to_string(index) + "]";
      errors.check(!column.name.empty(), field + ".name", "must not be empty", "\"\"");
      Result<HiveType> type = HiveTypeParser(column.type).parse();
      if (!type) {
        errors.check(false, field + ".type", "must be a Hive type: " + type.failure().message,
                     shortened(column.type));
        continue;
      }
      root_.children.push_back(node_of({column.name, std::move(type.value())}, 0, 0, false));
      check_names(root_.children.back(), case_insensitive, field + ".type", errors);
    }
    check_siblings(root_, case_insensitive, "parquet.schema", errors);
    root_.leaf_count = number_leaves(root_, 0);
    errors.check(root_.leaf_count <= leaves_max, "parquet.schema",
                 "must have at most " + std::to_string(leaves_max) + " values",
                 std::to_string(root_.leaf_count));
    std::vector<std::string> path;
    collect_leaves(root_, path);
    collect_structures(root_);
  }

  ParquetTree(const ParquetTree&) = delete;
  ParquetTree& operator=(const ParquetTree&) = delete;

  /// The record itself; the columns are its children.
  const ParquetNode& root() const { return root_; }

  const std::vector<ParquetLeaf>& leaves() const { return leaves_; }

  /// The record and all structs in it, by their number.
  const std::vector<const ParquetNode*>& structures() const { return structures_; }

  /// The names that lead to a node of this tree, with dots in between: "tags.element.port".
  std::string path_of(const ParquetNode& node) const {
    std::string path;
    const ParquetNode* at = &root_;
    while (at != &node) {
      const ParquetNode* inner = at->children.data();
      while (node.first_leaf >= inner->first_leaf + inner->leaf_count) {
        ++inner;
      }
      at = inner;
      path += (path.empty() ? "" : ".") + at->name;
    }
    return path;
  }

 private:
  static std::string shortened(const std::string& text) {
    constexpr std::size_t length_max = 60;
    return "\"" + (text.size() <= length_max ? text : text.substr(0, length_max) + "...") + "\"";
  }

  static ParquetNode node_of(HiveField field, std::uint8_t definition, std::uint8_t repetition,
                             bool required) {
    ParquetNode node;
    node.name = std::move(field.name);
    node.kind = field.type.kind;
    node.precision = field.type.precision;
    node.scale = field.type.scale;
    node.required = required;
    node.definition = static_cast<std::uint8_t>(definition + (required ? 0 : 1));
    node.repetition = repetition;
    const bool repeats = node.kind == HiveKind::array || node.kind == HiveKind::map;
    const auto inner_definition = static_cast<std::uint8_t>(node.definition + (repeats ? 1 : 0));
    const auto inner_repetition = static_cast<std::uint8_t>(repetition + (repeats ? 1 : 0));
    node.children.reserve(field.type.fields.size());
    for (HiveField& child : field.type.fields) {
      const bool is_key = node.kind == HiveKind::map && node.children.empty();
      node.children.push_back(
          node_of(std::move(child), inner_definition, inner_repetition, is_key));
    }
    return node;
  }

  static void check_names(const ParquetNode& node, bool case_insensitive, const std::string& field,
                          OptionErrors& errors) {
    if (node.kind == HiveKind::structure) {
      check_siblings(node, case_insensitive, field, errors);
    }
    for (const ParquetNode& child : node.children) {
      check_names(child, case_insensitive, field, errors);
    }
  }

  static void check_siblings(const ParquetNode& node, bool case_insensitive,
                             const std::string& field, OptionErrors& errors) {
    std::vector<std::string> names;
    for (const ParquetNode& child : node.children) {
      names.push_back(case_insensitive ? lowered(child.name) : child.name);
    }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    errors.check(twice == names.end(), field,
                 std::string("must not name a field twice") +
                     (case_insensitive ? ", also in other case" : ""),
                 twice == names.end() ? std::string() : shortened(*twice));
  }

  static std::uint32_t number_leaves(ParquetNode& node, std::uint32_t first) {
    node.first_leaf = first;
    if (is_scalar(node.kind)) {
      return 1;
    }
    std::uint32_t count = 0;
    for (ParquetNode& child : node.children) {
      count += number_leaves(child, first + count);
    }
    node.leaf_count = count;
    return count;
  }

  void collect_leaves(const ParquetNode& node, std::vector<std::string>& path) {
    if (is_scalar(node.kind)) {
      const auto [physical, width] = physical_of(node);
      leaves_.push_back({&node, physical, width, path});
      return;
    }
    if (node.kind == HiveKind::array) {
      path.emplace_back("list");
    } else if (node.kind == HiveKind::map) {
      path.emplace_back("key_value");
    }
    for (const ParquetNode& child : node.children) {
      path.push_back(child.name);
      collect_leaves(child, path);
      path.pop_back();
    }
    if (node.kind != HiveKind::structure) {
      path.pop_back();
    }
  }

  void collect_structures(ParquetNode& node) {
    if (node.kind == HiveKind::structure) {
      node.structure = static_cast<std::uint32_t>(structures_.size());
      structures_.push_back(&node);
    }
    for (ParquetNode& child : node.children) {
      collect_structures(child);
    }
  }

  ParquetNode root_;
  std::vector<ParquetLeaf> leaves_;
  std::vector<const ParquetNode*> structures_;
};

static_assert(decimal_width(19) == 9 && decimal_width(38) == 16 && decimal_width(21) == 9 &&
              decimal_width(22) == 10);

}  // namespace detail::parquet

}  // namespace hydrant
