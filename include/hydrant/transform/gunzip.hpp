// SPDX-License-Identifier: MIT
//
// Records that come in compressed, as those of CloudWatch Logs do. Firehose's
// processor Decompression, bounded: a record of a megabyte can hold a gigabyte.
#pragma once

#if !__has_include(<zlib.h>)
#error "hydrant/transform/gunzip.hpp needs zlib: link hydrant::gzip"
#endif

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/zlib_inflate.hpp>
#include <hydrant/transform/cloudwatch_logs.hpp>
#include <hydrant/transform/pipe.hpp>
#include <hydrant/transform/transform.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// How much may come out of one record.
/// Threads: a plain value; copies are independent.
struct GunzipOptions {
  static constexpr ByteCount output_limit_min{1ull << 10};
  static constexpr ByteCount output_limit_max{1ull << 30};

  /// What a record may hold; one of more fails. Memory of this size is taken while it is read.
  /// Default 32 MiB. Range [1 KiB, 1 GiB].
  ByteCount output_limit{32ull << 20};

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(output_limit_min <= output_limit && output_limit <= output_limit_max,
                 "gunzip.output_limit", "must be within [1 KiB, 1 GiB]",
                 std::to_string(output_limit.value) + " bytes");
  }
};

/// What `gunzip` makes.
/// Threads: shared: safe.
class Gunzip {
 public:
  /// Firehose documents no codes for these.
  static constexpr std::string_view broken_code = "Decompression.InvalidGzip";
  static constexpr std::string_view too_large_code = "Decompression.OutputLimitExceeded";

  /// Errors: throws OptionsError where the options are out of range.
  explicit Gunzip(GunzipOptions options = {}) : options_(options) {
    OptionErrors errors;
    options_.validate(errors);
    if (!errors.empty()) {
      throw OptionsError("gunzip", std::move(errors));
    }
  }

  Outcome operator()(const RecordView& record, Emitter& out) const {
    std::string text;
    const auto inflated = detail::gunzip(record.bytes(), text, options_.output_limit.value);
    if (inflated.ending == detail::InflateEnding::over_limit) {
      return Outcome::failed(
          "gunzip: a record of " + std::to_string(record.size()) + " bytes holds more than " +
              std::to_string(options_.output_limit.value) + " bytes (see gunzip.output_limit)",
          std::string(too_large_code));
    }
    if (inflated.ending != detail::InflateEnding::whole) {
      return Outcome::failed(
          "gunzip: a record of " + std::to_string(record.size()) +
              " bytes is no gzip: " + std::string(detail::ending_text(inflated.ending)) +
              " at byte " + std::to_string(inflated.consumed) + " (put compressed records only)",
          std::string(broken_code));
    }
    out.emit(text);
    return Outcome::ok();
  }

 private:
  GunzipOptions options_;
};

/// Delivers what each record holds, which is compressed with gzip, as one record. Firehose's
/// Decompression with CompressionFormat GZIP.
inline Gunzip gunzip(GunzipOptions options = {}) {
  return Gunzip(options);
}

/// Delivers the message of each log event in the records that a subscription of CloudWatch Logs
/// puts, which are compressed. Firehose's Decompression and CloudWatchLogProcessing, one behind
/// the other.
///
/// @code
/// hydrant::gunzip_cloudwatch_logs() | hydrant::append_delimiter()
/// @endcode
inline auto gunzip_cloudwatch_logs(GunzipOptions options = {}) {
  return gunzip(options) | extract_log_messages();
}

static_assert(Transform<Gunzip>);

}  // namespace hydrant
