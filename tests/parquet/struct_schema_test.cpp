// SPDX-License-Identifier: MIT
//
// Schemas from C++ structs: a column for each kind of member.
#include <hydrant/object/parquet.hpp>
#include <hydrant/object/parquet_schema.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "parquet/written_file.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::tests;
using hydrant::parquet_field;

enum class Colour : std::uint8_t { red };

struct Place {
  double latitude;
  float height;

  static constexpr auto parquet_fields() {
    return std::tuple(parquet_field("latitude", &Place::latitude),
                      parquet_field("height m", &Place::height));
  }
};

struct Everything {
  bool yes;
  std::int8_t tiny;
  std::uint8_t byte;
  std::int16_t small;
  std::uint16_t port;
  int number;
  std::uint32_t address;
  std::int64_t big;
  std::uint64_t largest;
  char letter;
  char name[16];
  std::string text;
  std::string_view view;
  Colour colour;
  std::optional<std::int64_t> maybe;
  std::chrono::system_clock::time_point at;
  std::chrono::sys_time<std::chrono::milliseconds> at_ms;
  std::chrono::sys_days day;
  std::vector<std::string> tags;
  std::vector<bool> flags;
  std::array<float, 3> position;
  double matrix[2][3];
  std::set<int> numbers;
  std::map<std::string, std::vector<int>> by_name;
  std::unordered_map<int, Place> by_number;
  std::optional<Place> place;
  std::vector<Place> route;

  static constexpr auto parquet_fields() {
    using E = Everything;
    return std::tuple(parquet_field("yes", &E::yes), parquet_field("tiny", &E::tiny),
                      parquet_field("byte", &E::byte), parquet_field("small", &E::small),
                      parquet_field("port", &E::port), parquet_field("number", &E::number),
                      parquet_field("address", &E::address), parquet_field("big", &E::big),
                      parquet_field("largest", &E::largest), parquet_field("letter", &E::letter),
                      parquet_field("name", &E::name), parquet_field("text", &E::text),
                      parquet_field("view", &E::view), parquet_field("colour", &E::colour),
                      parquet_field("maybe", &E::maybe), parquet_field("at", &E::at),
                      parquet_field("at_ms", &E::at_ms), parquet_field("day", &E::day),
                      parquet_field("tags", &E::tags), parquet_field("flags", &E::flags),
                      parquet_field("position", &E::position), parquet_field("matrix", &E::matrix),
                      parquet_field("numbers", &E::numbers), parquet_field("by_name", &E::by_name),
                      parquet_field("by_number", &E::by_number), parquet_field("place", &E::place),
                      parquet_field("route", &E::route));
  }
};

}  // namespace

TEST_CASE("each member of a struct becomes a column of its type", "[parquet][schema]") {
  const std::string place = "struct<latitude:double,`height m`:float>";
  const std::vector<hydrant::ParquetColumn> wanted{
      {"yes", "boolean"},
      {"tiny", "tinyint"},
      {"byte", "smallint"},
      {"small", "smallint"},
      {"port", "int"},
      {"number", "int"},
      {"address", "bigint"},
      {"big", "bigint"},
      {"largest", "decimal(20,0)"},
      {"letter", "string"},
      {"name", "string"},
      {"text", "string"},
      {"view", "string"},
      {"colour", "smallint"},
      {"maybe", "bigint"},
      {"at", "timestamp"},
      {"at_ms", "timestamp"},
      {"day", "date"},
      {"tags", "array<string>"},
      {"flags", "array<boolean>"},
      {"position", "array<float>"},
      {"matrix", "array<array<double>>"},
      {"numbers", "array<int>"},
      {"by_name", "map<string,array<int>>"},
      {"by_number", "map<int," + place + ">"},
      {"place", place},
      {"route", "array<" + place + ">"},
  };
  REQUIRE(hydrant::parquet_schema<Everything>() == wanted);
}

TEST_CASE("the largest and the smallest values of a struct's members fit its columns",
          "[parquet][schema]") {
  const hydrant::Parquet format{.schema = hydrant::parquet_schema<Everything>(),
                                .refuse_unknown_fields = true};
  hydrant::OptionErrors errors;
  format.validate(errors);
  REQUIRE(errors.empty());
  const WrittenFile written = write_parquet(
      format, {R"({"tiny":-128,"byte":255,"small":-32768,"port":65535,"number":-2147483648,)"
               R"("address":4294967295,"big":-9223372036854775808,"largest":18446744073709551615,)"
               R"("colour":255,"day":"2026-11-23","at":"2026-11-23T10:00:00Z","flags":[true],)"
               R"("by_number":{"1":{"latitude":1.5,"height m":2}},"route":[{"latitude":1}]})"});
  REQUIRE(written.left_out.empty());
  REQUIRE(written.failure.empty());
}
