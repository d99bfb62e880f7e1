// SPDX-License-Identifier: MIT
//
// Reads a whole Parquet file, and believes nothing that it says twice: sizes,
// counts, offsets, checksums, bounds and the page index must all agree with the
// values that are there. Throws std::runtime_error where they do not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "file_parts.hpp"
#include "page_decoders.hpp"
#include "thrift_reader.hpp"

namespace hydrant::tests {

/// Reads one file.
class FileReader {
 public:
  FileReader(std::string_view bytes, ParquetFile& file) : bytes_(bytes), file_(&file) {}

  void read() {
    expect_file(bytes_.size() >= 12 && bytes_.starts_with("PAR1") && bytes_.ends_with("PAR1"),
                "no Parquet file");
    ByteReader tail{bytes_.substr(bytes_.size() - 8, 4)};
    const std::size_t size = tail.word();
    expect_file(size <= bytes_.size() - 12, "a footer larger than the file");
    ByteReader footer{bytes_.substr(bytes_.size() - 8 - size, size)};
    file_->footer = read_thrift(footer);
    expect_file(footer.bytes.empty(), "bytes behind the footer");
    std::size_t at = 0;
    file_->root = node(at, 0, 0);
    expect_file(at == file_->footer.at(2).list.size(), "elements without a parent");
    collect_leaves(file_->root);
    expect_file(file_->footer.at(7).list.size() == file_->leaves.size(), "orders of columns");
    std::size_t end = 4;
    for (const Thrift& group : file_->footer.at(4).list) {
      read_group(group, end);
    }
    expect_file(file_->row_count == file_->footer.size_at(3), "the number of rows");
  }

 private:
  FileNode node(std::size_t& at, unsigned definition, unsigned repetition) {
    const std::vector<Thrift>& elements = file_->footer.at(2).list;
    expect_file(at < elements.size(), "a missing element");
    FileNode node{elements[at].at(4).bytes, elements[at]};
    ++at;
    node.definition = definition + (node.is_optional() || node.is_repeated() ? 1 : 0);
    node.repetition = repetition + (node.is_repeated() ? 1 : 0);
    if (node.element.has(5)) {
      for (std::size_t child = node.element.size_at(5); child > 0; --child) {
        node.children.push_back(this->node(at, node.definition, node.repetition));
      }
      expect_file(!node.children.empty() && !node.element.has(1), "an empty group");
    }
    return node;
  }

  void collect_leaves(FileNode& node) {
    if (node.children.empty()) {
      node.leaf = file_->leaves.size();
      file_->leaves.push_back(&node);
    }
    for (FileNode& child : node.children) {
      collect_leaves(child);
    }
  }

  void read_group(const Thrift& group, std::size_t& end) {
    FileGroup& read = file_->groups.emplace_back();
    read.row_count = group.size_at(3);
    expect_file(read.row_count != 0, "a row group without rows");
    file_->row_count += read.row_count;
    expect_file(group.at(1).list.size() == file_->leaves.size(), "columns");
    expect_file(group.size_at(5) == end, "a row group's place");
    std::size_t size = 0;
    std::size_t uncompressed = 0;
    for (std::size_t leaf = 0; leaf < file_->leaves.size(); ++leaf) {
      FileColumn& column = read.columns.emplace_back();
      const Thrift& chunk = group.at(1).list[leaf];
      column.metadata = chunk.at(3);
      expect_file(column.metadata.at(1).number == file_->leaves[leaf]->physical(), "another type");
      uncompressed += read_pages(column, *file_->leaves[leaf], end);
      size += column.metadata.size_at(7);
      check_column(column, *file_->leaves[leaf], read.row_count);
      check_statistics(column, *file_->leaves[leaf]);
      check_index(chunk, column, *file_->leaves[leaf]);
    }
    expect_file(size == group.size_at(6) && uncompressed == group.size_at(2), "the group's size");
  }

  /// Returns: how large the chunk is, uncompressed.
  std::size_t read_pages(FileColumn& column, const FileNode& node, std::size_t& end) {
    const Thrift& metadata = column.metadata;
    expect_file((metadata.has(11) ? metadata.size_at(11) : metadata.size_at(9)) == end,
                "a chunk's place");
    expect_file(metadata.size_at(7) <= bytes_.size() - end, "a chunk larger than the file");
    ByteReader from{bytes_.substr(end, metadata.size_at(7))};
    std::size_t uncompressed = 0;
    std::vector<std::string> dictionary;
    std::set<std::int64_t> encodings{3};
    while (!from.bytes.empty()) {
      const auto offset = static_cast<std::size_t>(from.bytes.data() - bytes_.data());
      const std::size_t before = from.bytes.size();
      const Thrift header = read_thrift(from);
      uncompressed += before - from.bytes.size() + header.size_at(2);
      const std::string_view body = from.take(header.size_at(3));
      expect_file(
          static_cast<std::uint32_t>(header.at(4).number) ==
              crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())),
          "a page's checksum");
      if (header.at(1).number == 2) {
        expect_file(offset == end && metadata.has(11), "a dictionary's place");
        const Thrift& about = header.at(7);
        dictionary = decode_plain(decompressed(codec(metadata), body, header.size_at(2)),
                                  node.physical(), node.width(), about.size_at(1));
        column.dictionary_size = dictionary.size();
        expect_file(std::set(dictionary.begin(), dictionary.end()).size() == dictionary.size(),
                    "a dictionary has a value twice");
        encodings.insert(about.at(2).number);
        continue;
      }
      expect_file(!column.pages.empty() || offset == metadata.size_at(9), "the first page's place");
      FilePage& page = column.pages.emplace_back();
      page.offset = offset;
      page.size = before - from.bytes.size();
      read_page(header, body, node, dictionary, column);
      encodings.insert(page.encoding);
    }
    expect_file(uncompressed == metadata.size_at(6), "a chunk's uncompressed size");
    std::set<std::int64_t> told;
    for (const Thrift& encoding : metadata.at(2).list) {
      told.insert(encoding.number);
    }
    expect_file(told == encodings, "the encodings that are told");
    end += metadata.size_at(7);
    return uncompressed;
  }

  static std::int64_t codec(const Thrift& metadata) { return metadata.at(4).number; }

  static void read_page(const Thrift& header, std::string_view body, const FileNode& node,
                        const std::vector<std::string>& dictionary, FileColumn& column) {
    FilePage& page = column.pages.back();
    page.is_version_2 = header.at(1).number == 3;
    expect_file(page.is_version_2 || header.at(1).number == 0, "a page of another kind");
    const Thrift& about = header.at(page.is_version_2 ? 8 : 5);
    const std::size_t count = about.size_at(1);
    page.encoding = about.at(page.is_version_2 ? 4 : 2).number;
    page.first_row = static_cast<std::size_t>(
        std::count(column.repetitions.begin(), column.repetitions.end(), 0));
    std::vector<std::uint64_t> repetitions(count);
    std::vector<std::uint64_t> definitions(count);
    std::string content;
    ByteReader from{};
    if (page.is_version_2) {
      const std::string_view repetition_bytes = body.substr(0, about.size_at(6));
      const std::string_view definition_bytes = body.substr(about.size_at(6), about.size_at(5));
      read_levels(repetition_bytes, node.repetition, repetitions);
      read_levels(definition_bytes, node.definition, definitions);
      const std::size_t levels = repetition_bytes.size() + definition_bytes.size();
      content = decompressed(about.at(7).number != 0 ? codec(column.metadata) : 0,
                             body.substr(levels), header.size_at(2) - levels);
      from = {content};
    } else {
      content = decompressed(codec(column.metadata), body, header.size_at(2));
      from = {content};
      for (const auto& [max, levels] :
           {std::pair{node.repetition, &repetitions}, std::pair{node.definition, &definitions}}) {
        read_levels(max == 0 ? std::string_view() : from.take(from.word()), max, *levels);
      }
    }
    const auto value_count = static_cast<std::size_t>(
        std::count(definitions.begin(), definitions.end(), node.definition));
    page.null_count = count - value_count;
    expect_file(count != 0 && repetitions[0] == 0, "a page begins within a row");
    if (page.is_version_2) {
      expect_file(about.size_at(2) == page.null_count &&
                      about.size_at(3) == static_cast<std::size_t>(std::count(
                                              repetitions.begin(), repetitions.end(), 0)),
                  "a page's counts");
    }
    page.values = read_values(from, page.encoding, node, value_count, dictionary);
    column.repetitions.insert(column.repetitions.end(), repetitions.begin(), repetitions.end());
    column.definitions.insert(column.definitions.end(), definitions.begin(), definitions.end());
    column.values.insert(column.values.end(), page.values.begin(), page.values.end());
  }

  static void read_levels(std::string_view bytes, unsigned max,
                          std::vector<std::uint64_t>& levels) {
    if (max == 0) {
      expect_file(bytes.empty(), "levels that are always 0");
      return;
    }
    unsigned width = 0;
    while (max >> width != 0) {
      ++width;
    }
    levels = decode_hybrid(bytes, width, levels.size());
    expect_file(levels.empty() || *std::max_element(levels.begin(), levels.end()) <= max,
                "a level above the highest");
  }

  static std::vector<std::string> read_values(ByteReader from, std::int64_t encoding,
                                              const FileNode& node, std::size_t count,
                                              const std::vector<std::string>& dictionary) {
    std::vector<std::string> values;
    if (encoding == 0) {
      return decode_plain(from.bytes, node.physical(), node.width(), count);
    }
    if (encoding == 3) {
      const std::string_view bits = from.take(from.word());
      expect_file(node.physical() == 0 && from.bytes.empty(), "runs of something else");
      for (const std::uint64_t value : decode_hybrid(bits, 1, count)) {
        values.emplace_back(1, static_cast<char>(value));
      }
    } else if (encoding == 5) {
      for (const std::int64_t value : decode_delta(from, node.width() == 4 ? 32 : 64)) {
        values.push_back(plain_number(value, node.width()));
      }
      expect_file(from.bytes.empty(), "bytes behind the last difference");
    } else if (encoding == 7) {
      values = decode_delta_bytes(from.bytes);
    } else {
      expect_file(encoding == 8, "an unknown encoding");
      const unsigned width = from.byte();
      for (const std::uint64_t index : decode_hybrid(from.bytes, width, count)) {
        expect_file(index < dictionary.size(), "a number that the dictionary lacks");
        values.push_back(dictionary[static_cast<std::size_t>(index)]);
      }
    }
    expect_file(values.size() == count, "another number of values than levels say");
    return values;
  }

  Thrift struct_at(const Thrift& chunk, int offset, int size) const {
    expect_file(chunk.size_at(offset) <= bytes_.size() &&
                    chunk.size_at(size) <= bytes_.size() - chunk.size_at(offset),
                "an index outside of the file");
    ByteReader from{bytes_.substr(chunk.size_at(offset), chunk.size_at(size))};
    Thrift value = read_thrift(from);
    expect_file(from.bytes.empty(), "bytes behind an index");
    return value;
  }

  void check_index(const Thrift& chunk, const FileColumn& column, const FileNode& node) const {
    const std::vector<Thrift> places = struct_at(chunk, 4, 5).at(1).list;
    expect_file(places.size() == column.pages.size(), "the offset index");
    for (std::size_t index = 0; index < places.size(); ++index) {
      const FilePage& page = column.pages[index];
      expect_file(places[index].size_at(1) == page.offset &&
                      places[index].size_at(2) == page.size &&
                      places[index].size_at(3) == page.first_row,
                  "a page's place in the offset index");
    }
    if (!chunk.has(6)) {
      expect_file(std::any_of(column.values.begin(), column.values.end(),
                              [&](const std::string& value) { return is_nan(node, value); }),
                  "no column index");
      return;
    }
    const Thrift index = struct_at(chunk, 6, 7);
    for (const int list : {1, 2, 3, 5}) {
      expect_file(index.at(list).list.size() == places.size(), "the column index");
    }
    std::vector<std::pair<std::string, std::string>> bounds;
    for (std::size_t number = 0; number < places.size(); ++number) {
      const FilePage& page = column.pages[number];
      expect_file(index.at(5).list[number].number == static_cast<std::int64_t>(page.null_count),
                  "a page's nulls in the column index");
      expect_file((index.at(1).list[number].number != 0) == page.values.empty(), "a page of nulls");
      if (!page.values.empty()) {
        bounds.emplace_back(index.at(2).list[number].bytes, index.at(3).list[number].bytes);
        check_bounds(node, page.values, bounds.back().first, bounds.back().second);
      }
    }
    check_order(node, index.at(4).number, bounds);
  }

  std::string_view bytes_;
  ParquetFile* file_;
};

inline void read_parquet(std::string_view bytes, ParquetFile& file) {
  FileReader(bytes, file).read();
}

}  // namespace hydrant::tests
