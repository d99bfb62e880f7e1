// SPDX-License-Identifier: MIT
//
// The transform as the pipeline calls it: once a run of records, without its
// type; inside, a loop over records with the transform inlined. Here is the
// seam at which a throwing transform is caught and charged to its record alone.
#pragma once

#include <hydrant/core/record.hpp>
#include <hydrant/ingest/chunk.hpp>
#include <hydrant/transform/transform.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace hydrant::detail {

/// Takes outputs and outcomes, record by record. Implemented by Portion.
class OutputWriter : public Emitter {
 public:
  virtual ~OutputWriter() = default;

  /// False when others want a turn.
  virtual bool begin_record() = 0;
  /// False when there was no space for the record's outputs: it is to be done again later.
  virtual bool end_record(Outcome outcome) = 0;
};

/// A transform without its type.
class TransformStage {
 public:
  TransformStage() = default;
  TransformStage(const TransformStage&) = delete;
  TransformStage& operator=(const TransformStage&) = delete;
  virtual ~TransformStage() = default;

  /// Transforms the slice's records from `first` on. Returns: the first record not done.
  virtual std::uint32_t run(const Slice& slice, std::uint32_t first, OutputWriter& out) = 0;
};

template <class T>
class TypedTransformStage final : public TransformStage {
 public:
  explicit TypedTransformStage(T transform) : transform_(std::move(transform)) {}

  std::uint32_t run(const Slice& slice, std::uint32_t first, OutputWriter& out) override {
    const RecordSlice records = slice.view();
    for (std::uint32_t index = first; index < records.last; ++index) {
      if (!out.begin_record()) {
        return index;
      }
      if (!out.end_record(apply(records.record(index), out))) {
        return index;
      }
    }
    return records.last;
  }

 private:
  Outcome apply(const RecordView& record, Emitter& out) noexcept {
    try {
      return transform_(record, out);
    } catch (const std::exception& error) {
      return threw(error.what());
    } catch (...) {
      return threw("an exception that is no std::exception");
    }
  }

  static Outcome threw(const char* what) noexcept {
    return Outcome::failed(std::string("transform threw: ") + what);
  }

  T transform_;
};

}  // namespace hydrant::detail
