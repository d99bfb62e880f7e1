// SPDX-License-Identifier: MIT
//
// Parquet files of random schemas and records, with the JSON that they were made
// of beside them, for other programs to read.
#pragma once

#include <hydrant/object/parquet.hpp>
#include <hydrant/testing/batch_builder.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

namespace hydrant::tests {

/// Random schemas and records of them.
class FileDraw {
 public:
  explicit FileDraw(std::uint64_t seed) : dice_(seed) {}

  std::uint64_t below(std::uint64_t end) { return dice_() % end; }

  template <class T>
  T pick(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

  std::vector<ParquetColumn> columns() {
    const std::vector<std::string> types{"string",          "int",
                                         "bigint",          "double",
                                         "boolean",         "array<int>",
                                         "array<string>",   "struct<a:int,b:string>",
                                         "map<string,int>", "array<array<int>>"};
    std::vector<ParquetColumn> columns;
    for (std::uint64_t i = 1 + below(6); i > 0; --i) {
      columns.push_back({"c" + std::to_string(i), pick(types)});
    }
    kinds_ = 1 + below(50);
    return columns;
  }

  std::string record(const std::vector<ParquetColumn>& columns) {
    std::string json = "{";
    for (const ParquetColumn& column : columns) {
      if (below(8) != 0) {
        json += (json.size() == 1 ? "\"" : ",\"") + column.name + "\":" + value(column.type);
      }
    }
    return json + "}";
  }

 private:
  std::string value(std::string_view type) {
    if (below(9) == 0) {
      return "null";
    }
    if (type == "string") {
      return text();
    }
    if (type == "int") {
      return std::to_string(static_cast<std::int32_t>(below(3) == 0 ? dice_() : below(kinds_)));
    }
    if (type == "bigint") {
      const auto number = static_cast<std::int64_t>(dice_() >> (11 + below(50)));
      return std::to_string(below(2) == 0 ? number : -number);
    }
    if (type == "double") {
      return std::to_string(static_cast<double>(static_cast<std::int32_t>(dice_())) / 1024);
    }
    if (type == "boolean") {
      return below(2) == 0 ? "true" : "false";
    }
    return nested(type);
  }

  std::string nested(std::string_view type) {
    if (type.starts_with("array<")) {
      type.remove_prefix(6);
      type.remove_suffix(1);
      std::string list;
      for (std::uint64_t i = below(4); i > 0; --i) {
        list += (list.empty() ? "" : ",") + value(type);
      }
      return "[" + list + "]";
    }
    if (type.starts_with("struct<")) {
      return "{\"a\":" + value("int") + ",\"b\":" + value("string") + "}";
    }
    std::string entries;
    for (std::uint64_t i = below(4); i > 0; --i) {
      entries += (entries.empty() ? "\"k" : ",\"k") + std::to_string(i) + "\":" + value("int");
    }
    return "{" + entries + "}";
  }

  std::string text() {
    static const std::vector<std::string> pieces{
        "a", "bc", " ", "\\n", "\\\"", "\\\\", "\\u00e9", "\xc3\xa9", "\\ud83d\\ude00", "0"};
    std::string text = "\"";
    if (below(2) == 0) {
      return "\"" + std::string(1, static_cast<char>('a' + below(kinds_) % 26)) + "\"";
    }
    for (std::uint64_t i = below(12); i > 0; --i) {
      text += pick(pieces);
    }
    return text + "\"";
  }

  std::mt19937_64 dice_;
  std::uint64_t kinds_ = 1;
};

/// Writes the file. Returns: why not; empty when it is there.
inline std::string write_file(const Parquet& format, const std::vector<std::string>& records,
                              const std::string& path, std::vector<RecordFailure>& failures) {
  testing::BatchBuilder builder;
  for (std::size_t at = 0; at < records.size(); at += 100) {
    const auto begin = records.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min<std::size_t>(100, records.size() - at);
    builder.page({begin, begin + static_cast<std::ptrdiff_t>(count)});
  }
  std::ofstream file(path, std::ios::binary);
  const auto out = [&](std::span<const std::byte> piece) -> Status {
    file.write(reinterpret_cast<const char*>(piece.data()),
               static_cast<std::streamsize>(piece.size()));
    return success();
  };
  const Status status = format.write(builder.batch(), out, failures);
  return status ? std::string() : status.failure().message;
}

/// What stands in the file: BASE.schema has the columns, BASE.json a record a line.
inline void describe(const std::string& base, const std::vector<ParquetColumn>& columns,
                     const std::vector<std::string>& records) {
  std::ofstream schema(base + ".schema");
  schema << "[";
  for (const ParquetColumn& column : columns) {
    schema << (&column == columns.data() ? "" : ",") << "[\"" << column.name << "\",\""
           << column.type << "\"]";
  }
  schema << "]\n";
  std::ofstream lines(base + ".json", std::ios::binary);
  for (const std::string& record : records) {
    lines << record << "\n";
  }
}

/// Makes files of many schemas, compressions and layouts: FOLDER/<n>.parquet.
/// Returns: how many records are in them.
inline std::size_t write_random_files(const std::string& folder) {
  std::size_t rows = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    FileDraw draw(seed);
    const std::vector<ParquetColumn> columns = draw.columns();
    const Parquet format{.schema = columns,
                         .compression = draw.pick<ParquetCompression>(
                             {ParquetCompression::zstd, ParquetCompression::snappy,
                              ParquetCompression::gzip, ParquetCompression::uncompressed}),
                         .page_size = Parquet::page_size_min,
                         .enable_dictionary_compression = draw.below(2) == 0,
                         .writer_version = draw.pick<ParquetWriterVersion>(
                             {ParquetWriterVersion::v1, ParquetWriterVersion::v2})};
    OptionErrors errors;
    format.validate(errors);
    REQUIRE(errors.empty());
    std::vector<std::string> records;
    for (std::uint64_t i = 1 + draw.below(draw.pick<std::uint64_t>({3, 100, 3000})); i > 0; --i) {
      records.push_back(draw.record(columns));
    }
    std::vector<RecordFailure> failures;
    const std::string base = folder + "/" + std::to_string(seed);

    REQUIRE(write_file(format, records, base + ".parquet", failures) == "");

    REQUIRE(failures.empty());
    describe(base, columns, records);
    rows += records.size();
  }
  return rows;
}

}  // namespace hydrant::tests
