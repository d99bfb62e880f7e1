// SPDX-License-Identifier: MIT
//
// What fails for good: the JSON of the error output, and what happens when the
// error output fails itself.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::LostReason;
using hydrant::SinkLimits;

namespace {

std::string decode_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') {
      break;
    }
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  return bytes;
}

/// The value of a string member that needs no unescaping.
std::string member(const std::string& json, const std::string& name) {
  const std::string key = "\"" + name + "\":\"";
  const std::size_t begin = json.find(key) + key.size();
  return json.substr(begin, json.find('"', begin) - begin);
}

Texts hostile_records() {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
  }
  return {"", "a", "ab", "abc", all, std::string(999, '\0'), "\"}\n{\"", "\xff\xfe"};
}

const char* const hostile_reason = "no \"way\" \\ \n\t\x01 caf\xc3\xa9 \xff";

}  // namespace

TEST_CASE("dead letter holds the record's very bytes and the reason", "[delivery][dead_letters]") {
  ManualEnv env;
  ScriptedSink sink{{refuse(hostile_reason)}};
  MemorySink errors("\n");
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                 hydrant::error_output(errors)};
  put_all(stream, hostile_records());

  REQUIRE(stream.flush(10s).complete);

  Texts raw;
  for (const std::string& letter : errors.records()) {
    raw.push_back(decode_base64(member(letter, "rawData")));
    REQUIRE(member(letter, "errorCode") == "Hydrant.DeliveryFailed");
    REQUIRE(letter.find('\n') == std::string::npos);
  }
  REQUIRE(raw == hostile_records());
  REQUIRE(errors.batches().at(0).error_output_type == "scripted-failed");
}

TEST_CASE("dead letters are JSON to a program that knows JSON", "[delivery][dead_letters]") {
  if (std::system("jq --version > /dev/null 2>&1") != 0) {
    hydrant::tests::note_skip("jq is not installed");
    return;
  }
  ManualEnv env;
  ScriptedSink sink{{refuse(hostile_reason)}};
  MemorySink errors("\n");
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                 hydrant::error_output(errors)};
  put_all(stream, hostile_records());
  REQUIRE(stream.flush(10s).complete);

  std::array<char, 32> path{"/tmp/hydrant_letters_XXXXXX"};
  const int descriptor = ::mkstemp(path.data());
  std::FILE* file = ::fdopen(descriptor, "w");
  std::fwrite(errors.batches().at(0).raw.data(), 1, errors.batches().at(0).raw.size(), file);
  std::fclose(file);
  const std::string command =
      "jq -e -s 'length == 8 and all(.[]; (.attemptsMade | type) == \"number\" and "
      "(.arrivalTimestamp | type) == \"number\" and (.attemptEndingTimestamp >= .arrivalTimestamp) "
      "and (.errorMessage | startswith(\"no \\\"way\\\" \\\\ \\n\")) and "
      "(.rawData | type) == \"string\")' " +
      std::string(path.data()) + " > /dev/null";
  const int result = std::system(command.c_str());
  std::remove(path.data());

  REQUIRE(result == 0);
}

TEST_CASE("dead letters of one kind share a batch, of two kinds do not",
          "[delivery][dead_letters]") {
  ManualEnv env;
  ScriptedSink sink = ScriptedSink::when(
      [](const hydrant::RecordView& record) { return record.text() == "poison"; });
  MemorySink errors;
  const auto picky = [](const hydrant::RecordView& record, hydrant::Emitter& out) {
    if (record.text() == "broken") {
      return hydrant::Outcome::failed("it is broken");
    }
    out.emit(record.bytes());
    return hydrant::Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), picky, sink, env, hydrant::error_output(errors)};
  put_all(stream, {"poison", "broken", "fine", "broken", "poison"});

  REQUIRE(stream.flush(10s).complete);

  std::vector<std::string> types;
  for (const ReceivedBatch& batch : errors.batches()) {
    types.push_back(batch.error_output_type);
    REQUIRE(batch.count == 2);
  }
  REQUIRE(sorted(types) == Texts{"processing-failed", "scripted-failed"});
}

TEST_CASE("error output that fails for good loses its records, counted",
          "[delivery][dead_letters]") {
  ManualEnv env;
  hydrant::OutputOptions quick;
  quick.retry.duration = 5s;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, ScriptedSink{{refuse("no")}},
                                 env, hydrant::error_output(ScriptedSink{{fail("down")}}, quick)};
  const std::vector<hydrant::Ticket> tickets = put_all(stream, numbered(4));

  REQUIRE(stream.flush(60s).complete);

  const hydrant::Ledger ledger = stream.ledger();
  REQUIRE(ledger.lost_by_reason[static_cast<std::size_t>(LostReason::error_output_failed)] == 4);
  REQUIRE(ledger.balanced());
  REQUIRE(stream.wait(tickets[2], 0s) == hydrant::WaitStatus::lost);
}

TEST_CASE("error output that hangs does not stop the main delivery", "[delivery][dead_letters]") {
  ManualEnv env;
  ScriptedSink sink{{reject("poison", 0)}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                 hydrant::error_output(ScriptedSink{{hang_forever}})};
  for (int batch = 0; batch < 3; ++batch) {
    put_all(stream, numbered(5));
    static_cast<void>(stream.flush(1s));
  }

  REQUIRE(stream.ledger().delivered == 12);
  REQUIRE(stream.ledger().in_memory == 3);
}

TEST_CASE("box of dead letters that is full refuses the rest, counted as lost",
          "[delivery][dead_letters]") {
  ManualEnv env;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, ScriptedSink{{refuse("no")}},
                                 env};
  const std::string large(400'000, 'x');  // 533,336 characters of base64: one fits into 1 MiB
  put_all(stream, {large, large, "small"});

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(stream.dead_letters().size() == 2);
  REQUIRE(stream.ledger().dead_lettered == 2);
  REQUIRE(stream.ledger().lost == 1);
}

TEST_CASE("largest record passes through the error output", "[delivery][dead_letters]") {
  ManualEnv env;
  MemorySink errors;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, ScriptedSink{{refuse("no")}},
                                 env, hydrant::error_output(errors)};
  const std::string largest(hydrant::limits::record_bytes_max, '\x7f');
  put_all(stream, {largest});

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(decode_base64(member(errors.records().at(0), "rawData")) == largest);
}
