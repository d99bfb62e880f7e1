// SPDX-License-Identifier: MIT
//
// How often, when and under which name a batch is tried.
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::SteadyTime;

namespace {

hydrant::StreamOptions retrying(std::chrono::milliseconds duration) {
  hydrant::StreamOptions options = minute_options();
  options.retry = {.duration = duration, .backoff = 1s, .backoff_max = 8s, .attempt_timeout = 10s};
  return options;
}

}  // namespace

TEST_CASE("stream tries a failing batch again, with back-off, under one request id",
          "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{fail("one"), fail("two"), fail("three"), deliver}};
  hydrant::DeliveryStream stream{retrying(300s), hydrant::identity, sink, env};
  put_all(stream, numbered(5));

  env.advance(60s + 1s + 2s + 4s);

  const std::vector<SinkAttempt> attempts = sink.attempts();
  REQUIRE(attempts.size() == 4);
  for (std::size_t i = 1; i < attempts.size(); ++i) {
    CAPTURE(i);
    REQUIRE(attempts[i].batch.request_id == attempts[0].batch.request_id);
    REQUIRE(attempts[i].batch.attempt == i + 1);
    REQUIRE(attempts[i].batch.records == numbered(5));
    REQUIRE(attempts[i].batch.at - attempts[i - 1].batch.at <= std::chrono::seconds(1 << (i - 1)));
  }
  REQUIRE(stream.ledger().delivered == 5);
}

TEST_CASE("stream gives a batch up when the retry duration is over, not before and not later",
          "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{fail("down")}};
  hydrant::DeliveryStream stream{retrying(100s), hydrant::identity, sink, env};
  put_all(stream, numbered(3));
  env.advance(60s);
  REQUIRE(sink.attempt_count() >= 1);
  const SteadyTime first = sink.attempts().front().batch.at;

  env.advance(first + 100s - 1ns - env.steady_now());
  REQUIRE(stream.ledger().in_memory == 3);
  env.advance(1ns + one_tick);

  REQUIRE(stream.ledger().dead_lettered == 3);
  REQUIRE(sink.attempts().back().batch.at <= first + 100s);
  REQUIRE(sink.attempt_count() >= 100 / 8);
}

TEST_CASE("stream without retry duration tries once", "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{fail("down")}};
  hydrant::DeliveryStream stream{retrying(0s), hydrant::identity, sink, env};
  put_all(stream, numbered(3));

  env.advance(60s + one_tick);

  REQUIRE(sink.attempt_count() == 1);
  REQUIRE(stream.ledger().dead_lettered == 3);
}

TEST_CASE("stream leaves a destination alone for as long as it asks", "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{throttle("slow down", 45s), deliver}};
  hydrant::DeliveryStream stream{retrying(300s), hydrant::identity, sink, env};
  put_all(stream, numbered(1));

  env.advance(60s + 45s);

  const std::vector<SinkAttempt> attempts = sink.attempts();
  REQUIRE(attempts.size() == 2);
  REQUIRE(attempts[1].batch.at - attempts[0].batch.at == 45s);
}

TEST_CASE("stream gives up at once when a destination asks for more time than there is",
          "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{throttle("slow down", 301s), deliver}};
  hydrant::DeliveryStream stream{retrying(300s), hydrant::identity, sink, env};
  put_all(stream, numbered(1));

  env.advance(60s + one_tick);

  REQUIRE(stream.ledger().dead_lettered == 1);
}

TEST_CASE("stream cancels an attempt when its time is over", "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{hang(10s + 1ms), deliver}};
  hydrant::DeliveryStream stream{retrying(300s), hydrant::identity, sink, env};
  put_all(stream, numbered(2));

  env.advance(60s + 10s + 1s);

  const std::vector<SinkAttempt> attempts = sink.attempts();
  REQUIRE(attempts.size() == 2);
  REQUIRE(attempts[0].was_cancelled);
  REQUIRE(attempts[1].batch.at - attempts[0].batch.at >= 10s);
  REQUIRE(stream.ledger().delivered == 2);
}

TEST_CASE("stream takes a result that comes just in time", "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{deliver_after(10s)}};
  hydrant::DeliveryStream stream{retrying(300s), hydrant::identity, sink, env};
  put_all(stream, numbered(2));

  env.advance(60s + 10s);

  REQUIRE(sink.attempt_count() == 1);
  REQUIRE_FALSE(sink.attempts()[0].was_cancelled);
  REQUIRE(stream.ledger().delivered == 2);
}

TEST_CASE("stream survives a sink that throws, and tries again", "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{throw_("connection is null"), deliver}};
  hydrant::DeliveryStream stream{retrying(300s), hydrant::identity, sink, env};
  put_all(stream, numbered(4));

  env.advance(61s);

  REQUIRE(stream.ledger().delivered == 4);
  REQUIRE(stream.history().find("sink threw: connection is null") != std::string::npos);
}

TEST_CASE("stream survives a callback that throws what is no exception", "[delivery][attempts]") {
  ManualEnv env;
  int calls = 0;
  const auto callback = [&calls](const hydrant::Batch&) {
    if (++calls == 1) {
      throw 42;
    }
  };
  hydrant::DeliveryStream stream{retrying(300s), hydrant::identity, hydrant::CallbackSink{callback},
                                 env};
  put_all(stream, numbered(4));

  env.advance(61s);

  REQUIRE(calls == 2);
  REQUIRE(stream.ledger().delivered == 4);
}

TEST_CASE("stream believes nothing of a result that names records which were not sent",
          "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{lie(4), deliver}};
  hydrant::DeliveryStream stream{retrying(300s), hydrant::identity, sink, env};
  put_all(stream, numbered(4));

  env.advance(61s);

  REQUIRE(sink.attempts().at(1).batch.records == numbered(4));
  REQUIRE(stream.ledger().delivered == 4);
  REQUIRE(stream.history().find("sink names record 4 of a batch of 4") != std::string::npos);
}

TEST_CASE("stream takes a record named twice in a partial result once", "[delivery][attempts]") {
  ManualEnv env;
  ScriptedSink sink{{partial_retry({2, 2, 0}), deliver}};
  hydrant::DeliveryStream stream{retrying(300s), hydrant::identity, sink, env};
  put_all(stream, numbered(4));

  env.advance(61s);

  REQUIRE(sink.attempts().at(1).batch.records == Texts{"r0", "r2"});
  REQUIRE(stream.ledger().delivered == 4);
}
