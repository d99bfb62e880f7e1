// SPDX-License-Identifier: MIT
//
// Inflating with zlib, up to a limit: what is read back from an object, or comes
// from a producer, may be damaged or made to fill the memory of whoever reads it.
#pragma once

#if !__has_include(<zlib.h>)
#error "hydrant/core/zlib_inflate.hpp needs zlib: link hydrant::gzip"
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <zlib.h>

namespace hydrant::detail {

/// How inflating ended.
enum class InflateEnding : std::uint8_t { whole, cut_off, broken, over_limit, out_of_memory };

constexpr std::string_view ending_text(InflateEnding ending) {
  switch (ending) {
    case InflateEnding::whole:
      return "whole";
    case InflateEnding::cut_off:
      return "it is cut off";
    case InflateEnding::broken:
      return "it is damaged";
    case InflateEnding::over_limit:
      return "it is larger than the limit";
    case InflateEnding::out_of_memory:
      return "out of memory";
  }
  return "unknown";
}

/// Inflates one deflate stream after the other.
/// Threads: distinct objects: safe; shared: unsafe.
class ZlibInflate {
 public:
  /// What is around the stream: gzip's header, checksum and size, or nothing.
  enum class Wrapping : std::uint8_t { gzip, none };

  struct Inflated {
    InflateEnding ending;
    /// How many bytes were read, those of a broken place included.
    std::size_t consumed;
  };

  explicit ZlibInflate(Wrapping wrapping) : stream_(new z_stream{}) {
    constexpr int gzip_window = 15 + 16;
    constexpr int raw_window = -15;
    if (inflateInit2(stream_.get(), wrapping == Wrapping::gzip ? gzip_window : raw_window) !=
        Z_OK) {
      stream_.reset();
    }
  }

  /// Appends the content of the stream at the front of `bytes` to `out`, which does not grow
  /// above `limit` bytes; a stream that is not whole leaves there what was read of it.
  Inflated append(std::span<const std::byte> bytes, std::string& out, std::size_t limit) {
    if (stream_ == nullptr) {
      return {InflateEnding::out_of_memory, 0};
    }
    inflateReset(stream_.get());
    Inflated inflated{InflateEnding::cut_off, 0};
    std::size_t filled = out.size();
    int result = Z_OK;
    while (result == Z_OK) {
      if (filled == out.size() && filled < limit) {
        out.resize(grown(filled, bytes.size() - inflated.consumed, limit));
      }
      // At the limit a single byte more is tried, elsewhere: only then is it known to be too much.
      char beyond = 0;
      const bool is_full = filled >= limit;
      result = step(bytes.subspan(inflated.consumed),
                    is_full ? std::span(&beyond, 1) : std::span(out).subspan(filled));
      inflated.consumed += consumed_;
      if (is_full && made_ != 0) {
        inflated.ending = InflateEnding::over_limit;
        return inflated;
      }
      filled += made_;
    }
    out.resize(filled);
    inflated.ending = ending_of(result);
    return inflated;
  }

 private:
  struct End {
    void operator()(z_stream* stream) const {
      inflateEnd(stream);
      delete stream;
    }
  };

  static std::size_t grown(std::size_t filled, std::size_t input, std::size_t limit) {
    constexpr std::size_t least = std::size_t{4} << 10;
    constexpr std::size_t usual_ratio = 4;
    const std::size_t wanted = filled == 0 ? std::max(least, input * usual_ratio) : filled;
    return limit - filled < wanted ? limit : filled + wanted;
  }

  int step(std::span<const std::byte> input, std::span<char> output) {
    constexpr std::size_t part_max = std::numeric_limits<uInt>::max();
    const std::size_t part = std::min(input.size(), part_max);
    const std::size_t room = std::min(output.size(), part_max);
    // zlib does not write to its input; its type is older than const.
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream_->avail_in = static_cast<uInt>(part);
    stream_->next_out = reinterpret_cast<Bytef*>(output.data());
    stream_->avail_out = static_cast<uInt>(room);
    const int result = ::inflate(stream_.get(), Z_NO_FLUSH);
    consumed_ = part - stream_->avail_in;
    made_ = room - stream_->avail_out;
    return result;
  }

  static InflateEnding ending_of(int result) {
    switch (result) {
      case Z_STREAM_END:
        return InflateEnding::whole;
      case Z_BUF_ERROR:  // there is always room, so what is missing is input
        return InflateEnding::cut_off;
      case Z_MEM_ERROR:
        return InflateEnding::out_of_memory;
      default:
        return InflateEnding::broken;
    }
  }

  std::unique_ptr<z_stream, End> stream_;
  std::size_t consumed_ = 0;
  std::size_t made_ = 0;
};

/// Appends the content of one or several gzip members, which is all that `bytes` holds.
/// `out` does not grow above `limit` bytes.
inline ZlibInflate::Inflated gunzip(std::span<const std::byte> bytes, std::string& out,
                                    std::size_t limit) {
  ZlibInflate inflate(ZlibInflate::Wrapping::gzip);
  ZlibInflate::Inflated all{InflateEnding::cut_off, 0};
  do {
    const auto member = inflate.append(bytes.subspan(all.consumed), out, limit);
    all.ending = member.ending;
    all.consumed += member.consumed;
  } while (all.ending == InflateEnding::whole && all.consumed != bytes.size());
  return all;
}

}  // namespace hydrant::detail
