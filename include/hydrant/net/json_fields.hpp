// SPDX-License-Identifier: MIT
//
// The members of one small JSON object that are strings or numbers: all that
// the answers with credentials have.
#pragma once

#include <hydrant/core/json_cursor.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant::detail {

/// By name.
using JsonFields = std::map<std::string, std::string, std::less<>>;

/// The text of each member that is a string; of any other, its JSON. Of two of one name, the last.
/// Returns: nothing when the text is not one whole object.
inline std::optional<JsonFields> read_json_fields(std::string_view text) {
  JsonFields fields;
  JsonCursor cursor(text);
  if (!cursor.take('{')) {
    return std::nullopt;
  }
  if (!cursor.take('}')) {
    do {
      std::optional<std::string> name = cursor.take_string();
      if (!name || !cursor.take(':')) {
        return std::nullopt;
      }
      JsonCursor value = cursor;
      const std::optional<std::string_view> skipped = cursor.skip_value();
      if (!skipped) {
        return std::nullopt;
      }
      const bool is_string = skipped->starts_with('"');
      fields[std::move(*name)] = is_string ? value.take_string().value_or("") : *skipped;
    } while (cursor.take(','));
    if (!cursor.take('}')) {
      return std::nullopt;
    }
  }
  return cursor.is_at_end() ? std::optional(std::move(fields)) : std::nullopt;
}

/// Empty when there is no such member.
inline std::string field_of(const JsonFields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

}  // namespace hydrant::detail
