// SPDX-License-Identifier: MIT
//
// The page index of a column chunk: where its pages lie and which rows and
// values each has, so that a reader fetches only those that it needs.
#pragma once

#include <hydrant/object/parquet/column_writer.hpp>
#include <hydrant/object/parquet/compact_writer.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace hydrant::detail::parquet {

/// Appends where the pages lie; the first data page begins at `pages_offset` of the file.
inline void append_offset_index(ByteBuffer& out, const std::vector<ParquetPage>& pages,
                                std::uint64_t pages_offset) {
  CompactWriter index(out);
  index.list(1, CompactType::structure, pages.size());
  for (const ParquetPage& page : pages) {
    index.begin_struct();
    index.i64(1, static_cast<std::int64_t>(pages_offset + page.offset));
    index.i32(2, static_cast<std::int32_t>(page.size));
    index.i64(3, static_cast<std::int64_t>(page.first_row));
    index.end_struct();
  }
  index.end_struct();
}

/// Whether bounds of pages can be told: not where there is a NaN among the values.
inline bool has_column_index(const std::vector<ParquetPage>& pages) {
  return std::all_of(pages.begin(), pages.end(), [](const ParquetPage& page) {
    return !page.bounds.has_nan && (page.bounds.known || page.is_all_null);
  });
}

/// By the format's own numbers.
enum class BoundaryOrder : std::uint8_t { unordered = 0, ascending = 1, descending = 2 };

/// Whether both the smallest and the largest values go up, or down, from page to page.
inline BoundaryOrder boundary_order(const std::vector<ParquetPage>& pages,
                                    ParquetPhysical physical) {
  bool ascends = true;
  bool descends = true;
  const ParquetPage* before = nullptr;
  for (const ParquetPage& page : pages) {
    if (page.is_all_null) {
      continue;
    }
    if (before != nullptr) {
      const int min = compare_values(physical, before->bounds.min, page.bounds.min);
      const int max = compare_values(physical, before->bounds.max, page.bounds.max);
      ascends = ascends && min <= 0 && max <= 0;
      descends = descends && min >= 0 && max >= 0;
    }
    before = &page;
  }
  return ascends    ? BoundaryOrder::ascending
         : descends ? BoundaryOrder::descending
                    : BoundaryOrder::unordered;
}

/// Appends the bounds of the pages, which `has_column_index`.
inline void append_column_index(ByteBuffer& out, const std::vector<ParquetPage>& pages,
                                const ParquetLeaf& leaf) {
  CompactWriter index(out);
  index.list(1, CompactType::boolean_true, pages.size());
  for (const ParquetPage& page : pages) {
    index.boolean(page.is_all_null);
  }
  index.list(2, CompactType::binary, pages.size());
  for (const ParquetPage& page : pages) {
    index.binary(stored_min(leaf, page.bounds.min).bytes);
  }
  index.list(3, CompactType::binary, pages.size());
  for (const ParquetPage& page : pages) {
    index.binary(stored_max(leaf, page.bounds.max).bytes);
  }
  index.i32(4, static_cast<std::int32_t>(boundary_order(pages, leaf.physical)));
  index.list(5, CompactType::i64, pages.size());
  for (const ParquetPage& page : pages) {
    index.i64(static_cast<std::int64_t>(page.null_count));
  }
  index.end_struct();
}

}  // namespace hydrant::detail::parquet
