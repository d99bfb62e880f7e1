// SPDX-License-Identifier: MIT
//
// Why a record cannot be written in a format that its object has as a whole,
// under the names and in the words of Firehose's record format conversion.
#pragma once

#include <hydrant/core/delivery_result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hydrant::detail {

/// A reason that says nothing of what the record holds.
struct ConversionFault {
  static constexpr std::string_view error_output_type = "format-conversion-failed";

  std::string_view code;
  std::string_view message;

  RecordFailure of_record(std::uint32_t index) const {
    RecordFailure failure;
    failure.index = index;
    failure.reason = message;
    failure.retryable = false;
    failure.code = code;
    failure.error_output_type = error_output_type;
    return failure;
  }
};

/// Source: seen on the service, record format conversion.
inline constexpr ConversionFault malformed_json{"DataFormatConversion.ParseError",
                                                "Encountered malformed JSON."};
inline constexpr ConversionFault empty_record{"DataFormatConversion.MalformedData",
                                              "The record was empty or contained only whitespace."};

}  // namespace hydrant::detail
