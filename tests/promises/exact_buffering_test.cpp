// SPDX-License-Identifier: MIT
//
// Promise 2: a batch closes at the size or the interval, whichever is first;
// never above the size unless one record is; never later than the interval and
// one tick, whatever the wall clock does.
#include <random>
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::CloseReason;
using hydrant::SteadyTime;

TEST_CASE("promise 2: batch closes exactly at the size", "[promise][buffering]") {
  ManualEnv env;
  MemorySink sink("\n");
  hydrant::StreamOptions options = minute_options();
  options.buffering.size = hydrant::ByteCount{1000};
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  const std::string record(9, 'x');  // ten bytes with its delimiter

  put_all(stream, Texts(99, record));
  env.advance(1s);
  REQUIRE(sink.batches().empty());
  put_all(stream, {record});
  env.advance(1s);
  REQUIRE(sink.batches().size() == 1);
  put_all(stream, Texts(250, record));
  env.advance(1s);

  REQUIRE(sink.batches().size() == 3);
  for (const ReceivedBatch& batch : sink.batches()) {
    REQUIRE(batch.bytes == 1000);
    REQUIRE(batch.count == 100);
    REQUIRE(batch.close_reason == CloseReason::size);
  }
}

TEST_CASE("promise 2: no batch is above the size unless one record is", "[promise][buffering]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::StreamOptions options = minute_options();
  options.buffering.size = hydrant::ByteCount{1000};
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  std::mt19937_64 dice(5);
  std::uint64_t bytes = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::size_t size = dice() % 20 == 0 ? 999 + dice() % 3 : dice() % 400;
    put_all(stream, {std::string(size, 'x')});
    bytes += size;
    if (dice() % 10 == 0) {
      env.advance(std::chrono::milliseconds(dice() % 100));
    }
  }
  REQUIRE(stream.flush(10s).complete);

  std::uint64_t delivered = 0;
  for (const ReceivedBatch& batch : sink.batches()) {
    REQUIRE((batch.bytes <= 1000 || batch.count == 1));
    delivered += batch.bytes;
  }
  REQUIRE(delivered == bytes);
}

TEST_CASE("promise 2: batch closes at the interval, whatever the wall clock does",
          "[promise][buffering]") {
  const auto interval = GENERATE(std::chrono::milliseconds(0), std::chrono::milliseconds(5),
                                 std::chrono::milliseconds(1000), std::chrono::milliseconds(60'000),
                                 std::chrono::milliseconds(900'000));
  const auto jump = GENERATE(std::chrono::hours(0), std::chrono::hours(10 * 365 * 24),
                             std::chrono::hours(-10 * 365 * 24));
  ManualEnv env;
  MemorySink sink;
  hydrant::StreamOptions options = minute_options();
  options.buffering.interval = interval;
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  const std::chrono::milliseconds tick =
      std::clamp(interval / 10, std::chrono::milliseconds(1), one_tick);

  for (int round = 0; round < 5; ++round) {
    CAPTURE(interval.count(), jump.count(), round);
    const std::size_t before = sink.batches().size();
    const SteadyTime put_at = env.steady_now();
    put_all(stream, {"record"});
    env.jump_wall(round % 2 == 0 ? jump : -jump);
    env.advance(interval / 2);
    env.jump_wall(round % 2 == 0 ? jump : -jump);
    env.advance(interval + 2 * tick);

    REQUIRE(sink.batches().size() == before + 1);
    const SteadyTime at = sink.batches().back().at;
    REQUIRE(at - put_at <= interval + tick);
    REQUIRE(at - put_at + tick >= interval);
    REQUIRE(sink.batches().back().close_reason == CloseReason::interval);
    env.advance(std::chrono::milliseconds(round * 777));  // sometimes asleep, sometimes not
  }
}

TEST_CASE("promise 2: age counts from the oldest record, not the newest", "[promise][buffering]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  const SteadyTime start = env.steady_now();
  for (std::size_t i = 0; i < 100; ++i) {
    put_all(stream, numbered(1, i));
    env.advance(1s);
  }

  REQUIRE(sink.batches().size() == 1);
  REQUIRE(sink.batches()[0].at - start <= 60s + one_tick);
  REQUIRE(sink.batches()[0].count >= 60);
}

TEST_CASE("promise 2: no record waits longer than the interval, and no batch is early by a tick",
          "[promise][buffering]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::StreamOptions options = minute_options();
  options.buffering.interval = 10s;
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  std::mt19937_64 dice(7);
  std::vector<SteadyTime> put_at;
  for (std::size_t i = 0; i < 2000; ++i) {
    put_all(stream, numbered(1, i));
    put_at.push_back(env.steady_now());
    env.advance(std::chrono::milliseconds(dice() % 900));  // never so long that the stream sleeps
  }
  env.advance(11s);

  std::size_t next = 0;
  for (const ReceivedBatch& batch : sink.batches()) {
    REQUIRE(batch.at - put_at.at(next) <= 10s);  // its first record's
    REQUIRE(batch.at - put_at.at(next) >= 10s - one_tick);
    next += batch.count;
  }
  REQUIRE(next == 2000);
}

TEST_CASE("promise 2: batch closes at the count where one is set", "[promise][buffering]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::StreamOptions options = minute_options();
  options.buffering.count = 7;
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  put_all(stream, numbered(15));

  env.advance(1s);

  REQUIRE(sink.batches().size() == 2);
  REQUIRE(sink.batches()[1].count == 7);
  REQUIRE(sink.batches()[1].close_reason == CloseReason::count);
}
