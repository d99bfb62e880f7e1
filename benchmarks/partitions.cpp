// SPDX-License-Identifier: MIT
//
// What partitions cost: the same lines through the same stream with and without
// them, by two fields over a thousand partitions, compressed in memory so that
// no disk is measured. Beside the time: how much of its size an object reaches,
// and how much memory the process takes of what the stream was given.
//
//   partitions [--mib N] [--rounds N] [--json FILE]

#include <hydrant/hydrant.hpp>
#include <hydrant/object/zstd.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "report.hpp"
#include <unistd.h>

namespace hydrant::benchmarks {
namespace {

using namespace hydrant::literals;

constexpr unsigned regions = 10;
constexpr unsigned customers = 100;
constexpr std::size_t workers = 2;
constexpr ByteCount object_size{64 << 10};
constexpr ByteCount memory_limit{256 << 20};

/// Lines of an access log, about 200 bytes each, from a fixed seed; in front of each its region
/// and its customer.
std::string make_lines(std::size_t bytes) {
  std::mt19937_64 random(7);
  std::string lines;
  lines.reserve(bytes + 512);
  char line[512];
  for (std::uint64_t number = 0; lines.size() < bytes; ++number) {
    const std::uint64_t dice = random();
    const int size = std::snprintf(
        line, sizeof line,
        "region-%u|customer-%04u|{\"host\":\"10.%u.%u.%u\",\"time\":\"2026-05-04T10:%02u:%02u.%03uZ"
        "\",\"method\":\"%s\",\"path\":\"/api/v1/orders?id=%u\",\"status\":%u,\"bytes\":%u,"
        "\"request\":\"%016lx\"}\n",
        unsigned(dice % regions), unsigned(dice / regions % customers), unsigned(dice & 63),
        unsigned(dice >> 8 & 255), unsigned(dice >> 16 & 255), unsigned(number / 60000 % 60),
        unsigned(number / 1000 % 60), unsigned(number % 1000), (dice & 7) == 0 ? "POST" : "GET",
        unsigned(dice >> 32 & 4095), (dice & 31) == 0 ? 404u : 200u, unsigned(dice >> 44 & 65535),
        static_cast<unsigned long>(random()));
    lines.append(line, static_cast<std::size_t>(size));
  }
  return lines;
}

/// Keeps nothing.
struct NowhereStore {
  static constexpr std::string_view name = "nowhere";

  static DeliveryResult put_object(const Object& object, Attempt&) {
    std::size_t bytes = 0;
    const Status written = object.body.write_to([&bytes](std::span<const std::byte> piece) {
      bytes += piece.size();
      return success();
    });
    return written ? DeliveryResult::make_delivered() : retry(written.failure().message);
  }
};

/// How large the objects were before compression.
struct Sizes {
  std::mutex lock;
  std::vector<double> bytes;
};

template <class Codec>
class MeasuredSink {
 public:
  static constexpr std::string_view name = "measured";
  static constexpr SinkLimits limits{};

  MeasuredSink(Codec codec, std::shared_ptr<Sizes> sizes)
      : objects_(NowhereStore(), Lines(), std::move(codec)), sizes_(std::move(sizes)) {}

  std::string_view record_delimiter() const { return objects_.record_delimiter(); }

  DeliveryResult deliver(const Batch& batch, Attempt& attempt) {
    {
      std::lock_guard guard(sizes_->lock);
      sizes_->bytes.push_back(static_cast<double>(batch.info().bytes));
    }
    return objects_.deliver(batch, attempt);
  }

 private:
  ObjectSink<NowhereStore, Lines, Codec> objects_;
  std::shared_ptr<Sizes> sizes_;
};

/// What is before the first bar, and between the first and the second.
struct ByRegionAndCustomer {
  Outcome operator()(const RecordView& record, PartitionKeys& keys) const {
    const std::string_view text = record.text();
    const std::size_t first = text.find('|');
    const std::size_t second = text.find('|', first + 1);
    keys.set("region", text.substr(0, first));
    keys.set("customer", text.substr(first + 1, second - first - 1));
    return Outcome::ok();
  }
};

std::size_t resident_bytes() {
  std::size_t pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*u %zu", &pages) != 1) {
      pages = 0;
    }
    std::fclose(file);
  }
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// The most that the process grew while this lived.
class MemoryWatch {
 public:
  MemoryWatch()
      : before_(resident_bytes()), thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            const std::size_t now = resident_bytes();
            most_ = std::max(most_, now - std::min(now, before_));
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
        }) {}

  std::size_t most() {
    thread_ = {};
    return most_;
  }

 private:
  std::size_t before_;
  std::size_t most_ = 0;
  std::jthread thread_;
};

/// What one run came to.
struct Run {
  double seconds = 0;
  double object_bytes = 0;  // the median
  std::size_t memory = 0;
};

template <class Codec, class... Extras>
Run measure(const std::string& lines, Codec codec, Extras... extras) {
  auto sizes = std::make_shared<Sizes>();
  MemoryWatch watch;
  const auto start = std::chrono::steady_clock::now();
  DeliveryStream stream{StreamOptions{.name = "partitions",
                                      .buffering = {.size = object_size, .interval = 300s},
                                      .memory_limit = memory_limit,
                                      .overflow = Overflow::block{60s},
                                      .concurrency = workers},
                        identity, MeasuredSink<Codec>(std::move(codec), sizes),
                        std::move(extras)...};
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at);
    if (auto put = stream.put(std::string_view(lines).substr(at, end - at)); !put) {
      std::fprintf(stderr, "%s\n", std::string(put.reason()).c_str());
      std::exit(1);
    }
    at = end + 1;
  }
  const DeliveryReport report = stream.close(60s);
  if (!report.complete || report.ledger.delivered != report.ledger.accepted) {
    std::fprintf(stderr, "%s\n", to_text(report).c_str());
    std::exit(1);
  }
  Run run;
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.memory = watch.most();
  run.object_bytes = Spread::of(sizes->bytes).median;
  return run;
}

template <class Codec>
void compare(const std::string& lines, const Codec& codec, const std::string& name, int rounds,
             Report& report) {
  std::vector<double> plain;
  std::vector<double> partitioned;
  std::vector<double> sizes;
  std::vector<double> memory;
  for (int round = 0; round < rounds; ++round) {
    plain.push_back(measure(lines, codec).seconds);
    const Run run = measure(lines, codec, partition_by(ByRegionAndCustomer()));
    partitioned.push_back(run.seconds);
    sizes.push_back(run.object_bytes / static_cast<double>(object_size.value));
    memory.push_back(static_cast<double>(run.memory) / static_cast<double>(memory_limit.value));
  }
  const double mib = static_cast<double>(lines.size()) / (1 << 20);
  const Spread ratio = Spread::of(ratios(plain, partitioned));
  const Spread size = Spread::of(sizes);
  const Spread used = Spread::of(memory);
  std::printf(
      "%s: without %.0f MiB/s, with %.0f MiB/s: %.2f [%.2f, %.2f] of its throughput; the middle "
      "object has %.2f of its size; memory at most %.2f [%.2f, %.2f] of the limit\n",
      name.c_str(), mib / Spread::of(plain).median, mib / Spread::of(partitioned).median,
      ratio.median, ratio.low, ratio.high, size.median, used.median, used.low, used.high);
  report.add("partitions/" + name + "/throughput_to_without", ratio, "ratio");
  report.add("partitions/" + name + "/object_to_size", size, "ratio");
  report.add("partitions/" + name + "/memory_to_limit", used, "ratio");
}

int run(int argc, char** argv) {
  const auto mib = static_cast<std::size_t>(std::atoi(argument(argc, argv, "--mib", "256")));
  const int rounds = std::max(1, std::atoi(argument(argc, argv, "--rounds", "5")));
  Report report(argument(argc, argv, "--json", nullptr));
  const std::string lines = make_lines(mib << 20);

  std::printf(
      "%zu MiB of lines over %u partitions by two fields, objects of %zu KiB, memory %zu MiB, "
      "1 putter, %zu workers, %d rounds; in brackets the middle half\n",
      mib, regions * customers, static_cast<std::size_t>(object_size.value >> 10),
      static_cast<std::size_t>(memory_limit.value >> 20), workers, rounds);
  compare(lines, Zstd{.level = 1}, "zstd1", rounds, report);
  compare(lines, in_format, "uncompressed", rounds, report);
  return 0;
}

}  // namespace
}  // namespace hydrant::benchmarks

int main(int argc, char** argv) {
  return hydrant::benchmarks::run(argc, argv);
}
