// SPDX-License-Identifier: MIT
#include <hydrant/delivery_stream.hpp>
#include <hydrant/testing/simulated_sink.hpp>
#include <hydrant/testing/simulation.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::tests;
using hydrant::testing::CommittedRecord;
using hydrant::testing::DestinationFaults;
using hydrant::testing::Keeps;
using hydrant::testing::SimulatedDestination;
using hydrant::testing::SimulatedEnv;
using hydrant::testing::SimulatedSink;
using hydrant::testing::Simulation;

namespace {

/// Notes that it ran.
class NoteTask final : public hydrant::detail::Task {
 public:
  NoteTask(char name, std::string& log) : name_(name), log_(&log) {}

  void run() noexcept override { *log_ += name_; }

 private:
  char name_;
  std::string* log_;
};

/// The order in which three tasks run that are ready at once.
std::string order_of(std::uint64_t seed) {
  SimulatedEnv env(seed);
  std::string log;
  std::vector<std::shared_ptr<NoteTask>> tasks;
  for (const char name : {'a', 'b', 'c'}) {
    tasks.push_back(std::make_shared<NoteTask>(name, log));
    env.executor()->post(tasks.back());
  }
  env.run_ready();
  return log;
}

}  // namespace

TEST_CASE("simulated env runs what is ready in any order, which its seed decides",
          "[testing][simulation]") {
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    orders.insert(order_of(seed));
  }

  REQUIRE(orders.size() == 6);
  REQUIRE(order_of(5) == order_of(5));
}

TEST_CASE("simulated env moves time to what is due", "[testing][simulation]") {
  SimulatedEnv env;
  std::string log;
  const auto task = std::make_shared<NoteTask>('t', log);
  env.executor()->post_at(task, env.steady_now() + 10s);
  const hydrant::WallTime wall = env.wall_now();

  env.advance(9s);
  REQUIRE(log.empty());
  env.advance(1s);

  REQUIRE(log == "t");
  REQUIRE(env.wall_now() == wall + 10s);
}

TEST_CASE("a killed process does nothing more", "[testing][simulation]") {
  Simulation world(1);
  SimulatedEnv env = world.start_process();
  SimulatedDestination lake(1);
  std::vector<std::string> arrived;
  lake.on_commit([&](const CommittedRecord& record) { arrived.emplace_back(record.record); });
  const hydrant::SteadyTime began = world.steady_now();
  {
    hydrant::DeliveryStream stream{minute_options(), hydrant::identity, SimulatedSink{lake, env},
                                   env};
    put_all(stream, numbered(2));
    REQUIRE(stream.flush(1s).complete);
    put_all(stream, numbered(2, 2));

    world.kill_process();
  }

  REQUIRE(arrived == numbered(2));
  REQUIRE(world.steady_now() == began);
  REQUIRE_FALSE(env.is_alive());
  REQUIRE_FALSE(env.files().create("x"));
  REQUIRE(world.start_process().files().create("x"));
}

TEST_CASE("a process killed at a call to the disk is dead from that call on",
          "[testing][simulation]") {
  Simulation world(1);
  SimulatedEnv env = world.start_process();
  world.kill_at_disk_call(2);

  REQUIRE(env.files().make_directories("a"));
  REQUIRE(env.is_alive());
  REQUIRE_FALSE(env.files().make_directories("b"));

  REQUIRE_FALSE(env.is_alive());
  REQUIRE(world.disk().has_directory("a"));
  REQUIRE_FALSE(world.disk().has_directory("b"));
}

TEST_CASE("simulated destination takes a batch and says that it failed",
          "[testing][simulated_sink]") {
  SimulatedEnv env;
  SimulatedDestination lake(1, {.loses_answers = 1000}, Keeps::one_per_key);
  std::vector<CommittedRecord> commits;
  lake.on_commit([&](const CommittedRecord& record) { commits.push_back(record); });
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, SimulatedSink{lake, env},
                                 env};
  put_all(stream, numbered(1));

  REQUIRE_FALSE(stream.flush(1s).complete);
  lake.set_faults({});
  REQUIRE(stream.flush(1h).complete);

  REQUIRE(commits.size() >= 2);
  REQUIRE_FALSE(commits.front().is_acknowledged);
  REQUIRE_FALSE(commits.front().is_repeat);
  REQUIRE(commits.back().is_acknowledged);
  REQUIRE(commits.back().is_repeat);
}

TEST_CASE("simulated destination notices other bytes under a key that it knows",
          "[testing][simulated_sink]") {
  const SimulatedDestination lake(1, {}, Keeps::one_per_key);

  REQUIRE(lake.carry_out({}, "key", {"one"}, "one")->is_delivered());
  REQUIRE(lake.carry_out({}, "key", {"one"}, "one")->is_delivered());
  REQUIRE(lake.violations().empty());
  REQUIRE(lake.carry_out({}, "key", {"two"}, "two")->is_delivered());

  REQUIRE(lake.violations() == std::vector<std::string>{"same identity, other bytes: key"});
}
