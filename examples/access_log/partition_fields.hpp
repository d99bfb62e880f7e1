// SPDX-License-Identifier: MIT
//
// By what a lake of access logs is cut into folders: fields of a line, each the
// name and the value of a partition key.
#pragma once

#include <hydrant/hydrant.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "parse.hpp"

namespace access_log {

inline bool is_partition_field(std::string_view field) {
  constexpr std::array<std::string_view, 5> fields{"day", "hour", "host", "method", "status"};
  for (const std::string_view known : fields) {
    if (known == field) {
      return true;
    }
  }
  return false;
}

/// What the entry says of one of those fields. The time is that of the server's own zone.
inline std::string partition_value(const Entry& entry, std::string_view field) {
  if (field == "day") {
    return entry.time.substr(0, 10);
  }
  if (field == "hour") {
    return entry.time.substr(11, 2);
  }
  if (field == "host") {
    return std::string(entry.host);
  }
  if (field == "status") {
    return std::to_string(entry.status);
  }
  const std::size_t space = entry.request.find(' ');
  return space == std::string_view::npos || space == 0
             ? "other"
             : std::string(entry.request.substr(0, space));
}

/// "day=!{partitionKeyFromLambda:day}/...": the folders, as tools for lakes know them.
inline std::string partition_folders(const std::vector<std::string>& fields) {
  std::string folders;
  for (const std::string& field : fields) {
    folders.append(field).append("=!{partitionKeyFromLambda:").append(field).append("}/");
  }
  return folders;
}

}  // namespace access_log
