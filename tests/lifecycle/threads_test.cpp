// SPDX-License-Identifier: MIT
//
// The life of a stream among real threads: closing while others put, sinks
// that hang in user code, streams that end before their handles and workers.
// Nothing here depends on how long anything takes: gates open when told to.
#include <hydrant/hydrant.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test.hpp"

namespace {

using namespace hydrant::literals;

/// A door that a sink waits at, in user code, until the test opens it.
struct Door {
  void open() {
    std::lock_guard guard(lock);
    is_open = true;
    changed.notify_all();
  }

  void pass() {
    std::unique_lock guard(lock);
    ++arrived;
    changed.notify_all();
    changed.wait(guard, [this] { return is_open; });
  }

  void wait_for_arrival() {
    std::unique_lock guard(lock);
    changed.wait(guard, [this] { return arrived != 0; });
  }

  std::mutex lock;
  std::condition_variable changed;
  int arrived = 0;
  bool is_open = false;
};

auto sink_behind(std::shared_ptr<Door> door, std::shared_ptr<std::atomic<int>> count) {
  return hydrant::CallbackSink{[door, count](const hydrant::Batch& batch) {
    door->pass();
    *count += static_cast<int>(batch.count());
  }};
}

auto counting_sink(std::shared_ptr<std::atomic<int>> count) {
  return hydrant::CallbackSink{
      [count](const hydrant::Batch& batch) { *count += static_cast<int>(batch.count()); }};
}

hydrant::StreamOptions eager(const char* name) {
  return {.name = name, .buffering = {.size = 4_KiB, .interval = 0ms}};
}

}  // namespace

TEST_CASE("close returns by its deadline while the sink hangs in user code", "[lifecycle]") {
  // Pains 23, 26, 28, 34: shutdown that joins a worker which is stuck in export.
  auto door = std::make_shared<Door>();
  auto count = std::make_shared<std::atomic<int>>(0);
  {
    hydrant::DeliveryStream stream{eager("hung"), hydrant::identity, sink_behind(door, count)};
    REQUIRE(stream.put("in the sink's hands"));
    door->wait_for_arrival();
    REQUIRE(stream.put("behind it"));

    const hydrant::DeliveryReport report = stream.close(50ms);

    CHECK_FALSE(report.complete);
    CHECK(report.ledger.balanced());
    CHECK(report.ledger.accepted == 2);
    CHECK(report.ledger.in_memory == 1);
    CHECK(report.ledger.lost == 1);
    CHECK(report.ledger
              .lost_by_reason[static_cast<std::size_t>(hydrant::LostReason::close_deadline)] == 1);
  }
  // The stream is gone; its worker is not. Pain 29: the late return finds all it needs.
  door->open();
  while (*count == 0) {
    std::this_thread::yield();
  }
}

TEST_CASE("streams with hung sinks do not delay another stream", "[lifecycle]") {
  // Pains 45 to 47: one sink down, all sinks stop.
  auto door = std::make_shared<Door>();
  auto stuck = std::make_shared<std::atomic<int>>(0);
  auto count = std::make_shared<std::atomic<int>>(0);
  using Hung =
      decltype(hydrant::DeliveryStream{eager("a"), hydrant::identity, sink_behind(door, stuck)});
  std::vector<std::unique_ptr<Hung>> hung;
  for (int i = 0; i < 8; ++i) {
    hung.push_back(
        std::make_unique<Hung>(eager("hung"), hydrant::identity, sink_behind(door, stuck)));
    REQUIRE(hung.back()->put("never comes through"));
  }
  door->wait_for_arrival();

  hydrant::DeliveryStream healthy{eager("healthy"), hydrant::identity, counting_sink(count)};
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(healthy.put("comes through"));
  }

  CHECK(healthy.flush(60s).complete);
  CHECK(*count == 1000);
  door->open();
  for (const auto& stream : hung) {
    CHECK(stream->close(60s).complete);
  }
  CHECK(*stuck == 8);
}

TEST_CASE("a put that was accepted while the stream closed is delivered", "[lifecycle]") {
  // The race that a plain "closed" flag loses: published after the last harvest, told "accepted".
  for (int round = 0; round < 200; ++round) {
    auto count = std::make_shared<std::atomic<int>>(0);
    std::atomic<int> accepted{0};
    std::atomic<int> started{0};
    std::atomic<bool> stop{false};
    std::vector<std::thread> putters;
    hydrant::DeliveryStream stream{eager("race"), hydrant::identity, counting_sink(count)};
    for (int t = 0; t < 3; ++t) {
      putters.emplace_back([&] {
        ++started;
        while (!stop) {
          const hydrant::PutResult put = stream.put("x");
          accepted += put ? 1 : 0;
          if (put.status() == hydrant::PutStatus::closed) {
            break;
          }
        }
      });
    }
    while (started != 3) {
      std::this_thread::yield();
    }

    const hydrant::DeliveryReport report = stream.close(60s);

    stop = true;
    for (std::thread& putter : putters) {
      putter.join();
    }
    REQUIRE(report.complete);
    REQUIRE(*count == accepted);
    REQUIRE(stream.ledger().balanced());
    REQUIRE(stream.ledger().delivered == static_cast<std::uint64_t>(accepted));
  }
}

TEST_CASE("a stream may be destroyed while threads put through their handles", "[lifecycle]") {
  for (int round = 0; round < 50; ++round) {
    auto count = std::make_shared<std::atomic<int>>(0);
    std::atomic<int> accepted{0};
    std::atomic<int> putting{0};
    std::vector<std::thread> putters;
    std::optional<hydrant::Producer> handle;
    {
      hydrant::DeliveryStream stream{eager("ends"), hydrant::identity, counting_sink(count)};
      handle.emplace(stream.producer());
      for (int t = 0; t < 3; ++t) {
        putters.emplace_back([&, producer = *handle]() mutable {
          bool first = true;
          for (;;) {
            const hydrant::PutResult put = producer.put("through a handle");
            accepted += put ? 1 : 0;
            putting += std::exchange(first, false) ? 1 : 0;
            if (put.status() == hydrant::PutStatus::closed) {
              return;
            }
          }
        });
      }
      while (putting != 3) {
        std::this_thread::yield();
      }
    }
    for (std::thread& putter : putters) {
      putter.join();
    }
    REQUIRE(*count == accepted);
    REQUIRE(handle->put("too late").status() == hydrant::PutStatus::closed);
  }
}

TEST_CASE("threads come and go and share what they leave", "[lifecycle]") {
  auto count = std::make_shared<std::atomic<int>>(0);
  hydrant::DeliveryStream stream{eager("come-and-go"), hydrant::identity, counting_sink(count)};
  std::atomic<int> refused{0};
  for (int generation = 0; generation < 50; ++generation) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          refused += stream.put("short life") ? 0 : 1;
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  const hydrant::DeliveryReport report = stream.close(60s);
  CHECK(report.complete);
  CHECK(refused == 0);
  CHECK(*count == 50 * 8 * 20);
}

TEST_CASE("a sink may put into, flush and close the stream that calls it", "[lifecycle]") {
  struct Shared {
    std::optional<hydrant::Producer> producer;
    std::atomic<int> delivered{0};
    std::atomic<int> nested{0};
    std::atomic<int> refused{0};
  };

  auto shared = std::make_shared<Shared>();
  hydrant::DeliveryStream stream{eager("nested"), hydrant::identity,
                                 hydrant::CallbackSink{[shared](const hydrant::Batch& batch) {
                                   shared->delivered += static_cast<int>(batch.count());
                                   if (shared->nested.fetch_add(1) == 0) {
                                     shared->refused +=
                                         shared->producer->put("from the sink") ? 0 : 1;
                                   }
                                 }}};
  shared->producer.emplace(stream.producer());
  REQUIRE(stream.put("first"));
  REQUIRE(stream.flush(60s).complete);
  REQUIRE(stream.flush(60s).complete);
  CHECK(shared->delivered == 2);
  CHECK(shared->refused == 0);
  CHECK(stream.close(60s).complete);
}

TEST_CASE("flush returns although other threads go on putting", "[lifecycle]") {
  // Pains 25 and 30: a flush that waits for an empty queue waits for ever.
  auto count = std::make_shared<std::atomic<int>>(0);
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "busy", .buffering = {.size = 1_MiB, .interval = 60s}},
      hydrant::identity, counting_sink(count)};
  std::atomic<bool> stop{false};
  std::thread putter([&] {
    while (!stop) {
      static_cast<void>(stream.put("and on and on"));
    }
  });
  for (int i = 0; i < 20; ++i) {
    REQUIRE(stream.put("mine"));
    CHECK(stream.flush(60s).complete);
  }
  stop = true;
  putter.join();
  CHECK(stream.close(60s).complete);
}

TEST_CASE("two streams of one name deliver each its own", "[lifecycle]") {
  auto first = std::make_shared<std::atomic<int>>(0);
  auto second = std::make_shared<std::atomic<int>>(0);
  hydrant::DeliveryStream a{eager("twin"), hydrant::identity, counting_sink(first)};
  hydrant::DeliveryStream b{eager("twin"), hydrant::identity, counting_sink(second)};
  for (int i = 0; i < 100; ++i) {
    REQUIRE(a.put("to a"));
    REQUIRE(b.put("to b"));
    REQUIRE(b.put("to b"));
  }
  CHECK(a.close(60s).complete);
  CHECK(b.close(60s).complete);
  CHECK(*first == 100);
  CHECK(*second == 200);
}

TEST_CASE("one thread puts into more streams than it has slots for", "[lifecycle]") {
  auto count = std::make_shared<std::atomic<int>>(0);
  using Stream =
      decltype(hydrant::DeliveryStream{eager("a"), hydrant::identity, counting_sink(count)});
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 40; ++i) {
    streams.push_back(
        std::make_unique<Stream>(eager("many"), hydrant::identity, counting_sink(count)));
  }
  for (int i = 0; i < 50; ++i) {
    for (const auto& stream : streams) {
      REQUIRE(stream->put("one of many"));
    }
  }
  for (const auto& stream : streams) {
    CHECK(stream->close(60s).ledger.delivered == 50);
  }
  CHECK(*count == 2000);
}
