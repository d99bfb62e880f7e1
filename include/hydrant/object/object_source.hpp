// SPDX-License-Identifier: MIT
//
// Where objects are read from: the other end of a store. What a listing names
// can be read whole, and moved to another key when it has been dealt with.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant {

/// A place with objects to read. What fails may be tried again.
///
/// `list` has the key of every object whose key begins so, in the order of their bytes. `read`
/// fails with EFBIG where an object has more than so many bytes. `move` has done its work when
/// nothing is under `from`, and the object under `to`, by whomever that was done.
template <class S>
concept ObjectSource = std::move_constructible<S> &&
    requires(S& source, std::string_view key, std::size_t bytes_max, Attempt& attempt) {
  { S::name } -> std::convertible_to<std::string_view>;
  { source.list(key, attempt) } -> std::same_as<Result<std::vector<std::string>>>;
  { source.read(key, bytes_max, attempt) } -> std::same_as<Result<std::string>>;
  { source.move(key, key, attempt) } -> std::same_as<Status>;
};

}  // namespace hydrant
