// SPDX-License-Identifier: MIT
#include <hydrant/object/hadoop_snappy.hpp>
#include <hydrant/object/snappy.hpp>

#include <cstdlib>
#include <fstream>
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

/// snappy-java's streams as a program: `write`, `hadoop` and `read`, from stdin to stdout.
struct SnappyJava {
  SnappyJava() {
    if (::mkdtemp(folder.data()) == nullptr) {
      return;
    }
    std::ofstream(folder + "/Streams.java")
        << "import java.io.*;\nimport org.xerial.snappy.*;\n"
           "public class Streams {\n"
           "  public static void main(String[] how) throws Exception {\n"
           "    byte[] in = System.in.readAllBytes();\n"
           "    if (how[0].equals(\"read\")) {\n"
           "      InputStream from = new SnappyInputStream(new ByteArrayInputStream(in));\n"
           "      System.out.write(from.readAllBytes());\n"
           "      System.out.flush();\n"
           "      return;\n"
           "    }\n"
           "    OutputStream to = how[0].equals(\"hadoop\")\n"
           "        ? new SnappyHadoopCompatibleOutputStream(System.out)\n"
           "        : new SnappyOutputStream(System.out);\n"
           "    to.write(in);\n"
           "    to.close();\n"
           "  }\n"
           "}\n";
    is_there = run_program("javac -cp " + std::string(jar) + " -d " + folder + " " + folder +
                           "/Streams.java")
                   .status == 0;
  }

  SnappyJava(const SnappyJava&) = delete;
  SnappyJava& operator=(const SnappyJava&) = delete;

  ~SnappyJava() { run_program("rm -r " + folder); }

  hydrant::tests::ProgramRun run(const std::string& how, std::string_view input) const {
    return run_program("java -cp " + std::string(jar) + ":" + folder + " Streams " + how, input);
  }

  static constexpr std::string_view jar = "/usr/share/java/snappy-java.jar";

  std::string folder = "/tmp/hydrant-java-XXXXXX";
  bool is_there = false;
};

}  // namespace

TEST_CASE("snappy-java writes the same bytes, and reads ours", "[integration][snappy]") {
  const SnappyJava java;
  if (!java.is_there) {
    HYDRANT_SKIP("no snappy-java (Debian: libsnappy-java, and a JDK for javac)");
  }
  std::mt19937_64 random(1);
  for (const std::size_t size : {0u, 1u, 32'767u, 32'768u, 32'769u, 65'536u, 1'000'000u}) {
    CAPTURE(size);
    std::string text;
    while (text.size() < size) {
      text += "GET /item/" + std::to_string(random() % 5'000) + " 200\n";
    }
    text.resize(size);

    REQUIRE((java.run("write", text).output == encoded<Snappy>(text)));
    REQUIRE((java.run("read", encoded<Snappy>(text)).output == text));
    REQUIRE((java.run("read", encoded(text, Snappy{.block_size = 100'000})).output == text));
    if (size != 0) {  // of nothing it writes nothing, where Hadoop writes an empty block
      REQUIRE((java.run("hadoop", text).output == encoded<HadoopSnappy>(text)));
    }
  }
}
