// SPDX-License-Identifier: MIT
//
// Promise 4: close returns by its deadline whatever the sink does, with a report
// of every record's fate; puts after it are counted and do nothing.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::DeliveryReport;
using hydrant::LostReason;
using hydrant::PutStatus;

namespace {

std::uint64_t lost_to_deadline(const hydrant::Ledger& ledger) {
  return ledger.lost_by_reason[static_cast<std::size_t>(LostReason::close_deadline)];
}

/// Blocks in `deliver` until the test says so, deaf to its Attempt. Copies share the door.
class StuckSink {
 public:
  static constexpr std::string_view name = "stuck";
  static constexpr hydrant::SinkLimits limits{};

  struct Door {
    std::mutex lock;
    std::condition_variable changed;
    bool is_open = false;
    int inside = 0;
    int left = 0;
  };

  explicit StuckSink(std::shared_ptr<Door> door) : door_(std::move(door)) {}

  hydrant::DeliveryResult deliver(const hydrant::Batch&, hydrant::Attempt&) {
    std::unique_lock guard(door_->lock);
    ++door_->inside;
    door_->changed.notify_all();
    door_->changed.wait(guard, [this] { return door_->is_open; });
    ++door_->left;
    door_->changed.notify_all();
    return hydrant::delivered;
  }

 private:
  std::shared_ptr<Door> door_;
};

}  // namespace

TEST_CASE("promise 4: close with a sink that never answers ends in time and accounts for all",
          "[promise][close]") {
  const auto timeout = GENERATE(std::chrono::milliseconds(0), std::chrono::milliseconds(1),
                                std::chrono::milliseconds(5000), std::chrono::milliseconds(60'000));
  const bool has_backup = GENERATE(false, true);
  ManualEnv env;
  const auto check = [&](auto& stream) {
    put_all(stream, numbered(10));
    env.advance(61s);
    put_all(stream, numbered(10, 10));

    const DeliveryReport report = stream.close(timeout);

    CAPTURE(timeout.count(), hydrant::to_text(report));
    REQUIRE(report.took <= timeout + 20ms);
    REQUIRE_FALSE(report.complete);
    REQUIRE(report.ledger.balanced());
    REQUIRE(report.ledger.accepted == 20);
    REQUIRE(lost_to_deadline(report.ledger) == 20);
    REQUIRE(report.ledger.in_memory == 0);
    REQUIRE(report.backup.balanced());
    REQUIRE(stream.put("late").status() == PutStatus::closed);
    REQUIRE(stream.ledger().refused_closed == 1);
  };
  ScriptedSink sink{{hang_forever}};
  if (has_backup) {
    hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                   hydrant::source_backup(ScriptedSink{{hang_forever}})};
    check(stream);
  } else {
    hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
    check(stream);
  }
}

TEST_CASE("promise 4: close says complete only when nothing was lost to it", "[promise][close]") {
  ManualEnv env;
  ScriptedSink sink{{deliver_after(4s)}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, numbered(10));

  const DeliveryReport report = stream.close(5s);

  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 10);
  REQUIRE(sink.records() == numbered(10));
  REQUIRE(report.took == 4s);
}

TEST_CASE("promise 4: close leaves a sink that blocks, and what it holds stays in memory",
          "[promise][close]") {
  const auto door = std::make_shared<StuckSink::Door>();
  hydrant::StreamOptions options = minute_options();
  options.buffering.interval = 0ms;
  {
    hydrant::Runtime runtime;
    hydrant::DeliveryStream stream{options, hydrant::identity, StuckSink(door), runtime};
    put_all(stream, numbered(3));
    {
      std::unique_lock guard(door->lock);
      door->changed.wait(guard, [&] { return door->inside == 1; });
    }
    put_all(stream, numbered(4, 3));

    const DeliveryReport report = stream.close(50ms);  // returns: that is the test

    REQUIRE_FALSE(report.complete);
    REQUIRE(report.ledger.balanced());
    REQUIRE(report.ledger.accepted == 7);
    REQUIRE(report.ledger.delivered == 0);
    // The first batch is in the sink's hands: nobody knows. The others were never given to it.
    REQUIRE(report.ledger.in_memory >= 1);
    REQUIRE(report.ledger.in_memory <= 3);
    REQUIRE(report.ledger.in_memory + lost_to_deadline(report.ledger) == 7);
  }
  // The stream is gone, its worker is still in the sink: now it may leave, and touches nothing.
  std::unique_lock guard(door->lock);
  door->is_open = true;
  door->changed.notify_all();
  door->changed.wait(guard, [&] { return door->left == 1; });
  REQUIRE(door->inside == 1);
}

TEST_CASE("promise 4: put through a handle that outlives its stream finds the door closed",
          "[promise][close]") {
  ManualEnv env;
  std::optional<hydrant::Producer> producer;
  {
    hydrant::DeliveryStream stream{minute_options(), hydrant::identity, MemorySink{}, env};
    producer = stream.producer();
    REQUIRE(producer->put("one"));
  }

  REQUIRE(producer->put("late").status() == PutStatus::closed);
  REQUIRE(producer->reserve(10).status() == PutStatus::closed);
}
