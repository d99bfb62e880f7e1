// SPDX-License-Identifier: MIT
//
// Dice that fall the same way for the same seed, on every compiler and standard
// library: what a simulation draws all its chances from.
#pragma once

#include <hydrant/core/uuid.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace hydrant::testing {

/// Equal seeds, equal numbers.
/// Threads: distinct objects: safe; shared: unsafe.
class SeededDice {
 public:
  explicit SeededDice(std::uint64_t seed) : seed_(mix64(seed)) {}

  /// Any number.
  std::uint64_t next() { return mix64(seed_ ^ mix64(++drawn_)); }

  /// A number below `end`, which is not 0.
  std::uint64_t below(std::uint64_t end) { return next() % end; }

  /// True in so many of a thousand cases.
  bool chance(std::uint64_t per_mille) { return per_mille != 0 && below(1000) < per_mille; }

  /// One of the choices.
  template <class T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[static_cast<std::ptrdiff_t>(below(choices.size()))];
  }

 private:
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
};

}  // namespace hydrant::testing
