// SPDX-License-Identifier: MIT
//
// What `put` costs its caller, beside the floor under every queue and beside
// what one writes by hand. All subjects take turns within each round and are
// compared within it, so that a noisy machine slows all of them alike.
//
//   put [--rounds N] [--only TEXT] [--quick] [--json FILE]

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "crew.hpp"
#include "put_subjects.hpp"
#include "report.hpp"

namespace hydrant::benchmarks {
namespace {

constexpr std::size_t threads_max = 2;
constexpr std::size_t burst_records = 100'000;
constexpr std::size_t floor_index = 0;
constexpr std::size_t usual_index = 4;
constexpr std::size_t journal_index = 5;

/// Sixteen different records of one size, so that what is copied is in cache.
class Records {
 public:
  explicit Records(std::size_t size) {
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      texts_[i].assign(size, static_cast<char>('a' + i));
    }
  }

  std::string_view operator[](std::size_t index) const { return texts_[index % texts_.size()]; }

 private:
  std::array<std::string, 16> texts_;
};

std::atomic<std::uint64_t> refused{0};

/// Puts until `count` records have been taken; those that were refused are counted, and do not
/// count.
template <class Putter>
[[gnu::noinline]] void put_records(Putter&& put, const Records& records, std::size_t count) {
  std::size_t taken = 0;
  std::size_t tries = 0;
  for (; taken < count; ++tries) {
    taken += put(records[tries]) ? 1u : 0u;
  }
  refused.fetch_add(tries - taken, std::memory_order_relaxed);
}

/// One way to take records, by name.
struct Subject {
  std::string name;
  std::function<void(std::size_t thread, const Records&, std::size_t count)> put;
  std::function<std::vector<double>(const Records&, std::size_t count)> paced;  // microseconds
};

#if defined(__x86_64__)
std::uint64_t ticks() {
  return __builtin_ia32_rdtsc();
}
#else
std::uint64_t ticks() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}
#endif

double ticks_a_microsecond() {
  static const double rate = [] {
    const double start = seconds_now();
    const std::uint64_t from = ticks();
    while (seconds_now() - start < 0.05) {
    }
    return static_cast<double>(ticks() - from) / ((seconds_now() - start) * 1e6);
  }();
  return rate;
}

/// One put every 5 us, each timed.
template <class Putter>
std::vector<double> put_paced(Putter&& put, const Records& records, std::size_t count) {
  const double rate = ticks_a_microsecond();
  const auto gap = static_cast<std::uint64_t>(5 * rate);
  std::vector<double> times(count);
  std::uint64_t next = ticks();
  for (std::size_t i = 0; i < count; ++i) {
    while (ticks() < next) {
    }
    const std::uint64_t before = ticks();
    const bool taken = put(records[i]);
    const std::uint64_t after = ticks();
    refused.fetch_add(taken ? 0u : 1u, std::memory_order_relaxed);
    times[i] = static_cast<double>(after - before) / rate;
    next = std::max(next + gap, after);
  }
  std::sort(times.begin(), times.end());
  return times;
}

template <class Taker>
Subject subject(std::string name, Taker& taker) {
  return {std::move(name),
          [&taker](std::size_t thread, const Records& records, std::size_t count) {
            put_records(taker.putter(thread), records, count);
          },
          [&taker](const Records& records, std::size_t count) {
            return put_paced(taker.putter(0), records, count);
          }};
}

/// A way to put: how many records, by how many threads, of what size.
struct Case {
  std::size_t size;
  std::size_t threads;
  bool is_burst;

  std::size_t records(bool quick) const {
    const std::size_t bytes = quick ? std::size_t{128} << 20 : std::size_t{2560} << 20;
    return is_burst ? burst_records : bytes / size;
  }

  std::string name() const {
    return std::string(is_burst ? "burst" : "sustained") + "/" + std::to_string(size) + "B/" +
           std::to_string(threads) + "p";
  }
};

using Throughputs = std::map<std::string, std::vector<double>>;

void measure(const Case& what, const std::vector<Subject>& subjects, Crew& crew, bool quick,
             std::size_t rounds, Throughputs& throughputs, Report& report) {
  const Records records(what.size);
  const std::size_t count = what.records(quick);
  std::vector<std::vector<double>> times(subjects.size());
  std::vector<std::uint64_t> refusals(subjects.size());
  for (std::size_t round = 0; round <= rounds; ++round) {
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
      refused = 0;
      const Result result = crew.measure(what.threads, count, [&](std::size_t thread) {
        subjects[i].put(thread, records, count);
      });
      if (round != 0) {  // the first one warms up
        times[i].push_back(result.ns_a_record);
        throughputs[what.name() + subjects[i].name].push_back(result.records_a_second);
        refusals[i] += refused;
      }
    }
  }
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const Spread ns = Spread::of(times[i]);
    const Spread ratio = Spread::of(ratios(times[i], times[floor_index]));
    const std::string name = "put/" + what.name() + "/" + subjects[i].name;
    std::printf("%-18s %-14s %7.1f  [%6.1f, %6.1f]  %5.2f  [%5.2f, %5.2f]", what.name().c_str(),
                subjects[i].name.c_str(), ns.median, ns.low, ns.high, ratio.median, ratio.low,
                ratio.high);
    report.add(name, ns, "ns");
    report.add(name + "/to_floor", ratio, "ratio");
    if (i == journal_index) {
      const Spread extra = Spread::of(ratios(times[i], times[usual_index]));
      std::printf("  %4.2f of the same without a journal", extra.median);
      report.add(name + "/to_unjournalled", extra, "ratio");
    }
    if (what.threads > 1) {
      const std::string one = Case{what.size, 1, what.is_burst}.name() + subjects[i].name;
      const Spread total = Spread::of(throughputs[what.name() + subjects[i].name]);
      const double gain = total.median / Spread::of(throughputs[one]).median;
      std::printf("  %4.2f", gain);
      report.add(name + "/to_one_thread", gain, "ratio");
    }
    if (refusals[i] != 0) {
      std::printf("  refused %.4f %%",
                  100.0 * static_cast<double>(refusals[i]) /
                      static_cast<double>(refusals[i] + rounds * count * what.threads));
    }
    std::printf("\n");
  }
  std::fflush(stdout);
}

void measure_paced(const std::vector<Subject>& subjects, bool quick, Report& report) {
  const Records records(128);
  const std::size_t count = quick ? 40'000 : 200'000;
  const std::size_t rounds = quick ? 1 : 5;
  std::printf("\none put of 128 B every 5 us, microseconds (medians of %zu rounds of %zu)\n",
              rounds, count);
  std::printf("%-14s %8s %8s %8s %8s %8s\n", "", "p50", "p99", "p99.9", "p99.99", "max");
  constexpr std::array<double, 5> points{0.5, 0.99, 0.999, 0.9999, 1.0};
  std::vector<std::array<std::vector<double>, points.size()>> found(subjects.size());
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      const std::vector<double> times = subjects[i].paced(records, count);
      for (std::size_t p = 0; p < points.size(); ++p) {
        const double at = points[p] * static_cast<double>(count - 1);
        found[i][p].push_back(times[static_cast<std::size_t>(at)]);
      }
    }
  }
  constexpr std::array<const char*, points.size()> names{"p50", "p99", "p99.9", "p99.99", "max"};
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    std::printf("%-14s", subjects[i].name.c_str());
    for (std::size_t p = 0; p < points.size(); ++p) {
      const Spread value = Spread::of(found[i][p]);
      std::printf(" %8.2f", value.median);
      report.add("put/paced/128B/" + subjects[i].name + "/" + names[p], value, "us");
    }
    std::printf("\n");
  }
}

using namespace hydrant::literals;

int run(int argc, char** argv) {
  const bool quick = has_flag(argc, argv, "--quick");
  const auto rounds = static_cast<std::size_t>(
      std::max(1, std::atoi(argument(argc, argv, "--rounds", quick ? "3" : "11"))));
  const std::string_view only = argument(argc, argv, "--only", "");
  Report report(argument(argc, argv, "--json", nullptr));

  Ring cold(std::size_t{64} << 20, threads_max);
  Ring hot(std::size_t{256} << 10, threads_max);
  DoubleBuffer by_hand;
  NullStream small("null-1MiB", 1_MiB);
  NullStream usual("null-5MiB", 5_MiB);
  // On the disk that the benchmark is started on, unless told otherwise.
  NullStream kept("journal-5MiB", 5_MiB,
                  argument(argc, argv, "--journal", "build/benchmark-journal"));
  const std::vector<Subject> subjects{subject("floor", cold),
                                      subject("floor-hot", hot),
                                      subject("double-buffer", by_hand),
                                      subject("hydrant-1MiB", small),
                                      subject("hydrant-5MiB", usual),
                                      subject("journal-5MiB", kept)};

  std::printf("%zu rounds; floor: a ring of 64 MiB; in brackets the middle half\n", rounds);
  std::printf("%-18s %-14s %7s  %16s  %5s  %14s  %s\n", "", "", "ns", "", "ratio", "",
              "throughput to one thread's");
  Throughputs throughputs;
  for (const bool is_burst : {true, false}) {
    for (const std::size_t size : {std::size_t{128}, std::size_t{512}}) {
      for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        const Case what{size, threads, is_burst};
        if (what.name().find(only) != std::string::npos) {
          Crew crew(threads);
          measure(what, subjects, crew, quick, is_burst ? 3 * rounds : rounds, throughputs, report);
        }
      }
    }
  }
  if (std::string_view("paced").find(only) != std::string_view::npos) {
    measure_paced(subjects, quick, report);
  }
  return 0;
}

}  // namespace
}  // namespace hydrant::benchmarks

int main(int argc, char** argv) {
  return hydrant::benchmarks::run(argc, argv);
}
