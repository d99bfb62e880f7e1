// SPDX-License-Identifier: MIT
#include <hydrant/core/json_text.hpp>

#include <cstdint>
#include <random>
#include <string>

#include "run_program.hpp"
#include "test.hpp"

using hydrant::tests::run_program;

namespace {

/// Mostly what is hard: quotes, control characters, and pieces of UTF-8.
std::string random_text(std::mt19937_64& random) {
  const std::string hard = "\"\\\n\r\t\b\f/\x7f\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\xa0\xff";
  std::string text;
  for (std::uint64_t left = random() % 40; left > 0; --left) {
    text += random() % 2 ? hard[random() % hard.size()] : static_cast<char>(random());
  }
  return text;
}

}  // namespace

TEST_CASE("jq reads every JSON string that is written", "[integration][json_text]") {
  if (run_program("jq --version").status != 0) {
    HYDRANT_SKIP("no program `jq`");
  }
  // One array, so that one run reads all: each string, and its own JSON as a
  // string, which jq decodes once more with `fromjson`.
  const std::uint64_t seed = 20261122;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::string input;
  std::size_t count = 0;
  for (; count < 5000; ++count) {
    std::string once;
    hydrant::append_json_string(once, random_text(random));
    input += "[" + once + ",";
    hydrant::append_json_string(input, once);
    input += "]\n";
  }

  const auto run = run_program("jq -c '.[0] == (.[1] | fromjson)' | sort | uniq -c", input);

  REQUIRE(run.status == 0);
  REQUIRE(run.output.find(std::to_string(count) + " true\n") != std::string::npos);
  REQUIRE(run.output.find("false") == std::string::npos);
}

TEST_CASE("jq reads back the text that was written", "[integration][json_text]") {
  if (run_program("jq --version").status != 0) {
    HYDRANT_SKIP("no program `jq`");
  }
  const std::string text = "a\"b\\c\n\r\t\x01\x1f\x7f \u00e9\u20ac\U0001f600 /";
  std::string json;
  hydrant::append_json_string(json, text);

  REQUIRE(run_program("jq -j .", json).output == text);
}

TEST_CASE("Python replaces the same bytes by U+FFFD", "[integration][json_text]") {
  const std::string script =
      "import sys,json\n"
      "for line in sys.stdin.buffer.read().split(b\"\\n\")[:-1]:\n"
      "  raw,ours=line.split(b\" \")\n"
      "  want=bytes.fromhex(raw.decode()).decode(\"utf-8\",\"replace\")\n"
      "  assert json.loads(bytes.fromhex(ours.decode()).decode(\"utf-8\"))==want,(raw,ours)\n"
      "print(\"same\")\n";
  if (run_program("python3 --version").status != 0) {
    HYDRANT_SKIP("no program `python3`");
  }
  const auto hex = [](const std::string& bytes) {
    std::string text;
    for (char byte : bytes) {
      text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
      text += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
    }
    return text;
  };
  const std::uint64_t seed = 7;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::string input;
  for (int count = 0; count < 20'000; ++count) {
    const std::string text = random_text(random);
    std::string json;
    hydrant::append_json_string(json, text);
    input += hex(text) + " " + hex(json) + "\n";
  }

  const auto run = run_program("python3 -c '" + script + "'", input);

  REQUIRE(run.output == "same\n");
}
