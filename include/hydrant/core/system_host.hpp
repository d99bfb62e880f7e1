// SPDX-License-Identifier: MIT
//
// Which process this is, and on which host: what object keys may name.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <unistd.h>

namespace hydrant {

/// The host's name as `hostname` prints it; "localhost" where it has none.
inline std::string system_host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') {
    return "localhost";
  }
  return name.data();
}

inline std::uint64_t system_process_id() {
  return static_cast<std::uint64_t>(::getpid());
}

}  // namespace hydrant
