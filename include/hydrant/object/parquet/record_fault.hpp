// SPDX-License-Identifier: MIT
//
// Why a record could not be converted, under Firehose's own names. The texts
// name columns and types, which the user wrote, and never what a record holds.
#pragma once

#include <hydrant/object/parquet/schema.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hydrant::detail::parquet {

/// Why a record could not be converted.
struct RecordFault {
  enum class Kind : std::uint8_t {
    none,
    /// A key came twice, and nobody looked yet which is the last.
    twin,
    no_json,
    empty,
    scalar,
    array_of_objects,
    mismatch,
    unknown_field,
  };

  static constexpr std::string_view error_output_type = "format-conversion-failed";

  Kind kind = Kind::none;
  /// Of a mismatch: the column or the part of one, the way to it, and what came instead.
  const ParquetNode* node = nullptr;
  std::string path{};
  std::string_view found{};

  /// Whether it may lie in a value that does not count, because its key comes once more.
  bool may_be_superseded() const {
    return kind == Kind::twin || kind == Kind::mismatch || kind == Kind::unknown_field;
  }

  /// Source: seen on the service, record format conversion.
  std::string_view code() const {
    return kind == Kind::no_json ? "DataFormatConversion.ParseError"
                                 : "DataFormatConversion.MalformedData";
  }

  std::string message() const {
    switch (kind) {
      case Kind::none:
      case Kind::twin:
        break;
      case Kind::no_json:
        return "Encountered malformed JSON.";
      case Kind::empty:
        return "The record was empty or contained only whitespace.";
      case Kind::scalar:
        return "The input JSON contained a primitive at the top level. The top level must be an "
               "object or array.";
      case Kind::array_of_objects:
        return "The input JSON contained an array of objects. Put the objects one after the other.";
      case Kind::mismatch:
        return "Data does not match the schema. Field \"" + path + "\" of type " +
               std::string(to_text(node->kind)) + ": " + std::string(found) + ".";
      case Kind::unknown_field:
        return "Data does not match the schema. A field is not in the schema.";
    }
    return {};
  }
};

}  // namespace hydrant::detail::parquet
