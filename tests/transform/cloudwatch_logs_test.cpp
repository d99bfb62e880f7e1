// SPDX-License-Identifier: MIT
#include <hydrant/object/gzip.hpp>
#include <hydrant/transform/append_delimiter.hpp>
#include <hydrant/transform/cloudwatch_logs.hpp>
#include <hydrant/transform/gunzip.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "collecting_emitter.hpp"
#include "test.hpp"

using hydrant::extract_log_messages;
using hydrant::gunzip;
using hydrant::gunzip_cloudwatch_logs;
using hydrant::OptionsError;
using hydrant::tests::run;
using hydrant::tests::Texts;
using Kind = hydrant::Outcome::Kind;
using namespace hydrant::literals;

namespace {

std::string gzipped(std::string_view text) {
  auto encoder = hydrant::Gzip{}.encoder();
  std::string object;
  const auto keep = [&](std::span<const std::byte> piece) {
    object.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return hydrant::success();
  };
  const bool is_encoded =
      encoder.write(std::as_bytes(std::span<const char>(text)), keep) && encoder.finish(keep);
  REQUIRE(is_encoded);
  return object;
}

/// What CloudWatch Logs sends, with these events.
std::string envelope(const std::string& events, const std::string& type = "DATA_MESSAGE") {
  return R"({"messageType":")" + type +
         R"(","owner":"123456789012","logGroup":"group","logStream":"stream",)"
         R"("subscriptionFilters":["all"],"logEvents":[)" +
         events + "]}";
}

std::string event(const std::string& message) {
  std::string text = R"({"id":"36","timestamp":1510109208016,"message":)";
  hydrant::append_json_string(text, message);
  return text + "}";
}

std::string failure(std::string_view text) {
  const auto ran = run(extract_log_messages(), text);
  REQUIRE(ran.outcome.is_failed());
  return std::string(ran.outcome.code()) + ": " + std::string(ran.outcome.reason());
}

const std::string hint = " (subscribe with nothing but CloudWatch Logs)";

}  // namespace

TEST_CASE("extract_log_messages gives the message of each event", "[transform][cloudwatch]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Texts messages;
    std::string events;
    for (std::uint64_t left = 1 + random() % 20; left > 0; --left) {
      static const std::string parts[] = {"GET /", "\"",     "\\",   "\n",        "\t",
                                          "}{",    "\u00e9", "\x01", "\U0001f600"};
      std::string message;
      while (random() % 5 != 0) {
        message += parts[random() % std::size(parts)];
      }
      events += (events.empty() ? "" : ",") + event(message);
      messages.push_back(message);
    }

    const auto ran = run(extract_log_messages(), envelope(events));

    REQUIRE(ran.outcome.kind() == Kind::ok);
    REQUIRE(ran.records == messages);
  }
}

TEST_CASE("extract_log_messages goes by names, not by places", "[transform][cloudwatch]") {
  const std::string text = R"( { "logEvents" : [ {"message":"a", "x":{"message":"no"}} , )"
                           R"({"m\u0065ssage":"b"} ] , "other" : [ {"message":"no"} ] , )"
                           R"("\u006DessageType" : "DATA\u005fMESSAGE" } )";
  REQUIRE(run(extract_log_messages(), text).records == Texts{"a", "b"});
}

TEST_CASE("extract_log_messages takes the last of members of one name", "[transform][cloudwatch]") {
  REQUIRE(run(extract_log_messages(),
              R"({"messageType":"X","logEvents":1,"logEvents":[{"message":1,"message":"a"}],)"
              R"("messageType":"DATA_MESSAGE"})")
              .records == Texts{"a"});
}

TEST_CASE("extract_log_messages drops control messages and empty envelopes",
          "[transform][cloudwatch]") {
  const std::string events = event("CWL CONTROL MESSAGE: Checking health of destination Firehose.");
  const auto control = run(extract_log_messages(), envelope(events, "CONTROL_MESSAGE"));
  REQUIRE(control.outcome.kind() == Kind::dropped);
  REQUIRE(control.records.empty());
  REQUIRE(run(extract_log_messages(), envelope("")).outcome.kind() == Kind::dropped);
}

TEST_CASE("extract_log_messages fails what is not JSON", "[transform][cloudwatch]") {
  const std::string begin =
      "CloudWatchLogProcessing.ParseError: extract_log_messages: the record is not one JSON "
      "object: at byte ";
  REQUIRE(failure("") == begin + "0 it goes wrong" + hint);
  REQUIRE(failure("plain") == begin + "0 it goes wrong" + hint);
  REQUIRE(failure("[]") == begin + "0 it goes wrong" + hint);
  REQUIRE(failure(R"({"a":tru})") == begin + "5 it goes wrong" + hint);
  REQUIRE(failure(R"({"a":1,})") == begin + "7 it goes wrong" + hint);
  REQUIRE(failure(R"({"a" 1})") == begin + "5 it goes wrong" + hint);
  REQUIRE(failure("{} {}") == begin + "3 it goes wrong" + hint);
  const std::string whole = envelope(event("a"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    static_cast<void>(failure(whole.substr(0, size)));
  }
}

TEST_CASE("extract_log_messages fails JSON that is no envelope", "[transform][cloudwatch]") {
  const std::string begin = "CloudWatchLogProcessing.MalformedData: extract_log_messages: ";
  const std::string type = "messageType is neither DATA_MESSAGE nor CONTROL_MESSAGE";
  REQUIRE(failure("{}") == begin + type + hint);
  REQUIRE(failure(R"({"messageType":1})") == begin + type + hint);
  REQUIRE(failure(envelope("", "DATA_MESSAGES")) == begin + type + hint);
  REQUIRE(failure(R"({"messageType":"DATA_MESSAGE"})") == begin + "logEvents is no array" + hint);
  REQUIRE(failure(R"({"messageType":"DATA_MESSAGE","logEvents":{}})") ==
          begin + "logEvents is no array" + hint);
  REQUIRE(failure(envelope(event("a") + R"(,{"message":5})")) ==
          begin + "log event 1 has no message that is a text" + hint);
  REQUIRE(failure(envelope(R"({"id":"1"})")) ==
          begin + "log event 0 has no message that is a text" + hint);
  REQUIRE(failure(envelope(R"("message")")) ==
          begin + "log event 0 has no message that is a text" + hint);
}

TEST_CASE("gunzip gives what a record holds, of several members too", "[transform][gunzip]") {
  REQUIRE(run(gunzip(), gzipped("text")).records == Texts{"text"});
  REQUIRE(run(gunzip(), gzipped("a") + gzipped("b")).records == Texts{"ab"});
  REQUIRE(run(gunzip(), gzipped("")).records == Texts{""});
}

TEST_CASE("gunzip fails what is no gzip, cut off, damaged, or goes on", "[transform][gunzip]") {
  const std::string whole = gzipped("text of some length");
  const auto code = [](std::string_view record) {
    return std::string(run(gunzip(), record).outcome.code());
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    REQUIRE(code(whole.substr(0, size)) == "Decompression.InvalidGzip");
  }
  REQUIRE(code(whole + "x") == "Decompression.InvalidGzip");
  REQUIRE(run(gunzip(), "plain text").outcome.reason() ==
          "gunzip: a record of 10 bytes is no gzip: it is damaged at byte 2 (put compressed "
          "records only)");
  REQUIRE(run(gunzip(), whole.substr(0, 12)).outcome.reason() ==
          "gunzip: a record of 12 bytes is no gzip: it is cut off at byte 12 (put compressed "
          "records only)");
}

TEST_CASE("gunzip stops at its limit, to the byte", "[transform][gunzip]") {
  const std::string record = gzipped(std::string(2'000, 'a'));
  const auto code = [&](hydrant::ByteCount limit) {
    return std::string(run(gunzip({.output_limit = limit}), record).outcome.code());
  };
  REQUIRE(code(1'999_B) == "Decompression.OutputLimitExceeded");
  REQUIRE(code(2'000_B).empty());
  REQUIRE(code(2'001_B).empty());
  const std::string bomb = gzipped(std::string(50'000'000, 'a'));
  REQUIRE(run(gunzip(), bomb).outcome.reason() ==
          "gunzip: a record of " + std::to_string(bomb.size()) +
              " bytes holds more than 33554432 bytes (see gunzip.output_limit)");
}

TEST_CASE("gunzip takes limits from 1 KiB to 1 GiB", "[transform][gunzip]") {
  const auto faults = [](hydrant::ByteCount limit) -> std::string {
    try {
      static_cast<void>(gunzip({.output_limit = limit}));
    } catch (const OptionsError& error) {
      return error.what();
    }
    return {};
  };
  REQUIRE(faults(1'023_B) ==
          "hydrant: 1 fault in the options of gunzip:\n"
          "  gunzip.output_limit   must be within [1 KiB, 1 GiB], is 1023 bytes");
  REQUIRE(faults(1'024_B).empty());
  REQUIRE(faults(1'025_B).empty());
  REQUIRE(faults(1'073'741'823_B).empty());
  REQUIRE(faults(1'073'741'824_B).empty());
  REQUIRE_FALSE(faults(1'073'741'825_B).empty());
}

TEST_CASE("gunzip_cloudwatch_logs makes records of what a subscription sends",
          "[transform][cloudwatch]") {
  const auto lines = gunzip_cloudwatch_logs() | hydrant::append_delimiter();
  REQUIRE(run(lines, gzipped(envelope(event("one") + "," + event("two \"2\"")))).records ==
          Texts{"one\n", "two \"2\"\n"});
  REQUIRE(run(lines, gzipped(envelope(event("x"), "CONTROL_MESSAGE"))).records.empty());
  REQUIRE(run(lines, gzipped("no JSON")).outcome.code() == "CloudWatchLogProcessing.ParseError");
  REQUIRE(run(lines, envelope(event("one"))).outcome.code() == "Decompression.InvalidGzip");
  REQUIRE(run(gunzip_cloudwatch_logs({.output_limit = 1_KiB}),
              gzipped(envelope(event(std::string(2'000, 'a')))))
              .outcome.code() == "Decompression.OutputLimitExceeded");
}
