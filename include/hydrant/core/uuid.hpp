// SPDX-License-Identifier: MIT
//
// Identifiers in the shape of a UUID, made of numbers that the caller has: a
// random pair, or a pair derived from what must stay the same on every attempt.
// Nothing here rolls a dice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hydrant {

/// Spreads every bit of `value` over the whole result; equal in, equal out, and
/// different in, different out. Derives identifiers from small numbers.
/// Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014, variant 13 of Stafford).
constexpr std::uint64_t mix64(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// A UUID of 36 characters, version 4. Of the 128 bits, 6 are overwritten by
/// version and variant: bits 12 to 15 of `high`, and the top two of `low`.
/// Source: RFC 9562, section 5.4.
inline std::string make_uuid(std::uint64_t high, std::uint64_t low) {
  constexpr std::string_view digits = "0123456789abcdef";
  high = (high & ~0xf000ull) | 0x4000ull;
  low = (low & ~(3ull << 62)) | 2ull << 62;
  std::string text;
  text.reserve(36);
  for (unsigned nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) {
      text += '-';
    }
    const std::uint64_t half = nibble < 16 ? high : low;
    text += digits[half >> (60 - 4 * (nibble % 16)) & 0xf];
  }
  return text;
}

}  // namespace hydrant
