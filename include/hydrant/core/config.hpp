// SPDX-License-Identifier: MIT
//
// The version of the library and the one macro that every room may use. The
// build reads the version from here, so that it is written down once.
#pragma once

#define HYDRANT_VERSION_MAJOR 0
#define HYDRANT_VERSION_MINOR 1
#define HYDRANT_VERSION_PATCH 0

// A broken precondition is a bug of the caller or of this library: stop in
// debug builds, cost nothing in release builds. The world's failures are never
// asserted: they are statuses and results.
#if !defined(HYDRANT_ASSERT)
#if defined(NDEBUG)
#define HYDRANT_ASSERT(condition) static_cast<void>(0)
#else
#include <cassert>
#define HYDRANT_ASSERT(condition) assert(condition)
#endif
#endif
