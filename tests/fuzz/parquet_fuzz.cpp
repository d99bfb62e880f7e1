// SPDX-License-Identifier: MIT
//
// Any text as records, and any types as columns. What is written is read back by
// the tests' own reader, which checks the file on the way: it has a row for each
// object of the records that fit, and is the same without the others.
//
// The input: four bytes of choices, the columns' types in one line, with
// semicolons in between, then a record a line.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz_input.hpp"
#include "parquet/written_file.hpp"

namespace {

using namespace hydrant;
using fuzz::expect;
using fuzz::FuzzInput;

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

/// The objects and arrays of a record that is JSON.
std::size_t row_count(std::string_view record) {
  std::size_t count = 0;
  std::size_t depth = 0;
  bool is_string = false;
  for (std::size_t at = 0; at < record.size(); ++at) {
    const char character = record[at];
    if (is_string) {
      at += character == '\\' ? 1 : 0;
      is_string = character != '"';
    } else if (character == '{' || character == '[') {
      count += depth++ == 0 ? 1 : 0;
    } else if (character == '}' || character == ']') {
      --depth;
    } else {
      is_string = character == '"';
    }
  }
  return count;
}

Parquet format_of(FuzzInput& input) {
  constexpr ParquetCompression compressions[] = {
      ParquetCompression::uncompressed, ParquetCompression::snappy, ParquetCompression::zstd,
      ParquetCompression::gzip};
  Parquet format;
  const auto sizes = input.take<std::uint8_t>();
  const auto switches = input.take<std::uint8_t>();
  format.compression = compressions[input.below(4)];
  format.page_size = ByteCount{1u << (sizes & 15)};
  format.block_size = ByteCount{1u << (sizes >> 4)};
  format.enable_dictionary_compression = (switches & 1) != 0;
  format.writer_version = (switches & 2) != 0 ? ParquetWriterVersion::v2 : ParquetWriterVersion::v1;
  format.keys.case_insensitive = (switches & 4) != 0;
  format.keys.convert_dots_in_json_keys_to_underscores = (switches & 8) != 0;
  format.refuse_unknown_fields = (switches & 16) != 0;
  format.timestamp_unit = static_cast<ParquetTimestampUnit>((switches >> 5) % 3);
  return format;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  Parquet format = format_of(input);
  const std::uint64_t times = 1 + input.below(16);
  const std::string text(reinterpret_cast<const char*>(input.rest().data()), input.rest().size());
  std::vector<std::string> lines = split(text, '\n');
  for (const std::string& type : split(lines[0], ';')) {
    format.schema.push_back(
        {std::string(1, static_cast<char>('a' + format.schema.size() % 26)), type});
  }
  OptionErrors errors;
  format.validate(errors);
  for (const OptionFault& fault : errors.faults()) {
    if (fault.field != "parquet.page_size" && fault.field != "parquet.block_size") {
      return 0;
    }
  }
  std::vector<std::string> records;
  for (std::uint64_t i = 0; i < times; ++i) {  // pages end after some 16 KiB
    records.insert(records.end(), lines.begin() + 1, lines.end());
  }

  const tests::WrittenFile written = tests::write_parquet(format, records);

  if (!records.empty() && written.left_out.size() == records.size()) {
    expect(written.bytes.empty() && !written.failure.empty());
    return 0;
  }
  expect(written.failure.empty());
  std::vector<std::string> good;
  std::size_t wanted = 0;
  auto left_out = written.left_out.begin();
  for (std::size_t index = 0; index < records.size(); ++index) {
    if (left_out != written.left_out.end() && left_out->index == index) {
      ++left_out;
      continue;
    }
    wanted += row_count(records[index]);
    good.push_back(records[index]);
  }
  expect(left_out == written.left_out.end());
  const std::vector<std::string> rows = tests::parquet_rows(written.bytes);
  expect(rows.size() == wanted);

  const tests::WrittenFile again = tests::write_parquet(format, good);
  expect(again.failure.empty() && again.left_out.empty());
  expect(tests::parquet_rows(again.bytes) == rows);
  return 0;
}
