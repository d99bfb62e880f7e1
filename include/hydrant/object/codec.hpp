// SPDX-License-Identifier: MIT
//
// How an object's bytes are compressed. A codec is a plain value that says what
// the user chose; its encoder does the work, piece by piece, and can be used
// for one object after the other, so that its memory is taken once.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/core/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hydrant {

/// Takes pieces of an object, in order. What a codec and a format write to.
/// A piece is valid during the call only.
template <class Out>
concept PieceWriter = requires(Out& out, std::span<const std::byte> piece) {
  { out(piece) } -> std::same_as<Status>;
};

namespace detail {

struct AnyPieceWriter {
  Status operator()(std::span<const std::byte>) const { return success(); }
};

template <class E>
concept Encoder = requires(E& encoder, std::span<const std::byte> piece, AnyPieceWriter& out) {
  { encoder.write(piece, out) } -> std::same_as<Status>;
  { encoder.finish(out) } -> std::same_as<Status>;
  encoder.reset();
};

/// Why the bytes of an object cannot be read back.
inline Failure decode_failure(std::string_view codec, std::size_t size, std::string_view why) {
  return Failure{std::string(codec) + ": decode an object of " + std::to_string(size) +
                 " bytes: " + std::string(why)};
}

/// The object is whole, as far as it was read, but what it holds is more than was allowed.
inline Failure decode_limit_failure(std::string_view codec, std::size_t size, std::size_t limit) {
  return decode_failure(codec, size,
                        "it holds more than the limit of " + std::to_string(limit) +
                            " bytes (raise the limit where the object is known)");
}

}  // namespace detail

/// A way to compress objects.
///
/// `encoder()` makes an encoder with `Status write(piece, out)`, `Status finish(out)`
/// and `reset()`, which makes it ready for the next object whatever happened.
template <class C>
concept Codec = requires(const C& codec, OptionErrors& errors) {
  { codec.extension() } -> std::convertible_to<std::string_view>;
  { codec.content_encoding() } -> std::convertible_to<std::string_view>;
  codec.validate(errors);
  { codec.encoder() } -> detail::Encoder;
};

/// Stores the bytes as they are. Firehose's UNCOMPRESSED, and its default.
/// Threads: a plain value; copies are independent.
struct Uncompressed {
  static constexpr std::string_view magic{};
  static constexpr std::array<std::string_view, 0> file_extensions{};

  /// Hands every piece on.
  class Encoder {
   public:
    Status write(std::span<const std::byte> piece, PieceWriter auto&& out) {
      return piece.empty() ? success() : out(piece);
    }

    Status finish(PieceWriter auto&&) { return success(); }

    void reset() {}
  };

  std::string_view extension() const { return {}; }

  std::string_view content_encoding() const { return {}; }

  void validate(OptionErrors&) const {}

  Encoder encoder() const { return {}; }

  /// Errors: above `limit` bytes.
  static Result<std::string> decode(std::span<const std::byte> object, std::size_t limit) {
    if (object.size() > limit) {
      return detail::decode_limit_failure("uncompressed", object.size(), limit);
    }
    return std::string(reinterpret_cast<const char*>(object.data()), object.size());
  }
};

/// For formats that compress their own pages, such as Parquet.
inline constexpr Uncompressed in_format{};

/// A codec that reads back what it has written, and what other programs write in its format.
///
/// `decode(object, limit)` gives the content, which is never larger than `limit` bytes, nor is
/// the memory taken for it; or why there is none. `file_extensions` are those that
/// such objects go by, each with its point; they begin with `magic`, if that is not empty.
template <class C>
concept DecodingCodec = Codec<C> && requires(std::span<const std::byte> object, std::size_t limit) {
  { C::decode(object, limit) } -> std::same_as<Result<std::string>>;
  { C::magic } -> std::convertible_to<std::string_view>;
  C::file_extensions.begin();
};

static_assert(DecodingCodec<Uncompressed>);

}  // namespace hydrant
