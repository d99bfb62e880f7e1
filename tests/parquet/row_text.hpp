// SPDX-License-Identifier: MIT
//
// The rows of a Parquet file as JSON, put together again from their levels. A
// map is a list of pairs; a decimal has its point; dates and timestamps are the
// numbers that they are.
#pragma once

#include <hydrant/core/json_text.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "file_reader.hpp"

namespace hydrant::tests {

/// Puts the rows of one group together.
class RowText {
 public:
  RowText(const ParquetFile& file, const FileGroup& group) : file_(&file), group_(&group) {
    for (std::size_t leaf = 0; leaf < file.leaves.size(); ++leaf) {
      std::size_t value = 0;
      std::vector<std::size_t>& numbers = numbers_.emplace_back();
      for (const std::uint64_t definition : group.columns[leaf].definitions) {
        numbers.push_back(value);
        value += definition == file.leaves[leaf]->definition ? 1u : 0u;
      }
    }
  }

  std::vector<std::string> rows() {
    std::vector<std::string> rows(group_->row_count, "{");
    for (const FileNode& column : file_->root.children) {
      std::vector<Range> whole = ranges_of(column);
      const std::vector<std::vector<Range>> parts = split(whole, 0);
      for (std::size_t row = 0; row < rows.size(); ++row) {
        rows[row] += rows[row].size() == 1 ? "" : ",";
        append_json_string(rows[row], column.name);
        rows[row] += ":";
        append_node(rows[row], column, parts.at(row));
      }
    }
    for (std::string& row : rows) {
      row += "}";
    }
    return rows;
  }

 private:
  /// Levels [begin, end) of a leaf.
  struct Range {
    std::size_t leaf;
    std::size_t begin;
    std::size_t end;
  };

  std::vector<Range> ranges_of(const FileNode& node) const {
    if (node.children.empty()) {
      return {{node.leaf, 0, group_->columns[node.leaf].definitions.size()}};
    }
    std::vector<Range> ranges;
    for (const FileNode& child : node.children) {
      const std::vector<Range> inner = ranges_of(child);
      ranges.insert(ranges.end(), inner.begin(), inner.end());
    }
    return ranges;
  }

  /// Cut where a new element begins at `repetition`; all leaves must agree on how many there are.
  std::vector<std::vector<Range>> split(const std::vector<Range>& ranges,
                                        unsigned repetition) const {
    std::vector<std::vector<Range>> parts;
    for (const Range& range : ranges) {
      const std::vector<std::uint64_t>& levels = group_->columns[range.leaf].repetitions;
      std::size_t part = 0;
      for (std::size_t begin = range.begin; begin < range.end; ++part) {
        std::size_t end = begin + 1;
        while (end < range.end && levels[end] > repetition) {
          ++end;
        }
        expect_file(end == range.end || levels[end] == repetition, "levels of other columns");
        if (part == parts.size()) {
          expect_file(&range == ranges.data(), "columns with differing lists");
          parts.emplace_back();
        }
        parts[part].push_back({range.leaf, begin, end});
        begin = end;
      }
      expect_file(part == parts.size(), "columns with differing lists");
    }
    return parts;
  }

  /// All leaves must agree on whether something is there.
  bool is_there(const std::vector<Range>& ranges, unsigned definition) const {
    const auto is_in = [&](const Range& range) {
      return group_->columns[range.leaf].definitions[range.begin] >= definition;
    };
    for (const Range& range : ranges) {
      expect_file(is_in(range) == is_in(ranges[0]), "columns with differing nulls");
    }
    return is_in(ranges.at(0));
  }

  void append_node(std::string& out, const FileNode& node, const std::vector<Range>& ranges) {
    if (node.is_optional() && !is_there(ranges, node.definition)) {
      out += "null";
      return;
    }
    if (node.children.empty()) {
      expect_file(ranges[0].end - ranges[0].begin == 1, "several values in one place");
      append_scalar(out, node,
                    group_->columns[node.leaf].values.at(numbers_[node.leaf][ranges[0].begin]));
      return;
    }
    if (node.converted() == 1 || node.converted() == 3) {
      append_repeated(out, node.children.at(0), ranges);
      return;
    }
    append_fields(out, node, ranges, true);
  }

  void append_repeated(std::string& out, const FileNode& node, const std::vector<Range>& ranges) {
    out += "[";
    if (is_there(ranges, node.definition)) {
      std::string separator;
      for (const std::vector<Range>& part : split(ranges, node.repetition)) {
        out += separator;
        separator = ",";
        if (node.children.size() == 1) {
          append_node(out, node.children[0], part);
        } else {
          append_fields(out, node, part, false);
        }
      }
    }
    out += "]";
  }

  void append_fields(std::string& out, const FileNode& node, const std::vector<Range>& ranges,
                     bool has_names) {
    out += has_names ? "{" : "[";
    std::size_t first = 0;
    for (const FileNode& child : node.children) {
      const std::size_t count = ranges_of(child).size();
      out += first == 0 ? "" : ",";
      if (has_names) {
        append_json_string(out, child.name);
        out += ":";
      }
      append_node(out, child,
                  {ranges.begin() + static_cast<std::ptrdiff_t>(first),
                   ranges.begin() + static_cast<std::ptrdiff_t>(first + count)});
      first += count;
    }
    out += has_names ? "}" : "]";
  }

  static void append_scalar(std::string& out, const FileNode& node, const std::string& value) {
    const auto append_float = [&](auto number) {
      char text[40];
      const auto end = std::to_chars(text, text + sizeof(text), number).ptr;
      out.append(text, end);
    };
    if (node.converted() == 5) {
      append_decimal(out, node, value);
      return;
    }
    switch (node.physical()) {
      case 0:
        out += value[0] != 0 ? "true" : "false";
        return;
      case 1:
        out += std::to_string(from_plain<std::int32_t>(value));
        return;
      case 2:
        out += std::to_string(from_plain<std::int64_t>(value));
        return;
      case 4:
        return append_float(from_plain<float>(value));
      case 5:
        return append_float(from_plain<double>(value));
      default:
        append_json_string(out, value);
    }
  }

  /// Digits of a decimal, which may be wider than any number of the language.
  static void append_decimal(std::string& out, const FileNode& node, const std::string& value) {
    std::string bytes = value;
    if (node.physical() != 7) {
      bytes.assign(value.rbegin(), value.rend());
    }
    const bool is_negative = (bytes.at(0) & 0x80) != 0;
    unsigned carry = is_negative ? 1 : 0;
    std::string digits(40, '\0');
    for (std::size_t at = bytes.size(); is_negative && at-- != 0;) {
      const unsigned turned = (~static_cast<unsigned>(bytes[at]) & 0xff) + carry;
      bytes[at] = static_cast<char>(turned & 0xff);
      carry = turned >> 8;
    }
    for (const char byte : bytes) {
      unsigned rest = static_cast<unsigned char>(byte);
      for (std::size_t at = digits.size(); at-- != 0;) {
        rest += static_cast<unsigned>(digits[at]) * 256;
        digits[at] = static_cast<char>(rest % 10);
        rest /= 10;
      }
    }
    const std::size_t scale = node.element.has(7) ? node.element.size_at(7) : 0;
    std::size_t first = 0;
    while (first + scale + 1 < digits.size() && digits[first] == 0) {
      ++first;
    }
    out += is_negative ? "-" : "";
    for (std::size_t at = first; at < digits.size(); ++at) {
      out += at + scale == digits.size() ? "." : "";
      out += static_cast<char>('0' + digits[at]);
    }
  }

  const ParquetFile* file_;
  const FileGroup* group_;
  /// By leaf and level: which value comes next.
  std::vector<std::vector<std::size_t>> numbers_;
};

/// All rows of a file that is sound, one JSON object each.
inline std::vector<std::string> parquet_rows(std::string_view bytes) {
  ParquetFile file;
  read_parquet(bytes, file);
  std::vector<std::string> rows;
  for (const FileGroup& group : file.groups) {
    const std::vector<std::string> some = RowText(file, group).rows();
    rows.insert(rows.end(), some.begin(), some.end());
  }
  return rows;
}

}  // namespace hydrant::tests
