// SPDX-License-Identifier: MIT
#include <hydrant/object/hadoop_snappy.hpp>
#include <hydrant/object/snappy.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "object/pages.hpp"
#include "run_program.hpp"
#include "test.hpp"

using hydrant::HadoopSnappy;
using hydrant::Snappy;
using hydrant::tests::run_program;

namespace {

template <class Codec>
std::string encoded(std::string_view text, const Codec& codec = {}) {
  auto encoder = codec.encoder();
  hydrant::tests::PieceCollector out;
  const bool is_encoded =
      encoder.write(std::as_bytes(std::span<const char>(text)), out) && encoder.finish(out);
  REQUIRE(is_encoded);
  return out.text;
}

/// The first Python that knows python-snappy; empty where there is none.
std::string python_with_snappy() {
  std::string name = run_program(
                         "for p in $(which -a python3); do "
                         "$p -c 'import snappy' 2>/dev/null && echo $p && break; done")
                         .output;
  return name.substr(0, name.find('\n'));
}

std::string text_of(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text;
  for (std::uint64_t lines = seed == 0 ? 0 : random() % 40'000; lines > 0; --lines) {
    text += "GET /item/" + std::to_string(random() % 5'000) + " 200\n";
  }
  return text;
}

}  // namespace

TEST_CASE("python-snappy reads hadoop_snappy, and we read what it writes",
          "[integration][snappy]") {
  const std::string python = python_with_snappy();
  if (python.empty()) {
    HYDRANT_SKIP("no python3 with snappy (Debian: python3-snappy)");
  }
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (const std::size_t block : {1'024u, 32'768u, 218'422u}) {
      CAPTURE(seed, block);
      const std::string text = text_of(seed);

      const auto read = run_program(python + " -m snappy -t hadoop_snappy -d - -",
                                    encoded(text, HadoopSnappy{.block_size = block}));

      REQUIRE(read.status == 0);
      REQUIRE((read.output == text));
    }
    const std::string text = text_of(seed);
    const auto written = run_program(python + " -m snappy -t hadoop_snappy -c - -", text);
    auto result =
        HadoopSnappy::decode(std::as_bytes(std::span<const char>(written.output)), text.size());
    REQUIRE(written.status == 0);
    REQUIRE(result);
    REQUIRE((result.value() == text));
  }
}

TEST_CASE("python-snappy reads the blocks of snappy", "[integration][snappy]") {
  const std::string python = python_with_snappy();
  if (python.empty()) {
    HYDRANT_SKIP("no python3 with snappy (Debian: python3-snappy)");
  }
  const std::string script =
      "import sys,struct,snappy\n"
      "data=sys.stdin.buffer.read()\n"
      "assert data[:8]==b\"\\x82SNAPPY\\0\" and struct.unpack(\">ii\",data[8:16])==(1,1)\n"
      "at=16\n"
      "while at<len(data):\n"
      "  size=struct.unpack(\">i\",data[at:at+4])[0]\n"
      "  at+=4\n"
      "  sys.stdout.buffer.write(snappy.decompress(data[at:at+size]))\n"
      "  at+=size\n"
      "assert at==len(data)\n";
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    CAPTURE(seed);
    const std::string text = text_of(seed);

    const auto read = run_program(python + " -c '" + script + "'", encoded<Snappy>(text));

    REQUIRE(read.status == 0);
    REQUIRE((read.output == text));
  }
}
