// SPDX-License-Identifier: MIT
//
// The columns of a Parquet file from a sample of the records: what a person
// would write down who had looked at each of them. Meant to be run once, and its
// outcome to be looked at: a schema that changes with the weather is none.
#pragma once

#include <hydrant/core/json_tokens.hpp>
#include <hydrant/object/parquet/inferred_type.hpp>
#include <hydrant/object/parquet/schema.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// How a schema is inferred.
/// Threads: a plain value; copies are independent.
struct ParquetInferenceOptions {
  /// Whether keys that differ in case alone are one column. Default true, as in `ParquetKeyRules`.
  bool case_insensitive = true;

  /// Whether text that is a timestamp in every record becomes one. Default false: a later record
  /// whose text is none would fail.
  bool timestamps = false;

  /// An object within a record that has more different keys than that, all records together, is a
  /// map: there keys are data. Default 256. Range: at least 1.
  std::size_t struct_keys_max = 256;
};

/// What a sample of records looks like.
/// Threads: a plain value; copies are independent.
struct InferredParquetSchema {
  /// In the order in which their keys first came.
  std::vector<ParquetColumn> schema{};
  /// Records that were looked at, and those among them that are no JSON objects.
  std::uint64_t records = 0;
  std::uint64_t broken = 0;
};

/// Infers the columns of JSON records: every one of the sample that is not broken fits them.
///
/// @code
/// const hydrant::InferredParquetSchema inferred = hydrant::infer_parquet_schema(sample);
/// for (const hydrant::ParquetColumn& column : inferred.schema) {
///   std::printf("%s %s\n", column.name.c_str(), column.type.c_str());
/// }
/// @endcode
///
/// Whole numbers are bigint, or decimal(20,0) where one needs 64 bits without a sign; numbers are
/// double where one has a fraction or an exponent or is larger still; true and false are boolean,
/// text is string. A field with values of several kinds is string, which takes anything, objects as
/// their JSON; so is one that is always null, or always an empty object.
/// Threads: safe.
inline InferredParquetSchema infer_parquet_schema(const std::vector<std::string_view>& sample,
                                                  const ParquetInferenceOptions& options = {}) {
  using detail::parquet::InferredType;
  const InferredType::Rules rules{options.case_insensitive, options.timestamps,
                                  options.struct_keys_max};
  InferredParquetSchema inferred;
  InferredType root(true);
  detail::JsonTokens tokens;
  for (const std::string_view record : sample) {
    ++inferred.records;
    InferredType here(true);
    bool is_good = tokens.begin(record) && !tokens.at_end();
    while (is_good && !tokens.at_end()) {
      is_good = tokens.peek() == '{' && here.read(tokens, rules, 0);
    }
    if (is_good) {
      root.join(std::move(here), rules);
    } else {
      ++inferred.broken;
    }
  }
  for (const auto& [name, type] : root.fields()) {
    if (!name.empty()) {
      inferred.schema.push_back({name, type.text(rules)});
    }
  }
  return inferred;
}

}  // namespace hydrant
