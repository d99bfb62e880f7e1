// SPDX-License-Identifier: MIT
//
// Keeps some records and drops the others. A dropped record counts as handled:
// it goes to no error output.
#pragma once

#include <hydrant/transform/transform.hpp>

#include <concepts>
#include <utility>

namespace hydrant {

/// What `filter` makes: emits the records for which the predicate holds.
/// Threads: as its predicate.
template <class F>
class Filter {
 public:
  explicit Filter(F predicate) : predicate_(std::move(predicate)) {}

  Outcome operator()(const RecordView& record, Emitter& out) {
    if (!detail::call_with_record(predicate_, record)) {
      return Outcome::dropped();
    }
    out.emit(record.bytes());
    return Outcome::ok();
  }

 private:
  [[no_unique_address]] F predicate_;
};

namespace detail {

template <class F>
struct CheckPredicate {
  static_assert(TakesRecord<F>,
                "hydrant: filter needs a predicate that takes a hydrant::RecordView or a "
                "std::string_view.");
  static constexpr bool ok = [] {
    if constexpr (TakesRecord<F>) {
      static_assert(std::convertible_to<RecordResult<F>, bool>,
                    "hydrant: the predicate of filter must return bool.");
    }
    return true;
  }();
};

}  // namespace detail

/// Delivers the records for which `predicate` holds and drops the others. The
/// predicate takes a RecordView or a std::string_view.
///
/// @code
/// hydrant::filter([](std::string_view line) { return !line.starts_with("DEBUG"); })
/// @endcode
template <class F>
auto filter(F predicate) {
  static_assert(detail::CheckPredicate<F>::ok);
  return Filter<F>(std::move(predicate));
}

}  // namespace hydrant
