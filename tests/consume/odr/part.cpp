// SPDX-License-Identifier: MIT
//
// One of four parts of the same program that each include everything.
#include <every_header.hpp>

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const void*
PART() {
  return &hydrant::delivered;
}
