// SPDX-License-Identifier: MIT
//
// A stream with partitions when things are scarce: memory, time, a partition
// whose destination is dead; and in a program that pumps, or forks.
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/partition_rig.hpp"
#include "stream_rig.hpp"
#include "test.hpp"
#include <sys/wait.h>
#include <unistd.h>

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::CloseReason;
using hydrant::Overflow;

namespace {

/// Takes everything but what belongs to the partition "dead".
class OneDead {
 public:
  static constexpr std::string_view name = "one-dead";
  static constexpr hydrant::SinkLimits limits{};
  static constexpr bool never_waits = true;

  explicit OneDead(MemorySink living) : living_(std::move(living)) {}

  hydrant::DeliveryResult deliver(const hydrant::Batch& batch, hydrant::Attempt& attempt) {
    return batch.info().partition_keys.front().value == "dead" ? hydrant::retry("down")
                                                               : living_.deliver(batch, attempt);
  }

 private:
  MemorySink living_;
};

hydrant::StreamOptions patient_options() {
  hydrant::StreamOptions options = small_options();
  options.buffering.interval = std::chrono::seconds(900);
  options.overflow = Overflow::block{std::chrono::seconds(1)};
  return options;
}

/// So long that a few hundred of them fill the memory.
std::string long_record(const std::string& partition, std::size_t number) {
  std::string record = partition + ":" + std::to_string(number) + ":";
  return record + std::string(900 - record.size(), 'x');
}

}  // namespace

TEST_CASE("more small partitions than the memory has room for are delivered early, none refused",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{patient_options(), hydrant::identity, sink, env, by_first_field()};

  for (const std::string& record : spread(3000, 1000)) {
    REQUIRE(stream.put(record));
    const auto snapshot = stream.snapshot();
    REQUIRE(snapshot.memory_used <= snapshot.memory_limit);
    env.advance(100ms);
  }

  REQUIRE(sink.record_count() > 2000);
  REQUIRE(sink.batches()[0].close_reason == CloseReason::memory);
  REQUIRE(stream.close(60s).complete);
  REQUIRE(stream.ledger().delivered == 3000);
  REQUIRE(by_partition(sink.batches()).size() == 1000);
}

TEST_CASE("partition whose destination is dead does not keep memory from the others",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink living;
  hydrant::StreamOptions options = patient_options();
  options.concurrency = 2;
  options.retry.duration = std::chrono::hours(2);
  hydrant::DeliveryStream stream{options, hydrant::identity, OneDead(living), env,
                                 by_first_field()};
  put_all(stream, Texts(18, long_record("dead", 0)));  // no more fit the size: the batch is stuck
  env.advance(1s);

  for (std::size_t i = 0; i < 1000; ++i) {
    REQUIRE(stream.put(long_record("p" + std::to_string(i % 50), i)));
    env.advance(std::chrono::milliseconds(i % 3 == 0 ? 100 : 0));
  }

  REQUIRE(living.record_count() > 800);
  REQUIRE(stream.ledger().in_memory > 0);
}

TEST_CASE("put has its half of the memory, whatever the partitions have of theirs",
          "[delivery][partitions]") {
  ManualEnv env;
  hydrant::StreamOptions options = small_options();
  options.memory_limit = 1_MiB;
  hydrant::DeliveryStream stream{options, hydrant::identity, ScriptedSink{{hang_forever}}, env,
                                 by_first_field()};

  std::size_t accepted = 0;
  while (stream.put(long_record("p" + std::to_string(accepted % 3), accepted))) {
    ++accepted;
    env.run_ready();
  }

  REQUIRE(accepted * 900 > 1'000'000 * 2 / 5);
  REQUIRE(stream.snapshot().memory_used <= hydrant::ByteCount(1_MiB));
  REQUIRE(stream.ledger().in_memory == accepted);
}

TEST_CASE("drop_oldest takes the oldest records out of their partitions, and keeps the newest",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::StreamOptions options = small_options();
  options.overflow = Overflow::drop_oldest;
  options.buffering.size = hydrant::ByteCount{16 * 1024};
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env, by_first_field()};

  for (std::size_t i = 0; i < 400; ++i) {
    REQUIRE(stream.put(long_record("p" + std::to_string(i % 60), i)));
    env.run_ready();
  }
  REQUIRE(stream.close(60s).complete);

  const hydrant::Ledger ledger = stream.ledger();
  REQUIRE(ledger.balanced());
  REQUIRE(ledger.delivered == sink.record_count());
  REQUIRE(ledger.delivered + ledger.lost == 400);
  bool has_newest = false;
  for (const std::string& record : sink.records()) {
    has_newest = has_newest || record == long_record("p39", 399);
  }
  REQUIRE(has_newest);
}

TEST_CASE("close returns at its deadline with a thousand partitions and a sink that hangs",
          "[delivery][partitions][close]") {
  ManualEnv env;
  ScriptedSink sink{{hang_forever}};
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env, by_first_field()};
  put_all(stream, spread(5000, 1000));

  const auto before = env.steady_now();
  const auto report = stream.close(2s);

  REQUIRE(env.steady_now() - before <= 2s + 50ms);
  REQUIRE_FALSE(report.complete);
  REQUIRE(report.ledger.balanced());
  REQUIRE(report.ledger.lost == 5000);
  REQUIRE(stream.snapshot().partitions.records_in_memory == 0);
}

TEST_CASE("close without time loses what waits to be sorted as well",
          "[delivery][partitions][close]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env, by_first_field()};
  env.yield_each(1);
  put_all(stream, spread(5000, 1000));

  const auto report = stream.close(0s);

  REQUIRE(report.ledger.balanced());
  REQUIRE(report.ledger.in_memory == 0);
  REQUIRE(report.ledger.delivered == sink.record_count());
}

TEST_CASE("source backup has every record as it was put, whatever becomes of its partition",
          "[delivery][partitions][backup]") {
  ManualEnv env;
  MemorySink sink;
  MemorySink backup;
  const auto twice = [](const hydrant::RecordView& record, hydrant::Emitter& out) {
    out.emit("x:" + std::string(record.text()));
    out.emit("y:" + std::string(record.text()));
    return hydrant::Outcome::ok();
  };
  hydrant::DeliveryStream stream{
      minute_options(), twice, sink, env, by_first_field(), hydrant::source_backup(backup)};
  put_all(stream, numbered(50));

  REQUIRE(stream.close(60s).complete);

  REQUIRE(backup.records() == numbered(50));
  REQUIRE(backup.batches()[0].partition_keys.empty());
  REQUIRE(sink.record_count() == 100);
  REQUIRE(stream.backup_ledger().delivered == 50);
}

TEST_CASE("pumped stream with partitions delivers as it is pumped", "[delivery][partitions]") {
  MemorySink sink;
  hydrant::StreamOptions options = minute_options();
  options.buffering.interval = std::chrono::milliseconds(0);
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, by_first_field(),
                                 hydrant::pumped};

  for (const std::string& record : spread(1000, 10)) {
    REQUIRE(stream.put(record));
    stream.pump(1ms);
  }
  REQUIRE(stream.close(60s).complete);

  REQUIRE(sink.record_count() == 1000);
  for (const auto& [key, records] : by_partition(sink.batches())) {
    REQUIRE(records.size() == 100);
  }
}

TEST_CASE("forked child has a stream with no partitions yet, and the parent keeps its own",
          "[delivery][partitions]") {
  MemorySink sink;
  // Without threads: ThreadSanitizer takes none in a forked child.
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, hydrant::pumped,
                                 by_first_field()};
  put_all(stream, spread(100, 10));

  const pid_t child = ::fork();
  if (child == 0) {
    bool good = stream.ledger() == hydrant::Ledger{};
    for (const std::string& record : spread(200, 20)) {
      good = good && stream.put(record);
    }
    good = good && stream.flush(60s).complete && stream.ledger().delivered == 200;
    ::_exit(good && sink.record_count() == 200 ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);

  REQUIRE(status == 0);
  REQUIRE(stream.close(60s).complete);
  REQUIRE(by_partition(sink.batches()).size() == 10);
  REQUIRE(sink.record_count() == 100);
}
