// SPDX-License-Identifier: MIT
//
// The transform that changes nothing. The engine knows it by its type and lets
// the records lie where `put` wrote them: nothing is called, nothing is copied.
#pragma once

#include <hydrant/transform/transform.hpp>

#include <type_traits>

namespace hydrant {

/// Delivers every record as it was put.
/// Threads: shared: safe.
struct Identity {
  Outcome operator()(const RecordView& record, Emitter& out) const {
    out.emit(record.bytes());
    return Outcome::ok();
  }
};

inline constexpr Identity identity{};

/// True for the transform that changes nothing, whatever its reference and const.
template <class T>
inline constexpr bool is_identity = std::is_same_v<std::remove_cvref_t<T>, Identity>;

static_assert(Transform<Identity>);

}  // namespace hydrant
