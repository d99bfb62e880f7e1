// SPDX-License-Identifier: MIT
//
// How many records a second survive a power cut, when so many are committed
// together: the journal's log beside a bare write and fdatasync, and beside
// databases that people use as a queue. Rounds are interleaved.
//
//     durable [--rounds N] [--directory DIR] [--json FILE]
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "durable_subjects.hpp"
#include "report.hpp"

namespace hydrant::benchmarks {
namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int run(int argc, char** argv) {
  const auto rounds = static_cast<std::size_t>(std::atoi(argument(argc, argv, "--rounds", "7")));
  const std::string directory = argument(argc, argv, "--directory", "benchmark-durable");
  Report report(argument(argc, argv, "--json", nullptr));
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::vector<std::pair<std::string, std::unique_ptr<Durable>>> subjects;
  subjects.emplace_back("bare", std::make_unique<BareFile>(directory));
  auto hydrant_log = std::make_unique<HydrantLog>(directory);
  HydrantLog& log = *hydrant_log;
  subjects.emplace_back("hydrant", std::move(hydrant_log));
#if defined(HYDRANT_BENCHMARK_LMDB)
  subjects.emplace_back("lmdb", std::make_unique<Lmdb>(directory));
#endif
#if defined(HYDRANT_BENCHMARK_SQLITE)
  subjects.emplace_back("sqlite", std::make_unique<Sqlite>(directory));
#endif
#if defined(HYDRANT_BENCHMARK_ROCKSDB)
  subjects.emplace_back("rocksdb", std::make_unique<Rocks>(directory));
#endif
  const std::vector<std::byte> records(8192 * record_bytes, std::byte{'x'});
  std::printf("records of 128 B a second, thousands; in brackets the ratio to bare\n");
  for (const std::size_t count : {std::size_t{128}, std::size_t{1024}, std::size_t{8192}}) {
    const std::size_t commits = count >= 8192 ? 8 : 40;
    std::vector<std::vector<double>> rates(subjects.size());
    for (std::size_t round = 0; round <= rounds; ++round) {
      for (std::size_t i = 0; i < subjects.size(); ++i) {
        log.prepare();
        const double start = seconds();
        for (std::size_t commit = 0; commit < commits; ++commit) {
          subjects[i].second->commit(records.data(), count);
        }
        if (round != 0) {  // the first one warms up
          rates[i].push_back(static_cast<double>(commits * count) / (seconds() - start));
        }
      }
    }
    std::printf("%5zu a commit:", count);
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      const Spread rate = Spread::of(rates[i]);
      const Spread ratio = Spread::of(ratios(rates[i], rates[0]));
      std::printf("  %s %.0f [%.2f]", subjects[i].first.c_str(), rate.median / 1000, ratio.median);
      const std::string name = "durable/" + std::to_string(count) + "/" + subjects[i].first;
      report.add(name, rate, "records/s");
      report.add(name + "/to_bare", ratio, "ratio");
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  subjects.clear();
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace hydrant::benchmarks

int main(int argc, char** argv) {
  return hydrant::benchmarks::run(argc, argv);
}
