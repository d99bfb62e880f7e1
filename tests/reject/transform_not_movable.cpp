// SPDX-License-Identifier: MIT
// expect: hydrant: a Transform must be movable.
#include <hydrant/transform/transform.hpp>

struct CountingTransform {
  CountingTransform() = default;
#if !defined(HYDRANT_ACCEPT)
  CountingTransform(CountingTransform&&) = delete;
#endif

  hydrant::Outcome operator()(const hydrant::RecordView&, hydrant::Emitter&) {
    return hydrant::Outcome::ok();
  }
};

constexpr bool checked = hydrant::detail::CheckTransform<CountingTransform>::ok;
