// SPDX-License-Identifier: MIT
#include <hydrant/delivery/dead_letter.hpp>
#include <hydrant/object/error_record.hpp>

#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test.hpp"

namespace {

using hydrant::ErrorRecord;
using hydrant::parse_error_record;

std::string fault_of(std::string_view line) {
  const auto parsed = parse_error_record(line);
  return parsed ? "none" : parsed.failure().message;
}

hydrant::WallTime at(std::int64_t milliseconds) {
  return hydrant::WallTime(std::chrono::milliseconds(milliseconds));
}

}  // namespace

TEST_CASE("an error record that Hydrant wrote is read back, whatever the record and the reason are",
          "[object][error_record]") {
  std::mt19937 dice(5);
  const auto noise = [&](std::size_t size) {
    std::string text(size, '\0');
    for (char& byte : text) {
      byte = static_cast<char>(dice());
    }
    return text;
  };
  const auto ascii = [&](std::size_t size) {
    std::string text(size, '\0');
    for (char& byte : text) {
      byte = static_cast<char>(dice() % 128);
    }
    return text;
  };
  for (int round = 0; round < 500; ++round) {
    const std::string record = noise(dice() % 300);
    hydrant::detail::FailureNote note;
    note.attempts = static_cast<std::uint32_t>(dice());
    note.code = ascii(dice() % 20);
    note.message = ascii(dice() % 100) + "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
    note.ended_at = at(static_cast<std::int64_t>(dice()) * 1000);
    const hydrant::RecordView view(std::as_bytes(std::span(record)),
                                   at(static_cast<std::int64_t>(dice())));
    std::string line;
    hydrant::detail::append_dead_letter(line, view, note);

    auto parsed = parse_error_record(line);

    CAPTURE(round);
    REQUIRE(parsed);
    const ErrorRecord& found = parsed.value();
    REQUIRE((found.record == record));  // not for printing
    REQUIRE(found.code == note.code);
    REQUIRE(found.message == note.message);
    REQUIRE(found.attempts == note.attempts);
    REQUIRE(found.arrival == view.arrival());
    REQUIRE(found.attempt_ended == note.ended_at);
  }
}

TEST_CASE("error records of Firehose's destinations are read, with fields that are not known",
          "[object][error_record]") {
  auto parsed = parse_error_record(
      R"( {"attemptsMade": "5", "arrivalTimestamp":1594265943615, "errorCode":"Splunk.AckTimeout",)"
      R"("errorMessage":"no \u00e4\ud83d\ude00\ud800 answer\n","attemptEndingTimestamp":"1594266081318",)"
      R"("rawData":"YWJj","EventId":"4957.0","nested":{"a":[1,-2.5e+3,true,null,{"b":"}"}]},"n":null} )");

  REQUIRE(parsed);
  const ErrorRecord& found = parsed.value();
  REQUIRE(found.attempts == 5);
  REQUIRE(found.arrival == at(1594265943615));
  REQUIRE(found.attempt_ended == at(1594266081318));
  REQUIRE(found.code == "Splunk.AckTimeout");
  REQUIRE(found.message == "no \xc3\xa4\xf0\x9f\x98\x80\xef\xbf\xbd answer\n");
  REQUIRE(found.record == "abc");
  auto converted = parse_error_record(
      R"({"lastErrorCode":"DataFormatConversion.MalformedData","lastErrorMessage":"b","rawData":""})");
  REQUIRE(converted.value().code == "DataFormatConversion.MalformedData");
  REQUIRE(converted.value().message == "b");
}

TEST_CASE("an error record that is none says what is wrong and where, and nothing that it says",
          "[object][error_record]") {
  const std::vector<std::pair<std::string, std::string>> broken{
      {"", "not a JSON object, at byte 0"},
      {"[1]", "not a JSON object, at byte 0"},
      {"{\"a\":1", "expected , or }, at byte 6"},
      {"{\"a\" 1}", "expected a name and :, at byte 5"},
      {"{1:2}", "expected a name and :, at byte 1"},
      {"{\"a\":}", "a value is broken, or nested too deeply, at byte 5"},
      {"{\"a\":[1,}", "a value is broken, or nested too deeply, at byte 8"},
      {"{\"a\":1}", "rawData is missing: there is nothing to put again, at byte 7"},
      {"{\"rawData\":\"a*\"}", "rawData is no base64 text, at byte 15"},
      {"{\"rawData\":5}", "rawData is no base64 text, at byte 11"},
      {"{\"errorCode\":5}", "the error code is no text, at byte 13"},
      {"{\"errorMessage\":\"\\x\"}", "the error message is no text, at byte 19"},
      {"{\"attemptsMade\":-1}", "attemptsMade is no count, at byte 18"},
      {"{\"attemptsMade\":\"secret\"}", "attemptsMade is no count, at byte 24"},
      {"{\"arrivalTimestamp\":1.5}", "arrivalTimestamp is no time, at byte 23"},
      {"{\"attemptEndingTimestamp\":true}", "attemptEndingTimestamp is no time, at byte 30"},
      {"{\"rawData\":\"\"} x", "something follows the object, at byte 15"},
  };
  for (const auto& [line, fault] : broken) {
    CAPTURE(line);
    REQUIRE(fault_of(line) == "read an error record: " + fault);
  }
}

TEST_CASE("an error record may be nested 63 deep, not 64", "[object][error_record]") {
  const auto nested = [](std::size_t depth) {
    return "{\"rawData\":\"\",\"a\":" + std::string(depth, '[') + "1" + std::string(depth, ']') +
           "}";
  };
  REQUIRE(parse_error_record(nested(62)));
  REQUIRE(parse_error_record(nested(63)));
  REQUIRE_FALSE(parse_error_record(nested(64)));
  REQUIRE_FALSE(parse_error_record(nested(1'000'000)));
}
