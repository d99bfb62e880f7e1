// SPDX-License-Identifier: MIT
//
// Records one after the other, each ended by a delimiter that is never doubled.
// NDJSON and log files are this with a new line.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/object/format.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

namespace detail {

/// Gathers small pieces, so that neither a short record nor a short run of them
/// (a quiet stream has one a tick) is a system call; hands large ones on as they lie.
/// Threads: distinct objects: safe; shared: unsafe.
template <class Out>
class PieceStage {
 public:
  static constexpr std::size_t stage_size = std::size_t{64} << 10;
  static constexpr std::size_t direct_size_min = std::size_t{16} << 10;

  explicit PieceStage(Out& out) : out_(&out) {}

  Status append(std::span<const std::byte> piece) {
    if (piece.size() >= direct_size_min) {
      Status status = flush();
      return status ? (*out_)(piece) : std::move(status);
    }
    if (staged_.size() + piece.size() > stage_size) {
      if (Status status = flush(); !status) {
        return status;
      }
    }
    if (staged_.capacity() == 0) {
      staged_.reserve(stage_size);
    }
    staged_.insert(staged_.end(), piece.begin(), piece.end());
    return success();
  }

  Status flush() {
    Status status = staged_.empty() ? success() : (*out_)(std::span<const std::byte>(staged_));
    staged_.clear();
    return status;
  }

 private:
  Out* out_;
  std::vector<std::byte> staged_;
};

}  // namespace detail

/// Writes records with a delimiter after each.
/// Threads: a plain value; copies are independent.
/// Source: Firehose API 2015-08-04, processor AppendDelimiterToRecord; its default is no delimiter.
struct Lines {
  static constexpr std::size_t delimiter_size_max = 64;

  /// What ends a record; a record that already ends with it gets no second one.
  /// Default one new line. Range: 0 to 64 bytes; empty glues records together, as Firehose does.
  std::string delimiter = "\n";

  /// Firehose gives objects of records no extension of their own.
  std::string_view extension() const { return {}; }

  std::string_view content_type() const { return "application/octet-stream"; }

  /// What the stream may append at `put`, so that `write` hands on memory as it lies.
  std::string_view record_delimiter() const { return delimiter; }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(delimiter.size() <= delimiter_size_max, "lines.delimiter",
                 "must be 0 to 64 bytes long", std::to_string(delimiter.size()) + " bytes");
  }

  /// Writes the batch's records, in order.
  /// Errors: what `out` answers, which ends the writing.
  Status write(const Batch& batch, PieceWriter auto&& out) const {
    detail::PieceStage stage(out);
    Status status = batch.info().delimiter == delimiter ? write_slices(batch, stage)
                                                        : write_records(batch, stage);
    return status ? stage.flush() : std::move(status);
  }

 private:
  /// The delimiters are in memory already, where they are due.
  static Status write_slices(const Batch& batch, auto& stage) {
    for (const RecordSlice& slice : batch.slices()) {
      if (Status status = stage.append(slice.bytes()); !status) {
        return status;
      }
    }
    return success();
  }

  Status write_records(const Batch& batch, auto& stage) const {
    const auto ending = std::as_bytes(std::span<const char>(delimiter));
    for (const RecordView record : batch.records()) {
      if (Status status = stage.append(record.bytes()); !status) {
        return status;
      }
      if (!record.text().ends_with(delimiter)) {
        if (Status status = stage.append(ending); !status) {
          return status;
        }
      }
    }
    return success();
  }
};

static_assert(Format<Lines>);

}  // namespace hydrant
