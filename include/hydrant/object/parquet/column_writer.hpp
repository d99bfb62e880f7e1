// SPDX-License-Identifier: MIT
//
// One column of a Parquet file on its way from single values to the pages of a
// column chunk. Finished pages wait, compressed, for the end of the row group.
#pragma once

#include <hydrant/object/parquet/level_list.hpp>
#include <hydrant/object/parquet/page_codec.hpp>
#include <hydrant/object/parquet/page_values.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail::parquet {

/// How columns are cut into pages, and how those are encoded.
struct PageOptions {
  std::size_t size = std::size_t{1} << 20;
  std::size_t rows_max = std::size_t{1} << 17;
  bool dictionary = true;
  bool version_2 = false;
};

/// What all columns make their pages with, one after the other.
struct PagePress {
  PageCodec codec;
  ByteBuffer page{};
  ByteBuffer compressed{};
};

/// A finished page.
struct ParquetPage {
  /// Where it begins, counted from the first data page of the chunk.
  std::uint64_t offset = 0;
  /// Its header included.
  std::uint32_t size = 0;
  std::uint64_t first_row = 0;
  std::uint64_t null_count = 0;
  bool is_all_null = false;
  ValueBounds bounds{};
};

/// What the footer says of a finished column chunk.
struct ParquetChunk {
  /// Values, nulls and empty lists.
  std::uint64_t level_count = 0;
  std::uint64_t null_count = 0;
  std::uint64_t uncompressed_size = 0;
  /// Pages of the dictionary's numbers; without any there is no dictionary page.
  std::uint64_t dictionary_encoded_pages = 0;
  ParquetEncoding other_encoding = ParquetEncoding::plain;
  ValueBounds bounds{};
  std::vector<ParquetPage> pages{};
};

/// Takes a column's values and makes pages of them.
///
/// Memory: the compressed pages of the row group; of the page under way what `PageOptions` allows
/// and what came since the last `cut`; a dictionary of that size, and the tables to find values.
///
/// Threads: distinct objects: safe; shared: unsafe.
class ColumnWriter {
 public:
  ColumnWriter(const ParquetLeaf& leaf, const PageOptions& options)
      : leaf_(&leaf),
        options_(options),
        definition_max_(leaf.node->definition),
        repetition_max_(leaf.node->repetition),
        values_(leaf.physical, leaf.width, options.version_2) {
    begin_chunk();
  }

  const ParquetLeaf& leaf() const { return *leaf_; }

  void append_null(std::uint8_t repetition, std::uint8_t definition) {
    append_levels(repetition, definition);
  }

  /// A number of the column's width; a boolean is 0 or 1 in one byte.
  template <class T>
  void append_number(std::uint8_t repetition, T value) {
    append_levels(repetition, definition_max_);
    values_.append_number(value);
  }

  /// Text, bytes, or a decimal that is as wide as the column says.
  void append_bytes(std::uint8_t repetition, std::string_view bytes) {
    append_levels(repetition, definition_max_);
    values_.append_bytes(bytes);
  }

  /// What came since the last call belongs to records that are good.
  void keep() { kept_levels_ = definitions_.size(); }

  /// Forgets what came since the last `keep`: it belongs to a record that is not.
  void drop() {
    const std::size_t dropped = definitions_.count_of(definition_max_, kept_levels_);
    values_.truncate(values_.size() - dropped);
    definitions_.truncate(kept_levels_);
    if (repetition_max_ != 0) {
      repetitions_.truncate(kept_levels_);
    }
  }

  /// Ends the page if it is large enough; `rows` is how many records the row group has, all kept.
  /// Errors: the codec's.
  Status cut(std::uint64_t rows, PagePress& press) {
    const bool is_dictionary_full =
        values_.has_dictionary() && values_.dictionary().page().size() >= options_.size;
    values_.review_dictionary(chunk_.dictionary_encoded_pages == 0, is_dictionary_full);
    const bool is_full = values_.bytes() >= options_.size || rows - first_row_ >= options_.rows_max;
    if (!is_full && !is_dictionary_full) {
      return success();
    }
    const bool is_last_with_dictionary = is_dictionary_full && values_.has_dictionary();
    if (is_full || is_last_with_dictionary) {
      if (Status status = finish_page(rows, press); !status) {
        return status;
      }
    }
    if (is_last_with_dictionary) {
      values_.stop_dictionary();
    }
    return success();
  }

  /// Bytes that the row group has of this column, about.
  std::size_t size() const {
    return pages_.size() + values_.bytes() + values_.dictionary().page().size();
  }

  /// Ends the last page, and with it the chunk: what it is, the four functions below say.
  /// Errors: the codec's.
  Status finish_chunk(std::uint64_t rows, PagePress& press) {
    if (definitions_.size() != 0) {
      values_.review_dictionary(chunk_.dictionary_encoded_pages == 0, true);
      if (Status status = finish_page(rows, press); !status) {
        return status;
      }
    }
    if (chunk_.dictionary_encoded_pages == 0) {
      return success();
    }
    const ValueDictionary& dictionary = values_.dictionary();
    press.compressed.clear();
    if (Status status = press.codec.append(dictionary.page().text(), press.compressed); !status) {
      return status;
    }
    append_dictionary_page_header(dictionary_page_, press.compressed.text(),
                                  dictionary.page().size(), dictionary.size());
    chunk_.uncompressed_size += dictionary_page_.size() + dictionary.page().size();
    dictionary_page_.append(press.compressed.text());
    return success();
  }

  /// Empty where there is no dictionary.
  const ByteBuffer& dictionary_page() const { return dictionary_page_; }

  const ByteBuffer& pages() const { return pages_; }

  /// Hands over the finished chunk's description, and begins the next chunk.
  ParquetChunk take_chunk() {
    ParquetChunk chunk = std::move(chunk_);
    begin_chunk();
    return chunk;
  }

 private:
  void begin_chunk() {
    values_.begin_chunk(options_.dictionary);
    chunk_ = ParquetChunk();
    chunk_.other_encoding = values_.other_encoding();
    pages_.clear();
    dictionary_page_.clear();
    definitions_.clear();
    repetitions_.clear();
    first_row_ = 0;
    keep();
  }

  void append_levels(std::uint8_t repetition, std::uint8_t definition) {
    definitions_.append(definition);
    if (repetition_max_ != 0) {
      repetitions_.append(repetition);
    }
  }

  void append_level_list(ByteBuffer& page, const LevelList& levels, std::uint8_t max) const {
    if (max == 0) {
      return;
    }
    if (options_.version_2) {
      levels.append_to(page, max);
    } else {
      append_with_length(page, [&] { levels.append_to(page, max); });
    }
  }

  Status finish_page(std::uint64_t rows, PagePress& press) {
    PageShape shape;
    shape.version_2 = options_.version_2;
    shape.is_compressed = press.codec.compresses();
    shape.level_count = definitions_.size();
    shape.row_count = rows - first_row_;
    shape.null_count = definitions_.size() - values_.size();
    press.page.clear();
    append_level_list(press.page, repetitions_, repetition_max_);
    shape.repetitions_size = press.page.size();
    append_level_list(press.page, definitions_, definition_max_);
    shape.definitions_size = press.page.size() - shape.repetitions_size;
    const std::size_t levels_size = press.page.size();
    shape.encoding = values_.append_to(press.page);
    shape.uncompressed_size = press.page.size();

    // Version 2 leaves the levels as they are, so that readers can look at them alone.
    const std::size_t plain_size = options_.version_2 ? levels_size : 0;
    press.compressed.clear();
    press.compressed.append(press.page.text().substr(0, plain_size));
    Status status = press.codec.append(press.page.text().substr(plain_size), press.compressed);
    if (status) {
      append_page(shape, press.compressed.text());
      first_row_ = rows;
    }
    return status;
  }

  void append_page(const PageShape& shape, std::string_view compressed) {
    ParquetPage page;
    page.offset = pages_.size();
    append_data_page_header(pages_, shape, compressed);
    chunk_.uncompressed_size += pages_.size() - page.offset + shape.uncompressed_size;
    pages_.append(compressed);
    page.size = static_cast<std::uint32_t>(pages_.size() - page.offset);
    page.first_row = first_row_;
    page.null_count = shape.null_count;
    page.is_all_null = shape.null_count == shape.level_count;
    page.bounds = values_.bounds();

    chunk_.level_count += shape.level_count;
    chunk_.null_count += shape.null_count;
    chunk_.dictionary_encoded_pages += shape.encoding == ParquetEncoding::rle_dictionary ? 1u : 0u;
    chunk_.bounds = widened(leaf_->physical, chunk_.bounds, page.bounds);
    chunk_.pages.push_back(std::move(page));
    values_.begin_page();
    definitions_.clear();
    repetitions_.clear();
    keep();
  }

  const ParquetLeaf* leaf_;
  PageOptions options_;
  std::uint8_t definition_max_;
  std::uint8_t repetition_max_;

  // The page under way.
  PageValues values_;
  LevelList definitions_;
  LevelList repetitions_;
  std::size_t kept_levels_ = 0;
  std::uint64_t first_row_ = 0;

  // The chunk.
  ByteBuffer pages_;
  ByteBuffer dictionary_page_;
  ParquetChunk chunk_;
};

}  // namespace hydrant::detail::parquet
