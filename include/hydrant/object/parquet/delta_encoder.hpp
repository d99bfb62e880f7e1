// SPDX-License-Identifier: MIT
//
// Parquet's delta encodings, which version 2 of the writer uses where there is
// no dictionary: numbers as differences, texts as what differs from the text
// before.
#pragma once

#include <hydrant/object/parquet/hybrid_encoder.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace hydrant::detail::parquet {

/// Appends 32 differences of up to 64 bits each, the lowest bit first.
inline void append_miniblock(ByteBuffer& out, std::span<const std::uint64_t> values,
                             unsigned width) {
  if (width <= 32) {
    if (width != 0) {
      append_bit_packed(out, values, width);
    }
    return;
  }
  // Two halves of a value at a time; what is left of one byte goes into the next.
  std::uint64_t bits = 0;
  unsigned filled = 0;
  const auto put = [&](std::uint64_t value, unsigned count) {
    bits |= value << filled;
    filled += count;
    while (filled >= 8) {
      out.append_byte(static_cast<unsigned>(bits & 0xff));
      bits >>= 8;
      filled -= 8;
    }
  };
  for (const std::uint64_t value : values) {
    put(value & 0xffff'ffff, 32);
    put(value >> 32, width - 32);
  }
}

/// Appends numbers in DELTA_BINARY_PACKED: blocks of 128 differences, in four miniblocks.
template <class T>
void append_delta(ByteBuffer& out, std::span<const T> values) {
  using Unsigned = std::make_unsigned_t<T>;
  constexpr std::size_t block_count = 128;
  constexpr std::size_t miniblock_count = 32;
  out.append_varint(block_count);
  out.append_varint(block_count / miniblock_count);
  out.append_varint(values.size());
  out.append_varint(values.empty() ? 0 : zigzag(values[0]));
  std::array<std::uint64_t, block_count> deltas{};
  for (std::size_t at = 1; at < values.size(); at += block_count) {
    const std::size_t count = std::min(block_count, values.size() - at);
    T min = std::numeric_limits<T>::max();
    for (std::size_t i = 0; i < count; ++i) {
      // Differences may go round the end of the type; readers go round with them.
      const auto delta = static_cast<T>(static_cast<Unsigned>(
          static_cast<Unsigned>(values[at + i]) - static_cast<Unsigned>(values[at + i - 1])));
      deltas[i] = static_cast<Unsigned>(delta);
      min = std::min(min, delta);
    }
    for (std::size_t i = 0; i < block_count; ++i) {
      deltas[i] =
          i < count
              ? static_cast<Unsigned>(static_cast<Unsigned>(deltas[i]) - static_cast<Unsigned>(min))
              : 0;
    }
    out.append_varint(zigzag(min));
    std::array<unsigned, block_count / miniblock_count> widths{};
    for (std::size_t i = 0; i < count; ++i) {
      widths[i / miniblock_count] = std::max(widths[i / miniblock_count], bits_for(deltas[i]));
    }
    for (const unsigned width : widths) {
      out.append_byte(width);
    }
    for (std::size_t i = 0; i < count; i += miniblock_count) {
      append_miniblock(out, std::span(deltas).subspan(i, miniblock_count),
                       widths[i / miniblock_count]);
    }
  }
}

/// Appends texts in DELTA_BYTE_ARRAY: how much of the text before each begins with, then the rest.
inline void append_delta_bytes(ByteBuffer& out, std::span<const std::string_view> values) {
  std::vector<std::int32_t> shared;
  std::vector<std::int32_t> rest;
  shared.reserve(values.size());
  rest.reserve(values.size());
  std::string_view before;
  for (const std::string_view value : values) {
    const auto [end, other] =
        std::mismatch(value.begin(), value.end(), before.begin(), before.end());
    shared.push_back(static_cast<std::int32_t>(end - value.begin()));
    rest.push_back(static_cast<std::int32_t>(value.end() - end));
    before = value;
  }
  append_delta(out, std::span<const std::int32_t>(shared));
  append_delta(out, std::span<const std::int32_t>(rest));
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.append(values[i].substr(static_cast<std::size_t>(shared[i])));
  }
}

}  // namespace hydrant::detail::parquet
