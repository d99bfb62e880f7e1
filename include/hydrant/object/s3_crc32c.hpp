// SPDX-License-Identifier: MIT
//
// CRC-32C at the speed of memory: three independent runs at once, for one waits
// for itself, put together by arithmetic; and the checksum of a whole from those
// of its parts, so that each byte is looked at once, while it is in cache.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace hydrant::detail {

/// Polynomials over GF(2), modulo CRC-32C's own, the lowest power in the highest bit.
struct Crc32cField {
  static constexpr std::uint32_t polynomial = 0x82f63b78;
  static constexpr std::uint32_t one = 0x80000000;

  static constexpr std::uint32_t times_x(std::uint32_t a) {
    return (a >> 1) ^ ((a & 1) != 0 ? polynomial : 0U);
  }

  static constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
    std::uint32_t product = 0;
    for (; a != 0; a <<= 1) {
      product ^= (a & one) != 0 ? b : 0U;
      b = times_x(b);
    }
    return product;
  }

  /// What a state is multiplied with to go past so many bytes of zeros.
  static constexpr std::uint32_t zeros(std::uint64_t bytes) {
    std::uint32_t result = one;
    std::uint32_t square = one;
    for (int i = 0; i < 8; ++i) {
      square = times_x(square);
    }
    for (; bytes != 0; bytes >>= 1) {
      result = (bytes & 1) != 0 ? multiply(result, square) : result;
      square = multiply(square, square);
    }
    return result;
  }
};

struct Crc32cTables {
  constexpr Crc32cTables() {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t state = byte;
      for (int bit = 0; bit < 8; ++bit) {
        state = Crc32cField::times_x(state);
      }
      of[0][byte] = state;
    }
    for (std::size_t table = 1; table < of.size(); ++table) {
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const std::uint32_t before = of[table - 1][byte];
        of[table][byte] = (before >> 8) ^ of[0][before & 0xff];
      }
    }
  }

  std::array<std::array<std::uint32_t, 256>, 8> of{};
};

inline std::uint32_t crc32c_by_tables(std::uint32_t state, std::span<const std::byte> bytes) {
  static constexpr Crc32cTables tables;
  const auto at = [&bytes](std::size_t index) { return static_cast<std::uint32_t>(bytes[index]); };
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const std::uint32_t low = state ^ (at(0) | at(1) << 8 | at(2) << 16 | at(3) << 24);
    state = tables.of[7][low & 0xff] ^ tables.of[6][low >> 8 & 0xff] ^
            tables.of[5][low >> 16 & 0xff] ^ tables.of[4][low >> 24] ^ tables.of[3][at(4)] ^
            tables.of[2][at(5)] ^ tables.of[1][at(6)] ^ tables.of[0][at(7)];
  }
  for (const std::byte byte : bytes) {
    state = (state >> 8) ^ tables.of[0][(state ^ static_cast<std::uint32_t>(byte)) & 0xff];
  }
  return state;
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
__attribute__((target("sse4.2"))) inline std::uint32_t crc32c_by_instruction(
    std::uint32_t state, std::span<const std::byte> bytes) {
  constexpr std::size_t run = std::size_t{4} << 10;
  constexpr std::uint32_t past_run = Crc32cField::zeros(run);
  const auto word_at = [](const std::byte* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    return word;
  };
  for (; bytes.size() >= 3 * run; bytes = bytes.subspan(3 * run)) {
    std::uint64_t first = state;
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < run; i += 8) {
      first = __builtin_ia32_crc32di(first, word_at(bytes.data() + i));
      second = __builtin_ia32_crc32di(second, word_at(bytes.data() + run + i));
      third = __builtin_ia32_crc32di(third, word_at(bytes.data() + 2 * run + i));
    }
    state = Crc32cField::multiply(past_run, static_cast<std::uint32_t>(first)) ^
            static_cast<std::uint32_t>(second);
    state = Crc32cField::multiply(past_run, state) ^ static_cast<std::uint32_t>(third);
  }
  std::uint64_t wide = state;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    wide = __builtin_ia32_crc32di(wide, word_at(bytes.data()));
  }
  state = static_cast<std::uint32_t>(wide);
  for (const std::byte byte : bytes) {
    state = __builtin_ia32_crc32qi(state, static_cast<unsigned char>(byte));
  }
  return state;
}

inline std::uint32_t crc32c_step(std::uint32_t state, std::span<const std::byte> bytes) {
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  return has_instruction ? crc32c_by_instruction(state, bytes) : crc32c_by_tables(state, bytes);
}
#else
inline std::uint32_t crc32c_step(std::uint32_t state, std::span<const std::byte> bytes) {
  return crc32c_by_tables(state, bytes);
}
#endif

/// The checksum of bytes that follow those which have the checksum `crc`; of none it is 0.
inline std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes) {
  return ~crc32c_step(~crc, bytes);
}

/// The checksum of two texts, one behind the other, of which the second has so many bytes.
inline std::uint32_t crc32c_joined(std::uint32_t first, std::uint32_t second,
                                   std::uint64_t second_bytes) {
  return Crc32cField::multiply(Crc32cField::zeros(second_bytes), first) ^ second;
}

/// As S3 has it: four bytes, the highest first.
inline std::string crc32c_bytes(std::uint32_t crc) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(crc >> shift);
  }
  return bytes;
}

}  // namespace hydrant::detail
