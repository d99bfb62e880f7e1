// SPDX-License-Identifier: MIT
//
// What a failed record looks like in the error output: Firehose's JSON object,
// one a record, with the record's own bytes and the reason. It is made at the
// moment of delivery, so a record that waits for the error output takes no more
// memory than before.
#pragma once

#include <hydrant/core/base64.hpp>
#include <hydrant/core/json_text.hpp>
#include <hydrant/delivery/transform_stage.hpp>

#include <string>

namespace hydrant::detail {

/// Appends one failed record as a JSON object.
/// Source: Firehose guide, data transformation, "failure record".
inline void append_dead_letter(std::string& out, const RecordView& record,
                               const FailureNote& failure) {
  out += "{\"attemptsMade\":" + std::to_string(failure.attempts);
  out += ",\"arrivalTimestamp\":" + std::to_string(record.arrival().time_since_epoch().count());
  out += ",\"errorCode\":";
  append_json_string(out, failure.code);
  out += ",\"errorMessage\":";
  append_json_string(out, failure.message);
  out +=
      ",\"attemptEndingTimestamp\":" + std::to_string(failure.ended_at.time_since_epoch().count());
  out += R"(,"rawData":")";
  append_base64(out, record.bytes());
  out += "\"}";
}

/// The longest dead letter of a record of `record_bytes`, with room for its message.
constexpr std::size_t dead_letter_bytes_max(std::size_t record_bytes) {
  constexpr std::size_t envelope = std::size_t{8} << 10;
  return (record_bytes + 2) / 3 * 4 + envelope;
}

/// Turns records on their way to the error output into what is stored there.
class DeadLetterStage final : public TransformStage {
 public:
  std::uint32_t run(const Slice& slice, std::uint32_t first, OutputWriter& out) override {
    const RecordSlice records = slice.view();
    for (std::uint32_t index = first; index < records.last; ++index) {
      if (!out.begin_record()) {
        return index;
      }
      letter_.clear();
      append_dead_letter(letter_, records.record(index), *slice.failure);
      out.emit(letter_);
      if (!out.end_record(Outcome::ok())) {
        return index;
      }
    }
    return records.last;
  }

 private:
  std::string letter_;
};

}  // namespace hydrant::detail
