// SPDX-License-Identifier: MIT
// expect: hydrant: filter needs a predicate that takes a hydrant::RecordView or a std::string_view.
#include <hydrant/transform/filter.hpp>

#include <string>
#include <string_view>

#if defined(HYDRANT_ACCEPT)
const auto stage = hydrant::filter([](std::string_view line) { return !line.empty(); });
#else
const auto stage = hydrant::filter([](const std::string& line) { return !line.empty(); });
#endif
