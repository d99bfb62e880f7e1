// SPDX-License-Identifier: MIT
//
// Error output and source backup over the lives of a stream: each owes what it
// has not delivered, and nothing else.
#include <filesystem>
#include <string>
#include <vector>

#include "delivery/lives.hpp"
#include "stream_rig.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::tests;
using namespace std::chrono_literals;
using hydrant::testing::deliver;
using hydrant::testing::fail;
using hydrant::testing::MemorySink;
using hydrant::testing::refuse;
using hydrant::testing::ScriptedSink;

hydrant::OutputOptions at_once() {
  hydrant::OutputOptions options;
  options.buffering.interval = 0s;
  options.retry.duration = 3600s;
  return options;
}

/// What the three outputs of a life that goes to its end were given.
struct LastLife {
  explicit LastLife(const Lives& lives) {
    const auto env = lives.world();
    hydrant::DeliveryStream stream{lives.options(),
                                   hydrant::identity,
                                   main,
                                   env,
                                   hydrant::error_output(errors),
                                   hydrant::source_backup(backup)};
    report = stream.close(60s);
  }

  MemorySink main;
  MemorySink errors;
  MemorySink backup;
  hydrant::DeliveryReport report;
};

}  // namespace

TEST_CASE(
    "letters that were tried before the crash are delivered by the next life, as the same "
    "object and once",
    "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink main{{refuse("bad")}};
  ScriptedSink errors{{fail("after commit")}};
  hydrant::DeliveryStream stream{lives.options(), hydrant::identity, main, env,
                                 hydrant::error_output(errors, at_once())};
  put_all(stream, numbered(3));
  env.advance(61s);
  REQUIRE(errors.attempt_count() > 0);
  const auto first = errors.attempts().front().batch;
  lives.kill();

  const LastLife last(lives);

  REQUIRE(last.report.complete);
  REQUIRE(last.report.ledger.recovered == 3);
  REQUIRE(last.report.ledger.dead_lettered == 3);
  REQUIRE(last.report.ledger.balanced());
  REQUIRE(last.main.batches().empty());
  REQUIRE(last.backup.batches().empty());  // the life that put them had none
  REQUIRE(last.errors.batches().size() == 1);
  REQUIRE(identity_of(last.errors.batches().front()) == identity_of(first));
  REQUIRE(lives.is_clean());
}

TEST_CASE("records that failed, but whose letters were never tried, go the main way again",
          "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink main{{refuse("bad")}};
  ScriptedSink errors;
  hydrant::DeliveryStream stream{lives.options(), hydrant::identity, main, env,
                                 hydrant::error_output(errors)};
  put_all(stream, numbered(3));
  env.advance(61s);
  REQUIRE(errors.attempt_count() == 0);
  REQUIRE(main.attempt_count() > 0);
  const auto first = main.attempts().front().batch;
  lives.kill();

  const LastLife last(lives);

  REQUIRE(last.report.ledger.delivered == 3);
  REQUIRE(last.errors.batches().empty());
  REQUIRE(last.main.batches().size() == 1);
  REQUIRE(identity_of(last.main.batches().front()) == identity_of(first));
}

TEST_CASE("records that the error output has taken are not delivered again",
          "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink main{{hydrant::testing::reject("bad", 1), hydrant::testing::hang_forever}};
  ScriptedSink errors;
  hydrant::DeliveryStream stream{lives.options(3), hydrant::identity, main, env,
                                 hydrant::error_output(errors, at_once())};
  put_all(stream, numbered(6));
  env.advance(2s);
  REQUIRE(errors.records().size() == 1);
  lives.kill();

  const LastLife last(lives);

  REQUIRE(last.errors.batches().empty());
  REQUIRE(last.main.records() == numbered(3, 3));
  REQUIRE(last.report.ledger.recovered == 3);
}

TEST_CASE("a backup that is owed is delivered by the next life, and the main delivery is not",
          "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink main;
  ScriptedSink backup{{fail("after commit")}};
  hydrant::DeliveryStream stream{lives.options(), hydrant::identity, main, env,
                                 hydrant::source_backup(backup, at_once())};
  put_all(stream, numbered(3));
  env.advance(61s);
  REQUIRE(main.records() == numbered(3));
  REQUIRE(backup.attempt_count() > 0);
  const auto first = backup.attempts().front().batch;
  lives.kill();

  const LastLife last(lives);

  REQUIRE(last.report.complete);
  REQUIRE(last.main.batches().empty());
  REQUIRE(last.errors.batches().empty());
  REQUIRE(last.backup.batches().size() == 1);
  REQUIRE(identity_of(last.backup.batches().front()) == identity_of(first));
  REQUIRE(lives.is_clean());
}

TEST_CASE("a backup that close has given up is owed to the next life", "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink main;
  {
    hydrant::DeliveryStream stream{
        lives.options(), hydrant::identity, main, env,
        hydrant::source_backup(ScriptedSink{{hydrant::testing::hang_forever}}, at_once())};
    put_all(stream, numbered(3));
    const auto report = stream.close(5s);
    REQUIRE(!report.complete);
    REQUIRE(report.ledger.delivered == 3);
    REQUIRE(report.backup.in_journal == 3);
  }

  const LastLife last(lives);

  REQUIRE(main.records() == numbered(3));
  REQUIRE(last.main.batches().empty());
  REQUIRE(last.backup.records() == numbered(3));
  REQUIRE(lives.is_clean());
}

TEST_CASE("a main delivery that is owed does not bring the backup again", "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink main{{fail("after commit")}};
  ScriptedSink backup;
  hydrant::DeliveryStream stream{lives.options(), hydrant::identity, main, env,
                                 hydrant::source_backup(backup, at_once())};
  put_all(stream, numbered(3));
  env.advance(61s);
  REQUIRE(backup.records() == numbered(3));
  const auto first = main.attempts().front().batch;
  lives.kill();

  const LastLife last(lives);

  REQUIRE(last.backup.batches().empty());
  REQUIRE(last.main.batches().size() == 1);
  REQUIRE(identity_of(last.main.batches().front()) == identity_of(first));
}

TEST_CASE("records that nobody has tried are owed to main delivery and backup alike",
          "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink main;
  ScriptedSink backup;
  hydrant::DeliveryStream stream{lives.options(), hydrant::identity, main, env,
                                 hydrant::source_backup(backup)};
  put_all(stream, numbered(3));
  lives.kill();

  const LastLife last(lives);

  REQUIRE(last.main.records() == numbered(3));
  REQUIRE(last.backup.records() == numbered(3));
  REQUIRE(last.report.backup.delivered == 3);
}

TEST_CASE("records of a life whose manifest is lost are owed to the backup, too",
          "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink main;
  ScriptedSink backup;
  hydrant::DeliveryStream stream{lives.options(), hydrant::identity, main, env,
                                 hydrant::source_backup(backup, at_once())};
  put_all(stream, numbered(3));
  lives.kill();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(lives.directory())) {
    if (entry.path().filename().string().starts_with("manifest-")) {
      std::filesystem::resize_file(entry.path(), 100);
    }
  }

  const LastLife last(lives);

  REQUIRE(last.main.records() == numbered(3));
  REQUIRE(last.backup.records() == numbered(3));
  REQUIRE(last.report.ledger.recovered == 3);
}

TEST_CASE("records that ended in every way before the crash do not come again",
          "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink main{{hydrant::testing::reject("bad", 0), deliver}};
  ScriptedSink errors;
  const auto keep_even = hydrant::filter(
      [](hydrant::RecordView record) { return (record.text().back() - '0') % 2 == 0; });
  hydrant::DeliveryStream stream{lives.options(10), keep_even, main, env,
                                 hydrant::error_output(errors, at_once())};
  put_all(stream, numbered(20));
  env.advance(61s);
  REQUIRE(errors.records().size() == 1);
  REQUIRE(main.records().size() == 9);
  lives.kill();

  const LastLife last(lives);

  REQUIRE(last.report.ledger.recovered == 0);
  REQUIRE(last.main.batches().empty());
  REQUIRE(last.errors.batches().empty());
}
