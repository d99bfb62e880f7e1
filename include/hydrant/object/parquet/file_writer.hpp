// SPDX-License-Identifier: MIT
//
// A Parquet file from its first four bytes to its last: row groups as they fill,
// then the page index and the footer. What is written is never looked at again.
#pragma once

#include <hydrant/object/codec.hpp>
#include <hydrant/object/parquet/column_writer.hpp>
#include <hydrant/object/parquet/file_metadata.hpp>
#include <hydrant/object/parquet/page_index.hpp>
#include <hydrant/object/parquet/schema.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail::parquet {

/// How a file is laid out.
struct ParquetLayout {
  ParquetCompression compression = ParquetCompression::snappy;
  int compression_level = 0;
  std::uint64_t row_group_size = std::uint64_t{256} << 20;
  PageOptions pages{};
  ParquetTimestampUnit timestamp_unit = ParquetTimestampUnit::microseconds;
};

/// Writes one file. Rows are appended to the columns one after the other, then told with `keep`.
///
/// Memory: one row group, compressed but for the pages under way; see ColumnWriter. Of what is
/// written already, a few hundred bytes a page.
///
/// Threads: distinct objects: safe; shared: unsafe.
template <PieceWriter Out>
class ParquetFileWriter {
 public:
  ParquetFileWriter(const ParquetTree& tree, const ParquetLayout& layout, Out& out)
      : tree_(&tree),
        layout_(layout),
        out_(&out),
        press_{PageCodec(layout.compression, layout.compression_level)} {
    columns_.reserve(tree.leaves().size());
    for (const ParquetLeaf& leaf : tree.leaves()) {
      columns_.emplace_back(leaf, layout.pages);
    }
  }

  /// In the order of the tree's leaves.
  std::vector<ColumnWriter>& columns() { return columns_; }

  /// The columns have got so many rows more, all of them good.
  void keep(std::uint64_t rows) {
    rows_ += rows;
    for (ColumnWriter& column : columns_) {
      column.keep();
    }
  }

  /// Forgets what the columns got since the last `keep`.
  void drop() {
    for (ColumnWriter& column : columns_) {
      column.drop();
    }
  }

  /// Ends pages and the row group if they are large enough. To be called every few records.
  /// Errors: the codec's, and what `out` answers.
  Status cut() {
    std::uint64_t size = 0;
    for (ColumnWriter& column : columns_) {
      if (Status status = column.cut(rows_, press_); !status) {
        return status;
      }
      size += column.size();
    }
    return size >= layout_.row_group_size ? finish_row_group() : success();
  }

  /// Ends the file.
  /// Errors: the codec's, and what `out` answers.
  Status finish(const std::vector<ParquetKeyValue>& pairs) {
    if (Status status = rows_ != 0 ? finish_row_group() : begin(); !status) {
      return status;
    }
    ByteBuffer end;
    for (PlacedRowGroup& group : groups_) {
      for (std::size_t leaf = 0; leaf < group.chunks.size(); ++leaf) {
        append_column_index_of(group.chunks[leaf], tree_->leaves()[leaf], end);
      }
    }
    for (PlacedRowGroup& group : groups_) {
      for (PlacedChunk& placed : group.chunks) {
        const std::size_t before = end.size();
        append_offset_index(end, placed.chunk.pages, placed.pages_offset);
        placed.offset_index_offset = offset_ + before;
        placed.offset_index_size = static_cast<std::uint32_t>(end.size() - before);
      }
    }
    const std::size_t before = end.size();
    FooterWriter(end, *tree_, layout_.timestamp_unit, press_.codec.number()).write(groups_, pairs);
    end.append_value(static_cast<std::uint32_t>(end.size() - before));
    end.append(magic);
    return put(end.text());
  }

 private:
  static constexpr std::string_view magic = "PAR1";

  Status put(std::string_view bytes) {
    offset_ += bytes.size();
    return bytes.empty() ? success() : (*out_)(std::as_bytes(std::span<const char>(bytes)));
  }

  Status begin() { return offset_ == 0 ? put(magic) : success(); }

  Status finish_row_group() {
    Status status = begin();
    PlacedRowGroup group;
    group.row_count = std::exchange(rows_, 0);
    for (ColumnWriter& column : columns_) {
      if (status) {
        status = column.finish_chunk(group.row_count, press_);
      }
      if (!status) {
        return status;
      }
      PlacedChunk placed;
      placed.offset = offset_;
      placed.pages_offset = offset_ + column.dictionary_page().size();
      placed.size = column.dictionary_page().size() + column.pages().size();
      status = put(column.dictionary_page().text());
      if (status) {
        status = put(column.pages().text());
      }
      placed.chunk = column.take_chunk();
      group.chunks.push_back(std::move(placed));
    }
    groups_.push_back(std::move(group));
    return status;
  }

  void append_column_index_of(PlacedChunk& placed, const ParquetLeaf& leaf, ByteBuffer& end) const {
    if (has_column_index(placed.chunk.pages)) {
      const std::size_t before = end.size();
      append_column_index(end, placed.chunk.pages, leaf);
      placed.column_index_offset = offset_ + before;
      placed.column_index_size = static_cast<std::uint32_t>(end.size() - before);
    }
  }

  const ParquetTree* tree_;
  ParquetLayout layout_;
  Out* out_;
  PagePress press_;
  std::vector<ColumnWriter> columns_;
  std::uint64_t rows_ = 0;
  std::uint64_t offset_ = 0;
  std::vector<PlacedRowGroup> groups_;
};

}  // namespace hydrant::detail::parquet
