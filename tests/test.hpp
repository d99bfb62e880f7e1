// SPDX-License-Identifier: MIT
//
// The one include of every test: Catch2, whichever of its two generations is
// installed, and a way to skip with a reason.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string_view>

namespace hydrant::tests {

/// Says on the test's output that something was not tested, and why. The
/// program then ends with the code that CTest shows as "Skipped".
void note_skip(std::string_view reason);

}  // namespace hydrant::tests

/// Leaves the test case because what it needs is not here. Only for tests
/// against real counterparts: everywhere else a skip counts as a failure.
#define HYDRANT_SKIP(reason)           \
  do {                                 \
    hydrant::tests::note_skip(reason); \
    return;                            \
  } while (false)
