// SPDX-License-Identifier: MIT
//
// A codec that is chosen when the program runs, so that a program that lets its
// user choose is compiled for one stream and not for three.
#pragma once

#include <hydrant/object/codec.hpp>
#include <hydrant/object/gzip.hpp>
#include <hydrant/object/zstd.hpp>

#include <span>
#include <string_view>
#include <utility>
#include <variant>

namespace examples {

/// One of several codecs.
/// Threads: a plain value; copies are independent.
class AnyCodec {
 public:
  using Codecs = std::variant<hydrant::Zstd, hydrant::Gzip, hydrant::Uncompressed>;

  class Encoder {
   public:
    explicit Encoder(const Codecs& codec)
        : encoder_(std::visit([](const auto& one) { return Encoders(one.encoder()); }, codec)) {}

    hydrant::Status write(std::span<const std::byte> piece, hydrant::PieceWriter auto&& out) {
      return std::visit([&](auto& encoder) { return encoder.write(piece, out); }, encoder_);
    }

    hydrant::Status finish(hydrant::PieceWriter auto&& out) {
      return std::visit([&](auto& encoder) { return encoder.finish(out); }, encoder_);
    }

    void reset() {
      std::visit([](auto& encoder) { encoder.reset(); }, encoder_);
    }

   private:
    using Encoders = std::variant<decltype(std::declval<hydrant::Zstd>().encoder()),
                                  decltype(std::declval<hydrant::Gzip>().encoder()),
                                  decltype(std::declval<hydrant::Uncompressed>().encoder())>;

    Encoders encoder_;
  };

  template <class CodecType>
  AnyCodec(CodecType codec) : codec_(std::move(codec)) {}

  std::string_view extension() const {
    return std::visit([](const auto& codec) { return std::string_view(codec.extension()); },
                      codec_);
  }

  std::string_view content_encoding() const {
    return std::visit([](const auto& codec) { return std::string_view(codec.content_encoding()); },
                      codec_);
  }

  void validate(hydrant::OptionErrors& errors) const {
    std::visit([&](const auto& codec) { codec.validate(errors); }, codec_);
  }

  Encoder encoder() const { return Encoder(codec_); }

 private:
  Codecs codec_;
};

}  // namespace examples
