// SPDX-License-Identifier: MIT
//
// Records one after the other, each ended by a delimiter that is never doubled.
// NDJSON and log files are this with a new line.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/object/format.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace hydrant {

/// Writes records with a delimiter after each.
/// Threads: a plain value; copies are independent.
/// Source: Firehose API 2015-08-04, processor AppendDelimiterToRecord; its default is no delimiter.
struct Lines {
  static constexpr std::size_t delimiter_size_max = 64;

  /// What ends a record; a record that already ends with it gets no second one.
  /// Default one new line. Range: 0 to 64 bytes; empty glues records together, as Firehose does.
  std::string delimiter = "\n";

  std::string_view extension() const { return {}; }

  std::string_view content_type() const { return "application/octet-stream"; }

  std::string_view record_delimiter() const { return delimiter; }

  void validate(OptionErrors& errors) const {
    errors.check(delimiter.size() <= delimiter_size_max, "lines.delimiter",
                 "must be 0 to 64 bytes long", std::to_string(delimiter.size()) + " bytes");
  }

  Status write(const Batch& batch, PieceWriter auto& out) const {
    if (batch.info().delimiter == delimiter) {
      return write_pages(batch, out);
    }
    return write_records(batch, out);
  }

 private:
  /// The delimiters are in the memory already: whole pages, nothing is copied.
  static Status write_pages(const Batch& batch, PieceWriter auto& out) {
    for (const RecordSlice& slice : batch.slices()) {
      if (slice.bytes().empty()) {
        continue;
      }
      if (Status status = out(slice.bytes()); !status) {
        return status;
      }
    }
    return success();
  }

  Status write_records(const Batch& batch, PieceWriter auto& out) const {
    constexpr std::size_t staging_size = 64 * 1024;
    std::string staged;
    staged.reserve(staging_size);
    const auto flush = [&] {
      Status status =
          staged.empty() ? success() : out(std::as_bytes(std::span<const char>(staged)));
      staged.clear();
      return status;
    };
    for (const RecordView record : batch.records()) {
      if (staged.size() + record.size() + delimiter.size() > staging_size) {
        if (Status status = flush(); !status) {
          return status;
        }
      }
      if (record.size() + delimiter.size() > staging_size) {
        if (Status status = out(record.bytes()); !status) {
          return status;
        }
      } else {
        staged += record.text();
      }
      if (!record.text().ends_with(delimiter)) {
        staged += delimiter;
      }
    }
    return flush();
  }
};

static_assert(Format<Lines>);

}  // namespace hydrant
