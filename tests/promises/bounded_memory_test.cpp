// SPDX-License-Identifier: MIT
//
// Promise 3: records never take more than memory_limit, with a thousand
// producers as with one; full means what the user chose.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::PutStatus;

namespace {

template <class Stream>
void require_bounded(Stream& stream) {
  const hydrant::StreamSnapshot snapshot = stream.snapshot();
  REQUIRE(snapshot.memory_used <= snapshot.memory_limit);
}

/// Puts until refused. Returns: how many records were accepted.
template <class Stream>
std::size_t fill(Stream& stream, std::size_t size) {
  std::size_t accepted = 0;
  while (stream.put(std::string(size, 'x'))) {
    require_bounded(stream);
    REQUIRE(++accepted < 100'000);
  }
  return accepted;
}

}  // namespace

TEST_CASE("promise 3: stream whose sink hangs refuses at the limit, and goes on after",
          "[promise][memory]") {
  const std::size_t size =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{1000});
  ManualEnv env;
  ScriptedSink sink{{hang_forever}};
  hydrant::DeliveryStream stream{small_options(), hydrant::identity, sink, env};

  const std::size_t accepted = fill(stream, size);
  // Each record takes four bytes beside its own. Half of the limit must be usable at the least.
  REQUIRE(accepted * (size + 4) > 128 * 1024 / 2);

  sink.play({deliver});
  env.advance(300s);
  REQUIRE(stream.put("goes on"));
  REQUIRE(stream.flush(300s).complete);
  REQUIRE(stream.ledger().delivered == accepted + 1);
}

TEST_CASE("promise 3: put that may block waits for memory, no longer than it was given",
          "[promise][memory]") {
  ManualEnv env;
  hydrant::StreamOptions options = small_options();
  options.overflow = hydrant::Overflow::block{15s};
  ScriptedSink sink{{deliver_after(10s)}};
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  const hydrant::SteadyTime start = env.steady_now();

  for (int i = 0; i < 500; ++i) {
    REQUIRE(stream.put(std::string(1000, 'x')));  // each batch makes room in ten seconds
    require_bounded(stream);
  }
  REQUIRE(env.steady_now() > start);

  sink.play({hang_forever});
  hydrant::SteadyTime before;
  do {
    before = env.steady_now();
  } while (stream.put(std::string(1000, 'x')));
  REQUIRE(env.steady_now() - before == 15s);
  REQUIRE(stream.ledger().refused_buffer_full == 1);
}

TEST_CASE("promise 3: thousand producers at once stay below the limit, and none starves",
          "[promise][memory]") {
  ManualEnv env;
  hydrant::StreamOptions options = minute_options();
  options.record_bytes_max = 1_KiB;
  options.buffering.size = 1_MiB;
  options.memory_limit = 18_MiB;
  MemorySink sink;
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  constexpr int producers = 1000;
  constexpr int records_each = 140;
  std::mutex lock;
  std::condition_variable changed;
  int ready = 0;
  std::uint64_t accepted = 0;
  const auto put = [&](int count) {
    std::uint64_t mine = 0;
    for (int i = 0; i < count; ++i) {
      mine += stream.put(std::string(100, 'x')) ? 1u : 0u;
    }
    std::unique_lock guard(lock);
    accepted += mine;
    ++ready;
    changed.notify_all();
  };
  const auto wait_until_ready = [&](int count) {
    std::unique_lock guard(lock);
    changed.wait(guard, [&] { return ready >= count; });
  };

  std::vector<std::thread> threads;
  for (int i = 0; i < producers; ++i) {
    threads.emplace_back([&] {
      put(1);
      wait_until_ready(producers);  // all shards exist at once
      put(records_each - 1);
      wait_until_ready(2 * producers);
    });
  }
  wait_until_ready(2 * producers);
  require_bounded(stream);
  for (std::thread& thread : threads) {
    thread.join();
  }

  // Four chunks of 4 KiB for each: they fit only if nobody was given larger ones.
  REQUIRE(accepted == producers * records_each);
  REQUIRE(stream.flush(10s).complete);
  REQUIRE(sink.record_count() == accepted);
  require_bounded(stream);
}

TEST_CASE("promise 3: memory limit that cannot hold what it must is refused at once",
          "[promise][memory]") {
  ManualEnv env;
  hydrant::StreamOptions options = small_options();
  options.memory_limit = 32_KiB;
  REQUIRE_THROWS_AS(hydrant::DeliveryStream(options, hydrant::identity, MemorySink{}, env),
                    hydrant::OptionsError);
}
