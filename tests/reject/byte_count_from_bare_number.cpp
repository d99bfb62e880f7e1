// SPDX-License-Identifier: MIT
// expect: ByteCount
#include <hydrant/core/bytes.hpp>

using namespace hydrant::literals;

struct Options {
  hydrant::ByteCount size = 5_MiB;
};

#if defined(HYDRANT_ACCEPT)
const bool fits = Options{}.size < 6_MiB;
#else
const bool fits = Options{}.size < 6;
#endif
