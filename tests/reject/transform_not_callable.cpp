// SPDX-License-Identifier: MIT
// expect: hydrant: a Transform must be callable as
#include <hydrant/transform/transform.hpp>

#include <string_view>

#if defined(HYDRANT_ACCEPT)
const auto stage = hydrant::transform(
    [](const hydrant::RecordView&, hydrant::Emitter&) { return hydrant::Outcome::ok(); });
#else
const auto stage =
    hydrant::transform([](std::string_view, hydrant::Emitter&) { return hydrant::Outcome::ok(); });
#endif
