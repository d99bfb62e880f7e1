// SPDX-License-Identifier: MIT
//
// JSON arrays and CSV files of random records, read back by jq, Python and
// DuckDB, and compared with the records that they were made of.
#include <hydrant/core/json_text.hpp>
#include <hydrant/object/csv.hpp>
#include <hydrant/object/json_array.hpp>
#include <hydrant/testing/batch_builder.hpp>
#include <hydrant/testing/seeded_dice.hpp>

#include <cstddef>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "run_program.hpp"
#include "scratch_directory.hpp"
#include "test.hpp"

using hydrant::Csv;
using hydrant::CsvLineEnd;
using hydrant::CsvQuoting;
using hydrant::RecordFailure;
using hydrant::testing::BatchBuilder;
using hydrant::testing::SeededDice;
using hydrant::tests::ProgramRun;
using hydrant::tests::run_program;

namespace {

std::string duckdb(const std::string& arguments = {}) {
  const std::string file = __FILE__;
  const std::string here = file.substr(0, file.rfind('/') + 1);
  return "node " + here + "read_rows.mjs " + here + "../../build/npm " + arguments;
}

template <class Format>
std::string write(const Format& format, const std::vector<std::string>& records) {
  BatchBuilder builder;
  builder.page(records);
  std::string object;
  const auto out = [&object](std::span<const std::byte> piece) -> hydrant::Status {
    object.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return hydrant::success();
  };
  std::vector<RecordFailure> failures;
  REQUIRE(format.write(builder.batch(), out, failures));
  REQUIRE(failures.empty());
  return object;
}

std::string draw_text(SeededDice& dice) {
  std::string text;
  for (std::uint64_t left = dice.below(6); left > 0; --left) {
    text += dice.pick<const char*>({"a", "b c", ",", ";", "\"", "\n", "\r\n", "'", "\\N", "NULL",
                                    "\t", "caf\xc3\xa9", "\xf0\x9f\x98\x80", "1", "#", " "});
  }
  return text;
}

/// Records of the fields a, b, c, as a reader without types finds them: texts or null.
struct Drawn {
  std::vector<std::string> records;
  std::string rows;

  static Drawn draw(SeededDice& dice) {
    Drawn drawn;
    for (std::uint64_t left = 1 + dice.below(100); left > 0; --left) {
      std::string record;
      std::string row;
      for (const char* const name : {"a", "b", "c"}) {
        row += row.empty() ? "{\"" : ",\"";
        row += name;
        row += "\":";
        if (dice.chance(200)) {
          row += "null";
          continue;
        }
        const std::string text =
            dice.chance(300) ? std::to_string(dice.below(1000)) : draw_text(dice);
        std::string value;
        hydrant::append_json_string(value, text);
        row += value;
        record += (record.empty() ? "{\"" : ",\"") + std::string(name) + "\": ";
        const bool is_number =
            !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
        record += is_number && dice.chance(800) ? text : value;
      }
      drawn.records.push_back((record.empty() ? "{" : record) + "}");
      drawn.rows += row + "}\n";
    }
    return drawn;
  }
};

std::string joined(const std::vector<std::string>& records) {
  std::string lines;
  for (const std::string& record : records) {
    lines += record + "\n";
  }
  return lines;
}

}  // namespace

TEST_CASE("jq reads from a JSON array what was put", "[integration][json_array]") {
  if (run_program("jq --version").status != 0) {
    HYDRANT_SKIP("no program `jq`");
  }
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    SeededDice dice(seed);
    const Drawn drawn = Drawn::draw(dice);

    REQUIRE(run_program("jq -c .[]", write(hydrant::JsonArray(), drawn.records)).output ==
            run_program("jq -c .", joined(drawn.records)).output);
  }
}

TEST_CASE("Python reads from a JSON array what was put", "[integration][json_array]") {
  if (run_program("python3 --version").status != 0) {
    HYDRANT_SKIP("no program `python3`");
  }
  SeededDice dice(3);
  const Drawn drawn = Drawn::draw(dice);
  const std::string lines = "import sys,json\nfor r in json.load(sys.stdin): print(json.dumps(r))";
  const std::string one = "import sys,json\nfor l in sys.stdin: print(json.dumps(json.loads(l)))";

  REQUIRE(run_program("python3 -c '" + lines + "'", write(hydrant::JsonArray(), drawn.records))
              .output == run_program("python3 -c '" + one + "'", joined(drawn.records)).output);
}

TEST_CASE("Python reads from CSV files what was put", "[integration][csv]") {
  if (run_program("python3 --version").status != 0) {
    HYDRANT_SKIP("no program `python3`");
  }
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    SeededDice dice(seed);
    const Drawn drawn = Drawn::draw(dice);
    const char delimiter = dice.pick({',', ';', '|'});
    // Python does not tell null from an empty text, nor what is quoted: here null is a text
    // that no record has.
    const Csv format{
        .columns = {"a", "b", "c"},
        .delimiter = delimiter,
        .quoting = dice.pick({CsvQuoting::where_needed, CsvQuoting::strings, CsvQuoting::all}),
        .line_end = dice.pick({CsvLineEnd::crlf, CsvLineEnd::lf}),
        .null_text = "<none>"};
    const std::string script =
        "import sys,csv,json,io\n"
        "text=io.TextIOWrapper(sys.stdin.buffer,encoding=\"utf-8\",newline=\"\")\n"
        "for r in csv.DictReader(text,delimiter=\"" +
        std::string(1, delimiter) +
        "\",strict=True):\n"
        "  print(json.dumps({k:None if v==\"<none>\" else v for k,v in r.items()}))\n";
    const std::string same =
        "import sys,json\nfor l in sys.stdin: print(json.dumps(json.loads(l)))";

    REQUIRE(run_program("python3 -c '" + script + "'", write(format, drawn.records)).output ==
            run_program("python3 -c '" + same + "'", drawn.rows).output);
  }
}

TEST_CASE("DuckDB reads from CSV files and JSON arrays what was put", "[integration][csv]") {
  if (const ProgramRun run = run_program(duckdb()); run.status != 0) {
    HYDRANT_SKIP(run.output.empty() ? "no node (nodejs)" : run.output);
  }
  const hydrant::tests::ScratchDirectory scratch;
  const auto store = [&scratch](const std::string& object) {
    std::ofstream(scratch.path + "/object", std::ios::binary) << object;
    return scratch.path + "/object";
  };
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    SeededDice dice(seed);
    const Drawn drawn = Drawn::draw(dice);
    const char delimiter = dice.pick({',', ';', '|'});
    const std::string null_text = dice.pick<const char*>({"", "NULL", "\\N"});
    const Csv format{
        .columns = {"a", "b", "c"},
        .delimiter = delimiter,
        .quoting = dice.pick({CsvQuoting::where_needed, CsvQuoting::strings, CsvQuoting::all}),
        .line_end = dice.pick({CsvLineEnd::crlf, CsvLineEnd::lf}),
        .null_text = null_text};

    const std::string path = store(write(format, drawn.records));

    REQUIRE(run_program(
                duckdb("csv " + path + " '" + std::string(1, delimiter) + "' '" + null_text + "'"))
                .output == drawn.rows);
  }
  const std::vector<std::string> records{R"({"a":"x \"y\"","b":"1","c":"caf\u00e9"})",
                                         R"({"a":null,"b":"2","c":""})"};
  const std::string path = store(write(hydrant::JsonArray(), records));
  REQUIRE(run_program(duckdb("json " + path)).output ==
          "{\"a\":\"x \\\"y\\\"\",\"b\":\"1\",\"c\":\"caf\xc3\xa9\"}\n"
          "{\"a\":null,\"b\":\"2\",\"c\":\"\"}\n");
}
