// SPDX-License-Identifier: MIT
// expect: hydrant: the function of map must return text
#include <hydrant/transform/map.hpp>

#include <string>
#include <string_view>

#if defined(HYDRANT_ACCEPT)
const auto stage = hydrant::map([](std::string_view line) { return std::to_string(line.size()); });
#else
const auto stage = hydrant::map([](std::string_view line) { return line.size(); });
#endif
