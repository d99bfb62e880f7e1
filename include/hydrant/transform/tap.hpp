// SPDX-License-Identifier: MIT
//
// Looks at the records as they pass and changes nothing: to count, to sample,
// to print what the stage before made of them.
#pragma once

#include <hydrant/transform/transform.hpp>

#include <utility>

namespace hydrant {

/// What `tap` makes: shows each record to the function, then emits it unchanged.
/// Threads: as its function.
template <class F>
class Tap {
 public:
  explicit Tap(F function) : function_(std::move(function)) {}

  Outcome operator()(const RecordView& record, Emitter& out) {
    static_cast<void>(detail::call_with_record(function_, record));
    out.emit(record.bytes());
    return Outcome::ok();
  }

 private:
  [[no_unique_address]] F function_;
};

/// Shows every record to `function`, which takes a RecordView or a
/// std::string_view; what it returns is ignored.
///
/// @code
/// hydrant::tap([&seen](std::string_view) { ++seen; })
/// @endcode
template <class F>
auto tap(F function) {
  static_assert(detail::TakesRecord<F>,
                "hydrant: tap needs a function that takes a hydrant::RecordView or a "
                "std::string_view.");
  return Tap<F>(std::move(function));
}

}  // namespace hydrant
