// SPDX-License-Identifier: MIT
//
// How an object's bytes are compressed. A codec is a plain value that says what
// the user chose; its encoder does the work, piece by piece, and can be used
// for one object after the other, so that its memory is taken once.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <span>
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
};

/// For formats that compress their own pages, such as Parquet.
inline constexpr Uncompressed in_format{};

static_assert(Codec<Uncompressed>);

}  // namespace hydrant
