// SPDX-License-Identifier: MIT
//
// Which records make up a JSON array, and which are left out of it.
#include <hydrant/object/json_array.hpp>
#include <hydrant/testing/batch_builder.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "test.hpp"

using hydrant::JsonArray;
using hydrant::RecordFailure;
using hydrant::Status;
using hydrant::testing::BatchBuilder;

namespace {

struct Written {
  std::string object;
  std::string failure;
  std::vector<RecordFailure> left_out;
};

Written write(const std::vector<std::string>& records, const std::string& delimiter = {}) {
  BatchBuilder builder(delimiter);
  builder.page(records);
  Written written;
  const auto out = [&](std::span<const std::byte> piece) -> Status {
    written.object.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return hydrant::success();
  };
  const Status status = JsonArray().write(builder.batch(), out, written.left_out);
  written.failure = status ? std::string() : status.failure().message;
  return written;
}

/// Why a record is left out beside one that is not; empty where it is written.
std::string reason(const std::string& record) {
  const Written written = write({"0", record});
  REQUIRE(written.failure.empty());
  if (written.left_out.empty()) {
    return {};
  }
  REQUIRE(written.object == "[0]");
  REQUIRE(written.left_out.size() == 1);
  REQUIRE(written.left_out[0].index == 1);
  REQUIRE_FALSE(written.left_out[0].retryable);
  REQUIRE(written.left_out[0].error_output_type == "format-conversion-failed");
  return written.left_out[0].code + ": " + written.left_out[0].reason;
}

}  // namespace

TEST_CASE("records become the elements of one array, as they are", "[object][json_array]") {
  REQUIRE(write({"{\"a\": 1}"}).object == "[{\"a\": 1}]");
  REQUIRE(write({"{}", " [1, 2]\n", "\"x\"", "null", "-1.50e+3\r\n"}).object ==
          "[{},\n[1, 2],\n\"x\",\nnull,\n-1.50e+3]");
  REQUIRE(write({"1", "2"}, "\n").object == "[1,\n2]");
  REQUIRE(write({}).object == "[]");
}

TEST_CASE("what is not exactly one JSON value is left out by itself", "[object][json_array]") {
  const std::string malformed = "DataFormatConversion.ParseError: Encountered malformed JSON.";
  const std::string empty =
      "DataFormatConversion.MalformedData: The record was empty or contained only whitespace.";
  const std::string several =
      "DataFormatConversion.MalformedData: The record contained more than one JSON value. Put each "
      "as a record of its own.";
  for (const std::string record : {"x", "{", "[1,]", "{\"a\":1}x", "1x", "01", "nan", "\"\xff\"",
                                   "1 x", "{}}", "],[", "1,2", "[1],", "\"a"}) {
    CAPTURE(record);
    REQUIRE(reason(record) == malformed);
  }
  for (const std::string record : {"1 2", "{}{}", "{}\n{}", "\"a\"\"b\"", "[]1", "1 {}"}) {
    CAPTURE(record);
    REQUIRE(reason(record) == several);
  }
  REQUIRE(reason("") == empty);
  REQUIRE(reason(" \n\t\r") == empty);
  REQUIRE(reason(std::string(999, '[') + std::string(999, ']')).empty());
  REQUIRE(reason(std::string(1000, '[') + std::string(1000, ']')).empty());
  REQUIRE(reason(std::string(1001, '[') + std::string(1001, ']')) == malformed);
}

TEST_CASE("the first of an array may be left out, and the last", "[object][json_array]") {
  const Written written = write({"x", "1", "y", "2", "z"});
  REQUIRE(written.object == "[1,\n2]");
  REQUIRE(written.left_out.size() == 3);
  REQUIRE(written.left_out[2].index == 4);
}

TEST_CASE("where no record is JSON there is no array", "[object][json_array]") {
  const Written written = write({"x", ""});
  REQUIRE(written.failure == "json array: none of the records is one JSON value");
  REQUIRE(written.object.empty());
  REQUIRE(written.left_out.size() == 2);
}

TEST_CASE("a caller that takes no failures is told of the first", "[object][json_array]") {
  BatchBuilder builder;
  builder.page({"1", "secret"});
  const auto out = [](std::span<const std::byte>) -> Status { return hydrant::success(); };
  const Status status = JsonArray().write(builder.batch(), out);
  REQUIRE_FALSE(status);
  REQUIRE(status.failure().message == "json array: record 1: Encountered malformed JSON.");
}

TEST_CASE("an output that fails ends the writing of an array", "[object][json_array]") {
  const std::string large = "\"" + std::string(100'000, 'x') + "\"";
  for (std::size_t fails_at = 0; fails_at < 6; ++fails_at) {
    BatchBuilder builder;
    builder.page({large, "1", large, large});
    std::size_t calls = 0;
    const auto out = [&](std::span<const std::byte>) -> Status {
      return calls++ == fails_at ? Status(hydrant::Failure{"full"}) : hydrant::success();
    };
    std::vector<RecordFailure> failures;
    const Status status = JsonArray().write(builder.batch(), out, failures);
    REQUIRE_FALSE(status);
    REQUIRE(status.failure().message == "full");
    REQUIRE(calls == fails_at + 1);
  }
}
