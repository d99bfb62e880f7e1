// SPDX-License-Identifier: MIT
//
// gzip: one member an object, readable by zcat. The same bytes for the same
// records: the header carries no time and no name.
#pragma once

#if !__has_include(<zlib.h>)
#error "hydrant/object/gzip.hpp needs zlib: link hydrant::gzip"
#endif

#include <hydrant/core/error.hpp>
#include <hydrant/object/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

namespace hydrant {

/// Compresses with gzip. Firehose's GZIP.
/// Threads: a plain value; copies are independent. An encoder serves one thread at a time.
struct Gzip {
  /// More compresses better and slower. Default 6. Range [0, 9].
  int level = 6;

  /// Makes one member an object; its window keeps its memory from one to the next.
  class Encoder {
   public:
    explicit Encoder(const Gzip& options) : stream_(new z_stream{}) {
      constexpr int window_bits_and_gzip_header = 15 + 16;
      constexpr int memory_level = 8;
      if (deflateInit2(stream_.get(), options.level, Z_DEFLATED, window_bits_and_gzip_header,
                       memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
        stream_.reset();
      }
    }

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

    Status finish(PieceWriter auto&& out) {
      Status status = compress({}, Z_FINISH, out);
      reset();
      return status;
    }

    void reset() {
      filled_ = 0;
      if (stream_ != nullptr) {
        deflateReset(stream_.get());
      }
    }

   private:
    /// Handed on when it is full, so that what compresses well is not a write for every block.
    static constexpr std::size_t buffer_size = std::size_t{256} << 10;

    struct End {
      void operator()(z_stream* stream) const {
        deflateEnd(stream);
        delete stream;
      }
    };

    Status compress(std::span<const std::byte> piece, int how, PieceWriter auto& out) {
      if (stream_ == nullptr) {
        return Failure{"gzip: out of memory"};
      }
      buffer_.resize(buffer_size);
      // zlib does not write to its input; its type is older than const.
      stream_->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
      stream_->avail_in = static_cast<uInt>(piece.size());
      bool is_done = false;
      while (!is_done) {
        stream_->next_out = reinterpret_cast<Bytef*>(buffer_.data() + filled_);
        stream_->avail_out = static_cast<uInt>(buffer_.size() - filled_);
        const int result = deflate(stream_.get(), how);
        if (result == Z_STREAM_ERROR) {
          return Failure{"gzip: the stream's state is broken"};
        }
        filled_ = buffer_.size() - stream_->avail_out;
        is_done = how == Z_FINISH ? result == Z_STREAM_END : stream_->avail_in == 0;
        if (filled_ == buffer_.size() || (is_done && how == Z_FINISH)) {
          const std::span<const std::byte> made(buffer_.data(), std::exchange(filled_, 0));
          if (Status status = made.empty() ? success() : out(made); !status) {
            return status;
          }
        }
      }
      return success();
    }

    std::unique_ptr<z_stream, End> stream_;
    std::vector<std::byte> buffer_;
    std::size_t filled_ = 0;
  };

  std::string_view extension() const { return ".gz"; }

  std::string_view content_encoding() const { return "gzip"; }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(level >= 0 && level <= 9, "gzip.level", "must be within [0, 9]",
                 std::to_string(level));
  }

  Encoder encoder() const { return Encoder(*this); }
};

static_assert(Codec<Gzip>);

}  // namespace hydrant
