// SPDX-License-Identifier: MIT
//
// A value, or the reason why there is none. For the world's failures (files,
// networks) after construction, where nothing may throw.
#pragma once

#include <hydrant/core/config.hpp>

#include <optional>
#include <string>
#include <utility>

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
  Result(T value) : value_(std::move(value)) {}

  Result(Failure failure) : failure_(std::move(failure)) {}

  explicit operator bool() const { return value_.has_value(); }

  T& value() {
    HYDRANT_ASSERT(*this);
    return *value_;
  }

  const Failure& failure() const {
    HYDRANT_ASSERT(!*this);
    return failure_;
  }

 private:
  // Not a variant: each instance of that costs a compiler some 20 ms.
  std::optional<T> value_;
  Failure failure_;
};

/// What a Status holds when nothing went wrong.
struct Success {};

/// Success, or a `Failure`.
using Status = Result<Success>;

/// The successful Status.
inline Status success() {
  return Status(Success{});
}

}  // namespace hydrant
