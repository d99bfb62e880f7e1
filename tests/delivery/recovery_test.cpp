// SPDX-License-Identifier: MIT
//
// How a stream goes on from what others have left: what it tells meanwhile, and
// that it does so while it is at work as well.
#include <hydrant/hydrant.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_sink.hpp>
#include <hydrant/testing/scripted_sink.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "delivery/lives.hpp"
#include "stream_rig.hpp"
#include "test.hpp"

namespace {

using namespace std::chrono_literals;
using hydrant::DeliveryStream;
using hydrant::identity;
using hydrant::StreamOptions;
using hydrant::testing::ManualEnv;
using hydrant::testing::MemorySink;
using hydrant::testing::ScriptedSink;
using hydrant::tests::Lives;
using hydrant::tests::numbered;
using hydrant::tests::put_all;

TEST_CASE("a stream says how far it is in reading what earlier lives have left",
          "[delivery][journal]") {
  Lives lives;
  MemorySink unused;
  {
    const ManualEnv env = lives.world();
    DeliveryStream stream{lives.options(), identity, unused, env};
    for (int i = 0; i < 5; ++i) {
      REQUIRE(stream.put(std::string(900'000, 'x')));
    }
    lives.kill();
  }
  std::vector<hydrant::RecoveryProgress> told;
  StreamOptions options = lives.options();
  options.journal.on_recovery = [&](const hydrant::RecoveryProgress& progress) {
    told.push_back(progress);
  };

  MemorySink sink;
  const ManualEnv env = lives.world();
  DeliveryStream stream{options, identity, sink, env};

  REQUIRE(told.size() >= 3);
  REQUIRE(told.front().spools == 0);
  REQUIRE(told.front().bytes > 0);
  REQUIRE(std::is_sorted(told.begin(), told.end(),
                         [](const auto& a, const auto& b) { return a.bytes < b.bytes; }));
  REQUIRE(told.back().spools == 1);
  REQUIRE(told.back().spools_in_all == 1);
  REQUIRE(told.back().bytes >= 5 * 900'000);
}

TEST_CASE("a stream that shares its journal takes up what a process that dies meanwhile leaves",
          "[delivery][journal]") {
  Lives lives;
  ManualEnv env = lives.world();
  MemorySink unused;
  MemorySink sink;
  StreamOptions options = lives.options();
  options.journal.shared = true;
  DeliveryStream living{options, identity, sink, env};
  REQUIRE(living.put("its own"));
  REQUIRE(living.flush(1s).complete);
  env.advance(3s);  // it sleeps
  Lives other;      // puts elsewhere: a dead process's spool is what no lock is on
  {
    const ManualEnv other_env = ManualEnv(77, std::make_shared<hydrant::SystemFiles>());
    DeliveryStream dying{other.options(), identity, unused, other_env};
    REQUIRE(dying.put("left behind"));
    for (const auto& entry :
         std::filesystem::directory_iterator(other.directory() + "/orders.journal")) {
      if (entry.is_directory()) {
        std::filesystem::copy(entry.path(), lives.directory() + "/orders.journal/" +
                                                entry.path().filename().string());
      }
    }
  }

  env.advance(5s);  // it looks around
  REQUIRE(living.ledger().recovered == 1);
  env.advance(60s);

  REQUIRE(sink.batches().size() == 2);
  REQUIRE(sink.batches()[0].records == std::vector<std::string>{"its own"});
  REQUIRE(sink.batches()[1].records == std::vector<std::string>{"left behind"});
  REQUIRE(living.history().find("found 1 spools of earlier lives") != std::string::npos);
  REQUIRE(living.ledger().balanced());
  REQUIRE(living.close(1s).complete);
}

TEST_CASE("a stream never takes up its own spool, even when somebody removes the lock",
          "[delivery][journal]") {
  Lives lives;
  ManualEnv env = lives.world();
  MemorySink sink;
  StreamOptions options = lives.options();
  options.journal.shared = true;
  DeliveryStream stream{options, identity, sink, env};
  REQUIRE(stream.put("once"));
  for (const auto& entry :
       std::filesystem::directory_iterator(lives.directory() + "/orders.journal")) {
    if (entry.path().extension() == ".lock") {
      std::filesystem::remove(entry.path());
    }
  }

  env.advance(70s);

  REQUIRE(stream.ledger().recovered == 0);
  REQUIRE(sink.batches().size() == 1);
  REQUIRE(stream.close(1s).ledger.delivered == 1);
}

TEST_CASE("a journal that somebody removes while it is in use costs no record, and is reported",
          "[delivery][journal]") {
  Lives lives;
  const ManualEnv env = lives.world();
  MemorySink sink;
  StreamOptions options = lives.options();
  options.memory_limit = hydrant::ByteCount{64u << 20};
  options.overflow = hydrant::Overflow::reject;
  DeliveryStream stream{options, identity, sink, env};
  REQUIRE(stream.put("before"));

  const std::string removed = lives.directory();
  std::filesystem::remove_all(removed);

  env.advance(2s);
  for (int i = 0; i < 40; ++i) {
    REQUIRE(stream.put(std::string(900'000, 'x')));
    env.advance(1s);
  }
  REQUIRE(stream.put("after"));
  lives.kill();
  REQUIRE(stream.close(60s).ledger.delivered == 42);
  REQUIRE(stream.history().find("somebody has removed " + removed + "/orders.journal while it") !=
          std::string::npos);

  const ManualEnv next_env = lives.world();
  MemorySink next_sink;
  DeliveryStream next{lives.options(), identity, next_sink, next_env};
  REQUIRE(next.close(60s).complete);
  REQUIRE(next_sink.batches().back().records.back() == "after");
  REQUIRE(next.history().find("journal_damaged") == std::string::npos);
}

TEST_CASE("what two lives in turn could not deliver before close is delivered by the third",
          "[delivery][journal]") {
  for (const bool spills : {false, true}) {
    const Lives lives;
    for (int life = 1; life <= 2; ++life) {
      const ManualEnv env(static_cast<std::uint64_t>(life),
                          std::make_shared<hydrant::SystemFiles>());
      const hydrant::testing::ScriptedSink down{{hydrant::testing::fail("down")}};
      StreamOptions options = lives.options();
      options.overflow = spills ? hydrant::Overflow::spill : hydrant::Overflow::reject;
      options.memory_limit = hydrant::ByteCount{8u << 20};
      DeliveryStream stream{options, identity, down, env};
      for (int i = 0; i < (spills ? 40 : 3); ++i) {
        REQUIRE(stream.put(std::string(300'000, static_cast<char>('a' + life))));
      }
      const hydrant::DeliveryReport report = stream.close(1s);
      CAPTURE(spills, life);
      REQUIRE(report.ledger.in_journal == static_cast<std::uint64_t>(life) * (spills ? 40 : 3));
    }

    const ManualEnv env(3, std::make_shared<hydrant::SystemFiles>());
    MemorySink sink;
    DeliveryStream stream{lives.options(), identity, sink, env};

    CAPTURE(spills);
    REQUIRE(stream.ledger().recovered == (spills ? 80 : 6));
    REQUIRE(stream.close(60s).ledger.delivered == (spills ? 80 : 6));
  }
}

TEST_CASE("flush waits for what earlier lives have left, too", "[delivery][journal]") {
  Lives lives;
  const auto first_env = lives.world();
  hydrant::DeliveryStream first{lives.options(), hydrant::identity, ScriptedSink(), first_env};
  put_all(first, numbered(3));
  lives.kill();

  const auto env = lives.world();
  ScriptedSink sink{{hydrant::testing::fail("down"), hydrant::testing::deliver}};
  hydrant::DeliveryStream stream{lives.options(), hydrant::identity, sink, env};
  const auto report = stream.flush(60s);

  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 3);
  REQUIRE(sink.records() == numbered(3));
}

TEST_CASE("a stream without a source backup says that it owes one", "[delivery][journal]") {
  Lives lives;
  MemorySink unused;
  const ManualEnv env_before = lives.world();
  DeliveryStream before{lives.options(), identity, unused, hydrant::source_backup(MemorySink()),
                        env_before};
  REQUIRE(before.put("to be backed up"));
  lives.kill();

  MemorySink sink;
  const ManualEnv env = lives.world();
  DeliveryStream stream{lives.options(), identity, sink, env};

  REQUIRE(stream.history().find("this stream has no source backup") != std::string::npos);
  REQUIRE(stream.close(60s).complete);
  REQUIRE(sink.batches().size() == 1);
}

}  // namespace
