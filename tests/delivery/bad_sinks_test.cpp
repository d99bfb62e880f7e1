// SPDX-License-Identifier: MIT
//
// Sinks that misbehave for as long as they are asked: every record is accounted
// for, and the reason can be read in the report, in the flight recorder and in
// the dead letters. Sinks that come to their senses are in attempts_test.
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::Batch;
using hydrant::DeliveryResult;

namespace {

constexpr std::size_t record_count = 10;

/// Names every record of the batch `times` times.
SinkStep name_all(std::uint32_t times, bool retryable) {
  return {{}, [times, retryable](const Batch& batch) {
            std::vector<hydrant::RecordFailure> failures;
            for (std::uint32_t i = 0; i < batch.count() * times; ++i) {
              failures.push_back({i % batch.count(), "nobody wants it", retryable});
            }
            return hydrant::partial(std::move(failures));
          }};
}

/// Names one record twice: once for good, once not.
SinkStep contradict(bool first_retryable) {
  return {{}, [first_retryable](const Batch&) {
            return hydrant::partial(
                {{0, "of two minds", first_retryable}, {0, "of two minds", !first_retryable}});
          }};
}

const SinkStep partial_in_silence{{}, [](const Batch&) {
                                    return hydrant::partial({{3, "", false}});
                                  }};

struct BadSink {
  std::string does;
  SinkStep step;
  std::string reason;  // to be read everywhere
  std::size_t delivered = 0;
};

const std::array<BadSink, 12> bad_sinks{{
    {"throws", throw_("the pool is null"), "sink threw: the pool is null"},
    {"throws nothing known",
     {{}, [](const Batch&) -> DeliveryResult { throw 42; }},
     "sink threw: an exception that is no std::exception"},
    {"fails", fail("503 for ever"), "503 for ever"},
    {"fails in silence", fail(""), "the sink gave no reason"},
    {"names a record in silence", partial_in_silence, "the sink gave no reason", record_count - 1},
    {"hangs", hang_forever, "no result within 2 s"},
    {"refuses", refuse("never"), "never"},
    {"names a record beyond the last", lie(record_count), "sink names record 10 of a batch of 10"},
    {"names the last possible number", lie(0xffff'ffff),
     "sink names record 4294967295 of a batch of 10"},
    {"names all", name_all(1, true), "nobody wants it"},
    {"names all for good, three times each", name_all(3, false), "nobody wants it"},
    {"contradicts itself", contradict(true), "of two minds", record_count - 1},
}};

hydrant::StreamOptions retrying_for_a_minute() {
  hydrant::StreamOptions options = minute_options();
  options.retry = {.duration = 60s, .attempt_timeout = 2s};
  return options;
}

}  // namespace

TEST_CASE("sink that misbehaves for ever costs its records, which say why",
          "[delivery][bad_sinks]") {
  for (const BadSink& bad : bad_sinks) {
    CAPTURE(bad.does);
    ManualEnv env;
    MemorySink letters;
    hydrant::DeliveryStream stream{retrying_for_a_minute(), hydrant::identity,
                                   ScriptedSink{{bad.step}}, env, hydrant::error_output(letters)};
    put_all(stream, numbered(record_count));

    const hydrant::DeliveryReport report = stream.flush(1h);

    CHECK(report.complete);
    CHECK(report.ledger.balanced());
    CHECK(report.ledger.delivered == bad.delivered);
    CHECK(report.ledger.dead_lettered == record_count - bad.delivered);
    CHECK(report.troubles.find(bad.reason) != std::string::npos);
    CHECK(stream.history().find(bad.reason) != std::string::npos);
    CHECK(letters.record_count() == record_count - bad.delivered);
    for (const std::string& letter : letters.records()) {
      CHECK(letter.find(bad.reason) != std::string::npos);
    }
  }
}

TEST_CASE("sink that stays in user code beyond its time is named while it is there",
          "[delivery][bad_sinks]") {
  ManualEnv env;
  const auto slow = [&](const Batch&) {
    env.advance(10s);  // the world goes on, and the attempt's two seconds are over
  };
  hydrant::DeliveryStream stream{retrying_for_a_minute(), hydrant::identity,
                                 hydrant::CallbackSink{slow}, env};
  put_all(stream, numbered(record_count));
  const std::string complaint = "callback: the sink is still in an attempt whose time is over";

  const hydrant::DeliveryReport report = stream.flush(1h);

  CHECK(report.complete);
  CHECK(report.ledger.delivered == record_count);  // it did deliver, late
  CHECK(report.troubles.find(complaint) != std::string::npos);
  CHECK(stream.history().find(complaint) != std::string::npos);
}
