// SPDX-License-Identifier: MIT
//
// Which JSON key a column's value comes from: its own name, in any case or in
// that one, with dots or underscores, or another name that the user gave. Two
// columns that wait for one key are refused: one of them would stay empty.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/object/parquet/schema.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant {

/// Where the value of a column comes from, if not from a key of its name.
struct ParquetKeyMapping {
  /// A column, or a field of a struct, as the schema writes it. Range: named once.
  std::string column;
  std::string json_key;
};

/// How JSON keys find their columns.
/// Source: Firehose API 2015-08-04, shape OpenXJsonSerDe.
struct ParquetKeyRules {
  bool case_insensitive = true;
  bool convert_dots_in_json_keys_to_underscores = false;
  std::vector<ParquetKeyMapping> column_to_json_key_mappings{};
};

namespace detail::parquet {

/// What a key is compared by.
inline std::string folded_key(std::string_view key, const ParquetKeyRules& rules) {
  std::string folded = rules.case_insensitive ? lowered(key) : std::string(key);
  if (rules.convert_dots_in_json_keys_to_underscores) {
    std::replace(folded.begin(), folded.end(), '.', '_');
  }
  return folded;
}

/// The key, folded, that the value of a column or field comes from.
inline std::string key_of(std::string_view name, const ParquetKeyRules& rules) {
  for (const ParquetKeyMapping& mapping : rules.column_to_json_key_mappings) {
    if (mapping.column == name) {
      return folded_key(mapping.json_key, rules);
    }
  }
  return folded_key(name, rules);
}

inline std::string to_text(const ParquetKeyMapping& mapping) {
  return "\"" + mapping.column + "\" from \"" + mapping.json_key + "\"";
}

inline void check_mappings(const ParquetTree& tree, const ParquetKeyRules& rules,
                           OptionErrors& errors) {
  const std::string field = "parquet.keys.column_to_json_key_mappings";
  std::map<std::string_view, int> counts;
  for (const ParquetKeyMapping& mapping : rules.column_to_json_key_mappings) {
    if (mapping.column.empty() || mapping.json_key.empty()) {
      errors.check(false, field, "must name a column and a key", to_text(mapping));
      continue;
    }
    const auto is_in = [&](const ParquetNode* structure) {
      const std::vector<ParquetNode>& fields = structure->children;
      return std::any_of(fields.begin(), fields.end(),
                         [&](const ParquetNode& one) { return one.name == mapping.column; });
    };
    errors.check(std::any_of(tree.structures().begin(), tree.structures().end(), is_in), field,
                 "must name a column of the schema", to_text(mapping));
    errors.check(++counts[mapping.column] == 1, field, "must name a column once", to_text(mapping));
  }
}

/// Adds one line to `errors` for each mapping that is faulty and each key that two columns claim.
/// The tree is sound.
inline void check_key_rules(const ParquetTree& tree, const ParquetKeyRules& rules,
                            OptionErrors& errors) {
  check_mappings(tree, rules, errors);
  for (const ParquetNode* structure : tree.structures()) {
    std::map<std::string, std::string_view> owners;
    for (const ParquetNode& child : structure->children) {
      const auto [owner, is_new] = owners.emplace(key_of(child.name, rules), child.name);
      errors.check(is_new, "parquet.keys", "must give each key to one column",
                   "\"" + std::string(owner->second) + "\" and \"" + child.name + "\" from \"" +
                       owner->first + "\"");
    }
  }
}

}  // namespace detail::parquet

}  // namespace hydrant
