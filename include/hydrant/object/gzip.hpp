// SPDX-License-Identifier: MIT
//
// gzip: one member an object, readable by zcat. The same bytes for the same
// records: the header carries no time and no name.
#pragma once

#if !__has_include(<zlib.h>)
#error "hydrant/object/gzip.hpp needs zlib: link hydrant::gzip"
#endif

#include <hydrant/core/error.hpp>
#include <hydrant/core/zlib_inflate.hpp>
#include <hydrant/object/codec.hpp>
#include <hydrant/object/zlib_deflate.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hydrant {

/// Compresses with gzip. Firehose's GZIP.
/// Threads: a plain value; copies are independent. An encoder serves one thread at a time.
struct Gzip {
  static constexpr std::string_view magic = "\x1f\x8b";
  static constexpr std::array<std::string_view, 1> file_extensions{".gz"};

  /// More compresses better and slower. Default 6. Range [0, 9].
  int level = 6;

  /// Makes one member an object; its window keeps its memory from one to the next.
  class Encoder {
   public:
    explicit Encoder(const Gzip& options)
        : deflate_("gzip", options.level, detail::ZlibDeflate::Window::gzip) {}

    Status write(std::span<const std::byte> piece, PieceWriter auto&& out) {
      return deflate_.write(piece, out);
    }

    Status finish(PieceWriter auto&& out) {
      Status status = deflate_.end(out);
      if (status) {
        status = deflate_.flush(out);
      }
      reset();
      return status;
    }

    void reset() { deflate_.reset(); }

   private:
    detail::ZlibDeflate deflate_;
  };

  std::string_view extension() const { return ".gz"; }

  std::string_view content_encoding() const { return "gzip"; }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(level >= 0 && level <= 9, "gzip.level", "must be within [0, 9]",
                 std::to_string(level));
  }

  Encoder encoder() const { return Encoder(*this); }

  /// What an object of one or several members holds, each verified by its checksum.
  /// Errors: cut off, damaged, followed by something else, or above `limit` bytes.
  static Result<std::string> decode(std::span<const std::byte> object, std::size_t limit) {
    std::string content;
    const auto inflated = detail::gunzip(object, content, limit);
    if (inflated.ending == detail::InflateEnding::over_limit) {
      return detail::decode_limit_failure("gzip", object.size(), limit);
    }
    if (inflated.ending != detail::InflateEnding::whole) {
      return detail::decode_failure("gzip", object.size(),
                                    std::string(detail::ending_text(inflated.ending)) +
                                        " at byte " + std::to_string(inflated.consumed) +
                                        " (fetch it again, or restore it from another copy)");
    }
    return content;
  }
};

static_assert(DecodingCodec<Gzip>);

}  // namespace hydrant
