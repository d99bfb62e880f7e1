// SPDX-License-Identifier: MIT
//
// Snappy as Firehose's `HADOOP_SNAPPY` writes it: the blocks of Hadoop's
// BlockCompressorStream, which Hive, Spark and Athena read. Each block says how
// much it holds, then come its chunks, until they make up for that:
//
//     { uncompressed length of the block | { length | chunk }... }...
//
// All numbers are 4 bytes, the highest first. There is no magic at the front,
// no end mark and no checksum. Here every block is one chunk.
#pragma once

#if !__has_include(<snappy.h>)
#error "hydrant/object/hadoop_snappy.hpp needs libsnappy: link hydrant::snappy"
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

/// Compresses with Snappy in Hadoop's blocks. Firehose's HADOOP_SNAPPY.
/// Threads: a plain value; copies are independent. An encoder serves one thread at a time.
struct HadoopSnappy {
  static constexpr std::size_t block_size_min = std::size_t{1} << 10;
  /// What Hadoop itself puts into a block at most, so that it fits a reader's buffer of 256 KiB.
  static constexpr std::size_t block_size_max = (256 << 10) - ((256 << 10) / 6 + 32);
  /// There is none: any bytes may be the front of such an object.
  static constexpr std::string_view magic{};
  /// The second one is what Firehose's guide says, the first what Firehose does.
  static constexpr std::array<std::string_view, 2> file_extensions{".snappy", ".hsnappy"};

  /// How much is compressed at once. Default 32 KiB, with which the bytes are those of
  /// snappy-java's SnappyHadoopCompatibleOutputStream. Range [1 KiB, 218,422 bytes].
  std::size_t block_size = std::size_t{32} << 10;

  /// How Hadoop frames.
  struct Framing {
    static constexpr std::string_view stream_header{};
    /// A block of nothing, where Hadoop stops reading.
    static constexpr std::string_view empty_stream{"\0\0\0\0", 4};
    static constexpr std::size_t block_head_size = 8;

    static void write_block_head(char* to, std::size_t size, std::size_t compressed_size) {
      detail::write_big_endian(to, size);
      detail::write_big_endian(to + 4, compressed_size);
    }
  };

  /// Makes one run of blocks an object; its buffers keep their memory from one to the next.
  using Encoder = detail::SnappyEncoder<Framing>;

  std::string_view extension() const { return ".snappy"; }

  std::string_view content_encoding() const { return "hadoop-snappy"; }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(block_size >= block_size_min && block_size <= block_size_max,
                 "hadoop_snappy.block_size",
                 "must be within [1 KiB, " + std::to_string(block_size_max) + " bytes]",
                 std::to_string(block_size) + " bytes");
  }

  Encoder encoder() const { return Encoder(block_size); }

  /// What an object's blocks hold, whoever wrote them. No byte at all holds nothing.
  /// Errors: cut off within a block, damaged as far as that can be seen, or above `limit` bytes.
  static Result<std::string> decode(std::span<const std::byte> object, std::size_t limit) {
    std::string content;
    std::string_view rest(reinterpret_cast<const char*>(object.data()), object.size());
    detail::SnappyFault fault = detail::SnappyFault::none;
    while (fault == detail::SnappyFault::none && !rest.empty()) {
      fault = take_block(rest, content, limit);
    }
    if (fault != detail::SnappyFault::none) {
      return detail::snappy_failure("hadoop_snappy", fault, object.size(),
                                    object.size() - rest.size(), limit);
    }
    return content;
  }

 private:
  static detail::SnappyFault take_block(std::string_view& rest, std::string& content,
                                        std::size_t limit) {
    std::uint32_t size = 0;
    if (!detail::take_big_endian(rest, size)) {
      return detail::SnappyFault::cut_off;
    }
    if (size == 0) {  // where readers stop: behind it nothing would ever be seen
      return rest.empty() ? detail::SnappyFault::none : detail::SnappyFault::broken;
    }
    if (size > limit - content.size()) {
      return detail::SnappyFault::over_limit;
    }
    const std::size_t end = content.size() + size;
    while (content.size() != end) {
      std::uint32_t compressed_size = 0;
      if (!detail::take_big_endian(rest, compressed_size)) {
        return detail::SnappyFault::cut_off;
      }
      // A chunk must not hold more than its block has left.
      const auto fault = detail::append_snappy_block(rest, compressed_size, content, end);
      if (fault != detail::SnappyFault::none) {
        return fault == detail::SnappyFault::over_limit ? detail::SnappyFault::broken : fault;
      }
    }
    return detail::SnappyFault::none;
  }
};

static_assert(DecodingCodec<HadoopSnappy>);

}  // namespace hydrant
