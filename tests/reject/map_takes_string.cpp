// SPDX-License-Identifier: MIT
// expect: hydrant: map needs a function that takes a hydrant::RecordView or a std::string_view.
#include <hydrant/transform/map.hpp>

#include <string>
#include <string_view>

#if defined(HYDRANT_ACCEPT)
const auto stage = hydrant::map([](std::string_view line) { return line; });
#else
const auto stage = hydrant::map([](const std::string& line) { return line; });
#endif
