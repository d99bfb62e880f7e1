// SPDX-License-Identifier: MIT
//
// Bad JSON that others have gathered: nst/JSONTestSuite, which lies beside the
// repository where it was fetched. Files that begin with y_ must be taken, with
// n_ refused, with i_ either.
#include <hydrant/delivery_stream.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_sink.hpp>
#include <hydrant/transform/deaggregate.hpp>
#include <hydrant/transform/json_scanner.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "run_program.hpp"
#include "test.hpp"

using hydrant::detail::JsonScanner;
using hydrant::tests::run_program;
using namespace hydrant::literals;

namespace {

/// The texts of the suite by the names of their files; empty where it is absent.
std::map<std::string, std::string> suite() {
  const auto folder =
      std::filesystem::path(__FILE__).parent_path() / "../../../shared/data/json_nasty";
  std::map<std::string, std::string> texts;
  for (const char* part : {"test_parsing", "test_transform"}) {
    std::error_code absent;
    for (const auto& entry : std::filesystem::directory_iterator(folder / part, absent)) {
      std::ifstream file(entry.path(), std::ios::binary);
      texts[std::string(part) + "/" + entry.path().filename().string()] =
          std::string(std::istreambuf_iterator<char>(file), {});
    }
  }
  return texts;
}

bool is_json(const std::string& text) {
  JsonScanner scanner(text);
  scanner.skip_space();
  const bool is_value = scanner.skip_value();
  scanner.skip_space();
  return is_value && scanner.is_at_end();
}

}  // namespace

TEST_CASE("scanner takes what JSONTestSuite says is JSON, and nothing else",
          "[integration][json]") {
  const auto texts = suite();
  if (texts.empty()) {
    HYDRANT_SKIP("no JSONTestSuite beside the repository (shared/data/json_nasty)");
  }
  std::size_t judged = 0;
  for (const auto& [name, text] : texts) {
    CAPTURE(name);
    if (name.starts_with("test_parsing/y_")) {
      CHECK(is_json(text));
      ++judged;
    } else if (name.starts_with("test_parsing/n_")) {
      CHECK_FALSE(is_json(text));
      ++judged;
    }
  }
  REQUIRE(judged > 250);
}

TEST_CASE("stream delivers healthy records whatever stands between them", "[integration][json]") {
  const auto texts = suite();
  if (texts.empty()) {
    HYDRANT_SKIP("no JSONTestSuite beside the repository (shared/data/json_nasty)");
  }
  hydrant::testing::ManualEnv env;
  hydrant::testing::MemorySink sink;
  hydrant::testing::MemorySink errors;
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "nasty", .buffering = {.interval = 60s}},
      hydrant::deaggregate_json(), sink, hydrant::error_output(errors), env};
  std::vector<std::string> healthy;
  std::vector<std::string> good;
  std::uint64_t accepted = 0;
  for (const auto& [name, text] : texts) {
    const std::string number = std::to_string(healthy.size() / 2);
    healthy.push_back("{\"before\":" + number + "}");
    healthy.push_back("{\"after\":" + number + "}");
    for (const std::string& record : {healthy[healthy.size() - 2], text, healthy.back()}) {
      REQUIRE(stream.put(record));
      ++accepted;
    }
    if (name.starts_with("test_parsing/y_object")) {
      good.push_back(text.substr(text.find('{'), text.rfind('}') + 1 - text.find('{')));
    }
  }

  REQUIRE(stream.flush(60s).complete);

  std::vector<std::string> records = sink.records();
  std::sort(records.begin(), records.end());
  std::sort(healthy.begin(), healthy.end());
  std::sort(good.begin(), good.end());
  REQUIRE(std::includes(records.begin(), records.end(), healthy.begin(), healthy.end()));
  REQUIRE(good.size() > 10);
  REQUIRE(std::includes(records.begin(), records.end(), good.begin(), good.end()));
  const auto ledger = stream.ledger();
  REQUIRE(ledger.accepted == accepted);
  REQUIRE(ledger.delivered + ledger.dead_lettered + ledger.dropped == accepted);
  REQUIRE(errors.records().size() == ledger.dead_lettered);
}

TEST_CASE("scanner agrees with Python on texts that are slightly wrong", "[integration][json]") {
  if (run_program("python3 --version").status != 0) {
    HYDRANT_SKIP("no program `python3`");
  }
  const std::string script =
      "import sys,json\n"
      "def no(x): raise ValueError(x)\n"
      "for line in sys.stdin.buffer.read().split(b\"\\n\")[:-1]:\n"
      "  try:\n"
      "    json.loads(bytes.fromhex(line.decode()).decode(\"utf-8\"),parse_constant=no)\n"
      "    print(1)\n"
      "  except ValueError:\n"
      "    print(0)\n";
  const std::string seeds[] = {
      R"({"a":[1,-2.5e+3,true,null,"x\u00e9\n"],"b":{}})", R"([[],{},[{"k":"\\\""}],0.1E-9])",
      "{\"\xc3\xa9\xf0\x9f\x98\x80\" : [ false , \"\\/\" ] }", R"(["a","b",{"c":[1,2,3]}])"};
  const std::string letters = "{}[]:,\"\\ntfu0123456789eE+-. \t\r\x01\x7f\xc3\xa9\xed\xff/*'abN";
  const std::uint64_t seed = 20261123;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::string input;
  std::string ours;
  for (int count = 0; count < 60'000; ++count) {
    std::string text = seeds[random() % std::size(seeds)];
    for (std::uint64_t changes = random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      const char letter = letters[random() % letters.size()];
      switch (random() % 4) {
        case 0:
          text[at] = letter;
          break;
        case 1:
          text.insert(at, 1, letter);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 8));
          break;
        default:
          text.erase(at, 1 + random() % 2);
      }
    }
    for (const char byte : text) {
      input += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
      input += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
    }
    input += '\n';
    ours += is_json(text) ? "1\n" : "0\n";
  }

  const auto theirs = run_program("python3 -c '" + script + "'", input);

  REQUIRE(theirs.status == 0);
  REQUIRE((theirs.output == ours));
  REQUIRE(std::count(ours.begin(), ours.end(), '1') > 10'000);
  REQUIRE(std::count(ours.begin(), ours.end(), '0') > 10'000);
}

TEST_CASE("unescaping agrees with Python", "[integration][json]") {
  if (run_program("python3 --version").status != 0) {
    HYDRANT_SKIP("no program `python3`");
  }
  const std::string script =
      "import sys,json\n"
      "for line in sys.stdin.buffer.read().split(b\"\\n\")[:-1]:\n"
      "  raw,ours=line.split(b\" \")\n"
      "  text=json.loads(bytes.fromhex(raw.decode()).decode())\n"
      "  text=text.encode(\"utf-16-le\",\"surrogatepass\").decode(\"utf-16-le\",\"replace\")\n"
      "  assert text.encode()==bytes.fromhex(ours.decode()),(raw,ours)\n"
      "print(\"same\")\n";
  const std::string parts[] = {"a",         "\xc3\xa9",  R"(\n)",     R"(\")",
                               R"(\\)",     R"(\u00e9)", R"(\ud83d)", R"(\ude00)",
                               R"(\uDBFF)", R"(\u0041)", R"(\u20ac)", R"(\/)"};
  const auto hex = [](const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) {
      text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
      text += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
    }
    return text;
  };
  std::mt19937_64 random(3);
  std::string input;
  for (int count = 0; count < 20'000; ++count) {
    std::string raw;
    while (random() % 6 != 0) {
      raw += parts[random() % std::size(parts)];
    }
    std::string text(raw.size(), '\0');
    text.resize(hydrant::detail::unescape_json(raw, text.data()));
    input += hex("\"" + raw + "\"") + " " + hex(text) + "\n";
  }

  const auto run = run_program("python3 -c '" + script + "'", input);

  REQUIRE(run.output == "same\n");
}
