// SPDX-License-Identifier: MIT
//
// Snappy as Firehose's `Snappy` writes it: the stream of snappy-java, which is
// not the official framing of Snappy. Blocks of one size each carry their
// compressed length:
//
//     | 82 'S' 'N' 'A' 'P' 'P' 'Y' 00 | version 1 | readable from 1 | { length | block }...
//
// All numbers are 4 bytes, the highest first. Nothing marks the end and nothing
// is a checksum: who must notice damage takes gzip or zstd.
#pragma once

#if !__has_include(<snappy.h>)
#error "hydrant/object/snappy.hpp needs libsnappy: link hydrant::snappy"
#endif

#include <hydrant/core/error.hpp>
#include <hydrant/object/codec.hpp>
#include <hydrant/object/snappy_blocks.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hydrant {

/// Compresses with Snappy in snappy-java's stream. Firehose's Snappy.
/// Threads: a plain value; copies are independent. An encoder serves one thread at a time.
struct Snappy {
  static constexpr std::size_t block_size_min = std::size_t{1} << 10;
  static constexpr std::size_t block_size_max = std::size_t{16} << 20;
  static constexpr std::string_view magic{"\x82SNAPPY\0", 8};
  static constexpr std::array<std::string_view, 1> file_extensions{".snappy"};

  /// How much is compressed at once. Default 32 KiB, with which the bytes are snappy-java's own.
  /// Range [1 KiB, 16 MiB].
  std::size_t block_size = std::size_t{32} << 10;

  /// How snappy-java frames.
  struct Framing {
    static constexpr std::string_view stream_header{"\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16};
    static constexpr std::string_view empty_stream{};
    static constexpr std::size_t block_head_size = 4;

    static void write_block_head(char* to, std::size_t, std::size_t compressed_size) {
      detail::write_big_endian(to, compressed_size);
    }
  };

  /// Makes one stream an object; its buffers keep their memory from one to the next.
  using Encoder = detail::SnappyEncoder<Framing>;

  std::string_view extension() const { return ".snappy"; }

  std::string_view content_encoding() const { return "snappy-java"; }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(block_size >= block_size_min && block_size <= block_size_max, "snappy.block_size",
                 "must be within [1 KiB, 16 MiB]", std::to_string(block_size) + " bytes");
  }

  Encoder encoder() const { return Encoder(block_size); }

  /// What an object of one or several such streams holds.
  /// Errors: cut off within a block, damaged as far as that can be seen, or above `limit` bytes.
  static Result<std::string> decode(std::span<const std::byte> object, std::size_t limit) {
    std::string content;
    std::string_view rest(reinterpret_cast<const char*>(object.data()), object.size());
    const detail::SnappyFault fault = take_streams(rest, content, limit);
    if (fault != detail::SnappyFault::none) {
      return detail::snappy_failure("snappy", fault, object.size(), object.size() - rest.size(),
                                    limit);
    }
    return content;
  }

 private:
  static detail::SnappyFault take_header(std::string_view& rest) {
    if (!rest.starts_with(magic)) {
      return magic.starts_with(rest) ? detail::SnappyFault::cut_off : detail::SnappyFault::foreign;
    }
    std::string_view versions = rest.substr(magic.size());
    std::uint32_t version = 0;
    std::uint32_t readable_from = 0;
    if (!detail::take_big_endian(versions, version) ||
        !detail::take_big_endian(versions, readable_from)) {
      return detail::SnappyFault::cut_off;
    }
    if (version == 0 || readable_from != 1) {
      return detail::SnappyFault::foreign;
    }
    rest = versions;
    return detail::SnappyFault::none;
  }

  static detail::SnappyFault take_streams(std::string_view& rest, std::string& content,
                                          std::size_t limit) {
    detail::SnappyFault fault = take_header(rest);
    while (fault == detail::SnappyFault::none && !rest.empty()) {
      if (rest.starts_with(magic)) {  // no block is as large as that would be
        fault = take_header(rest);
        continue;
      }
      std::string_view block = rest;
      std::uint32_t size = 0;
      fault = detail::take_big_endian(block, size)
                  ? detail::append_snappy_block(block, size, content, limit)
                  : detail::SnappyFault::cut_off;
      rest = fault == detail::SnappyFault::none ? block : rest;
    }
    return fault;
  }
};

static_assert(DecodingCodec<Snappy>);

}  // namespace hydrant
