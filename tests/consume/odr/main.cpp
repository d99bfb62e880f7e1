// SPDX-License-Identifier: MIT
//
// An inline variable is one object in the whole program, shared libraries
// included; two addresses would mean that a header defines one object a part.
#include <every_header.hpp>

const void* left_unit();
const void* right_unit();
const void* left_library();
const void* right_library();

int main() {
  const void* here = &hydrant::delivered;
  const bool one = left_unit() == here && right_unit() == here && left_library() == here &&
                   right_library() == here;
  return one ? 0 : 1;
}
