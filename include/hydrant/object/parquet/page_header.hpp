// SPDX-License-Identifier: MIT
//
// What stands before a page: how long it is, how it is encoded, and a checksum.
// Smallest and largest values are not repeated here, they are in the page index.
#pragma once

#include <hydrant/object/parquet/byte_buffer.hpp>
#include <hydrant/object/parquet/compact_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <zlib.h>

namespace hydrant::detail::parquet {

/// How values are encoded, by the format's own numbers.
enum class ParquetEncoding : std::uint8_t {
  plain = 0,
  rle = 3,
  delta_binary_packed = 5,
  delta_byte_array = 7,
  rle_dictionary = 8,
};

/// A data page before it is compressed.
struct PageShape {
  bool version_2 = false;
  ParquetEncoding encoding = ParquetEncoding::plain;
  /// Values, nulls and empty lists.
  std::size_t level_count = 0;
  std::uint64_t null_count = 0;
  std::uint64_t row_count = 0;
  std::size_t repetitions_size = 0;
  std::size_t definitions_size = 0;
  std::size_t uncompressed_size = 0;
  bool is_compressed = false;
};

/// The beginning of every page header: `page` is what follows it.
inline void begin_page_header(CompactWriter& header, std::int32_t type,
                              std::size_t uncompressed_size, std::string_view page) {
  header.i32(1, type);
  header.i32(2, static_cast<std::int32_t>(uncompressed_size));
  header.i32(3, static_cast<std::int32_t>(page.size()));
  const uLong checksum = crc32_z(0, reinterpret_cast<const Bytef*>(page.data()), page.size());
  header.i32(4, static_cast<std::int32_t>(static_cast<std::uint32_t>(checksum)));
}

/// Appends the header of a data page.
inline void append_data_page_header(ByteBuffer& out, const PageShape& shape,
                                    std::string_view page) {
  constexpr std::int32_t data_page = 0;
  constexpr std::int32_t data_page_v2 = 3;
  CompactWriter header(out);
  const auto level_count = static_cast<std::int32_t>(shape.level_count);
  const auto encoding = static_cast<std::int32_t>(shape.encoding);
  if (!shape.version_2) {
    begin_page_header(header, data_page, shape.uncompressed_size, page);
    header.begin_struct(5);
    header.i32(1, level_count);
    header.i32(2, encoding);
    header.i32(3, static_cast<std::int32_t>(ParquetEncoding::rle));
    header.i32(4, static_cast<std::int32_t>(ParquetEncoding::rle));
  } else {
    begin_page_header(header, data_page_v2, shape.uncompressed_size, page);
    header.begin_struct(8);
    header.i32(1, level_count);
    header.i32(2, static_cast<std::int32_t>(shape.null_count));
    header.i32(3, static_cast<std::int32_t>(shape.row_count));
    header.i32(4, encoding);
    header.i32(5, static_cast<std::int32_t>(shape.definitions_size));
    header.i32(6, static_cast<std::int32_t>(shape.repetitions_size));
    header.boolean(7, shape.is_compressed);
  }
  header.end_struct();
  header.end_struct();
}

/// Appends the header of a dictionary page.
inline void append_dictionary_page_header(ByteBuffer& out, std::string_view page,
                                          std::size_t uncompressed_size, std::size_t count) {
  constexpr std::int32_t dictionary_page = 2;
  CompactWriter header(out);
  begin_page_header(header, dictionary_page, uncompressed_size, page);
  header.begin_struct(7);
  header.i32(1, static_cast<std::int32_t>(count));
  header.i32(2, static_cast<std::int32_t>(ParquetEncoding::plain));
  header.end_struct();
  header.end_struct();
}

}  // namespace hydrant::detail::parquet
