// SPDX-License-Identifier: MIT
//
// Snappy compresses a block at once and knows no stream, so each of its users
// has put a framing of his own around it. This is what those have in common:
// gathering blocks, compressing them, handing on a buffer when it is full.
#pragma once

#if !__has_include(<snappy.h>)
#error "hydrant/object/snappy_blocks.hpp needs libsnappy: link hydrant::snappy"
#endif

#include <hydrant/object/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <snappy.h>

namespace hydrant::detail {

/// Writes `value` as 4 bytes, the highest first.
inline void write_big_endian(char* to, std::size_t value) {
  for (int i = 3; i >= 0; --i) {
    to[i] = static_cast<char>(value & 0xff);
    value >>= 8;
  }
}

/// Takes 4 bytes, the highest first. Returns: false where there are not as many.
inline bool take_big_endian(std::string_view& from, std::uint32_t& value) {
  if (from.size() < 4) {
    return false;
  }
  value = 0;
  for (int i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(from[static_cast<std::size_t>(i)]);
  }
  from.remove_prefix(4);
  return true;
}

/// Why a stream of blocks could not be read.
enum class SnappyFault : std::uint8_t { none, foreign, cut_off, broken, over_limit };

/// Takes a compressed block and appends its content, up to `limit` bytes in all.
inline SnappyFault append_snappy_block(std::string_view& from, std::size_t compressed_size,
                                       std::string& content, std::size_t limit) {
  if (compressed_size > from.size()) {
    return SnappyFault::cut_off;
  }
  std::size_t size = 0;
  // Three bytes are a copy of 64 at most: a size above that is not worth taking memory for.
  constexpr std::size_t ratio_max = 22;
  if (!snappy::GetUncompressedLength(from.data(), compressed_size, &size) ||
      size / ratio_max > compressed_size) {
    return SnappyFault::broken;
  }
  if (size > limit - content.size()) {
    return SnappyFault::over_limit;
  }
  const std::size_t before = content.size();
  content.resize(before + size);
  if (!snappy::RawUncompress(from.data(), compressed_size, content.data() + before)) {
    return SnappyFault::broken;
  }
  from.remove_prefix(compressed_size);
  return SnappyFault::none;
}

/// What to say about a fault at byte `at`.
inline Failure snappy_failure(std::string_view codec, SnappyFault fault, std::size_t size,
                              std::size_t at, std::size_t limit) {
  if (fault == SnappyFault::over_limit) {
    return decode_limit_failure(codec, size, limit);
  }
  const std::string_view what = fault == SnappyFault::foreign   ? "it is of another format"
                                : fault == SnappyFault::cut_off ? "it is cut off"
                                                                : "it is damaged";
  return decode_failure(codec, size,
                        std::string(what) + " at byte " + std::to_string(at) +
                            " (fetch it again, or restore it from another copy)");
}

/// Cuts an object into blocks of one size, and frames each of them.
///
/// `Framing` has: `stream_header`, the bytes at the front; `block_head_size` and
/// `write_block_head(to, size, compressed_size)`; `empty_stream`, what stands for no block at all.
/// Threads: distinct objects: safe; shared: unsafe.
template <class Framing>
class SnappyEncoder {
 public:
  explicit SnappyEncoder(std::size_t block_size) : block_size_(block_size) {}

  Status write(std::span<const std::byte> piece, PieceWriter auto&& out) {
    while (!piece.empty()) {
      if (block_.empty() && piece.size() >= block_size_) {
        compress(piece.first(block_size_));  // where it lies
        piece = piece.subspan(block_size_);
      } else {
        const auto part = piece.first(std::min(piece.size(), block_size_ - block_.size()));
        block_.insert(block_.end(), part.begin(), part.end());
        piece = piece.subspan(part.size());
        if (block_.size() == block_size_) {
          compress(block_);
          block_.clear();
        }
      }
      if (filled_ >= buffer_size) {
        if (Status status = flush(out); !status) {
          return status;
        }
      }
    }
    return success();
  }

  Status finish(PieceWriter auto&& out) {
    if (!block_.empty()) {
      compress(block_);
    }
    if (!is_begun_) {
      begin();
      append(Framing::empty_stream);
    }
    Status status = flush(out);
    reset();
    return status;
  }

  void reset() {
    block_.clear();
    filled_ = 0;
    is_begun_ = false;
  }

 private:
  /// Handed on when it is full, so that what compresses well is not a write for every block.
  static constexpr std::size_t buffer_size = std::size_t{256} << 10;

  void begin() {
    buffer_.resize(buffer_size + Framing::stream_header.size() + Framing::block_head_size +
                   snappy::MaxCompressedLength(block_size_));
    append(Framing::stream_header);
    is_begun_ = true;
  }

  void append(std::string_view text) {
    filled_ += text.copy(buffer_.data() + filled_, text.size());
  }

  void compress(std::span<const std::byte> block) {
    if (!is_begun_) {
      begin();
    }
    char* head = buffer_.data() + filled_;
    std::size_t size = 0;
    snappy::RawCompress(reinterpret_cast<const char*>(block.data()), block.size(),
                        head + Framing::block_head_size, &size);
    Framing::write_block_head(head, block.size(), size);
    filled_ += Framing::block_head_size + size;
  }

  Status flush(PieceWriter auto& out) {
    return out(std::as_bytes(std::span(buffer_).first(std::exchange(filled_, 0))));
  }

  std::size_t block_size_;
  std::vector<std::byte> block_;
  std::vector<char> buffer_;
  std::size_t filled_ = 0;
  bool is_begun_ = false;
};

}  // namespace hydrant::detail
