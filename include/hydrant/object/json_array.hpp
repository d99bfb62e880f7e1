// SPDX-License-Identifier: MIT
//
// All records of an object as one JSON array, for readers that take a document
// and not lines. Firehose has no such format: there it takes a second program.
#pragma once

#include <hydrant/core/batch.hpp>
#include <hydrant/object/conversion_fault.hpp>
#include <hydrant/object/format.hpp>
#include <hydrant/object/lines.hpp>
#include <hydrant/transform/json_scanner.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// Writes JSON records as the elements of one array, one a line.
///
/// @code
/// hydrant::ObjectSink{hydrant::DirectoryStore{"lake"}, hydrant::JsonArray{}, hydrant::in_format};
/// @endcode
///
/// A record is exactly one JSON value (RFC 8259, at most 1,000 levels deep), and is written as it
/// is, without the white space around it. Any other fails by itself: it goes to the error output as
/// "format-conversion-failed", and the array is made of the rest.
///
/// Threads: a plain value; copies are independent.
struct JsonArray {
  std::string_view extension() const { return ".json"; }

  std::string_view content_type() const { return "application/json"; }

  /// What stands between records is no delimiter: behind the last there is none.
  std::string_view record_delimiter() const { return {}; }

  /// Writes the batch's records, in order, but those that are not one value: they are added to
  /// `failures`, never to be tried again.
  /// Errors: what `out` answers; also when no record at all is one: then nothing was written, and
  /// there should be no object.
  Status write(const Batch& batch, PieceWriter auto&& out,
               std::vector<RecordFailure>& failures) const {
    detail::PieceStage stage(out);
    std::uint32_t index = 0;
    std::uint32_t written = 0;
    for (const RecordView record : batch.records()) {
      std::string_view text = record.text();
      if (const detail::ConversionFault* const fault = trim(text); fault != nullptr) {
        failures.push_back(fault->of_record(index));
      } else {
        Status status = append(stage, written == 0 ? "[" : ",\n");
        status = status ? append(stage, text) : std::move(status);
        if (!status) {
          return status;
        }
        ++written;
      }
      ++index;
    }
    if (written == 0 && index != 0) {
      return Failure{"json array: none of the records is one JSON value"};
    }
    Status status = append(stage, written == 0 ? "[]" : "]");
    return status ? stage.flush() : std::move(status);
  }

  /// Writes a batch whose records all are JSON values.
  /// Errors: as above; also when a record is none.
  Status write(const Batch& batch, PieceWriter auto&& out) const {
    std::vector<RecordFailure> failures;
    Status status = write(batch, out, failures);
    if (status && !failures.empty()) {
      return Failure{"json array: record " + std::to_string(failures[0].index) + ": " +
                     failures[0].reason};
    }
    return status;
  }

 private:
  static constexpr detail::ConversionFault several_values{
      "DataFormatConversion.MalformedData",
      "The record contained more than one JSON value. Put each as a record of its own."};

  /// Takes off the white space around the value. Returns: what is wrong; nothing where all is well.
  static const detail::ConversionFault* trim(std::string_view& text) {
    detail::JsonScanner scanner(text);
    scanner.skip_space();
    if (scanner.is_at_end()) {
      return &detail::empty_record;
    }
    const std::size_t begin = scanner.position();
    if (!scanner.skip_value()) {
      return &detail::malformed_json;
    }
    const std::size_t end = scanner.position();
    scanner.skip_space();
    if (!scanner.is_at_end()) {
      const bool is_value = scanner.position() != end || ends_value(text[end - 1]);
      return is_value && scanner.skip_value() ? &several_values : &detail::malformed_json;
    }
    text = text.substr(begin, end - begin);
    return nullptr;
  }

  /// Whether another value may stand right behind one that ends so.
  static bool ends_value(char last) { return last == '}' || last == ']' || last == '"'; }

  static Status append(auto& stage, std::string_view text) {
    return stage.append(std::as_bytes(std::span(text.data(), text.size())));
  }
};

static_assert(SelectiveFormat<JsonArray>);

}  // namespace hydrant
