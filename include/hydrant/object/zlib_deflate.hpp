// SPDX-License-Identifier: MIT
//
// Deflating with zlib into one buffer, which is handed on whenever it is full:
// what gzip and zip have in common. Around the stream other bytes can go into
// the same buffer, so that a header costs no write of its own.
#pragma once

#if !__has_include(<zlib.h>)
#error "hydrant/object/zlib_deflate.hpp needs zlib: link hydrant::gzip"
#endif

#include <hydrant/object/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

namespace hydrant::detail {

/// Makes one deflate stream an object; its window keeps its memory from one to the next.
/// Threads: distinct objects: safe; shared: unsafe.
class ZlibDeflate {
 public:
  /// Handed on when it is full, so that what compresses well is not a write for every block.
  static constexpr std::size_t buffer_size = std::size_t{256} << 10;

  /// As zlib counts them: 15, and 16 more for gzip's header, or negative for none.
  enum class Window : int { gzip = 15 + 16, raw = -15 };

  /// `codec` is a literal, for error messages.
  ZlibDeflate(std::string_view codec, int level, Window window)
      : codec_(codec), stream_(new z_stream{}) {
    constexpr int memory_level = 8;
    if (deflateInit2(stream_.get(), level, Z_DEFLATED, static_cast<int>(window), memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      stream_.reset();
    }
  }

  /// Compresses a piece of the stream.
  Status write(std::span<const std::byte> piece, PieceWriter auto&& out) {
    while (!piece.empty()) {
      const std::size_t part =
          std::min<std::size_t>(piece.size(), std::numeric_limits<uInt>::max());
      if (Status status = compress(piece.first(part), Z_NO_FLUSH, out); !status) {
        return status;
      }
      piece = piece.subspan(part);
    }
    return success();
  }

  /// Ends the stream. What is in the buffer stays there for `flush`.
  Status end(PieceWriter auto&& out) { return compress({}, Z_FINISH, out); }

  /// Puts bytes that are not part of the stream into the buffer.
  Status append(std::string_view text, PieceWriter auto&& out) {
    buffer_.resize(buffer_size);
    while (!text.empty()) {
      const std::string_view part = text.substr(0, buffer_size - filled_);
      std::memcpy(buffer_.data() + filled_, part.data(), part.size());
      filled_ += part.size();
      text.remove_prefix(part.size());
      if (Status status = hand_on_full(out); !status) {
        return status;
      }
    }
    return success();
  }

  /// Hands on what is in the buffer.
  Status flush(PieceWriter auto&& out) {
    Status status = filled_ == 0 ? success() : out(std::span<const std::byte>(buffered()));
    filled_ = 0;
    return status;
  }

  /// Ready for the next object, whatever happened.
  void reset() {
    filled_ = 0;
    compressed_ = 0;
    if (stream_ != nullptr) {
      deflateReset(stream_.get());
    }
  }

  /// The size of the stream so far.
  std::uint64_t compressed() const { return compressed_; }

  /// What is not handed on yet; to be changed in place.
  std::span<std::byte> buffered() { return {buffer_.data(), filled_}; }

 private:
  struct End {
    void operator()(z_stream* stream) const {
      deflateEnd(stream);
      delete stream;
    }
  };

  Status compress(std::span<const std::byte> piece, int how, PieceWriter auto& out) {
    if (stream_ == nullptr) {
      return Failure{std::string(codec_) + ": out of memory"};
    }
    buffer_.resize(buffer_size);
    // zlib does not write to its input; its type is older than const.
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
    stream_->avail_in = static_cast<uInt>(piece.size());
    bool is_done = false;
    while (!is_done) {
      stream_->next_out = reinterpret_cast<Bytef*>(buffer_.data() + filled_);
      stream_->avail_out = static_cast<uInt>(buffer_size - filled_);
      const int result = deflate(stream_.get(), how);
      if (result == Z_STREAM_ERROR) {
        return Failure{std::string(codec_) + ": the stream's state is broken"};
      }
      const std::size_t end = buffer_size - stream_->avail_out;
      compressed_ += end - filled_;
      filled_ = end;
      is_done = how == Z_FINISH ? result == Z_STREAM_END : stream_->avail_in == 0;
      if (Status status = hand_on_full(out); !status) {
        return status;
      }
    }
    return success();
  }

  Status hand_on_full(PieceWriter auto& out) {
    return filled_ == buffer_size ? flush(out) : success();
  }

  std::string_view codec_;
  std::unique_ptr<z_stream, End> stream_;
  std::vector<std::byte> buffer_;
  std::size_t filled_ = 0;
  std::uint64_t compressed_ = 0;
};

}  // namespace hydrant::detail
