// SPDX-License-Identifier: MIT
//
// Whole Parquet files, read back by the reader beside this file, which checks
// every size, count, bound and checksum on the way.
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "row_text.hpp"
#include "test.hpp"
#include "written_file.hpp"

using hydrant::ByteCount;
using hydrant::Parquet;
using hydrant::ParquetCompression;
using hydrant::ParquetWriterVersion;
using hydrant::tests::parquet_rows;
using hydrant::tests::ParquetDraw;
using hydrant::tests::ParquetFile;
using hydrant::tests::read_parquet;
using hydrant::tests::write_parquet;
using hydrant::tests::WrittenFile;

namespace {

constexpr ParquetCompression compressions[] = {ParquetCompression::uncompressed,
                                               ParquetCompression::snappy, ParquetCompression::gzip,
                                               ParquetCompression::zstd};

/// `count` records {"n":i,...}, the rest as `rest` says.
template <class Rest>
std::vector<std::string> numbered(int count, Rest rest) {
  std::vector<std::string> records;
  for (int i = 0; i < count; ++i) {
    records.push_back("{\"n\":" + std::to_string(i) + rest(i) + "}");
  }
  return records;
}

}  // namespace

TEST_CASE("any records of any schema are the rows of the file, in order", "[parquet]") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    ParquetDraw draw(seed);
    const Parquet format{
        .schema = draw.columns(),
        .compression = compressions[draw.below(4)],
        .block_size = ByteCount{draw.below(3) == 0 ? 20'000u : 1u << 28},
        .page_size = ByteCount{draw.below(2) == 0 ? 2'000u : 1u << 16},
        .enable_dictionary_compression = draw.below(3) != 0,
        .writer_version = draw.below(2) == 0 ? ParquetWriterVersion::v1 : ParquetWriterVersion::v2};
    std::vector<std::string> records;
    std::vector<std::string> rows;
    std::string record;
    for (std::uint64_t i = draw.below(draw.below(4) == 0 ? 2000 : 60); i > 0; --i) {
      const ParquetDraw::Value drawn = draw.record();
      record += drawn.json;
      rows.push_back(drawn.row);
      if (draw.below(5) != 0) {  // else a record of several objects
        records.push_back(std::exchange(record, {}));
      } else {
        record += " ";
      }
    }
    if (!record.empty()) {
      records.push_back(record);
    }

    const WrittenFile written = write_parquet(format, records);

    REQUIRE(written.failure == "");
    REQUIRE(written.left_out.empty());
    REQUIRE(parquet_rows(written.bytes) == rows);
  }
}

TEST_CASE("records that do not fit leave no trace among those that do", "[parquet]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    ParquetDraw draw(seed + 1000);
    Parquet format{.schema = draw.columns(),
                   .page_size = ByteCount{draw.below(2) == 0 ? 1'000u : 1u << 16},
                   .enable_dictionary_compression = draw.below(3) != 0};
    format.schema.push_back({"last", "int"});
    std::vector<std::string> records{"{}"};
    std::vector<std::string> rows;
    std::vector<std::uint32_t> bad;
    rows.push_back(parquet_rows(write_parquet(format, records).bytes).at(0));
    for (std::uint64_t i = draw.below(600); i > 0; --i) {
      ParquetDraw::Value drawn = draw.record();
      drawn.row.pop_back();
      rows.push_back(drawn.row + ",\"last\":null}");
      if (draw.below(3) != 0) {
        records.push_back(drawn.json);
        continue;
      }
      rows.pop_back();
      bad.push_back(static_cast<std::uint32_t>(records.size()));
      // A good object before a bad one, a value that does not fit at the end, or half a record.
      const std::string spoilt[] = {drawn.json + "{\"last\":{}}", drawn.json + "x",
                                    drawn.json.substr(0, drawn.json.size() - 1), ""};
      records.push_back(spoilt[draw.below(4)]);
    }

    const WrittenFile written = write_parquet(format, records);

    REQUIRE(written.failure == "");
    std::vector<std::uint32_t> left_out;
    for (const hydrant::RecordFailure& failure : written.left_out) {
      left_out.push_back(failure.index);
    }
    REQUIRE(left_out == bad);
    REQUIRE(parquet_rows(written.bytes) == rows);
  }
}

TEST_CASE("a file without records is a file with columns", "[parquet]") {
  const WrittenFile written = write_parquet({.schema = {{"a", "int"}, {"b", "array<string>"}}}, {});

  REQUIRE(written.failure == "");
  ParquetFile file;
  read_parquet(written.bytes, file);
  REQUIRE(file.groups.empty());
  REQUIRE(file.root.children.size() == 2);
}

TEST_CASE("a row group ends at its size, and each has its own dictionary", "[parquet]") {
  const auto records = numbered(
      30'000, [](int i) { return ",\"s\":\"" + std::to_string(i * 7919 % 100'003) + "\""; });
  const Parquet format{.schema = {{"n", "bigint"}, {"s", "string"}},
                       .compression = ParquetCompression::uncompressed,
                       .block_size = ByteCount{100'000}};

  const WrittenFile written = write_parquet(format, records);

  ParquetFile file;
  read_parquet(written.bytes, file);
  REQUIRE(file.groups.size() >= 4);
  REQUIRE(file.groups.size() <= 8);
  REQUIRE(parquet_rows(written.bytes).back() == "{\"n\":29999,\"s\":\"54956\"}");
}

TEST_CASE("a dictionary that is full is given up within the chunk", "[parquet]") {
  // Two thousand values come again and again, then nothing but new ones.
  const auto records = numbered(60'000, [](int i) {
    return ",\"s\":\"value " + std::to_string(i < 30'000 ? i % 2'000 : i) + "\"";
  });
  for (const auto version : {ParquetWriterVersion::v1, ParquetWriterVersion::v2}) {
    const Parquet format{.schema = {{"s", "string"}},
                         .page_size = Parquet::page_size_min,
                         .writer_version = version};

    const WrittenFile written = write_parquet(format, records);

    ParquetFile file;
    read_parquet(written.bytes, file);
    const auto& column = file.groups.at(0).columns.at(0);
    REQUIRE(column.pages.front().encoding == 8);
    REQUIRE(column.pages.back().encoding == (version == ParquetWriterVersion::v1 ? 0 : 7));
    REQUIRE(column.dictionary_size > 2'000);
    REQUIRE(column.values.size() == 60'000);
    REQUIRE(column.values.back() == "value 59999");
  }
}

TEST_CASE("a column whose values never come again has no dictionary", "[parquet]") {
  const auto records = numbered(40'000, [](int) { return ""; });

  const WrittenFile written = write_parquet({.schema = {{"n", "bigint"}}}, records);

  ParquetFile file;
  read_parquet(written.bytes, file);
  REQUIRE(file.groups.at(0).columns.at(0).dictionary_size == 0);
  REQUIRE_FALSE(file.groups.at(0).columns.at(0).metadata.has(11));
}

TEST_CASE("pages that go up or down are told so, and others are not", "[parquet]") {
  const auto order = [](const std::string& type, auto value) {
    const auto records = numbered(20'000, [&](int i) { return ",\"v\":" + std::string(value(i)); });
    const WrittenFile written =
        write_parquet({.schema = {{"v", type}}, .page_size = ByteCount{8'000}}, records);
    ParquetFile file;
    read_parquet(written.bytes, file);  // checks what is told
    const hydrant::tests::Thrift& chunk = file.footer.at(4).list.at(0).at(1).list.at(0);
    REQUIRE(file.groups.at(0).columns.at(0).pages.size() > 3);
    hydrant::tests::ByteReader index{
        std::string_view(written.bytes).substr(chunk.size_at(6), chunk.size_at(7))};
    return hydrant::tests::read_thrift(index).at(4).number;
  };
  REQUIRE(order("int", [](int i) { return std::to_string(i); }) == 1);
  REQUIRE(order("int", [](int i) { return std::to_string(-i); }) == 2);
  REQUIRE(order("int", [](int i) { return std::to_string(i % 5'000); }) == 0);
  REQUIRE(order("decimal(30,3)", [](int i) { return std::to_string(i - 10'000); }) == 1);
  for (const std::size_t shared : {0u, 50u, 70u}) {  // also where bounds are cut
    CAPTURE(shared);
    const std::string prefix(shared, 'x');
    REQUIRE(order("string",
                  [&](int i) { return "\"" + prefix + std::to_string(200'000 + i) + "\""; }) == 1);
    REQUIRE(order("string",
                  [&](int i) { return "\"" + prefix + std::to_string(200'000 - i) + "\""; }) == 2);
  }
}

TEST_CASE("a column with a NaN has no bounds, and its pages no index", "[parquet]") {
  const auto records =
      numbered(10, [](int i) { return std::string(i == 3 ? ",\"d\":\"NaN\"" : ",\"d\":1.5"); });

  const WrittenFile written = write_parquet({.schema = {{"n", "int"}, {"d", "double"}}}, records);

  ParquetFile file;
  read_parquet(written.bytes, file);
  const auto& chunks = file.footer.at(4).list.at(0).at(1).list;
  REQUIRE(chunks.at(0).has(6));
  REQUIRE_FALSE(chunks.at(1).has(6));
  REQUIRE_FALSE(chunks.at(1).at(3).at(12).has(5));
}

TEST_CASE("bounds of 0 are both zeroes", "[parquet]") {
  const auto bounds = [](const std::string& type, const std::vector<std::string>& values) {
    std::vector<std::string> records;
    for (const std::string& value : values) {
      records.insert(records.end(), 10, "{\"d\":" + value + "}");
    }
    const WrittenFile written = write_parquet({.schema = {{"d", type}}}, records);
    ParquetFile file;
    read_parquet(written.bytes, file);
    const auto& statistics = file.groups.at(0).columns.at(0).metadata.at(12);
    const auto text = [](auto number) {
      return std::string(std::signbit(number) ? "-" : "+") + std::to_string(std::abs(number))[0];
    };
    const std::string& min = statistics.at(6).bytes;
    const std::string& max = statistics.at(5).bytes;
    return type == "float" ? text(hydrant::tests::from_plain<float>(min)) + " " +
                                 text(hydrant::tests::from_plain<float>(max))
                           : text(hydrant::tests::from_plain<double>(min)) + " " +
                                 text(hydrant::tests::from_plain<double>(max));
  };
  for (const std::string type : {"float", "double"}) {
    for (const std::string zero : {"0.0", "-0.0"}) {
      CAPTURE(type, zero);
      REQUIRE(bounds(type, {zero}) == "-0 +0");
      REQUIRE(bounds(type, {"-1", zero}) == "-1 +0");
      REQUIRE(bounds(type, {zero, "1"}) == "-0 +1");
      REQUIRE(bounds(type, {"1", zero, "-1"}) == "-1 +1");
    }
  }
}

TEST_CASE("pages of nothing but nulls need no dictionary", "[parquet]") {
  std::vector<std::string> records(300'000, "{}");
  records.insert(records.end(), 5'000, "{\"s\":\"at last\"}");
  for (const auto version : {ParquetWriterVersion::v1, ParquetWriterVersion::v2}) {
    const Parquet format{.schema = {{"s", "string"}, {"i", "int"}}, .writer_version = version};

    const WrittenFile written = write_parquet(format, records);

    ParquetFile file;
    read_parquet(written.bytes, file);
    const auto& columns = file.groups.at(0).columns;
    REQUIRE(columns.at(0).dictionary_size == 1);
    REQUIRE(columns.at(0).values.size() == 5'000);
    REQUIRE(columns.at(1).dictionary_size == 0);
    REQUIRE_FALSE(columns.at(1).metadata.has(11));
  }
}

TEST_CASE("the footer says what was asked, and who wrote it", "[parquet]") {
  const WrittenFile written =
      write_parquet({.schema = {{"t", "timestamp"}},
                     .timestamp_unit = hydrant::ParquetTimestampUnit::milliseconds,
                     .key_value_metadata = {{"team", "clicks"}, {"empty", ""}}},
                    {R"({"t":1})"});

  ParquetFile file;
  read_parquet(written.bytes, file);
  REQUIRE(file.footer.at(5).list.at(0).at(1).bytes == "team");
  REQUIRE(file.footer.at(5).list.at(0).at(2).bytes == "clicks");
  REQUIRE(file.footer.at(5).list.at(1).at(2).bytes.empty());
  REQUIRE(file.footer.at(6).bytes.starts_with("hydrant version "));
  REQUIRE(file.leaves.at(0)->converted() == 9);
  REQUIRE(parquet_rows(written.bytes).at(0) == R"({"t":1000})");
}

TEST_CASE("a write that fails says so, whenever that is", "[parquet]") {
  const auto records =
      numbered(5'000, [](int i) { return ",\"s\":\"" + std::to_string(i) + "\""; });
  const Parquet format{.schema = {{"n", "int"}, {"s", "string"}}, .block_size = ByteCount{10'000}};
  hydrant::testing::BatchBuilder builder;
  builder.page(records);
  for (int good = 0; good < 12; ++good) {
    CAPTURE(good);
    int left = good;
    const auto out = [&](std::span<const std::byte>) -> hydrant::Status {
      return left-- > 0 ? hydrant::success() : hydrant::Status(hydrant::Failure{"disk: full"});
    };
    std::vector<hydrant::RecordFailure> failures;

    const hydrant::Status status = format.write(builder.batch(), out, failures);

    REQUIRE_FALSE(status);
    REQUIRE(status.failure().message == "disk: full");
    REQUIRE(failures.empty());
  }
}
