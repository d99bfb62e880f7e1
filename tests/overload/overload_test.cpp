// SPDX-License-Identifier: MIT
//
// Overload: the destination is down and real threads put as fast as they can.
// The stream keeps within its memory, by its own measure and by the kernel's; and
// when the destination is back, every record that `put` accepted is there or
// has been reported as lost.
#include <hydrant/delivery_stream.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "overload/process_memory.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::tests;
using hydrant::DeliveryResult;
using hydrant::LostReason;
using hydrant::Overflow;

namespace {

constexpr std::size_t many_threads = is_sanitized ? 100 : 1000;
constexpr std::size_t record_bytes = 1000;

/// Which record of which producer: the first bytes of each.
struct Name {
  std::uint32_t producer = 0;
  std::uint32_t number = 0;
};

/// How often each record has come, by producer and number.
using Tally = std::vector<std::vector<std::atomic<std::uint8_t>>>;

struct Destination {
  enum class Manner { hangs, fails };

  Manner manner = Manner::hangs;
  std::atomic<bool> is_up{false};
  Tally received;
};

/// Down until its destination is up: hangs until then, or fails every attempt.
struct DownSink {
  static constexpr std::string_view name = "down";
  static constexpr hydrant::SinkLimits limits{};

  DeliveryResult deliver(const hydrant::Batch& batch, hydrant::Attempt&) {
    if (destination->manner == Destination::Manner::fails && !destination->is_up) {
      return hydrant::retry("down");
    }
    destination->is_up.wait(false);
    for (const hydrant::RecordView record : batch.records()) {
      Name which;
      std::memcpy(&which, record.bytes().data(), sizeof which);
      ++destination->received.at(which.producer).at(which.number);
    }
    return hydrant::delivered;
  }

  std::shared_ptr<Destination> destination;
};

using Stream = hydrant::DeliveryStream<hydrant::Identity, DownSink>;

/// One producer: what it was told.
struct Producer {
  std::vector<bool> accepted;
  std::uint64_t refused = 0;
  bool saw_too_much_memory = false;

  void put_all(Stream& stream, std::uint32_t index, bool waits) {
    constexpr std::uint64_t refusals_worth_waiting_for = 2;
    constexpr std::uint32_t look_each = 64;
    std::string record(record_bytes, 'x');
    for (std::uint32_t number = 0; number < accepted.size(); ++number) {
      const Name which{index, number};
      std::memcpy(record.data(), &which, sizeof which);
      accepted[number] = bool(stream.put(record));
      refused += accepted[number] ? 0u : 1u;
      if (number % look_each == 0) {
        const hydrant::StreamSnapshot snapshot = stream.snapshot();
        saw_too_much_memory |= snapshot.memory_used > snapshot.memory_limit;
      }
      if (waits && refused == refusals_worth_waiting_for) {
        return;
      }
    }
  }
};

hydrant::StreamOptions options(Overflow overflow, std::size_t threads) {
  hydrant::StreamOptions options;
  options.name = "overload";
  options.buffering = {.size = 256_KiB, .interval = 60s};
  options.memory_limit = threads > 100 ? 16_MiB : 4_MiB;
  options.overflow = overflow;
  options.record_bytes_max = hydrant::ByteCount{record_bytes};
  options.retry = {.backoff = 1ms, .backoff_max = 1ms};
  return options;
}

/// What the stream takes beside its records, by the kernel's measure: its own objects, and of each
/// thread its shard, its heap and its stack.
constexpr std::uint64_t slack(std::size_t threads) {
  constexpr std::uint64_t of_stream = 1 << 20;
  constexpr std::uint64_t of_thread = 8 << 10;
  return of_stream + threads * of_thread;
}

/// Lets every producer put its share at the same time, and measures while all of them are there.
std::optional<std::uint64_t> put_at_once(Stream& stream, std::vector<Producer>& producers,
                                         bool waits) {
  const auto count = static_cast<std::ptrdiff_t>(producers.size());
  std::latch there(count);
  std::latch go(1);
  std::latch done(count);
  std::latch measured(1);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < producers.size(); ++i) {
    threads.emplace_back([&, i] {
      there.count_down();
      go.wait();
      producers[i].put_all(stream, i, waits);
      done.count_down();
      measured.wait();
    });
  }
  there.wait();
  const ResidentGrowth growth;
  go.count_down();
  done.wait();
  const std::optional<std::uint64_t> grown = growth.bytes();
  measured.count_down();
  for (std::thread& thread : threads) {
    thread.join();
  }
  return grown;
}

/// Every record that was accepted has come once, but for those that the stream says it lost; and
/// no other.
void require_accounted(const hydrant::Ledger& ledger, const std::vector<Producer>& producers,
                       const Tally& received, Overflow overflow) {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t came = 0;
  std::uint64_t missing = 0;
  std::uint64_t wrong = 0;
  for (std::size_t i = 0; i < producers.size(); ++i) {
    refused += producers[i].refused;
    for (std::size_t number = 0; number < received[i].size(); ++number) {
      const bool was_accepted = producers[i].accepted[number];
      const unsigned times = received[i][number];
      accepted += was_accepted ? 1u : 0u;
      came += times;
      missing += was_accepted && times == 0 ? 1u : 0u;
      wrong += times > (was_accepted ? 1u : 0u) ? 1u : 0u;
    }
  }
  const auto lost = [&](LostReason reason) {
    return ledger.lost_by_reason[static_cast<std::size_t>(reason)];
  };
  const bool takes_the_blame = overflow == Overflow::drop_newest;
  CAPTURE(to_text(ledger), accepted, refused, came, missing);
  REQUIRE(wrong == 0);
  REQUIRE(ledger.balanced());
  REQUIRE(ledger.in_memory == 0);
  REQUIRE(ledger.accepted == accepted + (takes_the_blame ? refused : 0));
  REQUIRE(ledger.refused_buffer_full == (takes_the_blame ? 0 : refused));
  REQUIRE(ledger.delivered == came);
  REQUIRE(ledger.lost == missing + (takes_the_blame ? refused : 0));
  REQUIRE(lost(LostReason::overflow_newest) == (takes_the_blame ? refused : 0));
  REQUIRE(lost(LostReason::overflow_oldest) == missing);
  REQUIRE((missing == 0 || overflow == Overflow::drop_oldest));
  REQUIRE(refused + missing != 0);  // else it was no overload
}

}  // namespace

TEST_CASE("stream whose destination is down keeps within its memory and loses nothing unsaid",
          "[overload]") {
  const auto manner = GENERATE(Destination::Manner::hangs, Destination::Manner::fails);
  const Overflow overflow = GENERATE(as<Overflow>(), Overflow::reject, Overflow::drop_newest,
                                     Overflow::drop_oldest, Overflow::block{1ms});
  const std::size_t thread_count = GENERATE(std::size_t{1}, std::size_t{8}, many_threads);
  CAPTURE(to_text(overflow.kind()), thread_count, manner == Destination::Manner::hangs);
  const hydrant::StreamOptions chosen = options(overflow, thread_count);
  const std::size_t limit = chosen.memory_limit.value;
  const std::size_t each = 2 * limit / record_bytes / thread_count;
  auto destination = std::make_shared<Destination>();
  destination->manner = manner;
  for (std::size_t i = 0; i < thread_count; ++i) {
    destination->received.emplace_back(each);
  }
  std::vector<Producer> producers(thread_count, Producer{std::vector<bool>(each)});
  Stream stream{chosen, hydrant::identity, DownSink{destination}};

  const std::optional<std::uint64_t> grown =
      put_at_once(stream, producers, overflow.kind() == Overflow::Kind::block);
  REQUIRE(stream.ledger().balanced());
  destination->is_up = true;
  destination->is_up.notify_all();
  const hydrant::DeliveryReport report = stream.close(3600s);

  REQUIRE(std::none_of(producers.begin(), producers.end(),
                       [](const Producer& producer) { return producer.saw_too_much_memory; }));
  CHECK(grown.value_or(0) <= limit + slack(thread_count));
  REQUIRE(report.complete);
  require_accounted(report.ledger, producers, destination->received, overflow);
}
