// SPDX-License-Identifier: MIT
//
// Keys and values are mostly a few bytes long, and there are many of them: for
// those a call of the system's functions costs more than what they do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hydrant::detail::parquet {

template <class T>
std::uint64_t load_bytes(const char* from) {
  T word{};
  std::memcpy(&word, from, sizeof(T));
  return word;
}

/// Mixes bytes into 32 bits; the same on every machine.
inline std::uint32_t hash_bytes(const char* at, std::size_t size) {
  constexpr std::uint64_t factor = 0x9fb21c651e98df25;
  const auto mix = [](std::uint64_t word) {
    word *= factor;
    return word ^ (word >> 32);
  };
  std::uint64_t hash = size * 0xff51afd7ed558ccd;
  while (size > sizeof(std::uint64_t)) {
    hash = mix(hash ^ load_bytes<std::uint64_t>(at));
    at += sizeof(std::uint64_t);
    size -= sizeof(std::uint64_t);
  }
  // The tail: eight bytes at once, or what there is, without a loop over single bytes.
  std::uint64_t tail = 0;
  if (size == sizeof(std::uint64_t)) {
    tail = load_bytes<std::uint64_t>(at);
  } else if (size >= 4) {
    tail = load_bytes<std::uint32_t>(at) | load_bytes<std::uint32_t>(at + size - 4) << 32;
  } else if (size != 0) {
    tail = load_bytes<std::uint8_t>(at) | load_bytes<std::uint8_t>(at + size / 2) << 8 |
           load_bytes<std::uint8_t>(at + size - 1) << 16;
  }
  hash = mix(hash ^ tail);
  return static_cast<std::uint32_t>(hash ^ (hash >> 29));
}

/// Whether two texts are the same.
inline bool equal_bytes(std::string_view one, std::string_view other) {
  using Word = std::uint64_t;
  const std::size_t size = one.size();
  if (size != other.size()) {
    return false;
  }
  const char* a = one.data();
  const char* b = other.data();
  // Of what is compared each byte is in one of the words, or in two.
  if (size >= sizeof(Word)) {
    const std::size_t last = size - sizeof(Word);
    if (size > 2 * sizeof(Word)) {
      return std::memcmp(a, b, size) == 0;
    }
    return load_bytes<Word>(a) == load_bytes<Word>(b) &&
           load_bytes<Word>(a + last) == load_bytes<Word>(b + last);
  }
  if (size >= 4) {
    return load_bytes<std::uint32_t>(a) == load_bytes<std::uint32_t>(b) &&
           load_bytes<std::uint32_t>(a + size - 4) == load_bytes<std::uint32_t>(b + size - 4);
  }
  return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

}  // namespace hydrant::detail::parquet
