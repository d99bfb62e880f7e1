// SPDX-License-Identifier: MIT
//
// MD5, for formats that carry one: KPL's aggregated records end with it. It
// finds accidents; against intent it has not held for twenty years.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hydrant::detail {

/// The 16 bytes of a digest, as RFC 1321 orders them.
using Md5 = std::array<std::byte, 16>;

/// The floor of 2^32 times the absolute sines of 1 to 64. Source: RFC 1321, section 3.4.
inline constexpr std::array<std::uint32_t, 64> md5_sines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/// How far each step rotates, by round and by step in it.
inline constexpr std::array<std::array<int, 4>, 4> md5_rotations = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

inline constexpr std::size_t md5_block_size = 64;

/// Takes one block of 64 bytes into the state.
inline void md5_take_block(std::array<std::uint32_t, 4>& state, std::span<const std::byte> block) {
  std::array<std::uint32_t, 16> words{};
  for (std::size_t i = 0; i < md5_block_size; ++i) {
    words[i / 4] |= std::to_integer<std::uint32_t>(block[i]) << 8 * (i % 4);
  }
  auto [a, b, c, d] = state;
  for (std::size_t step = 0; step < 64; ++step) {
    std::uint32_t mixed = 0;
    std::size_t word = 0;
    switch (step / 16) {
      case 0:
        mixed = (b & c) | (~b & d);
        word = step;
        break;
      case 1:
        mixed = (d & b) | (~d & c);
        word = 5 * step + 1;
        break;
      case 2:
        mixed = b ^ c ^ d;
        word = 3 * step + 5;
        break;
      default:
        mixed = c ^ (b | ~d);
        word = 7 * step;
    }
    const std::uint32_t sum = a + mixed + md5_sines[step] + words[word % 16];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, md5_rotations[step / 16][step % 4]);
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

/// The MD5 digest of `bytes`.
/// Source: RFC 1321.
inline Md5 md5_of(std::span<const std::byte> bytes) {
  std::array<std::uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (; bytes.size() >= md5_block_size; bytes = bytes.subspan(md5_block_size)) {
    md5_take_block(state, bytes.first(md5_block_size));
  }
  // The rest, a single bit, zeros, and the size in bits: one block or two.
  std::array<std::byte, 2 * md5_block_size> tail{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    tail[i] = bytes[i];
  }
  tail[bytes.size()] = std::byte{0x80};
  const std::size_t tail_size = bytes.size() + 9 <= md5_block_size ? md5_block_size : tail.size();
  for (std::size_t i = 0; i < 8; ++i) {
    tail[tail_size - 8 + i] = static_cast<std::byte>(bits >> 8 * i & 0xff);
  }
  for (std::size_t at = 0; at < tail_size; at += md5_block_size) {
    md5_take_block(state, std::span(tail).subspan(at, md5_block_size));
  }
  Md5 digest;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::byte>(state[i / 4] >> 8 * (i % 4) & 0xff);
  }
  return digest;
}

}  // namespace hydrant::detail
