// SPDX-License-Identifier: MIT
// expect: hydrant: a Transform must return hydrant::Outcome.
#include <hydrant/transform/transform.hpp>

#if defined(HYDRANT_ACCEPT)
const auto stage = hydrant::transform(
    [](const hydrant::RecordView&, hydrant::Emitter&) { return hydrant::Outcome::ok(); });
#else
const auto stage =
    hydrant::transform([](const hydrant::RecordView&, hydrant::Emitter&) { return true; });
#endif
