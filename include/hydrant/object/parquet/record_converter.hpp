// SPDX-License-Identifier: MIT
//
// One JSON record becomes values of columns, by the rules of Firehose's OpenX
// deserializer: what is missing is null, what is not in the schema is dropped,
// and some values of another type are taken for what they must have meant.
// A record that does not fit leaves no trace.
#pragma once

#include <hydrant/core/json_tokens.hpp>
#include <hydrant/object/parquet/column_writer.hpp>
#include <hydrant/object/parquet/field_names.hpp>
#include <hydrant/object/parquet/map_keys.hpp>
#include <hydrant/object/parquet/record_fault.hpp>
#include <hydrant/object/parquet/scalar_converter.hpp>
#include <hydrant/object/parquet/schema.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail::parquet {

/// Converts records, one after the other.
/// Threads: distinct objects: safe; shared: unsafe.
class RecordConverter {
 public:
  /// Everything handed over must outlive the converter.
  RecordConverter(const ParquetTree& tree, const ParquetKeyRules& rules, ParquetTimestampUnit unit,
                  std::vector<ColumnWriter>& columns)
      : tree_(&tree), rules_(&rules), columns_(&columns), scalars_(unit, columns) {
    structures_.reserve(tree.structures().size());
    for (const ParquetNode* node : tree.structures()) {
      std::vector<std::string> names;
      for (const ParquetNode& child : node->children) {
        names.push_back(child.name);
      }
      structures_.push_back(
          {FieldNames(names, rules), std::vector<std::uint64_t>(names.size()), 0});
    }
  }

  /// Whether a record with a field that the schema lacks is refused. Default false.
  void refuse_unknown_fields(bool refuses) { refuses_unknown_ = refuses; }

  /// Appends what a record holds to the columns. Returns: how many rows, 0 when it does not fit;
  /// then the columns are as before, and `fault` says why.
  std::uint32_t convert(std::string_view record) {
    is_careful_ = false;
    std::uint32_t rows = convert_all(record);
    if (rows == 0 && fault_.may_be_superseded()) {
      // Keys that come twice are so rare that the record is looked at once more: the last counts.
      is_careful_ = true;
      rows = convert_all(record);
    }
    for (const auto& [structure, spelling] : dropped_) {
      structures_[structure].names.count_unknown(spelling);
    }
    return rows;
  }

  const RecordFault& fault() const { return fault_; }

  /// A key that the schema lacks, and how often it came in one of the tree's structs.
  struct DroppedField {
    std::size_t structure = 0;
    std::string key;
    std::uint64_t count = 0;
  };

  std::vector<DroppedField> dropped_fields() const {
    std::vector<DroppedField> fields;
    for (std::size_t structure = 0; structure < structures_.size(); ++structure) {
      std::vector<std::pair<std::string, std::uint64_t>> keys;
      structures_[structure].names.append_unknown(keys);
      for (auto& [key, count] : keys) {
        fields.push_back({structure, std::move(key), count});
      }
    }
    return fields;
  }

 private:
  struct Structure {
    FieldNames names;
    /// By field: the last object that had it.
    std::vector<std::uint64_t> seen;
    std::uint64_t object = 0;
  };

  std::uint32_t convert_all(std::string_view record) {
    using Kind = RecordFault::Kind;
    std::uint32_t rows = 0;
    fault_ = RecordFault();
    dropped_.clear();
    bool is_good = tokens_.begin(record) || fail(Kind::no_json);
    if (is_good && tokens_.at_end()) {
      is_good = fail(Kind::empty);
    }
    while (is_good && !tokens_.at_end()) {
      const char first = tokens_.peek();
      if (first == '{') {
        is_good = convert_object(tree_->root(), 0);
      } else if (first == '[') {
        is_good = convert_row_array();
      } else {
        is_good = fail(tokens_.skip_value() ? Kind::scalar : Kind::no_json);
      }
      ++rows;
    }
    if (is_good) {
      return rows;
    }
    for (ColumnWriter& column : *columns_) {
      column.drop();
    }
    dropped_.clear();
    return 0;
  }

  bool fail(RecordFault::Kind kind) {
    if (fault_.kind == RecordFault::Kind::none) {
      fault_.kind = kind;
    }
    return false;
  }

  bool fail_on(const ParquetNode& node, std::string_view found) {
    fault_ = {RecordFault::Kind::mismatch, &node, tree_->path_of(node), found};
    return false;
  }

  /// A row as an array of its columns' values.
  bool convert_row_array() {
    const std::uint32_t* const begin = tokens_.place();
    tokens_.take('[');
    if (tokens_.peek() == '{') {
      return fail(RecordFault::Kind::array_of_objects);
    }
    tokens_.go_back(begin);
    return convert_fields_by_place(tree_->root(), 0);
  }

  /// The value that comes next becomes one of `node`.
  bool convert_value(const ParquetNode& node, std::uint8_t repetition) {
    const char first = tokens_.peek();
    if (first == 'n') {
      append_nulls(node, repetition, node.null_definition());
      return tokens_.take_token() == "null" || fail(RecordFault::Kind::no_json);
    }
    switch (node.kind) {
      case HiveKind::structure:
        return first == '{'   ? convert_object(node, repetition)
               : first == '[' ? convert_fields_by_place(node, repetition)
                              : refuse(node);
      case HiveKind::array:
        return first == '[' ? convert_array(node, repetition)
                            : convert_value(node.children[0], repetition);
      case HiveKind::map:
        return first == '{' ? convert_map(node, repetition) : refuse(node);
      default:
        return convert_scalar(node, repetition, first);
    }
  }

  bool convert_scalar(const ParquetNode& node, std::uint8_t repetition, char first) {
    if (first == '{' || first == '[') {
      if (node.kind != HiveKind::string && node.kind != HiveKind::binary) {
        return refuse(node);
      }
      text_.clear();
      if (!tokens_.append_value(text_, rules_->case_insensitive)) {
        return fail(RecordFault::Kind::no_json);
      }
      (*columns_)[node.first_leaf].append_bytes(repetition, text_);
      return true;
    }
    if (tokens_.at_end()) {
      return fail(RecordFault::Kind::no_json);
    }
    const ScalarOutcome outcome = scalars_.convert(node, repetition, tokens_.take_token());
    if (outcome.is_good) {
      return true;
    }
    return outcome.found.empty() ? fail(RecordFault::Kind::no_json) : fail_on(node, outcome.found);
  }

  /// A value of a shape that the column cannot take.
  bool refuse(const ParquetNode& node) {
    const char first = tokens_.peek();
    const std::string_view found = first == '{'   ? "found an object"
                                   : first == '[' ? "found an array"
                                   : first == '"' ? "found a string"
                                                  : "found a number or a boolean";
    return tokens_.skip_value() ? fail_on(node, found) : fail(RecordFault::Kind::no_json);
  }

  void append_nulls(const ParquetNode& node, std::uint8_t repetition, std::uint8_t definition) {
    for (std::uint32_t leaf = 0; leaf < node.leaf_count; ++leaf) {
      (*columns_)[node.first_leaf + leaf].append_null(repetition, definition);
    }
  }

  bool convert_object(const ParquetNode& node, std::uint8_t repetition) {
    Structure& structure = structures_[node.structure];
    const std::vector<std::uint32_t> last = is_careful_ ? last_members(structure) : no_members;
    structure.names.begin();
    const std::uint64_t object = ++structure.object;
    std::size_t seen_count = 0;
    std::uint32_t member = 0;
    bool is_broken = false;
    tokens_.take('{');
    if (!tokens_.take('}')) {
      do {
        std::string_view key;
        if (!tokens_.take_key(key)) {
          return fail(RecordFault::Kind::no_json);
        }
        const int found = structure.names.find(key);
        const auto field = static_cast<std::size_t>(found);
        ++member;
        if (found < 0 || (is_careful_ && last[field] != member)) {
          if (!skip_member(node, found)) {
            return false;
          }
        } else if (structure.seen[field] == object) {
          return fail(RecordFault::Kind::twin);
        } else {
          structure.seen[field] = object;
          ++seen_count;
          if (!convert_value(node.children[field], repetition)) {
            return false;
          }
        }
      } while (tokens_.take_comma('}', is_broken));
    }
    if (seen_count != node.children.size()) {
      append_missing(node, structure.seen, object, repetition);
    }
    return !is_broken || fail(RecordFault::Kind::no_json);
  }

  void append_missing(const ParquetNode& node, const std::vector<std::uint64_t>& seen,
                      std::uint64_t object, std::uint8_t repetition) {
    for (std::size_t field = 0; field < node.children.size(); ++field) {
      if (seen[field] != object) {
        append_nulls(node.children[field], repetition, node.definition);
      }
    }
  }

  bool skip_member(const ParquetNode& node, int field) {
    if (field == FieldNames::broken || !tokens_.skip_value()) {
      return fail(RecordFault::Kind::no_json);
    }
    if (field == FieldNames::unknown) {
      dropped_.emplace_back(node.structure, structures_[node.structure].names.last_spelling());
      return !refuses_unknown_ || fail(RecordFault::Kind::unknown_field);
    }
    return true;
  }

  /// By field: which member of the object that comes next is the last that means it, from 1 on.
  std::vector<std::uint32_t> last_members(Structure& structure) {
    std::vector<std::uint32_t> last(structure.seen.size());
    const std::uint32_t* const begin = tokens_.place();
    structure.names.begin();
    std::uint32_t member = 0;
    std::string_view key;
    bool is_broken = false;
    tokens_.take('{');
    while (tokens_.take_key(key)) {
      const int field = structure.names.find(key);
      ++member;
      if (field >= 0) {
        last[static_cast<std::size_t>(field)] = member;
      }
      if (!tokens_.skip_value() || !tokens_.take_comma('}', is_broken)) {
        break;
      }
    }
    tokens_.go_back(begin);
    return last;
  }

  /// An array is taken for the struct's fields in their order.
  bool convert_fields_by_place(const ParquetNode& node, std::uint8_t repetition) {
    std::size_t field = 0;
    bool is_broken = false;
    tokens_.take('[');
    if (!tokens_.take(']')) {
      do {
        const bool is_good = field < node.children.size()
                                 ? convert_value(node.children[field], repetition)
                                 : tokens_.skip_value() || fail(RecordFault::Kind::no_json);
        if (!is_good) {
          return false;
        }
        ++field;
      } while (tokens_.take_comma(']', is_broken));
    }
    for (; field < node.children.size(); ++field) {
      append_nulls(node.children[field], repetition, node.definition);
    }
    return !is_broken || fail(RecordFault::Kind::no_json);
  }

  bool convert_array(const ParquetNode& node, std::uint8_t repetition) {
    const ParquetNode& element = node.children[0];
    bool is_broken = false;
    tokens_.take('[');
    if (tokens_.take(']')) {
      append_nulls(node, repetition, node.definition);
      return true;
    }
    do {
      if (!convert_value(element, repetition)) {
        return false;
      }
      repetition = element.repetition;
    } while (tokens_.take_comma(']', is_broken));
    return !is_broken || fail(RecordFault::Kind::no_json);
  }

  bool convert_map(const ParquetNode& node, std::uint8_t repetition) {
    MapKeys keys(tokens_, scalars_, node.children[0], rules_->case_insensitive, is_careful_);
    bool is_broken = false;
    bool is_empty = true;
    tokens_.take('{');
    if (!tokens_.take('}')) {
      do {
        switch (keys.take()) {
          case MapKeys::Outcome::broken:
            return fail(RecordFault::Kind::no_json);
          case MapKeys::Outcome::twin:
            return fail(RecordFault::Kind::twin);
          case MapKeys::Outcome::superseded:
            if (!tokens_.skip_value()) {
              return fail(RecordFault::Kind::no_json);
            }
            continue;
          case MapKeys::Outcome::taken:
            break;
        }
        if (!convert_entry(node, repetition, keys.key())) {
          return false;
        }
        repetition = node.children[0].repetition;
        is_empty = false;
      } while (tokens_.take_comma('}', is_broken));
    }
    if (is_empty) {
      append_nulls(node, repetition, node.definition);
    }
    return !is_broken || fail(RecordFault::Kind::no_json);
  }

  bool convert_entry(const ParquetNode& node, std::uint8_t repetition, std::string_view key) {
    const ScalarOutcome outcome = scalars_.convert_text(node.children[0], repetition, key);
    return outcome.is_good ? convert_value(node.children[1], repetition)
                           : fail_on(node.children[0], outcome.found);
  }

  inline static const std::vector<std::uint32_t> no_members{};

  const ParquetTree* tree_;
  const ParquetKeyRules* rules_;
  std::vector<ColumnWriter>* columns_;
  ScalarConverter scalars_;
  std::vector<Structure> structures_;
  JsonTokens tokens_;
  RecordFault fault_;
  /// Of the record under way: the struct, and how the key is written.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> dropped_;
  std::string text_;
  bool refuses_unknown_ = false;
  bool is_careful_ = false;
};

}  // namespace hydrant::detail::parquet
