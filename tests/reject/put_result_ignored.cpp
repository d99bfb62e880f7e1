// SPDX-License-Identifier: MIT
// expect: nodiscard
// flags: -Werror=unused-result
#include <hydrant/core/put_result.hpp>

hydrant::PutResult put();

void log_line() {
#if defined(HYDRANT_ACCEPT)
  if (!put()) {
    return;
  }
#else
  put();
#endif
}
