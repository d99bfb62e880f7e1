// SPDX-License-Identifier: MIT
//
// Zstandard: one frame an object, readable by zstdcat. Firehose has no zstd
// for S3; it compresses better and faster than everything that it has.
#pragma once

#if !__has_include(<zstd.h>)
#error "hydrant/object/zstd.hpp needs libzstd: link hydrant::zstd"
#endif

#include <hydrant/core/error.hpp>
#include <hydrant/object/codec.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zstd.h>

namespace hydrant {

/// Compresses with Zstandard.
/// Threads: a plain value; copies are independent. An encoder serves one thread at a time.
struct Zstd {
  static constexpr std::string_view magic = "\x28\xb5\x2f\xfd";
  static constexpr std::array<std::string_view, 1> file_extensions{".zst"};

  /// More compresses better and slower. Default 3. Range: what the library has, -131072 to 22.
  int level = 3;

  /// Ends the frame with a checksum of the content, which readers verify. Default true.
  bool checksum = true;

  /// Makes one frame an object; its context keeps its memory from one to the next.
  class Encoder {
   public:
    explicit Encoder(const Zstd& options) : context_(ZSTD_createCCtx()) {
      if (context_ != nullptr) {
        ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, options.level);
        ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, options.checksum ? 1 : 0);
      }
    }

    Status write(std::span<const std::byte> piece, PieceWriter auto&& out) {
      ZSTD_inBuffer input{piece.data(), piece.size(), 0};
      while (input.pos < input.size) {
        if (Status status = step(input, ZSTD_e_continue, out); !status) {
          return status;
        }
      }
      return success();
    }

    Status finish(PieceWriter auto&& out) {
      ZSTD_inBuffer nothing{nullptr, 0, 0};
      do {
        if (Status status = step(nothing, ZSTD_e_end, out); !status) {
          return status;
        }
      } while (remaining_ != 0);
      return success();
    }

    void reset() {
      filled_ = 0;
      if (context_ != nullptr) {
        ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
      }
    }

   private:
    /// Handed on when it is full, so that what compresses well is not a write for every block.
    static constexpr std::size_t buffer_size = std::size_t{256} << 10;

    struct Free {
      void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    };

    Status step(ZSTD_inBuffer& input, ZSTD_EndDirective how, PieceWriter auto& out) {
      if (context_ == nullptr) {
        return Failure{"zstd: out of memory"};
      }
      buffer_.resize(buffer_size);
      ZSTD_outBuffer output{buffer_.data(), buffer_.size(), filled_};
      remaining_ = ZSTD_compressStream2(context_.get(), &output, &input, how);
      if (ZSTD_isError(remaining_) != 0) {
        return Failure{std::string("zstd: ") + ZSTD_getErrorName(remaining_)};
      }
      filled_ = output.pos;
      const bool is_frame_done = how == ZSTD_e_end && remaining_ == 0;
      if (filled_ < buffer_.size() && !is_frame_done) {
        return success();
      }
      return out(std::span<const std::byte>(buffer_.data(), std::exchange(filled_, 0)));
    }

    std::unique_ptr<ZSTD_CCtx, Free> context_;
    std::vector<std::byte> buffer_;
    std::size_t filled_ = 0;
    std::size_t remaining_ = 0;
  };

  std::string_view extension() const { return ".zst"; }

  std::string_view content_encoding() const { return "zstd"; }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(level >= ZSTD_minCLevel() && level <= ZSTD_maxCLevel(), "zstd.level",
                 "must be within [" + std::to_string(ZSTD_minCLevel()) + ", " +
                     std::to_string(ZSTD_maxCLevel()) + "]",
                 std::to_string(level));
  }

  Encoder encoder() const { return Encoder(*this); }

  /// What an object of one or several frames holds, each verified by its checksum if it has one.
  /// Beside the content this takes up to 128 MiB, the largest window that libzstd reads unasked.
  /// Errors: cut off, damaged, followed by something else, or above `limit` bytes.
  static Result<std::string> decode(std::span<const std::byte> object, std::size_t limit) {
    const std::unique_ptr<ZSTD_DCtx, FreeDecoder> context(ZSTD_createDCtx());
    if (context == nullptr) {
      return detail::decode_failure("zstd", object.size(), "out of memory");
    }
    std::string content;
    std::size_t filled = 0;
    ZSTD_inBuffer input{object.data(), object.size(), 0};
    std::size_t missing = 1;  // no frame is whole yet; 0 where one has just ended
    while (missing != 0 || input.pos != input.size) {
      if (filled == content.size() && filled < limit) {
        const std::size_t more = std::max(filled, ZSTD_DStreamOutSize());
        content.resize(limit - filled < more ? limit : filled + more);
      }
      // At the limit a single byte more is tried, elsewhere: only then it is known to be too much.
      char beyond = 0;
      const bool is_full = filled >= limit;
      ZSTD_outBuffer output = is_full ? ZSTD_outBuffer{&beyond, 1, 0}
                                      : ZSTD_outBuffer{content.data(), content.size(), filled};
      const std::size_t before = input.pos;
      const std::size_t output_before = output.pos;
      missing = ZSTD_decompressStream(context.get(), &output, &input);
      if (ZSTD_isError(missing) != 0) {
        return detail::decode_failure("zstd", object.size(),
                                      std::string(ZSTD_getErrorName(missing)) + " near byte " +
                                          std::to_string(input.pos) + repair);
      }
      if (is_full && output.pos != 0) {
        return detail::decode_limit_failure("zstd", object.size(), limit);
      }
      if (missing != 0 && input.pos == before && output.pos == output_before) {
        return detail::decode_failure("zstd", object.size(), std::string("it is cut off") + repair);
      }
      filled = is_full ? filled : output.pos;
    }
    content.resize(filled);
    return content;
  }

 private:
  static constexpr const char* repair = " (fetch it again, or restore it from another copy)";

  struct FreeDecoder {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
};

static_assert(DecodingCodec<Zstd>);

}  // namespace hydrant
