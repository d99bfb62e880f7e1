// SPDX-License-Identifier: MIT
//
// Several records that a producer has put as one, to save calls: each of them
// goes on as a record of its own. Firehose's processor RecordDeAggregation, in
// both of its kinds.
#pragma once

#include <hydrant/core/base64.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/limits.hpp>
#include <hydrant/transform/json_scanner.hpp>
#include <hydrant/transform/transform.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// How far de-aggregation goes.
/// Threads: a plain value; copies are independent.
struct DeaggregationOptions {
  /// How many records one record may be split into; one of more fails as a whole.
  /// Default 500, Firehose's own bound. Range [1, 1,024,000].
  /// Source: Firehose guide, dynamic partitioning, multi record de-aggregation.
  std::uint32_t records_max = limits::deaggregated_records_max;

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(records_max >= 1 && records_max <= limits::record_bytes_max,
                 "deaggregation.records_max", "must be within [1, 1024000]",
                 std::to_string(records_max));
  }
};

namespace detail {

/// Source: Firehose guide, dynamic partitioning, errors.
inline Outcome too_many_records(std::uint32_t records_max) {
  return Outcome::failed(
      "Firehose did not de-aggregate the records because the count of split records exceeded "
      "limit of " +
          std::to_string(records_max) + ".",
      "DynamicPartitioning.DeAggregationRecordCountLimitExceeded");
}

inline void throw_if_any(std::string_view owner, OptionErrors errors) {
  if (!errors.empty()) {
    throw OptionsError(owner, std::move(errors));
  }
}

}  // namespace detail

/// What `deaggregate_json` makes.
/// Threads: shared: safe.
class DeaggregateJson {
 public:
  /// Firehose documents no code for this.
  static constexpr std::string_view parse_error_code = "RecordDeAggregation.ParseError";

  /// Errors: throws OptionsError where the options are out of range.
  explicit DeaggregateJson(DeaggregationOptions options = {}) : options_(options) {
    OptionErrors errors;
    options_.validate(errors);
    detail::throw_if_any("deaggregate_json", std::move(errors));
  }

  Outcome operator()(const RecordView& record, Emitter& out) const {
    const std::string_view text = record.text();
    detail::JsonScanner scanner(text);
    for (std::uint32_t count = 0;; ++count) {
      scanner.skip_space();
      if (scanner.is_at_end()) {
        return Outcome::ok();
      }
      if (count == options_.records_max) {
        return detail::too_many_records(options_.records_max);
      }
      const std::size_t begin = scanner.position();
      if (scanner.next() != '{') {
        return failed(scanner, "no JSON object begins");
      }
      if (!scanner.skip_value()) {
        return failed(scanner, "a JSON object goes wrong");
      }
      out.emit(text.substr(begin, scanner.position() - begin));
    }
  }

 private:
  static Outcome failed(const detail::JsonScanner& scanner, std::string_view what) {
    return Outcome::failed("deaggregate_json: at byte " + std::to_string(scanner.position()) + " " +
                               std::string(what) +
                               " (put objects only, one after the other or one a line)",
                           std::string(parse_error_code));
  }

  DeaggregationOptions options_;
};

/// What `deaggregate_delimited` makes.
/// Threads: shared: safe.
class DeaggregateDelimited {
 public:
  /// Source: Firehose API 2015-08-04, shape ProcessorParameterValue: 1 to 5,120 characters.
  static constexpr std::size_t delimiter_base64_size_max = 5120;

  /// Errors: throws OptionsError where the delimiter is no base64 or an option is out of range.
  explicit DeaggregateDelimited(std::string_view delimiter_base64,
                                DeaggregationOptions options = {})
      : options_(options) {
    OptionErrors errors;
    std::optional<std::string> delimiter = decode_base64(delimiter_base64);
    errors.check(
        delimiter && !delimiter->empty() && delimiter_base64.size() <= delimiter_base64_size_max,
        "delimiter", "must be base64 of 1 to 5120 characters, as \"Cg==\" for a new line",
        "\"" + std::string(delimiter_base64.substr(0, 64)) + "\"");
    options_.validate(errors);
    detail::throw_if_any("deaggregate_delimited", std::move(errors));
    delimiter_ = *std::move(delimiter);
  }

  Outcome operator()(const RecordView& record, Emitter& out) const {
    std::string_view rest = record.text();
    for (std::uint32_t count = 0; !rest.empty(); ++count) {
      if (count == options_.records_max) {
        return detail::too_many_records(options_.records_max);
      }
      const std::size_t size = rest.find(delimiter_);
      out.emit(rest.substr(0, size));
      rest.remove_prefix(size == std::string_view::npos ? rest.size() : size + delimiter_.size());
    }
    return Outcome::ok();
  }

 private:
  DeaggregationOptions options_;
  std::string delimiter_;
};

/// Delivers each JSON object of a record as a record of its own, byte for byte and without the
/// white space around it. The objects may follow each other directly, or one a line.
/// Firehose's RecordDeAggregation with SubRecordType JSON.
///
/// A record with anything else in it fails as a whole, an array of objects included; one of
/// nothing but white space is dropped. Firehose hands a record of too many objects on undivided
/// as well as reporting it; here it goes to the error output only.
///
/// @code
/// hydrant::deaggregate_json() | hydrant::filter(is_purchase) | hydrant::append_delimiter()
/// @endcode
inline DeaggregateJson deaggregate_json(DeaggregationOptions options = {}) {
  return DeaggregateJson(options);
}

/// Delivers what stands between the delimiters of a record as records of their own; each
/// delimiter ends one, and what is behind the last is one more, unless that is nothing. The
/// delimiter is given in base64, as Firehose takes it.
/// Firehose's RecordDeAggregation with SubRecordType DELIMITED.
///
/// @code
/// hydrant::deaggregate_delimited("IyMjIw==")  // a####b####c
/// @endcode
inline DeaggregateDelimited deaggregate_delimited(std::string_view delimiter_base64,
                                                  DeaggregationOptions options = {}) {
  return DeaggregateDelimited(delimiter_base64, options);
}

static_assert(Transform<DeaggregateJson> && Transform<DeaggregateDelimited>);

}  // namespace hydrant
