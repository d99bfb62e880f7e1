// SPDX-License-Identifier: MIT
//
// How the pages of a Parquet file are compressed: each by itself, whole, so
// that a reader can take one without the others.
#pragma once

#if !__has_include(<zstd.h>) || !__has_include(<snappy.h>) || !__has_include(<zlib.h>)
#error "hydrant/object/parquet.hpp needs libzstd, libsnappy and zlib: link hydrant::parquet"
#endif

#include <hydrant/core/result.hpp>
#include <hydrant/object/parquet/byte_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

namespace hydrant {

/// How the pages are compressed. Firehose has all but zstd, which is both smaller and faster.
/// Source: Firehose API 2015-08-04, shape ParquetCompression: UNCOMPRESSED, GZIP, SNAPPY.
enum class ParquetCompression : std::uint8_t { uncompressed, snappy, gzip, zstd };

namespace detail::parquet {

/// Compresses one page after the other.
/// Threads: distinct objects: safe; shared: unsafe.
class PageCodec {
 public:
  static constexpr int zstd_level = 3;
  static constexpr int gzip_level = 6;

  /// `level` 0 is each codec's own default.
  explicit PageCodec(ParquetCompression compression, int level = 0)
      : compression_(compression), level_(level) {
    if (compression == ParquetCompression::zstd) {
      zstd_.reset(ZSTD_createCCtx());
    } else if (compression == ParquetCompression::gzip) {
      constexpr int window_bits_and_gzip_header = 15 + 16;
      constexpr int memory_level = 8;
      gzip_.reset(new z_stream{});
      if (deflateInit2(gzip_.get(), level == 0 ? gzip_level : level, Z_DEFLATED,
                       window_bits_and_gzip_header, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
        gzip_.reset();
      }
    }
  }

  /// Whether pages change at all.
  bool compresses() const { return compression_ != ParquetCompression::uncompressed; }

  /// The format's own number of the codec.
  std::int32_t number() const {
    constexpr std::int32_t numbers[] = {0, 1, 2, 6};
    return numbers[static_cast<std::size_t>(compression_)];
  }

  /// Appends `page`, compressed.
  /// Errors: out of memory.
  Status append(std::string_view page, ByteBuffer& out) {
    switch (compression_) {
      case ParquetCompression::uncompressed:
        out.append(page);
        return success();
      case ParquetCompression::snappy:
        return append_snappy(page, out);
      case ParquetCompression::gzip:
        return append_gzip(page, out);
      case ParquetCompression::zstd:
        return append_zstd(page, out);
    }
    return Failure{"parquet: no such compression"};
  }

 private:
  struct FreeZstd {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  struct EndGzip {
    void operator()(z_stream* stream) const {
      deflateEnd(stream);
      delete stream;
    }
  };

  static Status append_snappy(std::string_view page, ByteBuffer& out) {
    std::size_t size = 0;
    snappy::RawCompress(page.data(), page.size(),
                        out.room_for(snappy::MaxCompressedLength(page.size())), &size);
    out.grow_by(size);
    return success();
  }

  Status append_gzip(std::string_view page, ByteBuffer& out) {
    if (gzip_ == nullptr || deflateReset(gzip_.get()) != Z_OK) {
      return Failure{"parquet: gzip: out of memory"};
    }
    const uLong room = deflateBound(gzip_.get(), static_cast<uLong>(page.size()));
    // zlib does not write to its input; its type is older than const.
    gzip_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(page.data()));
    gzip_->avail_in = static_cast<uInt>(page.size());
    gzip_->next_out = reinterpret_cast<Bytef*>(out.room_for(room));
    gzip_->avail_out = static_cast<uInt>(room);
    if (deflate(gzip_.get(), Z_FINISH) != Z_STREAM_END) {
      return Failure{"parquet: gzip: the stream's state is broken"};
    }
    out.grow_by(room - gzip_->avail_out);
    return success();
  }

  Status append_zstd(std::string_view page, ByteBuffer& out) {
    if (zstd_ == nullptr) {
      return Failure{"parquet: zstd: out of memory"};
    }
    const std::size_t room = ZSTD_compressBound(page.size());
    const std::size_t size = ZSTD_compressCCtx(zstd_.get(), out.room_for(room), room, page.data(),
                                               page.size(), level_ == 0 ? zstd_level : level_);
    if (ZSTD_isError(size) != 0) {
      return Failure{std::string("parquet: zstd: ") + ZSTD_getErrorName(size)};
    }
    out.grow_by(size);
    return success();
  }

  ParquetCompression compression_;
  int level_;
  std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd_;
  std::unique_ptr<z_stream, EndGzip> gzip_;
};

}  // namespace detail::parquet

}  // namespace hydrant
