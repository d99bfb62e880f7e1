// SPDX-License-Identifier: MIT
//
// When a batch falls apart: partial results, poison records, limits of sinks.
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::SinkLimits;

TEST_CASE("stream sends only the failed records again, under the same request id",
          "[delivery][pieces]") {
  ManualEnv env;
  ScriptedSink sink{{partial_retry({1, 3}), partial_retry({1}), deliver}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(5));

  env.advance(70s);

  const std::vector<SinkAttempt> attempts = sink.attempts();
  REQUIRE(attempts.size() == 3);
  REQUIRE(attempts[1].batch.records == Texts{"r1", "r3"});
  REQUIRE(attempts[2].batch.records == Texts{"r3"});
  REQUIRE(attempts[1].batch.request_id == attempts[0].batch.request_id);
  REQUIRE(attempts[2].batch.request_id == attempts[0].batch.request_id);
  REQUIRE(sink.records() == Texts{"r0", "r2", "r4", "r1", "r3"});
  REQUIRE(stream.ledger().delivered == 5);
}

TEST_CASE("stream dead-letters only the record that a partial result refuses",
          "[delivery][pieces]") {
  ManualEnv env;
  ScriptedSink sink{{hang(5s), reject("poison", 3), deliver}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(42));

  env.advance(70s);

  REQUIRE(stream.ledger().delivered == 41);
  REQUIRE(stream.ledger().dead_lettered == 1);
  REQUIRE(stream.dead_letters().at(0).find("\"errorMessage\":\"poison\"") != std::string::npos);
}

TEST_CASE("stream isolates poison records with few requests", "[delivery][pieces]") {
  const std::size_t poison_count =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{17});
  const std::size_t count =
      GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{100}, std::size_t{1000});
  std::set<std::string> poison;
  for (std::size_t i = 0; i < poison_count; ++i) {
    poison.insert("r" + std::to_string((i * 7919 + 13) % count));
  }
  ManualEnv env;
  ScriptedSink sink = ScriptedSink::when([poison](const hydrant::RecordView& record) {
    return poison.count(std::string(record.text())) != 0;
  });
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(count));

  env.advance(61s);

  Texts healthy;
  for (const std::string& record : numbered(count)) {
    if (poison.count(record) == 0) {
      healthy.push_back(record);
    }
  }
  CAPTURE(count, poison.size(), sink.attempt_count());
  REQUIRE(sink.records() == healthy);  // in order, each once
  REQUIRE(stream.ledger().delivered == healthy.size());
  REQUIRE(stream.ledger().dead_lettered == poison.size());
  const double depth = std::ceil(std::log2(static_cast<double>(count))) + 1;
  REQUIRE(static_cast<double>(sink.attempt_count()) <=
          1 + 2 * depth * static_cast<double>(poison.size()));
}

TEST_CASE("stream does not split for a sink that says it is of no use", "[delivery][pieces]") {
  ManualEnv env;
  ScriptedSink sink{{refuse("no permission")}};
  hydrant::DeliveryStream stream{
      minute_options(), hydrant::identity,
      Limited<ScriptedSink, SinkLimits{.splits_rejected_batches = false}>{sink}, env};
  put_all(stream, numbered(8));

  env.advance(61s);

  REQUIRE(sink.attempt_count() == 1);
  REQUIRE(stream.ledger().dead_lettered == 8);
}

TEST_CASE("stream cuts batches to the number of records that a sink takes", "[delivery][pieces]") {
  ManualEnv env;
  ScriptedSink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity,
                                 Limited<ScriptedSink, SinkLimits{.batch_records_max = 3}>{sink},
                                 env};
  put_all(stream, numbered(7));

  env.advance(61s);

  const std::vector<SinkAttempt> attempts = sink.attempts();
  REQUIRE(attempts.size() == 3);
  REQUIRE(attempts[0].batch.count == 3);
  REQUIRE(attempts[1].batch.count == 3);
  REQUIRE(attempts[2].batch.count == 1);
  REQUIRE(sink.records() == numbered(7));
}

TEST_CASE("stream cuts batches to the bytes that a sink takes", "[delivery][pieces]") {
  ManualEnv env;
  ScriptedSink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity,
                                 Limited<ScriptedSink, SinkLimits{.batch_bytes_max = 10}>{sink},
                                 env};
  put_all(stream, {"12345", "12345", "1", "1234567890", "", "12345678901"});

  env.advance(61s);

  std::vector<Texts> sent;
  for (const SinkAttempt& attempt : sink.attempts()) {
    sent.push_back(attempt.batch.records);
  }
  REQUIRE(sent ==
          std::vector<Texts>{{"12345", "12345"}, {"1"}, {"1234567890", ""}, {"12345678901"}});
}

TEST_CASE("stream dead-letters a record that is too large for the sink, unsent",
          "[delivery][pieces]") {
  ManualEnv env;
  ScriptedSink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity,
                                 Limited<ScriptedSink, SinkLimits{.record_bytes_max = 4}>{sink},
                                 env};
  put_all(stream, {"123", "1234", "12345", "1"});

  env.advance(61s);

  REQUIRE(sink.records() == Texts{"123", "1234", "1"});
  REQUIRE(stream.ledger().dead_lettered == 1);
  REQUIRE(stream.dead_letters().at(0).find("Hydrant.RecordTooLargeForSink") != std::string::npos);
}

TEST_CASE("stream never gives one request id to different records", "[delivery][pieces]") {
  ManualEnv env;
  ScriptedSink sink = ScriptedSink::when([](const hydrant::RecordView& record) {
    return record.text().find('7') != std::string::npos;
  });
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity,
                                 Limited<ScriptedSink, SinkLimits{.batch_records_max = 4}>{sink},
                                 env};
  // Each thread has a shard of its own, and each shard numbers its records from 0.
  put_all(stream, numbered(10));
  std::thread([&stream] { put_all(stream, numbered(10, 100)); }).join();

  env.advance(61s);

  std::map<std::string, Texts> records_of_id;
  for (const SinkAttempt& attempt : sink.attempts()) {
    const auto [known, is_new] =
        records_of_id.emplace(attempt.batch.request_id, attempt.batch.records);
    REQUIRE((is_new || known->second == attempt.batch.records));
  }
}
