// SPDX-License-Identifier: MIT
//
// Flush, close and wait: what they do, how long they take, what they say.
#include <functional>
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::DeliveryReport;
using hydrant::LostReason;
using hydrant::SinkLimits;
using hydrant::SteadyTime;
using hydrant::WaitStatus;

namespace {

std::uint64_t lost_to_deadline(const hydrant::Ledger& ledger) {
  return ledger.lost_by_reason[static_cast<std::size_t>(LostReason::close_deadline)];
}

}  // namespace

TEST_CASE("flush delivers what was put before it, and says so", "[delivery][flush]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(3));

  const DeliveryReport report = stream.flush(5s);

  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 3);
  REQUIRE(sink.batches().at(0).close_reason == hydrant::CloseReason::flush);
}

TEST_CASE("flush returns at its timeout, and the records stay", "[delivery][flush]") {
  ManualEnv env;
  ScriptedSink sink{{fail("down")}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(3));
  const SteadyTime before = env.steady_now();

  const DeliveryReport report = stream.flush(5s);

  REQUIRE_FALSE(report.complete);
  REQUIRE(report.took == 5s);
  REQUIRE(env.steady_now() - before == 5s);
  REQUIRE(report.ledger.in_memory == 3);
  REQUIRE(report.troubles.find("scripted: down") != std::string::npos);
}

TEST_CASE("flush waits for dead letters as well", "[delivery][flush]") {
  ManualEnv env;
  ScriptedSink sink{{reject("poison", 1)}};
  MemorySink errors;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                 hydrant::error_output(errors)};
  put_all(stream, numbered(3));

  REQUIRE(stream.flush(5s).complete);

  REQUIRE(errors.record_count() == 1);
}

TEST_CASE("flush and wait from the stream's own sink do not wait for themselves",
          "[delivery][flush]") {
  ManualEnv env;
  std::function<void()> inside;
  const auto callback = [&inside](const hydrant::Batch&) { inside(); };
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity,
                                 hydrant::CallbackSink{callback}, env};
  bool was_complete = true;
  WaitStatus status = WaitStatus::delivered;
  const std::vector<hydrant::Ticket> tickets = put_all(stream, {"one"});
  inside = [&] {
    was_complete = stream.flush(1h).complete;
    status = stream.wait(tickets[0], 1h);
  };
  const SteadyTime before = env.steady_now();

  REQUIRE(stream.flush(10s).complete);

  REQUIRE_FALSE(was_complete);
  REQUIRE(status == WaitStatus::pending);
  REQUIRE(env.steady_now() == before);
}

TEST_CASE("close delivers what is there and refuses what comes after", "[delivery][close]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(3));

  const DeliveryReport report = stream.close(5s);

  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 3);
  REQUIRE(sink.batches().at(0).close_reason == hydrant::CloseReason::closing);
  REQUIRE(stream.put("late").status() == hydrant::PutStatus::closed);
  REQUIRE(stream.ledger().refused_closed == 1);
  REQUIRE(stream.close(5s).complete);
}

/// Takes its time to say no, to one record after the other.
struct SlowRefusal {
  static constexpr std::string_view name = "slow";
  static constexpr hydrant::SinkLimits limits{};

  hydrant::DeliveryResult deliver(const hydrant::Batch&, hydrant::Attempt&) {
    env.advance(20ms);
    return hydrant::rejected("no");
  }

  ManualEnv env;
};

TEST_CASE("close and flush gather failed records for the error output, no object for each",
          "[delivery][close][flush]") {
  for (const bool closes : {true, false}) {
    ManualEnv env;
    hydrant::testing::MemorySink letters;
    hydrant::StreamOptions options = minute_options();
    options.buffering.count = 1;  // a batch for each record, so they fail one after the other
    hydrant::DeliveryStream stream{options, hydrant::identity, SlowRefusal{env},
                                   hydrant::error_output(letters), env};
    put_all(stream, numbered(50));

    const hydrant::DeliveryReport report = closes ? stream.close(60s) : stream.flush(60s);

    REQUIRE(report.complete);
    REQUIRE(report.ledger.dead_lettered == 50);
    REQUIRE(letters.batches().size() <= 12);  // a second of failures, gathered a tick at a time
  }
}

TEST_CASE("close cuts a back-off short and uses the time it has", "[delivery][close]") {
  ManualEnv env;
  ScriptedSink sink{{throttle("busy", 200s), fail("still"), fail("still"), deliver}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(3));
  env.advance(60s);
  REQUIRE(sink.attempt_count() == 1);

  const DeliveryReport report = stream.close(20s);

  REQUIRE(report.complete);
  REQUIRE(report.took < 20s);
  REQUIRE(report.ledger.delivered == 3);
}

TEST_CASE("close returns at its deadline when the sink only fails, with all counted as lost",
          "[delivery][close]") {
  ManualEnv env;
  ScriptedSink sink{{fail("down")}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(3));

  const DeliveryReport report = stream.close(5s);

  REQUIRE_FALSE(report.complete);
  REQUIRE(report.took <= 5s + 20ms);
  REQUIRE(lost_to_deadline(report.ledger) == 3);
  REQUIRE(report.ledger.balanced());
  REQUIRE(sink.attempt_count() < 100);
  for (const SinkAttempt& attempt : sink.attempts()) {
    REQUIRE(attempt.batch.at < env.steady_now() - report.took + 5s);
  }
}

TEST_CASE("close returns at its deadline when the sink hangs", "[delivery][close]") {
  ManualEnv env;
  ScriptedSink sink{{hang_forever}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(3));

  const DeliveryReport report = stream.close(5s);

  REQUIRE_FALSE(report.complete);
  REQUIRE(report.took <= 5s + 20ms);
  REQUIRE(lost_to_deadline(report.ledger) == 3);
  REQUIRE(sink.attempts().back().was_cancelled);
}

TEST_CASE("close without time loses what no sink has, and says so", "[delivery][close]") {
  ManualEnv env;
  ScriptedSink sink{{hang_forever}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(3));

  const DeliveryReport report = stream.close(0s);

  REQUIRE(report.ledger.balanced());
  REQUIRE(report.ledger.in_memory == 0);
  REQUIRE(lost_to_deadline(report.ledger) == 3);
  REQUIRE(sink.attempt_count() == 0);  // an attempt without time would be a request for nothing
}

TEST_CASE("close counts each record once when half of a batch's requests were made",
          "[delivery][close]") {
  const bool with_transform = GENERATE(false, true);
  CAPTURE(with_transform);
  ManualEnv env;
  ScriptedSink sink{{deliver, deliver, hang_forever}};
  const Limited<ScriptedSink, SinkLimits{.batch_records_max = 2}> narrow{sink};
  const auto check = [&](auto& stream) {
    put_all(stream, numbered(10));

    const DeliveryReport report = stream.close(5s);

    REQUIRE(sink.records() == numbered(4));
    REQUIRE(report.ledger.delivered == 4);
    REQUIRE(lost_to_deadline(report.ledger) == 6);
    REQUIRE(report.ledger.balanced());
  };
  if (with_transform) {
    const auto same = [](const hydrant::RecordView& record, hydrant::Emitter& out) {
      out.emit(record.bytes());
      return hydrant::Outcome::ok();
    };
    hydrant::DeliveryStream stream{minute_options(), same, narrow, env};
    check(stream);
  } else {
    hydrant::DeliveryStream stream{minute_options(), hydrant::identity, narrow, env};
    check(stream);
  }
}

TEST_CASE("close never calls delivered what the transform had made and nobody sent",
          "[delivery][close]") {
  ManualEnv env;
  env.yield_each(1);  // the transform is interrupted again and again, as it is under pump
  MemorySink sink;
  const auto slow = [env](const hydrant::RecordView& record, hydrant::Emitter& out) {
    env.advance(1s);
    out.emit(record.bytes());
    return hydrant::Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), slow, sink, env};
  put_all(stream, numbered(40));

  const DeliveryReport report = stream.close(20s);

  REQUIRE(report.ledger.delivered == sink.record_count());
  REQUIRE(report.ledger.balanced());
}

TEST_CASE("wait knows how each record ended", "[delivery][wait]") {
  ManualEnv env;
  ScriptedSink sink = ScriptedSink::when(
      [](const hydrant::RecordView& record) { return record.text() == "poison"; });
  const auto skip = [](const hydrant::RecordView& record, hydrant::Emitter& out) {
    if (record.text() != "skip") {
      out.emit(record.bytes());
    }
    return hydrant::Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), skip, sink, env};
  const std::vector<hydrant::Ticket> tickets = put_all(stream, {"fine", "skip", "poison", "good"});
  REQUIRE(stream.wait(tickets[0], 59s) == WaitStatus::pending);

  REQUIRE(stream.wait(tickets[0], 10s) == WaitStatus::delivered);
  REQUIRE(stream.wait(tickets[1], 10s) == WaitStatus::dropped);
  REQUIRE(stream.wait(tickets[2], 10s) == WaitStatus::dead_lettered);
  REQUIRE(stream.wait(tickets[3], 10s) == WaitStatus::delivered);
}

TEST_CASE("wait knows of a record that was lost", "[delivery][wait]") {
  ManualEnv env;
  ScriptedSink sink{{fail("down")}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  const std::vector<hydrant::Ticket> tickets = put_all(stream, {"lost"});

  static_cast<void>(stream.close(1s));

  REQUIRE(stream.wait(tickets[0], 0s) == WaitStatus::lost);
}

TEST_CASE("wait says that a record has ended when it has forgotten how", "[delivery][wait]") {
  ManualEnv env;
  const auto drop_every_other = [](const hydrant::RecordView& record, hydrant::Emitter& out) {
    if ((record.text().back() - '0') % 2 == 0) {
      out.emit(record.bytes());
    }
    return hydrant::Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), drop_every_other, MemorySink{}, env};
  const std::vector<hydrant::Ticket> tickets = put_all(stream, numbered(10'000));

  REQUIRE(stream.flush(10s).complete);

  REQUIRE(stream.wait(tickets[1], 0s) == WaitStatus::ended);
  REQUIRE(stream.wait(tickets[9'999], 0s) == WaitStatus::dropped);
}

TEST_CASE("wait does not know a ticket of another stream's shard", "[delivery][wait]") {
  ManualEnv env;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, MemorySink{}, env};

  REQUIRE(stream.wait({.sequence = 0, .shard = 77}, 1h) == WaitStatus::ended);
}
