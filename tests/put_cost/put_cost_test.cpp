// SPDX-License-Identifier: MIT
//
// What `put` costs: between two chunks no allocation, no lock and no system
// call; from one chunk to the next no allocation either, once chunks come back.
#include <hydrant/delivery_stream.hpp>
#include <hydrant/sink/null_sink.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "allocation_count.hpp"
#include "put_cost/lock_count.hpp"
#include "put_cost/system_call_watch.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::tests;

namespace {

constexpr std::string_view record =
    "a record of a hundred bytes "
    "....................................................................";

/// What this thread did while something ran.
struct Cost {
  std::uint64_t allocations = 0;
  std::uint64_t locks = 0;
  long system_call = SystemCallWatch::none;  // the first one
};

template <class Work>
Cost cost_of(Work work) {
  Cost cost;
  std::optional<SystemCallWatch> watch;
  if (SystemCallWatch::can_watch()) {
    watch.emplace();
  }
  const std::uint64_t allocations = allocation_count_here;
  const std::uint64_t locks = lock_count_here;
  work();
  cost.locks = lock_count_here - locks;
  cost.allocations = allocation_count_here - allocations;
  cost.system_call = SystemCallWatch::first();
  return cost;
}

// The three ways to put a record, through a stream or a producer. They count what was refused.

struct Put {
  static constexpr std::size_t count = 1;

  template <class Door>
  std::uint64_t operator()(Door& door) const {
    return door.put(record) ? 0u : 1u;
  }
};

struct PutBatch {
  static constexpr std::size_t count = 3;

  template <class Door>
  std::uint64_t operator()(Door& door) const {
    constexpr std::array<std::string_view, count> records{record, record, record};
    std::array<hydrant::PutResult, count> results{};
    return records.size() - door.put_batch(records, results);
  }
};

struct ReserveAndCommit {
  static constexpr std::size_t count = 1;

  template <class Door>
  std::uint64_t operator()(Door& door) const {
    hydrant::Room room = door.reserve(record.size());
    if (!room) {
      return 1;
    }
    record.copy(room.data(), room.size());
    return room.commit(room.size()) ? 0u : 1u;
  }
};

/// A stream of 256 KiB chunks that works only when it is told to.
class PutCost {
 public:
  PutCost() {
    for (int i = 0; i < 8; ++i) {
      fill();
    }
  }

  /// Puts enough for several chunks and a batch; then the batch is delivered.
  void fill() {
    std::uint64_t refused = 0;
    for (std::size_t bytes = 0; bytes < std::size_t{2} << 20; bytes += record.size()) {
      refused += stream.put(record) ? 0u : 1u;
    }
    deliver();
    REQUIRE(refused == 0);
  }

  void deliver() {
    while (!stream.pump(1s)) {
    }
  }

  /// Puts until a chunk is begun. The next 256 KiB fit into it.
  template <class Way, class Door>
  void begin_chunk(Way way, Door& door) {
    const std::uint64_t locks = lock_count_here;
    std::uint64_t refused = 0;
    for (int i = 0; i < 10'000 && lock_count_here == locks; ++i) {
      refused += way(door);
    }
    REQUIRE(refused == 0);
    REQUIRE((lock_count_here != locks || !counts_locks));
  }

  hydrant::DeliveryStream<hydrant::Identity, hydrant::NullSink> stream{
      hydrant::StreamOptions{.name = "cost", .buffering = {.size = 1_MiB, .interval = 60s}},
      hydrant::identity, hydrant::NullSink{}, hydrant::pumped};
};

template <class Way, class Door>
void require_free(PutCost& rig, Way way, Door& door) {
  for (int round = 0; round < 10; ++round) {
    rig.begin_chunk(way, door);
    std::uint64_t refused = 0;

    const Cost cost = cost_of([&] {
      for (int i = 0; i < 500; ++i) {
        refused += way(door);
      }
    });

    REQUIRE(refused == 0);
    REQUIRE(cost.allocations == 0);
    REQUIRE(cost.locks == 0);
    REQUIRE(cost.system_call == SystemCallWatch::none);
    rig.deliver();
  }
}

}  // namespace

TEST_CASE("the counters of this test see what they are to see", "[put_cost]") {
  std::mutex lock;
  auto block = std::make_unique<int>(1);

  if (HYDRANT_TESTS_COUNT_ALLOCATIONS) {
    CHECK(cost_of([&] { block = std::make_unique<int>(2); }).allocations == 1);

    struct alignas(256) Wide {
      char bytes[256];
    };

    std::unique_ptr<Wide> wide;
    CHECK(cost_of([&] { wide = std::make_unique<Wide>(); }).allocations == 1);
  }
  if (counts_locks) {
    CHECK(cost_of([&] { std::lock_guard guard(lock); }).locks == 1);
  }
  if (SystemCallWatch::can_watch()) {
    pid_t parent = 0;
    CHECK(cost_of([&] { parent = ::getppid(); }).system_call == SYS_getppid);
    CHECK(parent == ::getppid());
    CHECK(cost_of([] {}).system_call == SystemCallWatch::none);
  }
  if (watches_system_calls && !SystemCallWatch::can_watch()) {
    HYDRANT_SKIP("system calls are not watched: the kernel refuses");
  }
}

TEMPLATE_TEST_CASE("put between two chunks takes no memory, no lock and no system call",
                   "[put_cost]", Put, PutBatch, ReserveAndCommit) {
  PutCost rig;

  SECTION("through the stream") {
    require_free(rig, TestType(), rig.stream);
  }
  SECTION("through a producer") {
    hydrant::Producer producer = rig.stream.producer();
    require_free(rig, TestType(), producer);
  }
}

TEMPLATE_TEST_CASE("put from chunk to chunk takes no memory once chunks come back", "[put_cost]",
                   Put, PutBatch, ReserveAndCommit) {
  PutCost rig;

  for (int round = 0; round < 10; ++round) {
    std::uint64_t refused = 0;
    const Cost cost = cost_of([&] {
      for (std::size_t bytes = 0; bytes < 1'500'000; bytes += TestType::count * record.size()) {
        refused += TestType()(rig.stream);
      }
    });
    rig.deliver();

    REQUIRE(refused == 0);
    REQUIRE(cost.allocations == 0);
    REQUIRE((cost.locks >= 5 || !counts_locks));  // it did begin chunks
  }
}
