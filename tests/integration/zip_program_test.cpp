// SPDX-License-Identifier: MIT
#include <hydrant/core/system_env.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/object_sink.hpp>
#include <hydrant/object/zip.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "object/failing_files.hpp"
#include "object/pages.hpp"
#include "run_program.hpp"
#include "test.hpp"

using hydrant::Zip;
using hydrant::tests::run_program;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text));
}

}  // namespace

TEST_CASE("unzip and Python read objects as the records that were put", "[integration][zip]") {
  if (run_program("unzip -v").status != 0) {
    HYDRANT_SKIP("no program `unzip`");
  }
  const std::string python =
      "python3 -c \"import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is "
      "None; [n]=z.namelist(); assert len(n)==36; sys.stdout.buffer.write(z.read(n))\" ";
  std::string top = "/tmp/hydrant-zip-XXXXXX";
  REQUIRE(::mkdtemp(top.data()) != nullptr);
  for (const int level : {0, 1, 6, 9}) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      CAPTURE(level, seed);
      std::mt19937_64 random(seed);
      hydrant::tests::TestAttempt test(hydrant::SystemEnv().files());
      hydrant::tests::Pages pages(seed % 2 == 0 ? "\n" : "");
      const auto records =
          hydrant::tests::fill_randomly(pages, random, "\n", seed == 0 ? 0 : random() % 400);
      const std::string place = top + "/" + std::to_string(level) + "." + std::to_string(seed);
      hydrant::ObjectSink sink{hydrant::DirectoryStore{place}, hydrant::Lines{},
                               Zip{.level = level}};

      const bool is_delivered = sink.deliver(pages.batch(), test.attempt).is_delivered();
      const std::string object = "$(find " + place + " -type f -name '*.zip')";

      const std::string content = hydrant::tests::joined(records, "\n");
      REQUIRE(is_delivered);
      REQUIRE(run_program("unzip -tq " + object).status == 0);
      REQUIRE((run_program("unzip -p " + object).output == content));
      REQUIRE((run_program(python + object).output == content));
    }
  }
  REQUIRE(run_program("rm -r " + top).status == 0);
}

TEST_CASE("unzip and Python read an entry of more than 4 GiB", "[integration][zip]") {
  if (run_program("unzip -v").status != 0) {
    HYDRANT_SKIP("no program `unzip`");
  }
  constexpr std::uint64_t size = (std::uint64_t{4} << 30) + 5;
  std::string path = "/tmp/hydrant-zip64-XXXXXX";
  const int file = ::mkstemp(path.data());
  REQUIRE(file >= 0);
  auto encoder = Zip{.level = 1}.encoder();
  const auto write = [&](std::span<const std::byte> piece) {
    return ::write(file, piece.data(), piece.size()) == static_cast<ssize_t>(piece.size())
               ? hydrant::success()
               : hydrant::Status(hydrant::Failure{"write"});
  };
  const std::vector<std::byte> zeros(64 << 20);
  bool is_written = true;
  for (std::uint64_t left = size; left > 0 && is_written;) {
    const auto piece = std::span(zeros).first(std::min<std::uint64_t>(left, zeros.size()));
    is_written = static_cast<bool>(encoder.write(piece, write));
    left -= piece.size();
  }
  is_written = is_written && encoder.finish(write);
  ::close(file);

  REQUIRE(is_written);
  CHECK(run_program("unzip -tq " + path).status == 0);
  CHECK(run_program("python3 -c \"import sys,zipfile; [i]=zipfile.ZipFile(sys.argv[1]).infolist(); "
                    "print(i.file_size)\" " +
                    path)
            .output == std::to_string(size) + "\n");
  ::unlink(path.c_str());
}

TEST_CASE("zip's reader takes what Python and zip wrote", "[integration][zip]") {
  if (run_program("python3 --version").status != 0) {
    HYDRANT_SKIP("no program `python3`");
  }
  std::mt19937_64 random(5);
  std::string content;
  for (int i = 0; i < 20'000; ++i) {
    content += std::to_string(random() % 1'000) + "\n";
  }
  // To a pipe, so with descriptors, and to a file, so without; deflated and stored; in 64 bits.
  for (const std::string mode : {"ZIP_DEFLATED", "ZIP_STORED"}) {
    for (const std::string force : {"True", "False"}) {
      for (const std::string out : {"sys.stdout.buffer", "f"}) {
        CAPTURE(mode, force, out);
        const auto run = run_program(
            "python3 -c 'import sys,io,zipfile; f=io.BytesIO(); z=zipfile.ZipFile(" + out +
                ",\"w\",zipfile." + mode + "); e=z.open(\"entry\",\"w\",force_zip64=" + force +
                "); e.write(sys.stdin.buffer.read()); e.close(); z.comment=b\"why not\"; "
                "z.close(); sys.stdout.buffer.write(f.getvalue())'",
            content);

        auto result = Zip::decode(bytes_of(run.output), content.size());

        REQUIRE(run.status == 0);
        REQUIRE(result);
        REQUIRE((result.value() == content));
      }
    }
  }
}
