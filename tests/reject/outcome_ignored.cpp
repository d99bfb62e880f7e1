// SPDX-License-Identifier: MIT
// expect: nodiscard
// flags: -Werror=unused-result
#include <hydrant/transform/identity.hpp>

hydrant::Outcome pass(const hydrant::RecordView& record, hydrant::Emitter& out) {
#if defined(HYDRANT_ACCEPT)
  return hydrant::identity(record, out);
#else
  hydrant::identity(record, out);
  return hydrant::Outcome::ok();
#endif
}
