// SPDX-License-Identifier: MIT
//
// A value, or the reason why there is none. For the world's failures (files,
// networks) after construction, where nothing may throw.
#pragma once

#include <hydrant/core/config.hpp>

#include <string>
#include <utility>
#include <variant>

namespace hydrant {

/// Why an operation on the world failed, in the words of an error message:
/// what was tried and what came back. Never record content, never a secret.
struct Failure {
  std::string message;
  /// The system's error number, 0 where there is none.
  int os_code = 0;
};

/// A `T`, or a `Failure`.
/// Threads: distinct objects: safe; shared: unsafe.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}

  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return state_.index() == 0; }

  T& value() {
    HYDRANT_ASSERT(*this);
    return *std::get_if<0>(&state_);
  }

  const Failure& failure() const {
    HYDRANT_ASSERT(!*this);
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Failure> state_;
};

/// Success, or a `Failure`.
using Status = Result<std::monostate>;

/// The successful Status.
inline Status success() {
  return Status(std::monostate{});
}

}  // namespace hydrant
