// SPDX-License-Identifier: MIT
//
// The way of `put` through a whole stream, at its boundaries.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::PutStatus;

TEST_CASE("put takes a record one byte below, and of, its maximum, and refuses one above",
          "[ingest][put]") {
  const std::size_t largest = GENERATE(std::size_t{1}, std::size_t{1000}, std::size_t{4096},
                                       std::size_t{1'024'000}, std::size_t{3'000'000});
  ManualEnv env;
  MemorySink sink;
  hydrant::StreamOptions options = minute_options();
  options.record_bytes_max = hydrant::ByteCount{largest};
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  const Texts records{std::string(largest - 1, 'a'), std::string(largest, 'b')};

  put_all(stream, records);
  REQUIRE(stream.put(std::string(largest + 1, 'c')).status() == PutStatus::record_too_large);

  REQUIRE(stream.flush(1s).complete);
  REQUIRE(sink.records() == records);
  REQUIRE(stream.ledger().refused_too_large == 1);
}

TEST_CASE("put takes empty records, and records between jumbo ones", "[ingest][put]") {
  ManualEnv env;
  MemorySink sink("\n");
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  const Texts records{"", std::string(900'000, 'j'), "", "small", std::string(300'000, 'k'), "end"};

  put_all(stream, records);

  REQUIRE(stream.flush(1s).complete);
  REQUIRE(sink.records() == records);
}

TEST_CASE("put appends the delimiter where it is missing, and never doubles it", "[ingest][put]") {
  ManualEnv env;
  MemorySink sink("\r\n");
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};

  put_all(stream, {"bare", "own\r\n", "half\n", "\r\n", "", "\r"});

  REQUIRE(stream.flush(1s).complete);
  REQUIRE(sink.batches().at(0).raw == "bare\r\nown\r\nhalf\n\r\n\r\n\r\n\r\r\n");
  REQUIRE(sink.records() == Texts{"bare", "own\r\n", "half\n", "\r\n", "", "\r"});
}

TEST_CASE("reserve leaves nothing behind unless committed", "[ingest][put]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{small_options(), hydrant::identity, sink, env};
  {
    const hydrant::Room abandoned = stream.reserve(100);
    REQUIRE(abandoned);
    std::string_view("garbage").copy(abandoned.data(), 7);
  }
  {
    hydrant::Room room = stream.reserve(100);
    REQUIRE(room.size() == 100);
    std::string_view("kept").copy(room.data(), 4);
    REQUIRE(room.commit(4));
    REQUIRE_FALSE(room.commit(4));  // once
  }
  {
    hydrant::Room room = stream.reserve(10);
    REQUIRE(room.commit(11).status() == PutStatus::record_too_large);
  }
  REQUIRE(stream.reserve(1001).status() == PutStatus::record_too_large);
  REQUIRE(stream.put("next"));

  REQUIRE(stream.flush(1s).complete);
  REQUIRE(sink.records() == Texts{"kept", "next"});
  REQUIRE(stream.ledger().accepted == 2);
}

TEST_CASE("put while a room is open does not land in the room", "[ingest][put]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{small_options(), hydrant::identity, sink, env};
  {
    hydrant::Room room = stream.reserve(900);
    std::string_view("outer").copy(room.data(), 5);
    for (int i = 0; i < 20; ++i) {
      REQUIRE(stream.put("inner" + std::to_string(i) + std::string(500, '.')));
    }
    REQUIRE_FALSE(stream.reserve(10));  // one room a thread
    REQUIRE(std::string_view(room.data(), 5) == "outer");
    REQUIRE(room.commit(5));
  }
  REQUIRE(stream.put("after"));

  REQUIRE(stream.flush(1s).complete);
  REQUIRE(sink.record_count() == 22);
  const Texts records = sink.records();
  REQUIRE(std::count(records.begin(), records.end(), "outer") == 1);
  REQUIRE(stream.ledger().delivered == 22);
}

TEST_CASE("room that is open when the stream closes is refused at commit", "[ingest][put]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{small_options(), hydrant::identity, sink, env};
  hydrant::Room room = stream.reserve(10);
  REQUIRE(room);

  REQUIRE(stream.close(1s).complete);

  REQUIRE(room.commit(3).status() == PutStatus::closed);
  REQUIRE(stream.ledger().accepted == 0);
  REQUIRE(stream.ledger().refused_closed == 1);
}

TEST_CASE("put finds its way through many streams of one thread", "[ingest][put]") {
  ManualEnv env;
  std::vector<MemorySink> sinks;
  using Stream = hydrant::DeliveryStream<hydrant::Identity, MemorySink, ManualEnv>;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 40; ++i) {  // more than a thread remembers at once
    streams.push_back(
        std::make_unique<Stream>(small_options(), hydrant::identity, sinks.emplace_back(), env));
  }
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      REQUIRE(streams[i]->put("for " + std::to_string(i)));
    }
  }
  for (std::size_t i = 0; i < streams.size(); ++i) {
    REQUIRE(streams[i]->close(1s).complete);
    REQUIRE(sinks[i].records() == Texts(5, "for " + std::to_string(i)));
  }
}

TEST_CASE("put wakes a stream that sleeps", "[ingest][put]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
  put_all(stream, {"first"});
  env.advance(65s);
  REQUIRE(stream.history().find("sleeping until the next put") != std::string::npos);

  put_all(stream, {"second"});
  env.advance(60s + one_tick);

  REQUIRE(sink.records() == Texts{"first", "second"});
}
