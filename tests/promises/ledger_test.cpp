// SPDX-License-Identifier: MIT
//
// Promise 1: at every instant accepted = delivered + dropped + dead-lettered +
// lost + in memory, and each term is what really happened.
#include <set>
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::Ledger;
using hydrant::LostReason;

namespace {

/// r0 is poison, r1 is dropped, r2 fails in the transform; and so on, by threes, then plain ones.
hydrant::Outcome sort_out(const hydrant::RecordView& record, hydrant::Emitter& out) {
  const int number = std::stoi(std::string(record.text().substr(1)));
  if (number % 5 == 2) {
    return hydrant::Outcome::failed("cannot");
  }
  if (number % 5 != 1) {
    out.emit(record.bytes());
  }
  return hydrant::Outcome::ok();
}

bool is_poison(const hydrant::RecordView& record) {
  return std::stoi(std::string(record.text().substr(1))) % 5 == 0;
}

}  // namespace

TEST_CASE("promise 1: ledger balances at every step and agrees with what the sinks counted",
          "[promise][ledger]") {
  ManualEnv env;
  ScriptedSink sink{{fail("down"), hang(5s), refuse_when(is_poison)}};
  MemorySink errors;
  hydrant::DeliveryStream stream{minute_options(), sort_out, sink, env,
                                 hydrant::error_output(errors)};
  std::uint64_t accepted = 0;
  const auto check = [&] {
    const Ledger ledger = stream.ledger();
    CAPTURE(hydrant::to_text(ledger));
    REQUIRE(ledger.balanced());
    REQUIRE(ledger.accepted == accepted);
    // With a transform records are counted when their portion has ended: never too early.
    REQUIRE(ledger.delivered <= sink.records().size());
    REQUIRE(ledger.dead_lettered <= errors.record_count());
    REQUIRE(ledger.lost == 0);
  };

  for (std::size_t i = 0; i < 200; ++i) {
    put_all(stream, numbered(1, i));
    ++accepted;
    check();
    env.advance(700ms);
    check();
  }
  REQUIRE(stream.flush(300s).complete);

  check();
  const Ledger ledger = stream.ledger();
  REQUIRE(ledger.delivered == 80);
  REQUIRE(ledger.delivered == sink.records().size());
  REQUIRE(ledger.dropped == 40);
  REQUIRE(ledger.dead_lettered == 80);
  REQUIRE(ledger.dead_lettered == errors.record_count());
  REQUIRE(ledger.in_memory == 0);
}

TEST_CASE("promise 1: ledger counts refusals by reason, outside the identity",
          "[promise][ledger]") {
  ManualEnv env;
  hydrant::DeliveryStream stream{small_options(), hydrant::identity, ScriptedSink{{hang_forever}},
                                 env};
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  for (int i = 0; i < 1000; ++i) {
    const hydrant::PutResult put = stream.put(std::string(500, 'x'));
    accepted += put ? 1u : 0u;
    refused += put.status() == hydrant::PutStatus::buffer_full ? 1u : 0u;
  }
  REQUIRE(stream.put(std::string(1001, 'x')).status() == hydrant::PutStatus::record_too_large);
  static_cast<void>(stream.close(1s));
  REQUIRE(stream.put("late").status() == hydrant::PutStatus::closed);

  const Ledger ledger = stream.ledger();
  REQUIRE(refused > 0);
  REQUIRE(ledger.accepted == accepted);
  REQUIRE(ledger.refused_buffer_full == refused);
  REQUIRE(ledger.refused_too_large == 1);
  REQUIRE(ledger.refused_closed == 1);
  REQUIRE(ledger.balanced());
}

TEST_CASE("promise 1: each way to lose a record has its own counter", "[promise][ledger]") {
  ManualEnv env;
  hydrant::StreamOptions options = small_options();
  const auto lost = [](const Ledger& ledger, LostReason reason) {
    return ledger.lost_by_reason[static_cast<std::size_t>(reason)];
  };

  SECTION("drop_newest") {
    options.overflow = hydrant::Overflow::drop_newest;
    hydrant::DeliveryStream stream{options, hydrant::identity, ScriptedSink{{hang_forever}}, env};
    std::uint64_t refused = 0;
    for (int i = 0; i < 500; ++i) {
      refused += stream.put(std::string(900, 'x')) ? 0u : 1u;
    }
    REQUIRE(refused > 0);
    REQUIRE(stream.ledger().accepted == 500);
    REQUIRE(lost(stream.ledger(), LostReason::overflow_newest) == refused);
    REQUIRE(stream.ledger().balanced());
  }
  SECTION("drop_oldest") {
    options.overflow = hydrant::Overflow::drop_oldest;
    ScriptedSink sink{{hang_forever}};
    hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
    for (int i = 0; i < 500; ++i) {
      REQUIRE(stream.put(std::to_string(1000 + i) + std::string(896, 'x')));
      REQUIRE(stream.ledger().balanced());
    }
    const std::uint64_t dropped = lost(stream.ledger(), LostReason::overflow_oldest);
    REQUIRE(dropped > 0);
    sink.play({deliver});
    REQUIRE(stream.flush(1h).complete);
    REQUIRE(stream.ledger().delivered == 500 - dropped);
    REQUIRE(sink.records().back().substr(0, 4) == "1499");  // the newest are kept
    REQUIRE(sink.records().size() == 500 - dropped);
  }
  SECTION("close") {
    hydrant::DeliveryStream stream{options, hydrant::identity, ScriptedSink{{fail("no")}}, env};
    put_all(stream, numbered(7));
    static_cast<void>(stream.close(1s));
    REQUIRE(lost(stream.ledger(), LostReason::close_deadline) == 7);
  }
}
