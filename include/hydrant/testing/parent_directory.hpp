// SPDX-License-Identifier: MIT
//
// Where a path lies, for file systems that exist only in a test.
#pragma once

#include <cstddef>
#include <string>

namespace hydrant::testing::detail {

/// The directory of a path: empty for a bare name, "/" for a name in the root.
inline std::string parent_directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) {
    return {};
  }
  return slash == 0 && path.size() > 1 ? "/" : path.substr(0, slash);
}

}  // namespace hydrant::testing::detail
