// SPDX-License-Identifier: MIT
//
// What every codec keeps: what comes out is read back as what went in, however
// it was cut, whatever happened to the object before.
#include <hydrant/object/codec.hpp>
#include <hydrant/object/gzip.hpp>
#include <hydrant/object/hadoop_snappy.hpp>
#include <hydrant/object/snappy.hpp>
#include <hydrant/object/zip.hpp>
#include <hydrant/object/zstd.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pages.hpp"
#include "test.hpp"

using hydrant::Gzip;
using hydrant::HadoopSnappy;
using hydrant::OptionErrors;
using hydrant::Snappy;
using hydrant::Uncompressed;
using hydrant::Zip;
using hydrant::Zstd;
using hydrant::tests::PieceCollector;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text));
}

/// Exactly one whole frame, or nothing.
std::optional<std::string> decoded(const Zstd&, const std::string& object) {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  std::string text;
  std::vector<char> block(100'000);
  ZSTD_inBuffer input{object.data(), object.size(), 0};
  std::size_t missing = 1;
  while (missing != 0 && ZSTD_isError(missing) == 0) {
    ZSTD_outBuffer output{block.data(), block.size(), 0};
    const std::size_t before = input.pos;
    missing = ZSTD_decompressStream(context, &output, &input);
    text.append(block.data(), output.pos);
    if (output.pos == 0 && input.pos == before) {
      break;
    }
  }
  ZSTD_freeDCtx(context);
  return missing == 0 && input.pos == input.size ? std::optional(text) : std::nullopt;
}

/// Exactly one whole member, or nothing.
std::optional<std::string> decoded(const Gzip&, const std::string& object) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string copy = object;
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  std::string text;
  std::vector<char> block(100'000);
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(block.data(), block.size() - stream.avail_out);
  }
  const bool is_whole = result == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  return is_whole ? std::optional(text) : std::nullopt;
}

/// With our own reader: others read these in tests/integration.
template <class Codec>
std::optional<std::string> decoded(const Codec&, const std::string& object) {
  auto content = Codec::decode(bytes_of(object), 10'000'000);
  return content ? std::optional(std::move(content.value())) : std::nullopt;
}

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  const std::uint64_t letters = 1ull << random() % 9;
  for (char& byte : text) {
    byte = static_cast<char>(random() % letters);
  }
  return text;
}

template <class Encoder>
bool encode(Encoder& encoder, std::string_view text, std::size_t piece_size, PieceCollector& out) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, piece_size);
    if (!encoder.write(bytes_of(piece), out)) {
      return false;
    }
    text.remove_prefix(piece.size());
  }
  return static_cast<bool>(encoder.finish(out));
}

}  // namespace

TEMPLATE_TEST_CASE("codec is read back as what was written, object after object, however cut",
                   "[object][codec]", Zstd, Gzip, Zip, Snappy, HadoopSnappy, Uncompressed) {
  const TestType codec{};
  auto encoder = codec.encoder();
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::string text = random_text(random, seed == 1 ? 0 : random() % 700'000);
    const std::size_t piece_size = 1 + random() % (random() % 2 == 0 ? 5'000 : 900'000);

    PieceCollector out;
    const bool encoded = encode(encoder, text, piece_size, out);

    REQUIRE(encoded);
    REQUIRE((decoded(codec, out.text) == text));
  }
}

TEMPLATE_TEST_CASE("codec makes a whole object of nothing", "[object][codec]", Zstd, Gzip, Zip,
                   Snappy, HadoopSnappy) {
  const TestType codec{};
  auto encoder = codec.encoder();

  PieceCollector out;
  const bool encoded = encode(encoder, {}, 1, out);

  REQUIRE(encoded);
  REQUIRE_FALSE(out.text.empty());
  REQUIRE((decoded(codec, out.text) == std::string()));
}

TEMPLATE_TEST_CASE("codec starts afresh after a reset, wherever the object before broke off",
                   "[object][codec]", Zstd, Gzip, Zip, Snappy, HadoopSnappy, Uncompressed) {
  const TestType codec{};
  std::mt19937_64 random(7);
  const std::string broken(1'500'000, '\0');
  const std::string noise = [&] {
    std::string text(1'500'000, '\0');
    std::generate(text.begin(), text.end(), [&] { return static_cast<char>(random()); });
    return text;
  }();
  const std::string text = random_text(random, 50'000);
  for (const std::string& before : {broken, noise}) {
    auto encoder = codec.encoder();
    for (std::size_t failing = 1; failing <= 4; ++failing) {
      CAPTURE(failing);
      PieceCollector refusing;
      refusing.failing_piece = failing;
      static_cast<void>(encode(encoder, before, 400'000, refusing));

      encoder.reset();
      PieceCollector out;
      const bool encoded = encode(encoder, text, 9'999, out);

      REQUIRE(encoded);
      REQUIRE((decoded(codec, out.text) == text));
    }
  }
}

TEMPLATE_TEST_CASE("codec starts afresh after a reset between two writes", "[object][codec]", Zstd,
                   Gzip, Zip, Snappy, HadoopSnappy) {
  const TestType codec{};
  std::mt19937_64 random(13);
  // The short one waits in the library, part of the long one in our buffer.
  for (const std::size_t size : {std::size_t{20}, std::size_t{200'000}}) {
    CAPTURE(size);
    auto encoder = codec.encoder();
    std::string before(size, '\0');
    std::generate(before.begin(), before.end(), [&] { return static_cast<char>(random()); });
    PieceCollector nothing;
    const bool begun = static_cast<bool>(encoder.write(bytes_of(before), nothing));
    encoder.reset();

    PieceCollector out;
    const bool encoded = encode(encoder, "the object", 3, out);

    REQUIRE(begun);
    REQUIRE(nothing.text.empty());
    REQUIRE(encoded);
    REQUIRE((decoded(codec, out.text) == "the object"));
  }
}

TEMPLATE_TEST_CASE("codec hands on whole buffers of 256 KiB, and the rest at the end",
                   "[object][codec]", Zstd, Gzip, Zip) {
  constexpr std::size_t buffer_size = 256 * 1024;
  std::mt19937_64 random(11);
  std::string text(900'000, '\0');
  for (char& byte : text) {
    byte = static_cast<char>(random());
  }
  const TestType codec{};
  auto encoder = codec.encoder();

  PieceCollector out;
  const bool encoded = encode(encoder, text, 1'000, out);

  REQUIRE(encoded);
  REQUIRE(out.pieces.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(out.pieces[i].size() == buffer_size);
  }
}

TEMPLATE_TEST_CASE("codec of blocks hands on buffers of 256 KiB and up to a block more",
                   "[object][codec]", Snappy, HadoopSnappy) {
  std::mt19937_64 random(11);
  std::string text(900'000, '\0');
  std::generate(text.begin(), text.end(), [&] { return static_cast<char>(random()); });
  const TestType codec{};
  auto encoder = codec.encoder();

  PieceCollector out;
  const bool encoded = encode(encoder, text, 1'000, out);

  REQUIRE(encoded);
  REQUIRE(out.pieces.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(out.pieces[i].size() >= 256 * 1024);
    REQUIRE(out.pieces[i].size() < 256 * 1024 + 40'000);
  }
}

TEMPLATE_TEST_CASE("codec passes on why a piece was refused, at the end too", "[object][codec]",
                   Zstd, Gzip, Zip, Snappy, HadoopSnappy) {
  const TestType codec{};
  auto encoder = codec.encoder();
  PieceCollector refusing;
  refusing.failing_piece = 1;
  const bool written = static_cast<bool>(encoder.write(bytes_of("short"), refusing));

  const hydrant::Status status = encoder.finish(refusing);

  REQUIRE(written);
  REQUIRE_FALSE(static_cast<bool>(status));
  REQUIRE(status.failure().message == "no room");
}

TEMPLATE_TEST_CASE("codec gives the same bytes for the same pieces", "[object][codec]", Zstd, Gzip,
                   Zip, Snappy, HadoopSnappy) {
  const TestType codec{};
  std::mt19937_64 random(3);
  const std::string text = random_text(random, 300'000);
  auto used = codec.encoder();
  auto fresh = codec.encoder();
  PieceCollector first;
  const bool first_encoded = encode(used, text, 70'000, first);

  PieceCollector again;
  PieceCollector other;
  const bool both_encoded = encode(used, text, 70'000, again) && encode(fresh, text, 70'000, other);

  REQUIRE((first_encoded && both_encoded));
  REQUIRE((first.text == again.text));
  REQUIRE((first.text == other.text));
}

TEST_CASE("gzip writes neither a time nor a name into its header", "[object][gzip]") {
  auto encoder = Gzip{}.encoder();

  PieceCollector out;
  const bool encoded = encode(encoder, "hello", 5, out);

  REQUIRE(encoded);
  REQUIRE(out.text.substr(0, 8) == std::string("\x1f\x8b\x08\0\0\0\0\0", 8));
}

TEST_CASE("zstd ends with a checksum unless told otherwise", "[object][zstd]") {
  auto with = Zstd{}.encoder();
  auto without = Zstd{.checksum = false}.encoder();
  PieceCollector longer;
  PieceCollector shorter;

  const bool encoded = encode(with, "hello", 5, longer) && encode(without, "hello", 5, shorter);

  REQUIRE(encoded);
  REQUIRE(longer.text.size() == shorter.text.size() + 4);
}

TEST_CASE("zstd takes the levels that its library has", "[object][zstd]") {
  const auto is_valid = [](int level) {
    OptionErrors errors;
    Zstd{.level = level}.validate(errors);
    return errors.empty();
  };
  REQUIRE_FALSE(is_valid(ZSTD_minCLevel() - 1));
  REQUIRE(is_valid(ZSTD_minCLevel()));
  REQUIRE(is_valid(ZSTD_minCLevel() + 1));
  REQUIRE(is_valid(ZSTD_maxCLevel() - 1));
  REQUIRE(is_valid(ZSTD_maxCLevel()));
  REQUIRE_FALSE(is_valid(ZSTD_maxCLevel() + 1));
}

TEMPLATE_TEST_CASE("gzip and zip take the levels from 0 to 9", "[object][codec]", Gzip, Zip) {
  const auto is_valid = [](int level) {
    OptionErrors errors;
    TestType{.level = level}.validate(errors);
    return errors.empty();
  };
  REQUIRE_FALSE(is_valid(-1));
  REQUIRE(is_valid(0));
  REQUIRE(is_valid(1));
  REQUIRE(is_valid(8));
  REQUIRE(is_valid(9));
  REQUIRE_FALSE(is_valid(10));
}

TEST_CASE("what was chosen reaches the library", "[object][codec]") {
  std::mt19937_64 random(5);
  std::string text;
  while (text.size() < 200'000) {
    text += "GET /item/" + std::to_string(random() % 5'000) + " 200\n";
  }
  const auto size_of = [&](const auto& codec) {
    auto encoder = codec.encoder();
    PieceCollector out;
    return encode(encoder, text, text.size(), out) ? out.text.size() : 0;
  };
  REQUIRE(size_of(Zstd{.level = 19}) < size_of(Zstd{.level = 1}));
  REQUIRE(size_of(Gzip{.level = 9}) < size_of(Gzip{.level = 1}));
  REQUIRE(size_of(Gzip{.level = 0}) > text.size());
  REQUIRE(size_of(Zip{.level = 9}) < size_of(Zip{.level = 1}));
  REQUIRE(size_of(Snappy{.block_size = 65'536}) < size_of(Snappy{.block_size = 1'024}));
  REQUIRE(size_of(HadoopSnappy{.block_size = 65'536}) < size_of(HadoopSnappy{.block_size = 1'024}));
}
