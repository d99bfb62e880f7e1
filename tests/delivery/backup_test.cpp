// SPDX-License-Identifier: MIT
//
// The source backup: every record as it was put, beside the main delivery and
// independent of it.
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;

TEST_CASE("source backup gets every record untransformed", "[delivery][backup]") {
  ManualEnv env;
  MemorySink sink;
  MemorySink backup;
  const auto shout = [](const hydrant::RecordView& record, hydrant::Emitter& out) {
    if (record.text() != "r1") {
      out.emit(std::string(record.text()) + "!");
    }
    return hydrant::Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), shout, sink, env,
                                 hydrant::source_backup(backup)};
  put_all(stream, numbered(3));

  REQUIRE(stream.flush(10s).complete);

  REQUIRE(sink.records() == Texts{"r0!", "r2!"});
  REQUIRE(backup.records() == numbered(3));
  REQUIRE(stream.backup_ledger() == hydrant::BackupLedger{3, 3, 0, 0});
}

TEST_CASE("source backup that is down does not stop the main delivery", "[delivery][backup]") {
  const bool hangs = GENERATE(false, true);
  ManualEnv env;
  MemorySink sink;
  ScriptedSink backup{{hangs ? hang_forever : fail("down")}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                 hydrant::source_backup(backup)};
  for (std::size_t batch = 0; batch < 4; ++batch) {
    put_all(stream, numbered(5, batch * 5));
    env.advance(60s);
  }

  REQUIRE(sink.records() == numbered(20));
  REQUIRE(stream.ledger().delivered == 20);
  REQUIRE(stream.backup_ledger().delivered == 0);
  REQUIRE(stream.backup_ledger().balanced());
}

TEST_CASE("source backup works while the main delivery is down", "[delivery][backup]") {
  const bool hangs = GENERATE(false, true);
  ManualEnv env;
  ScriptedSink sink{{hangs ? hang_forever : fail("down")}};
  MemorySink backup;
  hydrant::OutputOptions options;
  options.buffering.interval = 60s;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                 hydrant::source_backup(backup, options)};
  for (std::size_t batch = 0; batch < 4; ++batch) {
    put_all(stream, numbered(5, batch * 5));
    env.advance(60s + one_tick);
  }

  REQUIRE(backup.records() == numbered(20));
  REQUIRE(stream.backup_ledger().delivered == 20);
  REQUIRE(stream.ledger().delivered == 0);
}

TEST_CASE("source backup that fails for good loses its copies, and only those",
          "[delivery][backup]") {
  ManualEnv env;
  hydrant::OutputOptions quick;
  quick.retry.duration = 5s;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                 hydrant::source_backup(ScriptedSink{{fail("down")}}, quick)};
  put_all(stream, numbered(3));

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(stream.ledger().delivered == 3);
  REQUIRE(stream.ledger().lost == 0);
  REQUIRE(stream.backup_ledger() == hydrant::BackupLedger{3, 0, 3, 0});
}

TEST_CASE("source backup that is down does not make drop_oldest drop what is new",
          "[delivery][backup]") {
  ManualEnv env;
  hydrant::StreamOptions options = small_options();
  options.overflow = hydrant::Overflow::drop_oldest;
  MemorySink sink;
  hydrant::OutputOptions small;  // what a hanging sink has in its hands cannot be dropped
  small.buffering.size = 16_KiB;
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env,
                                 hydrant::source_backup(ScriptedSink{{hang_forever}}, small)};
  const std::string filler(900, 'x');
  for (std::size_t i = 0; i < 400; ++i) {
    REQUIRE(stream.put(std::to_string(i) + filler));
    env.advance(1s);
  }
  REQUIRE(stream.flush(10s).ledger.in_memory == 0);

  REQUIRE(stream.ledger().delivered == 400);
  REQUIRE(stream.backup_ledger().lost > 0);
  REQUIRE(stream.backup_ledger().balanced());
}

TEST_CASE("two streams of one name do not disturb each other", "[delivery][backup]") {
  ManualEnv env;
  ScriptedSink broken{{hang_forever}};
  MemorySink healthy;
  hydrant::DeliveryStream first{minute_options(), hydrant::identity, broken, env};
  hydrant::DeliveryStream second{minute_options(), hydrant::identity, healthy, env};
  put_all(first, {"for the first"});
  put_all(second, {"for the second"});

  env.advance(61s);

  REQUIRE(healthy.records() == Texts{"for the second"});
  REQUIRE(second.ledger().delivered == 1);
  REQUIRE(first.ledger().in_memory == 1);
  REQUIRE(broken.attempts().at(0).batch.request_id != healthy.batches().at(0).request_id);
}
