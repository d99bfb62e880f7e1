// SPDX-License-Identifier: MIT
// expect: the words that nobody says
#if !defined(HYDRANT_ACCEPT)
static_assert(false, "other words");
#endif
