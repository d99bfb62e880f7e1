// SPDX-License-Identifier: MIT
//
// Parquet's encodings and compressions the other way, one bit and one value at
// a time, as the format's text says it and not as the encoders do it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "thrift_reader.hpp"
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

namespace hydrant::tests {

/// The number of `width` bits that begins at bit `index` x `width`, the lowest bit first.
inline std::uint64_t packed_number(std::string_view bytes, std::size_t index, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned bit = 0; bit < width; ++bit) {
    const std::size_t at = index * width + bit;
    const auto byte = static_cast<unsigned char>(bytes.at(at / 8));
    value |= static_cast<std::uint64_t>(byte >> (at % 8) & 1) << bit;
  }
  return value;
}

/// Exactly `count` values of the hybrid of runs and bit packing, which end where the bytes end.
inline std::vector<std::uint64_t> decode_hybrid(std::string_view bytes, unsigned width,
                                                std::size_t count) {
  ByteReader from{bytes};
  std::vector<std::uint64_t> values;
  while (values.size() < count) {
    const std::uint64_t head = from.varint();
    expect_file(head > 1, "an empty run");
    if ((head & 1) == 0) {
      std::uint64_t value = 0;
      for (unsigned shift = 0; shift < width; shift += 8) {
        value |= static_cast<std::uint64_t>(from.byte()) << shift;
      }
      expect_file(head >> 1 <= count - values.size(), "a run is too long");
      expect_file(width == 64 || value >> width == 0, "a run's value has too many bits");
      values.insert(values.end(), static_cast<std::size_t>(head >> 1), value);
      continue;
    }
    const auto groups = static_cast<std::size_t>(head >> 1);
    expect_file(groups * 8 < count - values.size() + 8, "too many groups");
    const std::string_view packed = from.take(groups * width);
    for (std::size_t index = 0; index < groups * 8; ++index) {
      const std::uint64_t value = packed_number(packed, index, width);
      if (values.size() < count) {
        values.push_back(value);
      } else {
        expect_file(value == 0, "the last group is not filled up with 0");
      }
    }
  }
  expect_file(from.bytes.empty(), "bytes behind the last run");
  return values;
}

/// Numbers in DELTA_BINARY_PACKED, taken from the front; `bits` of the type, 32 or 64.
inline std::vector<std::int64_t> decode_delta(ByteReader& from, unsigned bits) {
  const auto as_type = [bits](std::uint64_t value) {
    return bits == 64 ? static_cast<std::int64_t>(value)
                      : std::int64_t{static_cast<std::int32_t>(static_cast<std::uint32_t>(value))};
  };
  const auto block = static_cast<std::size_t>(from.varint());
  const auto miniblocks = static_cast<std::size_t>(from.varint());
  const auto count = static_cast<std::size_t>(from.varint());
  expect_file(block % 128 == 0 && miniblocks != 0 && block / miniblocks % 32 == 0,
              "blocks of a forbidden size");
  auto value = static_cast<std::uint64_t>(from.zigzag());
  std::vector<std::int64_t> values;
  if (count != 0) {
    values.push_back(as_type(value));
  }
  while (values.size() < count) {
    const auto min = static_cast<std::uint64_t>(from.zigzag());
    const std::string_view widths = from.take(miniblocks);
    for (std::size_t part = 0; part < miniblocks && values.size() < count; ++part) {
      const auto width = static_cast<unsigned>(static_cast<unsigned char>(widths[part]));
      expect_file(width <= bits, "a difference of too many bits");
      const std::size_t size = block / miniblocks;
      const std::string_view packed = from.take(size * width / 8);
      for (std::size_t index = 0; index < size && values.size() < count; ++index) {
        value += min + packed_number(packed, index, width);
        values.push_back(as_type(value));
      }
    }
  }
  return values;
}

/// Texts in DELTA_BYTE_ARRAY, up to the end of the bytes.
inline std::vector<std::string> decode_delta_bytes(std::string_view bytes) {
  ByteReader from{bytes};
  const std::vector<std::int64_t> shared = decode_delta(from, 32);
  const std::vector<std::int64_t> rest = decode_delta(from, 32);
  expect_file(shared.size() == rest.size(), "lists of differing length");
  std::vector<std::string> values;
  std::string before;
  for (std::size_t index = 0; index < shared.size(); ++index) {
    expect_file(shared[index] >= 0 && rest[index] >= 0, "a negative length");
    std::string value = before.substr(0, static_cast<std::size_t>(shared[index]));
    expect_file(value.size() == static_cast<std::size_t>(shared[index]), "too much is shared");
    value += from.take(static_cast<std::size_t>(rest[index]));
    values.push_back(value);
    before = value;
  }
  expect_file(from.bytes.empty(), "bytes behind the last text");
  return values;
}

/// By the format's numbers: none, Snappy, gzip, Zstandard.
inline std::string decompressed(std::int64_t codec, std::string_view bytes, std::size_t size) {
  std::string out(size, '\0');
  std::size_t found = 0;
  if (codec == 0) {
    out = bytes;
    found = bytes.size();
  } else if (codec == 1) {
    expect_file(snappy::GetUncompressedLength(bytes.data(), bytes.size(), &found) &&
                    found == size && snappy::RawUncompress(bytes.data(), bytes.size(), out.data()),
                "no Snappy");
  } else if (codec == 2) {
    z_stream stream{};
    expect_file(inflateInit2(&stream, 15 + 16) == Z_OK, "no zlib");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string room(size + 1, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    const int result = inflate(&stream, Z_FINISH);
    found = room.size() - stream.avail_out;
    const bool is_whole = result == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    expect_file(is_whole, "no gzip");
    out = room.substr(0, found);
  } else {
    expect_file(codec == 6, "an unknown codec");
    found = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
    expect_file(ZSTD_isError(found) == 0, "no Zstandard");
  }
  expect_file(found == size, "a page of another size than its header says");
  return out;
}

/// `count` values of a physical type as the bytes of their PLAIN encoding, without a length.
inline std::vector<std::string> decode_plain(std::string_view bytes, std::int64_t physical,
                                             std::size_t width, std::size_t count) {
  ByteReader from{bytes};
  std::vector<std::string> values;
  if (physical == 0) {
    expect_file(bytes.size() == (count + 7) / 8, "booleans of another size");
    for (std::size_t index = 0; index < count; ++index) {
      values.emplace_back(1, static_cast<char>(packed_number(bytes, index, 1)));
    }
    return values;
  }
  for (std::size_t index = 0; index < count; ++index) {
    values.emplace_back(from.take(width == 0 ? from.word() : width));
  }
  expect_file(from.bytes.empty(), "bytes behind the last value");
  return values;
}

/// A number as PLAIN bytes.
inline std::string plain_number(std::int64_t value, std::size_t width) {
  std::string bytes;
  for (std::size_t index = 0; index < width; ++index) {
    bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * index) & 0xff);
  }
  return bytes;
}

}  // namespace hydrant::tests
