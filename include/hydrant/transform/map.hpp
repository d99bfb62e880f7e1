// SPDX-License-Identifier: MIT
//
// One record in, one record out, or none: for functions that know nothing of
// this library. What the function returns is copied once, into the output.
#pragma once

#include <hydrant/transform/transform.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace hydrant {

namespace detail {

template <class T>
inline constexpr bool is_optional = false;

template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// What a record can be made of: text or bytes.
template <class T>
concept Emittable = requires(Emitter& out, const std::remove_cvref_t<T>& value) {
  out.emit(value);
};

template <class T>
concept MapResult = Emittable<T> ||(is_optional<std::remove_cvref_t<T>>&& requires(const T& value) {
  { *value } -> Emittable;
});

}  // namespace detail

/// What `map` makes: emits what the function returns for the record.
/// Threads: as its function.
template <class F>
class Map {
 public:
  explicit Map(F function) : function_(std::move(function)) {}

  Outcome operator()(const RecordView& record, Emitter& out) {
    const auto& result = detail::call_with_record(function_, record);
    if constexpr (detail::is_optional<std::remove_cvref_t<decltype(result)>>) {
      if (!result) {
        return Outcome::dropped();
      }
      out.emit(*result);
    } else {
      out.emit(result);
    }
    return Outcome::ok();
  }

 private:
  [[no_unique_address]] F function_;
};

namespace detail {

template <class F>
struct CheckMapFunction {
  static_assert(TakesRecord<F>,
                "hydrant: map needs a function that takes a hydrant::RecordView or a "
                "std::string_view.");
  static constexpr bool ok = [] {
    if constexpr (TakesRecord<F>) {
      static_assert(MapResult<RecordResult<F>>,
                    "hydrant: the function of map must return text (std::string, "
                    "std::string_view), bytes, or a std::optional of them.");
    }
    return true;
  }();
};

}  // namespace detail

/// Delivers `function(record)` in place of each record. The function takes a
/// RecordView or a std::string_view and returns text, bytes, or an optional of
/// them; nullopt drops the record.
///
/// @code
/// hydrant::map([](std::string_view line) { return line.substr(0, 80); })
/// @endcode
template <class F>
auto map(F function) {
  static_assert(detail::CheckMapFunction<F>::ok);
  return Map<F>(std::move(function));
}

}  // namespace hydrant
