// SPDX-License-Identifier: MIT
//
// Around main: a stream that is a static object, puts from thread_local
// destructors, from atexit handlers and from the destructor of a static that
// outlives the stream. The early ones are delivered, the late ones are counted
// no-ops, and nothing hangs or touches freed memory. Pains 85 to 90.
#include <hydrant/hydrant.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "check.hpp"

namespace {

using namespace hydrant::literals;

// Plain memory: still there when every destructor has run.
std::atomic<int> delivered_count{0};
std::atomic<int> late_closed{0};

auto counting_sink() {
  return hydrant::CallbackSink{
      [](const hydrant::Batch& batch) { delivered_count += static_cast<int>(batch.count()); }};
}

using Stream = hydrant::DeliveryStream<hydrant::Identity, decltype(counting_sink())>;

Stream& stream();

/// Built before the stream, so destroyed after it.
struct Outlives {
  ~Outlives() {
    // The stream's destructor has run: the door is closed, and says so.
    for (int i = 0; i < 10; ++i) {
      const hydrant::PutResult put = stream().put("from a static destructor");
      CHECK_OR_EXIT(put.status() == hydrant::PutStatus::closed);
      ++late_closed;
    }
    if (producer) {
      CHECK_OR_EXIT(producer->put("through a handle").status() == hydrant::PutStatus::closed);
      ++late_closed;
    }
    CHECK_OR_EXIT(delivered_count == 1 + 100 + 100 + 1);
    CHECK_OR_EXIT(late_closed == 11);
    std::printf("early puts delivered, late puts refused\n");
  }

  std::optional<hydrant::Producer> producer;
} outlives;

Stream& stream() {
  static Stream instance{hydrant::StreamOptions{.name = "static"}, hydrant::identity,
                         counting_sink()};
  return instance;
}

/// Destroyed when its thread ends, after whatever was used before it.
struct PutsAtThreadEnd {
  ~PutsAtThreadEnd() {
    for (int i = 0; i < 50; ++i) {
      CHECK_OR_EXIT(bool(stream().put("from a thread_local destructor")));
    }
  }
};

}  // namespace

int main() {
  CHECK_OR_EXIT(bool(stream().put("from main")));
  outlives.producer.emplace(stream().producer());
  std::thread first([] {
    // Made before the thread's first put: its destructor runs after the thread has let go of its
    // shard.
    thread_local PutsAtThreadEnd late;
    static_cast<void>(&late);
    for (int i = 0; i < 50; ++i) {
      CHECK_OR_EXIT(bool(stream().put("from a thread")));
    }
  });
  first.join();
  std::thread second([] {
    for (int i = 0; i < 50; ++i) {
      CHECK_OR_EXIT(bool(stream().put("from a thread")));
    }
    thread_local PutsAtThreadEnd early;
    static_cast<void>(&early);
  });
  second.join();
  std::atexit([] { CHECK_OR_EXIT(bool(stream().put("from an atexit handler"))); });
}
