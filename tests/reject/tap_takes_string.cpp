// SPDX-License-Identifier: MIT
// expect: hydrant: tap needs a function that takes a hydrant::RecordView or a std::string_view.
#include <hydrant/transform/tap.hpp>

#include <string>
#include <string_view>

#if defined(HYDRANT_ACCEPT)
const auto stage = hydrant::tap([](std::string_view) {});
#else
const auto stage = hydrant::tap([](const std::string&) {});
#endif
