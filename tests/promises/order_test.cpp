// SPDX-License-Identifier: MIT
//
// Promise 6: records of one producer thread keep their order.
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;

namespace {

/// Every producer's records, "producer:number", must come with rising numbers, none left out.
void require_order(const Texts& records, std::map<std::string, int> counts) {
  std::map<std::string, int> next;
  for (const std::string& record : records) {
    const std::size_t colon = record.find(':');
    const std::string producer = record.substr(0, colon);
    const int number = std::stoi(record.substr(colon + 1));
    CAPTURE(record);
    REQUIRE(number == next[producer]);
    ++next[producer];
  }
  REQUIRE(next == counts);
}

/// Refuses what is more than three records: every batch is taken apart, and its parts come in turn.
const SinkStep at_most_three{{}, [](const hydrant::Batch& batch) -> hydrant::DeliveryResult {
                               if (batch.count() > 3) {
                                 return hydrant::rejected("more than three");
                               }
                               return hydrant::delivered;
                             }};

}  // namespace

TEST_CASE("promise 6: order of a producer survives failures, splits and small batches",
          "[promise][order]") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 30)));
  CAPTURE(seed);
  std::mt19937_64 dice(seed);
  ManualEnv env(seed);
  ScriptedSink sink{{fail("down"), refuse("all of it"), throttle("busy", 3s), hang_forever, deliver,
                     throw_("broken"), deliver, fail("down"), at_most_three}};
  hydrant::StreamOptions options = minute_options();
  options.buffering.size = hydrant::ByteCount{100 + dice() % 400};
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  int mine = 0;
  int others = 0;
  for (int round = 0; round < 30; ++round) {
    for (std::uint64_t i = dice() % 30; i > 0; --i) {
      REQUIRE(stream.put("main:" + std::to_string(mine++)));
    }
    std::thread([&] {  // one shard after the other, each thread going on where the last one was
      for (int i = 0; i < 5; ++i) {
        static_cast<void>(stream.put("other:" + std::to_string(others++)));
      }
    })
        .join();
    if (dice() % 3 == 0) {  // a record formatted in place, and one put while its room is open
      hydrant::Room room = stream.reserve(30);
      REQUIRE(room);
      REQUIRE(stream.put("nested" + std::to_string(round) + ":0"));
      const std::string text = "main:" + std::to_string(mine++);
      text.copy(room.data(), text.size());
      REQUIRE(room.commit(text.size()));
    }
    env.advance(std::chrono::milliseconds(dice() % 20'000));
  }
  REQUIRE(stream.flush(1h).complete);

  std::map<std::string, int> counts{{"main", mine}, {"other", others}};
  for (const std::string& record : sink.records()) {
    if (record.starts_with("nested")) {
      counts[record.substr(0, record.find(':'))] = 1;
    }
  }
  require_order(sink.records(), counts);
}

TEST_CASE("promise 6: order of many threads that put at once", "[promise][order]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  std::map<std::string, int> counts;
  std::vector<std::thread> threads;
  for (int producer = 0; producer < 4; ++producer) {
    counts[std::to_string(producer)] = 20'000;
    threads.emplace_back([&stream, producer] {
      for (int i = 0; i < 20'000; ++i) {
        static_cast<void>(stream.put(std::to_string(producer) + ":" + std::to_string(i)));
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    env.advance(100ms);  // harvests while they put
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  REQUIRE(stream.flush(10s).complete);

  require_order(sink.records(), counts);
}
