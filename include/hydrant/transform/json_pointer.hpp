// SPDX-License-Identifier: MIT
//
// JSON pointers (RFC 6901): "/customer/id" names the member `id` of the member
// `customer`. Read once, when the options are; then there are only names.
#pragma once

#include <hydrant/core/json_text.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// The names that a pointer goes through; none for the pointer "", which means the whole.
/// Returns: nothing when `pointer` is none, or is not UTF-8.
inline std::optional<std::vector<std::string>> read_json_pointer(std::string_view pointer) {
  for (std::string_view rest = pointer; !rest.empty();) {
    const Utf8Step step = step_utf8(rest);
    if (!step.valid) {
      return std::nullopt;
    }
    rest.remove_prefix(step.size);
  }
  if (!pointer.empty() && pointer[0] != '/') {
    return std::nullopt;
  }
  std::vector<std::string> names;
  for (std::size_t at = 0; at < pointer.size(); ++at) {
    if (pointer[at] == '/') {
      names.emplace_back();
    } else if (pointer[at] != '~') {
      names.back() += pointer[at];
    } else {
      const char escaped = at + 1 < pointer.size() ? pointer[at + 1] : '\0';
      if (escaped != '0' && escaped != '1') {
        return std::nullopt;
      }
      names.back() += escaped == '0' ? '~' : '/';
      ++at;
    }
  }
  return names;
}

/// The place in an array that a pointer's name means: "0", "12", never "01" or "-".
/// Returns: nothing when it means none.
inline std::optional<std::size_t> array_index(std::string_view name) {
  constexpr std::size_t digits_max = 9;  // records are smaller than that
  if (name.empty() || name.size() > digits_max || (name[0] == '0' && name.size() != 1)) {
    return std::nullopt;
  }
  std::size_t index = 0;
  for (const char digit : name) {
    if (digit < '0' || digit > '9') {
      return std::nullopt;
    }
    index = index * 10 + static_cast<std::size_t>(digit - '0');
  }
  return index;
}

}  // namespace hydrant::detail
