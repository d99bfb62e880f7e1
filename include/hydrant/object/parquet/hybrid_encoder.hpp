// SPDX-License-Identifier: MIT
//
// Parquet's hybrid of run lengths and bit packing: levels and dictionary
// indexes are written in it.
#pragma once

#include <hydrant/object/parquet/byte_buffer.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hydrant::detail::parquet {

/// How many bits hold every number up to `max`.
constexpr unsigned bits_for(std::uint64_t max) {
  return static_cast<unsigned>(std::bit_width(max));
}

/// Appends values of `width` bits each, 1 to 32, the lowest bit first, filled up with 0 to a
/// multiple of eight values.
template <class T>
void append_bit_packed(ByteBuffer& out, std::span<const T> values, unsigned width) {
  const std::size_t groups = (values.size() + 7) / 8;
  char* to = out.room_for(groups * width + sizeof(std::uint64_t));
  out.grow_by(groups * width);
  std::uint64_t bits = 0;
  unsigned filled = 0;
  for (const T value : values) {
    bits |= static_cast<std::uint64_t>(value) << filled;
    filled += width;
    if (filled >= 32) {
      const auto low = static_cast<std::uint32_t>(bits);
      std::memcpy(to, &low, sizeof(low));
      to += sizeof(low);
      bits >>= 32;
      filled -= 32;
    }
  }
  // At most 31 bits and seven missing values are left: the room behind the end is there for them.
  char* const end = out.data() + out.size();
  while (to < end) {
    *to++ = static_cast<char>(bits & 0xff);
    bits >>= 8;
  }
}

/// Appends values of `width` bits each, 1 to 32, as runs and as bit-packed groups of eight.
template <class T>
void append_hybrid(ByteBuffer& out, std::span<const T> values, unsigned width) {
  constexpr std::size_t run_min = 8;
  const std::size_t count = values.size();
  const auto append_literals = [&](std::size_t begin, std::size_t end) {
    if (begin != end) {
      out.append_varint((end - begin + 7) / 8 << 1 | 1);
      append_bit_packed(out, values.subspan(begin, end - begin), width);
    }
  };
  std::size_t literals = 0;  // from here on nothing is written yet
  std::size_t at = 0;
  while (at < count) {
    std::size_t end = at + 1;
    while (end < count && values[end] == values[at]) {
      ++end;
    }
    // Literals come in groups of eight: what the last group lacks, the run gives.
    const std::size_t first = at + (literals - at) % 8;
    if (end >= first + run_min) {
      append_literals(literals, first);
      out.append_varint((end - first) << 1);
      const auto value = static_cast<std::uint32_t>(values[at]);
      out.append(&value, (width + 7) / 8);
      literals = end;
    }
    at = end;
  }
  append_literals(literals, count);
}

/// Appends `count` times the same value.
inline void append_hybrid_run(ByteBuffer& out, std::uint32_t value, std::size_t count,
                              unsigned width) {
  if (count != 0) {
    out.append_varint(static_cast<std::uint64_t>(count) << 1);
    out.append(&value, (width + 7) / 8);
  }
}

}  // namespace hydrant::detail::parquet
