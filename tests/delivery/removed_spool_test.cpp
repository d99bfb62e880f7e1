// SPDX-License-Identifier: MIT
//
// A spool whose records have all ended is removed; a power cut takes back any
// part of that, and never a record to be delivered again.
#include <hydrant/hydrant.hpp>
#include <hydrant/testing/simulated_sink.hpp>
#include <hydrant/testing/simulation.hpp>

#include <chrono>
#include <cstdint>
#include <string>

#include "test.hpp"

namespace {

using namespace std::chrono_literals;
using hydrant::testing::CommittedRecord;
using hydrant::testing::Keeps;
using hydrant::testing::SimulatedDestination;
using hydrant::testing::SimulatedEnv;
using hydrant::testing::SimulatedSink;
using hydrant::testing::Simulation;

hydrant::StreamOptions durable() {
  hydrant::StreamOptions options;
  options.name = "orders";
  options.buffering.interval = 60s;
  options.journal.directory = "journal";
  options.journal.durability = hydrant::Durability::power_loss;
  return options;
}

/// A world in which one process after the other has the stream, until its end or its death.
struct Lives {
  explicit Lives(std::uint64_t seed) : world(seed) {
    lake.on_commit([this](const CommittedRecord&) { ++arrived; });
  }

  template <class Live>
  void live(Live live) {
    arrived = 0;
    SimulatedEnv env = world.start_process();
    hydrant::DeliveryStream stream{durable(), hydrant::identity, SimulatedSink{lake, env}, env};
    live(stream);
  }

  /// Puts so many records, which no power cut takes, and dies.
  void put_and_die(int count) {
    live([&](auto& stream) {
      for (int i = 0; i < count; ++i) {
        REQUIRE(stream.put("record " + std::to_string(i)));
      }
      REQUIRE(stream.sync(10s) == hydrant::SyncStatus::durable);
      world.kill_process();
    });
  }

  /// Returns: how many records came to the lake.
  int deliver_all() {
    live([](auto& stream) { REQUIRE(stream.close(60s).complete); });
    return arrived;
  }

  Simulation world;
  SimulatedDestination lake{1, {}, Keeps::one_per_key};
  int arrived = 0;
};

}  // namespace

TEST_CASE("a power cut that takes back a part of a spool's removal delivers nothing again",
          "[delivery][journal][power_loss]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Lives lives(seed);
    lives.put_and_die(250);
    REQUIRE(lives.deliver_all() == 250);

    lives.world.cut_power();

    REQUIRE(lives.deliver_all() == 0);
    REQUIRE(lives.lake.violations().empty());
  }
}

TEST_CASE("a process that dies in removing a spool before a power cut delivers nothing otherwise",
          "[delivery][journal][power_loss]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Lives lives(seed);
    lives.put_and_die(250);
    lives.live([&](auto& stream) {
      lives.world.kill_at_disk_call(1 + lives.world.dice().below(60));
      static_cast<void>(stream.close(60s));
    });
    lives.world.cut_power();

    lives.deliver_all();
    REQUIRE(lives.lake.violations().empty());
    lives.world.cut_power();
    REQUIRE(lives.deliver_all() == 0);
  }
}

TEST_CASE("nothing is left of a spool, whenever its removal was interrupted",
          "[delivery][journal][power_loss]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    Lives lives(seed);
    lives.put_and_die(10);
    lives.live([&](auto& stream) {
      lives.world.kill_at_disk_call(1 + lives.world.dice().below(60));
      static_cast<void>(stream.close(60s));
    });
    lives.deliver_all();

    for (const std::string& path : lives.world.disk().paths()) {
      CAPTURE(path);
      REQUIRE(path.find("/log-") == std::string::npos);
      REQUIRE(path.find("/segment-") == std::string::npos);
      REQUIRE(path.find("/over") == std::string::npos);
    }
  }
}
