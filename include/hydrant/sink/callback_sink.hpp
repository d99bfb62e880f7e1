// SPDX-License-Identifier: MIT
//
// A sink made of a lambda, for programs that want the batches themselves.
#pragma once

#include <hydrant/sink/sink.hpp>

#include <string_view>
#include <type_traits>
#include <utility>

namespace hydrant {

/// Gives each batch to a callable `f(const Batch&)` or `f(const Batch&, Attempt&)`
/// that returns a DeliveryResult, or nothing for "delivered". An exception makes
/// the attempt fail; it is retried.
///
/// @code
/// hydrant::CallbackSink sink{[](const hydrant::Batch& batch) { total += batch.count(); }};
/// @endcode
///
/// Threads: called from one worker at a time, unless the stream's concurrency is higher.
template <class F>
class CallbackSink {
 public:
  static constexpr std::string_view name = "callback";
  static constexpr SinkLimits limits{};

  explicit CallbackSink(F f) : f_(std::move(f)) {}

  DeliveryResult deliver(const Batch& batch, Attempt& attempt) {
    if constexpr (std::is_invocable_v<F&, const Batch&, Attempt&>) {
      return call([&] { return f_(batch, attempt); });
    } else {
      return call([&] { return f_(batch); });
    }
  }

 private:
  template <class Call>
  static DeliveryResult call(Call invoke) {
    if constexpr (std::is_void_v<decltype(invoke())>) {
      invoke();
      return delivered;
    } else {
      return invoke();
    }
  }

  F f_;
};

}  // namespace hydrant
