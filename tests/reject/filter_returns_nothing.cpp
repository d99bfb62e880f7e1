// SPDX-License-Identifier: MIT
// expect: hydrant: the predicate of filter must return bool.
#include <hydrant/transform/filter.hpp>

#include <string_view>

#if defined(HYDRANT_ACCEPT)
const auto stage = hydrant::filter([](std::string_view line) { return !line.empty(); });
#else
const auto stage = hydrant::filter([](std::string_view) {});
#endif
