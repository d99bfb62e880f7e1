// SPDX-License-Identifier: MIT
//
// A store that fails now and then, to see retries. It is also the whole recipe
// for a store of your own: a name, and one function that keeps an object.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/object/store.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace access_log {

/// Fails one put in `every`: in turn before the object is stored, and after it,
/// as if the answer had been lost on its way. 0: never.
/// Threads: shared: safe, as far as the inner store is.
template <hydrant::Store Inner>
class FailingStore {
 public:
  static constexpr std::string_view name = Inner::name;

  FailingStore(Inner inner, std::uint32_t every)
      : inner_(std::move(inner)),
        every_(every),
        puts_(std::make_unique<std::atomic<std::uint64_t>>(0)) {}

  void validate(hydrant::OptionErrors& errors) const { inner_.validate(errors); }

  hydrant::DeliveryResult put_object(const hydrant::Object& object, hydrant::Attempt& attempt) {
    const std::uint64_t number = ++*puts_;
    if (every_ == 0 || number % every_ != 0) {
      return inner_.put_object(object, attempt);
    }
    if (number / every_ % 2 == 1) {
      return hydrant::retry("put " + std::string(object.key) + ": failed before, as asked for");
    }
    hydrant::DeliveryResult result = inner_.put_object(object, attempt);
    return result.is_delivered()
               ? hydrant::retry("put " + std::string(object.key) + ": failed after, as asked for")
               : std::move(result);
  }

 private:
  Inner inner_;
  std::uint32_t every_;
  std::unique_ptr<std::atomic<std::uint64_t>> puts_;  // atomics do not move, stores do
};

}  // namespace access_log
