// SPDX-License-Identifier: MIT
//
// The end of a Parquet file: the page index, and the footer that says what the
// columns are and where their pages lie. The field numbers are those of the
// format's thrift definition.
#pragma once

#include <hydrant/core/config.hpp>
#include <hydrant/object/parquet/column_writer.hpp>
#include <hydrant/object/parquet/compact_writer.hpp>
#include <hydrant/object/parquet/schema.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant {

/// A pair that readers find in the footer.
struct ParquetKeyValue {
  std::string key;
  std::string value;
};

namespace detail::parquet {

/// A column chunk where it lies in the file.
struct PlacedChunk {
  ParquetChunk chunk{};
  /// The dictionary page's, or the first data page's where there is none.
  std::uint64_t offset = 0;
  std::uint64_t pages_offset = 0;
  std::uint64_t size = 0;
  std::uint64_t offset_index_offset = 0;
  std::uint32_t offset_index_size = 0;
  std::uint64_t column_index_offset = 0;
  /// 0: there is none, for a NaN has no place in it.
  std::uint32_t column_index_size = 0;
};

struct PlacedRowGroup {
  std::uint64_t row_count = 0;
  std::vector<PlacedChunk> chunks{};
};

/// Writes the parts of the footer.
/// Threads: distinct objects: safe; shared: unsafe.
class FooterWriter {
 public:
  FooterWriter(ByteBuffer& out, const ParquetTree& tree, ParquetTimestampUnit unit,
               std::int32_t codec)
      : footer_(out), tree_(&tree), unit_(unit), codec_(codec) {}

  void write(const std::vector<PlacedRowGroup>& groups, const std::vector<ParquetKeyValue>& pairs) {
    constexpr std::int32_t format_version = 1;
    std::uint64_t row_count = 0;
    for (const PlacedRowGroup& group : groups) {
      row_count += group.row_count;
    }
    footer_.i32(1, format_version);
    footer_.list(2, CompactType::structure, count_of_nodes(tree_->root()));
    write_node(tree_->root(), true);
    footer_.i64(3, static_cast<std::int64_t>(row_count));
    footer_.list(4, CompactType::structure, groups.size());
    for (std::size_t index = 0; index < groups.size(); ++index) {
      write_group(groups[index], index);
    }
    if (!pairs.empty()) {
      footer_.list(5, CompactType::structure, pairs.size());
      for (const ParquetKeyValue& pair : pairs) {
        footer_.begin_struct();
        footer_.binary(1, pair.key);
        footer_.binary(2, pair.value);
        footer_.end_struct();
      }
    }
    footer_.binary(6, "hydrant version " + std::to_string(HYDRANT_VERSION_MAJOR) + "." +
                          std::to_string(HYDRANT_VERSION_MINOR) + "." +
                          std::to_string(HYDRANT_VERSION_PATCH));
    footer_.list(7, CompactType::structure, tree_->leaves().size());
    for (std::size_t leaf = 0; leaf < tree_->leaves().size(); ++leaf) {
      footer_.begin_struct();
      footer_.empty_struct(1);  // each type's own order
      footer_.end_struct();
    }
    footer_.end_struct();
  }

 private:
  enum Repetition : std::int32_t { required = 0, optional = 1, repeated = 2 };

  /// Lists and maps have a repeated group between themselves and their fields.
  static std::size_t count_of_nodes(const ParquetNode& node) {
    std::size_t count = node.kind == HiveKind::array || node.kind == HiveKind::map ? 2 : 1;
    for (const ParquetNode& child : node.children) {
      count += count_of_nodes(child);
    }
    return count;
  }

  void write_node(const ParquetNode& node, bool is_root = false) {
    footer_.begin_struct();
    if (is_scalar(node.kind)) {
      const auto [physical, width] = physical_of(node);
      footer_.i32(1, static_cast<std::int32_t>(physical));
      if (physical == ParquetPhysical::fixed) {
        footer_.i32(2, static_cast<std::int32_t>(width));
      }
    }
    if (!is_root) {
      footer_.i32(3, node.required ? required : optional);
    }
    footer_.binary(4, is_root ? std::string_view("schema") : std::string_view(node.name));
    const bool is_list = node.kind == HiveKind::array;
    const bool repeats = is_list || node.kind == HiveKind::map;
    if (!is_scalar(node.kind)) {
      footer_.i32(5, repeats ? 1 : static_cast<std::int32_t>(node.children.size()));
    }
    write_annotation(node);
    footer_.end_struct();
    if (repeats) {
      footer_.begin_struct();
      footer_.i32(3, repeated);
      footer_.binary(4, is_list ? "list" : "key_value");
      footer_.i32(5, static_cast<std::int32_t>(node.children.size()));
      footer_.end_struct();
    }
    for (const ParquetNode& child : node.children) {
      write_node(child);
    }
  }

  /// What a value means beyond its bytes, said twice: for readers of old and for those of today.
  void write_annotation(const ParquetNode& node) {
    constexpr int logical_type = 10;
    constexpr std::int32_t utf8 = 0, map = 1, list = 3, decimal = 5, date = 6, int8 = 15,
                           int16 = 16;
    switch (node.kind) {
      case HiveKind::string:
        return annotate(utf8, 1);
      case HiveKind::map:
        return annotate(map, 2);
      case HiveKind::array:
        return annotate(list, 3);
      case HiveKind::date:
        return annotate(date, 6);
      case HiveKind::decimal:
        footer_.i32(6, decimal);
        footer_.i32(7, node.scale);
        footer_.i32(8, node.precision);
        footer_.begin_struct(logical_type);
        footer_.begin_struct(5);
        footer_.i32(1, node.scale);
        footer_.i32(2, node.precision);
        footer_.end_struct();
        footer_.end_struct();
        return;
      case HiveKind::timestamp:
        return annotate_timestamp();
      case HiveKind::tinyint:
        return annotate_integer(int8, 8);
      case HiveKind::smallint:
        return annotate_integer(int16, 16);
      default:
        return;
    }
  }

  void annotate(std::int32_t converted, int logical) {
    footer_.i32(6, converted);
    footer_.begin_struct(10);
    footer_.empty_struct(logical);
    footer_.end_struct();
  }

  void annotate_integer(std::int32_t converted, std::int8_t bits) {
    footer_.i32(6, converted);
    footer_.begin_struct(10);
    footer_.begin_struct(10);
    footer_.i8(1, bits);
    footer_.boolean(2, true);
    footer_.end_struct();
    footer_.end_struct();
  }

  void annotate_timestamp() {
    constexpr std::int32_t timestamp_millis = 9;
    if (unit_ != ParquetTimestampUnit::nanoseconds) {  // the old way has no nanoseconds
      footer_.i32(6, timestamp_millis + static_cast<std::int32_t>(unit_));
    }
    footer_.begin_struct(10);
    footer_.begin_struct(8);
    footer_.boolean(1, true);  // an instant, told in UTC
    footer_.begin_struct(2);
    footer_.empty_struct(1 + static_cast<int>(unit_));
    footer_.end_struct();
    footer_.end_struct();
    footer_.end_struct();
  }

  void write_group(const PlacedRowGroup& group, std::size_t index) {
    constexpr std::size_t ordinal_max = 32'767;
    std::uint64_t size = 0;
    std::uint64_t uncompressed_size = 0;
    footer_.begin_struct();
    footer_.list(1, CompactType::structure, group.chunks.size());
    for (std::size_t leaf = 0; leaf < group.chunks.size(); ++leaf) {
      size += group.chunks[leaf].size;
      uncompressed_size += group.chunks[leaf].chunk.uncompressed_size;
      write_chunk(group.chunks[leaf], tree_->leaves()[leaf]);
    }
    footer_.i64(2, static_cast<std::int64_t>(uncompressed_size));
    footer_.i64(3, static_cast<std::int64_t>(group.row_count));
    footer_.i64(5, static_cast<std::int64_t>(group.chunks.front().offset));
    footer_.i64(6, static_cast<std::int64_t>(size));
    if (index <= ordinal_max) {
      footer_.i16(7, static_cast<std::int16_t>(index));
    }
    footer_.end_struct();
  }

  void write_chunk(const PlacedChunk& placed, const ParquetLeaf& leaf) {
    footer_.begin_struct();
    footer_.i64(2, 0);  // deprecated
    footer_.begin_struct(3);
    write_chunk_metadata(placed, leaf);
    footer_.end_struct();
    footer_.i64(4, static_cast<std::int64_t>(placed.offset_index_offset));
    footer_.i32(5, static_cast<std::int32_t>(placed.offset_index_size));
    if (placed.column_index_size != 0) {
      footer_.i64(6, static_cast<std::int64_t>(placed.column_index_offset));
      footer_.i32(7, static_cast<std::int32_t>(placed.column_index_size));
    }
    footer_.end_struct();
  }

  void write_chunk_metadata(const PlacedChunk& placed, const ParquetLeaf& leaf) {
    const ParquetChunk& chunk = placed.chunk;
    const bool has_dictionary = chunk.dictionary_encoded_pages != 0;
    const std::uint64_t other_pages = chunk.pages.size() - chunk.dictionary_encoded_pages;
    std::vector<ParquetEncoding> encodings{ParquetEncoding::rle};  // the levels
    if (has_dictionary) {
      encodings.insert(encodings.end(), {ParquetEncoding::plain, ParquetEncoding::rle_dictionary});
    }
    if (other_pages != 0 && chunk.other_encoding != ParquetEncoding::rle &&
        !(has_dictionary && chunk.other_encoding == ParquetEncoding::plain)) {
      encodings.push_back(chunk.other_encoding);
    }
    footer_.i32(1, static_cast<std::int32_t>(leaf.physical));
    footer_.list(2, CompactType::i32, encodings.size());
    for (const ParquetEncoding encoding : encodings) {
      footer_.i32(static_cast<std::int32_t>(encoding));
    }
    footer_.list(3, CompactType::binary, leaf.path.size());
    for (const std::string& name : leaf.path) {
      footer_.binary(name);
    }
    footer_.i32(4, codec_);
    footer_.i64(5, static_cast<std::int64_t>(chunk.level_count));
    footer_.i64(6, static_cast<std::int64_t>(chunk.uncompressed_size));
    footer_.i64(7, static_cast<std::int64_t>(placed.size));
    footer_.i64(9, static_cast<std::int64_t>(placed.pages_offset));
    if (has_dictionary) {
      footer_.i64(11, static_cast<std::int64_t>(placed.offset));
    }
    write_statistics(chunk, leaf);
  }

  void write_statistics(const ParquetChunk& chunk, const ParquetLeaf& leaf) {
    footer_.begin_struct(12);
    footer_.i64(3, static_cast<std::int64_t>(chunk.null_count));
    if (chunk.bounds.known && !chunk.bounds.has_nan) {
      const StoredBound max = stored_max(leaf, chunk.bounds.max);
      const StoredBound min = stored_min(leaf, chunk.bounds.min);
      footer_.binary(5, max.bytes);
      footer_.binary(6, min.bytes);
      footer_.boolean(7, max.exact);
      footer_.boolean(8, min.exact);
    }
    footer_.end_struct();
  }

  CompactWriter footer_;
  const ParquetTree* tree_;
  ParquetTimestampUnit unit_;
  std::int32_t codec_;
};

}  // namespace detail::parquet

}  // namespace hydrant
