// SPDX-License-Identifier: MIT
// expect: always
static_assert(false, "always");
