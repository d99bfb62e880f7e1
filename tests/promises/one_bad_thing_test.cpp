// SPDX-License-Identifier: MIT
//
// Promise 9: one bad thing costs only itself.
#include <stdexcept>
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::RecordView;

TEST_CASE("promise 9: poison record costs itself, wherever it stands", "[promise][one_bad_thing]") {
  const std::size_t place = GENERATE(range(std::size_t{0}, std::size_t{33}));
  ManualEnv env;
  const std::string poison = "r" + std::to_string(place);
  ScriptedSink sink =
      ScriptedSink::when([poison](const RecordView& record) { return record.text() == poison; });
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(33));

  REQUIRE(stream.flush(10s).complete);

  Texts others = numbered(33);
  std::erase(others, poison);
  REQUIRE(sink.records() == others);
  REQUIRE(stream.ledger().dead_lettered == 1);
}

TEST_CASE("promise 9: poison batch does not hold up the batches behind it",
          "[promise][one_bad_thing]") {
  ManualEnv env;
  ScriptedSink sink =
      ScriptedSink::when([](const RecordView& record) { return record.text().starts_with("bad"); });
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  for (int round = 0; round < 5; ++round) {
    put_all(stream, round % 2 == 0 ? numbered(10) : Texts(10, "bad"));
    env.advance(61s);
  }

  REQUIRE(stream.ledger().delivered == 30);
  REQUIRE(stream.ledger().dead_lettered == 20);
}

TEST_CASE("promise 9: stream whose sink is dead costs the others nothing",
          "[promise][one_bad_thing]") {
  ManualEnv env;
  MemorySink healthy;
  hydrant::DeliveryStream dead{minute_options(), hydrant::identity, ScriptedSink{{hang_forever}},
                               env};
  hydrant::DeliveryStream alive{minute_options(), hydrant::identity, healthy, env};
  for (std::size_t i = 0; i < 10; ++i) {
    put_all(dead, numbered(1));
    put_all(alive, numbered(1, i));
    env.advance(60s + one_tick);
    REQUIRE(healthy.record_count() == i + 1);
  }
}

TEST_CASE("promise 9: callbacks that throw cost their record or their attempt",
          "[promise][one_bad_thing]") {
  ManualEnv env;
  int attempts = 0;
  const auto throwing_transform = [](const RecordView& record, hydrant::Emitter& out) {
    if (record.text() == "r3") {
      throw std::runtime_error("transform");
    }
    if (record.text() == "r4") {
      throw 4;
    }
    out.emit(record.bytes());
    return hydrant::Outcome::ok();
  };
  const auto throwing_sink = [&attempts](const hydrant::Batch&) {
    if (++attempts < 3) {
      throw std::runtime_error("sink");
    }
  };
  hydrant::DeliveryStream stream{minute_options(), throwing_transform,
                                 hydrant::CallbackSink{throwing_sink}, env};
  put_all(stream, numbered(10));

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(stream.ledger().delivered == 8);
  REQUIRE(stream.ledger().dead_lettered == 2);
  REQUIRE(attempts == 3);
}

TEST_CASE("promise 9: record that is too large or too many costs only its own put",
          "[promise][one_bad_thing]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{small_options(), hydrant::identity, sink, env};
  const std::string too_large(1001, 'x');
  const std::vector<std::string_view> records{"one", too_large, "two"};
  std::vector<hydrant::PutResult> results(3);

  REQUIRE(stream.put_batch(records, results) == 2);

  REQUIRE(results[0]);
  REQUIRE(results[1].status() == hydrant::PutStatus::record_too_large);
  REQUIRE(results[2]);
  REQUIRE(stream.flush(1s).complete);
  REQUIRE(sink.records() == Texts{"one", "two"});
}
