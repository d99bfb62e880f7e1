// SPDX-License-Identifier: MIT
//
// JSON records become one Parquet file a batch: Firehose's record format
// conversion, with a writer of this library's own, no Arrow and no second
// process. The parts are in object/parquet/; record_converter.hpp is the one to
// read first.
#pragma once

#include <hydrant/core/batch.hpp>
#include <hydrant/core/bytes.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/object/format.hpp>
#include <hydrant/object/parquet/dropped_fields.hpp>
#include <hydrant/object/parquet/file_writer.hpp>
#include <hydrant/object/parquet/key_rules.hpp>
#include <hydrant/object/parquet/record_converter.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// Which encodings a file may have. v1 is read by everything; v2 has smaller pages of numbers and
/// of texts that begin alike.
enum class ParquetWriterVersion : std::uint8_t { v1, v2 };

/// Writes JSON records as the rows of a Parquet file.
///
/// @code
/// hydrant::ObjectSink{hydrant::DirectoryStore{"lake"},
///                     hydrant::Parquet{.schema = {{"at", "timestamp"}, {"path", "string"}}},
///                     hydrant::in_format};
/// @endcode
///
/// A record is one JSON object, or several one after the other. Fields are found by name, missing
/// ones are null, others are dropped. A record that is no JSON or does not fit the schema fails by
/// itself: it goes to the error output as "format-conversion-failed", and the others are written.
/// The same records make the same bytes.
///
/// Memory of one `write`: the row group that is open, compressed, at most `block_size` and one
/// column's worth of pages; for each scalar column about 2 x `page_size` and a dictionary with its
/// index, at most 9 x `page_size`; and the longest record's tokens, 4 bytes each, and fields that
/// are dropped, 8 bytes each.
///
/// Threads: a plain value; copies are independent but for `dropped_fields`. `write`: shared: safe.
/// Source: Firehose API 2015-08-04, shapes DataFormatConversionConfiguration, ParquetSerDe,
/// OpenXJsonSerDe.
struct Parquet {
  static constexpr ByteCount block_size_min{64ull << 20};
  static constexpr ByteCount block_size_max{1ull << 30};
  static constexpr ByteCount page_size_min{64ull << 10};
  static constexpr ByteCount page_size_max{16ull << 20};

  /// The columns, in order. Range: at least one, at most 10,000 scalars in them; names differ.
  std::vector<ParquetColumn> schema{};

  /// Default snappy, as Firehose's. zstd makes smaller files in less time, and is read by all
  /// readers of the last years.
  ParquetCompression compression = ParquetCompression::snappy;

  /// Of zstd [1, 22] and gzip [1, 9]. Default 0: the codec's own, 3 and 6.
  int compression_level = 0;

  /// A row group ends when its pages have so many bytes, compressed. Default 256 MiB.
  /// Range [64 MiB, 1 GiB]. Source: Firehose API 2015-08-04, BlockSizeBytes, at least 64 MiB.
  ByteCount block_size{256ull << 20};

  /// A page ends when its values have so many bytes. Default 1 MiB. Range [64 KiB, 16 MiB].
  /// Source: Firehose API 2015-08-04, PageSizeBytes, at least 64 KiB.
  ByteCount page_size{1ull << 20};

  /// Whether columns that repeat values write each value once. Default true; Firehose's is false.
  bool enable_dictionary_compression = true;

  /// Default v1. Source: Firehose API 2015-08-04, WriterVersion.
  ParquetWriterVersion writer_version = ParquetWriterVersion::v1;

  /// Default microseconds.
  ParquetTimestampUnit timestamp_unit = ParquetTimestampUnit::microseconds;

  /// How keys find columns; of a key that comes twice in an object the last value counts.
  /// Default: in any case, as they are. Range: no key is claimed by two columns of one struct.
  ParquetKeyRules keys{};

  /// Whether a record that has a field which the schema lacks fails. Default false: the field is
  /// dropped, as Firehose does.
  bool refuse_unknown_fields = false;

  /// Who wants to know which fields are dropped. Default nobody.
  std::shared_ptr<ParquetDroppedFields> dropped_fields{};

  /// For readers, in the footer. Default none.
  std::vector<ParquetKeyValue> key_value_metadata{};

  std::string_view extension() const { return ".parquet"; }

  std::string_view content_type() const { return "application/vnd.apache.parquet"; }

  /// Rows need nothing between them.
  std::string_view record_delimiter() const { return {}; }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    OptionErrors schema_errors;
    const detail::parquet::ParquetTree tree(schema, keys.case_insensitive, schema_errors);
    if (schema_errors.empty()) {
      detail::parquet::check_key_rules(tree, keys, errors);
    }
    errors.merge("", schema_errors);
    const int level_max = compression == ParquetCompression::zstd   ? 22
                          : compression == ParquetCompression::gzip ? 9
                                                                    : 0;
    errors.check(compression_level >= 0 && compression_level <= level_max,
                 "parquet.compression_level",
                 "must be within [0, " + std::to_string(level_max) + "] with this compression",
                 std::to_string(compression_level));
    errors.check(block_size_min <= block_size && block_size <= block_size_max, "parquet.block_size",
                 "must be within [64 MiB, 1 GiB]", to_text(block_size));
    errors.check(page_size_min <= page_size && page_size <= page_size_max, "parquet.page_size",
                 "must be within [64 KiB, 16 MiB]", to_text(page_size));
  }

  /// Writes the batch's records, in order, but those that do not fit: they are added to
  /// `failures`, never to be tried again.
  /// Errors: what `out` answers, the codec's; also when no record at all fits: then nothing was
  /// written, and there should be no object.
  Status write(const Batch& batch, PieceWriter auto&& out,
               std::vector<RecordFailure>& failures) const {
    OptionErrors errors;
    const detail::parquet::ParquetTree tree(schema, keys.case_insensitive, errors);
    if (!errors.empty()) {
      return Failure{"parquet: " + errors.faults()[0].field + " " + errors.faults()[0].rule};
    }
    detail::parquet::ParquetFileWriter writer(tree, layout(), out);
    detail::parquet::RecordConverter converter(tree, keys, timestamp_unit, writer.columns());
    converter.refuse_unknown_fields(refuse_unknown_fields);
    const std::size_t failures_before = failures.size();
    std::uint32_t index = 0;
    std::size_t bytes = 0;
    for (const RecordView record : batch.records()) {
      const std::uint32_t rows = converter.convert(record.text());
      if (rows != 0) {
        writer.keep(rows);
      } else {
        failures.push_back(failure_of(index, converter.fault()));
      }
      ++index;
      bytes += record.size();
      if (bytes >= cut_size) {
        bytes = 0;
        if (Status status = writer.cut(); !status) {
          return status;
        }
      }
    }
    if (index != 0 && failures.size() - failures_before == index) {
      return Failure{"parquet: none of the records fits the schema"};
    }
    report(tree, converter);
    return writer.finish(key_value_metadata);
  }

  /// Writes a batch whose records all fit.
  /// Errors: as above; also when a record does not fit.
  Status write(const Batch& batch, PieceWriter auto&& out) const {
    std::vector<RecordFailure> failures;
    Status status = write(batch, out, failures);
    if (status && !failures.empty()) {
      return Failure{"parquet: record " + std::to_string(failures[0].index) + ": " +
                     failures[0].reason};
    }
    return status;
  }

 private:
  /// After so many bytes of records it is looked whether pages are full.
  static constexpr std::size_t cut_size = std::size_t{16} << 10;

  detail::parquet::ParquetLayout layout() const {
    detail::parquet::ParquetLayout layout;
    layout.compression = compression;
    layout.compression_level = compression_level;
    layout.row_group_size = block_size.value;
    layout.pages.size = static_cast<std::size_t>(page_size.value);
    layout.pages.dictionary = enable_dictionary_compression;
    layout.pages.version_2 = writer_version == ParquetWriterVersion::v2;
    layout.timestamp_unit = timestamp_unit;
    return layout;
  }

  static RecordFailure failure_of(std::uint32_t index, const detail::parquet::RecordFault& fault) {
    RecordFailure failure;
    failure.index = index;
    failure.reason = fault.message();
    failure.retryable = false;
    failure.code = fault.code();
    failure.error_output_type = detail::parquet::RecordFault::error_output_type;
    return failure;
  }

  void report(const detail::parquet::ParquetTree& tree,
              const detail::parquet::RecordConverter& converter) const {
    if (dropped_fields == nullptr) {
      return;
    }
    for (const auto& [structure, key, count] : converter.dropped_fields()) {
      std::string name = key.empty() ? std::string() : tree.path_of(*tree.structures()[structure]);
      name += name.empty() ? "" : ".";
      name += key;
      dropped_fields->add(name, count);
    }
  }
};

static_assert(SelectiveFormat<Parquet>);

}  // namespace hydrant
