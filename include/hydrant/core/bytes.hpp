// SPDX-License-Identifier: MIT
//
// An amount of bytes with its unit in the type, so that no option is ever a
// bare number, and the literals that make options readable: 5_MiB, 60s.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace hydrant {

/// An amount of bytes.
///
/// @code
/// hydrant::ByteCount size = 5_MiB;
/// @endcode
///
/// Threads: a plain value; copies are independent.
struct ByteCount {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(ByteCount, ByteCount) = default;
};

constexpr ByteCount operator+(ByteCount a, ByteCount b) {
  return {a.value + b.value};
}

constexpr ByteCount operator*(std::uint64_t factor, ByteCount b) {
  return {factor * b.value};
}

constexpr ByteCount operator/(ByteCount a, std::uint64_t divisor) {
  return {a.value / divisor};
}

/// The shortest exact spelling: "5 MiB", "1000 KiB", "17 bytes".
inline std::string to_text(ByteCount bytes) {
  constexpr std::uint64_t kib = 1024;
  const std::uint64_t value = bytes.value;
  if (value >= kib * kib * kib && value % (kib * kib * kib) == 0) {
    return std::to_string(value / (kib * kib * kib)) + " GiB";
  }
  if (value >= kib * kib && value % (kib * kib) == 0) {
    return std::to_string(value / (kib * kib)) + " MiB";
  }
  if (value >= kib && value % kib == 0) {
    return std::to_string(value / kib) + " KiB";
  }
  return std::to_string(value) + (value == 1 ? " byte" : " bytes");
}

/// The shortest exact spelling: "300 s", "250 ms", "40 us", "7 ns".
inline std::string to_text(std::chrono::nanoseconds duration) {
  const auto count = duration.count();
  if (count % 1'000'000'000 == 0) {
    return std::to_string(count / 1'000'000'000) + " s";
  }
  if (count % 1'000'000 == 0) {
    return std::to_string(count / 1'000'000) + " ms";
  }
  if (count % 1'000 == 0) {
    return std::to_string(count / 1'000) + " us";
  }
  return std::to_string(count) + " ns";
}

/// `using namespace hydrant::literals;` brings 5_MiB and the standard 60s.
namespace literals {

using namespace std::chrono_literals;

consteval ByteCount operator""_B(unsigned long long value) {
  return {value};
}

consteval ByteCount operator""_KiB(unsigned long long value) {
  return {value << 10};
}

consteval ByteCount operator""_MiB(unsigned long long value) {
  return {value << 20};
}

consteval ByteCount operator""_GiB(unsigned long long value) {
  return {value << 30};
}

}  // namespace literals

}  // namespace hydrant
