// SPDX-License-Identifier: MIT
//
// What a Parquet file is made of once it is read, and what must hold for it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "thrift_reader.hpp"

namespace hydrant::tests {

/// An element of the schema with what is below it.
struct FileNode {
  std::string name;
  Thrift element;
  /// Of its leaf, if it is one.
  std::size_t leaf = 0;
  unsigned definition = 0;
  unsigned repetition = 0;
  std::vector<FileNode> children{};

  bool is_optional() const { return element.has(3) && element.at(3).number == 1; }

  bool is_repeated() const { return element.has(3) && element.at(3).number == 2; }

  std::int64_t converted() const { return element.has(6) ? element.at(6).number : -1; }

  std::int64_t physical() const { return element.at(1).number; }

  /// Bytes of a value; 0 where they differ.
  std::size_t width() const {
    constexpr std::size_t widths[] = {1, 4, 8, 12, 4, 8, 0, 0};
    return physical() == 7 ? element.size_at(2) : widths[element.size_at(1)];
  }
};

struct FilePage {
  std::size_t offset = 0;
  std::size_t size = 0;
  std::size_t first_row = 0;
  std::size_t null_count = 0;
  std::int64_t encoding = 0;
  bool is_version_2 = false;
  std::vector<std::string> values{};
};

/// What one column has in one row group: a level for each value, null and empty list.
struct FileColumn {
  std::vector<std::uint64_t> definitions{};
  std::vector<std::uint64_t> repetitions{};
  std::vector<std::string> values{};
  std::vector<FilePage> pages{};
  std::size_t dictionary_size = 0;
  Thrift metadata{};
};

struct FileGroup {
  std::size_t row_count = 0;
  std::vector<FileColumn> columns{};
};

struct ParquetFile {
  FileNode root{};
  std::vector<const FileNode*> leaves{};
  std::vector<FileGroup> groups{};
  std::size_t row_count = 0;
  Thrift footer{};

  ParquetFile() = default;
  ParquetFile(const ParquetFile&) = delete;
  ParquetFile& operator=(const ParquetFile&) = delete;
};

template <class T>
T from_plain(std::string_view bytes) {
  T value{};
  expect_file(bytes.size() == sizeof(T), "a number of another size");
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// Whether `a` comes before `b` in the order of the column's type.
inline bool comes_before(const FileNode& node, const std::string& a, const std::string& b) {
  switch (node.physical()) {
    case 1:
      return from_plain<std::int32_t>(a) < from_plain<std::int32_t>(b);
    case 2:
      return from_plain<std::int64_t>(a) < from_plain<std::int64_t>(b);
    case 4:
      return from_plain<float>(a) < from_plain<float>(b);
    case 5:
      return from_plain<double>(a) < from_plain<double>(b);
    case 7: {  // a number in big-endian: the sign bit turned over, bytes compare as they are
      std::string left = a;
      std::string right = b;
      left.at(0) = static_cast<char>(left[0] ^ '\x80');
      right.at(0) = static_cast<char>(right[0] ^ '\x80');
      return left < right;
    }
    default:
      return a < b;
  }
}

inline bool is_nan(const FileNode& node, const std::string& value) {
  return (node.physical() == 4 && std::isnan(from_plain<float>(value))) ||
         (node.physical() == 5 && std::isnan(from_plain<double>(value)));
}

inline void check_column(const FileColumn& column, const FileNode& node, std::size_t rows) {
  const auto begins =
      static_cast<std::size_t>(std::count(column.repetitions.begin(), column.repetitions.end(), 0));
  expect_file(begins == rows, "a column with another number of rows");
  expect_file(column.metadata.size_at(5) == column.definitions.size(), "the number of values");
  for (const std::string& value : column.values) {
    expect_file(node.width() == 0 || value.size() == node.width(), "a value of another width");
  }
}

/// No value may lie outside; of what is not cut short, the bounds must be values.
inline void check_bounds(const FileNode& node, const std::vector<std::string>& values,
                         const std::string& min, const std::string& max) {
  for (const std::string& value : values) {
    expect_file(
        is_nan(node, value) || (!comes_before(node, value, min) && !comes_before(node, max, value)),
        "a value outside of its bounds");
  }
  if (node.width() != 0 || std::max(min.size(), max.size()) < 60) {
    const auto is_there = [&](const std::string& bound) {
      return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
        return !comes_before(node, value, bound) && !comes_before(node, bound, value) &&
               !is_nan(node, value);
      });
    };
    expect_file(is_there(min) && is_there(max), "a bound that no value has");
  }
}

inline void check_statistics(const FileColumn& column, const FileNode& node) {
  const Thrift& statistics = column.metadata.at(12);
  std::size_t nulls = 0;
  for (const FilePage& page : column.pages) {
    nulls += page.null_count;
  }
  expect_file(statistics.size_at(3) == nulls, "the number of nulls");
  if (statistics.has(5)) {
    check_bounds(node, column.values, statistics.at(6).bytes, statistics.at(5).bytes);
  } else {
    expect_file(column.values.empty() ||
                    std::any_of(column.values.begin(), column.values.end(),
                                [&](const std::string& value) { return is_nan(node, value); }),
                "no statistics");
  }
}

/// What is cut short may be in order where the values are not.
inline void check_order(const FileNode& node, std::int64_t order,
                        const std::vector<std::pair<std::string, std::string>>& bounds) {
  bool ascends = true;
  bool descends = true;
  bool is_cut = false;
  for (const auto& [min, max] : bounds) {
    is_cut = is_cut || std::max(min.size(), max.size()) >= 60;
  }
  for (std::size_t index = 1; index < bounds.size(); ++index) {
    const auto& [min, max] = bounds[index];
    const auto& [min_before, max_before] = bounds[index - 1];
    ascends =
        ascends && !comes_before(node, min, min_before) && !comes_before(node, max, max_before);
    descends =
        descends && !comes_before(node, min_before, min) && !comes_before(node, max_before, max);
  }
  expect_file(is_cut ? order == 0 || (order == 1 && ascends) || (order == 2 && descends)
                     : order == (ascends    ? 1
                                 : descends ? 2
                                            : 0),
              "the order of pages");
}

}  // namespace hydrant::tests
