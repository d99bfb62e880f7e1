// SPDX-License-Identifier: MIT
//
// Records from `put` to files, beside what a program written by hand for just
// this does: the same lines in blocks of the same size, compressed by the same
// library into the same kind of files by as many threads, without a queue, a
// transform, retries, an account or names. What Hydrant adds is the difference.
//
//   pipeline [--mib N] [--rounds N] [--json FILE]

#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/zstd.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "report.hpp"
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

namespace hydrant::benchmarks {
namespace {

using namespace hydrant::literals;

constexpr std::size_t block_bytes = std::size_t{5} << 20;
constexpr std::size_t putters = 1;  // compression is what takes the time
constexpr std::size_t workers = 2;

/// Lines of an access log as JSON, about 215 bytes each, from a fixed seed.
std::string make_lines(std::size_t bytes) {
  static constexpr const char* paths[] = {"/", "/index.html", "/api/v1/orders", "/static/app.js",
                                          "/login"};
  static constexpr const char* agents[] = {"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
                                           "curl/7.88.1", "Mozilla/5.0 (iPhone; CPU OS 17_1)"};
  std::mt19937_64 random(7);
  std::string lines;
  lines.reserve(bytes + 512);
  char line[512];
  for (std::uint64_t number = 0; lines.size() < bytes; ++number) {
    const std::uint64_t dice = random();
    const int size = std::snprintf(
        line, sizeof line,
        "{\"host\":\"10.%u.%u.%u\",\"time\":\"2026-05-04T10:%02u:%02u.%03uZ\",\"method\":\"%s\","
        "\"path\":\"%s?id=%u\",\"status\":%u,\"bytes\":%u,\"agent\":\"%s\",\"request\":\"%016lx\"}"
        "\n",
        unsigned(dice & 63), unsigned(dice >> 8 & 255), unsigned(dice >> 16 & 255),
        unsigned(number / 60000 % 60), unsigned(number / 1000 % 60), unsigned(number % 1000),
        (dice & 7) == 0 ? "POST" : "GET", paths[(dice >> 24) % 5], unsigned(dice >> 32 & 4095),
        (dice & 31) == 0 ? 404u : 200u, unsigned(dice >> 44 & 65535), agents[(dice >> 28) % 3],
        static_cast<unsigned long>(random()));
    lines.append(line, static_cast<std::size_t>(size));
  }
  return lines;
}

/// What one run took.
struct Cost {
  double seconds = 0;
  double processor_seconds = 0;
};

double processor_now() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

Cost measure(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const double before = processor_now();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          processor_now() - before};
}

/// By hand: each worker takes the next block, compresses it at once and writes a file.
void write_by_hand(const std::string& lines, int level, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < workers; ++i) {
    threads.emplace_back([&] {
      ZSTD_CCtx* context = ZSTD_createCCtx();
      std::vector<char> out(ZSTD_compressBound(block_bytes));
      for (std::size_t block = next++; block * block_bytes < lines.size(); block = next++) {
        const std::string_view in =
            std::string_view(lines).substr(block * block_bytes, block_bytes);
        const std::size_t size =
            ZSTD_compressCCtx(context, out.data(), out.size(), in.data(), in.size(), level);
        std::FILE* file = std::fopen((folder / std::to_string(block)).c_str(), "wb");
        if (ZSTD_isError(size) != 0 || file == nullptr ||
            std::fwrite(out.data(), 1, size, file) != size || std::fflush(file) != 0 ||
            fdatasync(fileno(file)) != 0) {
          std::perror("by hand");
          std::exit(1);
        }
        std::fclose(file);
      }
      ZSTD_freeCCtx(context);
    });
  }
}

void write_by_stream(const std::string& lines, int level, const std::filesystem::path& folder) {
  DeliveryStream stream{
      StreamOptions{.name = "pipeline",
                    .buffering = {.size = ByteCount{block_bytes}, .interval = 60s},
                    .overflow = Overflow::block{60s},
                    .concurrency = workers},
      identity, ObjectSink{DirectoryStore{folder.string()}, Lines{}, Zstd{.level = level}}};
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
}

int run(int argc, char** argv) {
  const auto mib = static_cast<std::size_t>(std::atoi(argument(argc, argv, "--mib", "256")));
  const int rounds = std::max(1, std::atoi(argument(argc, argv, "--rounds", "5")));
  Report report(argument(argc, argv, "--json", nullptr));
  const std::string lines = make_lines(mib << 20);
  const auto folder =
      std::filesystem::temp_directory_path() / ("hydrant-pipeline-" + std::to_string(getpid()));

  std::printf(
      "%zu MiB of JSON lines to zstd files, %zu putter, %zu workers, %d rounds; in brackets "
      "the middle half\n",
      mib, putters, workers, rounds);
  for (const int level : {1, 3}) {
    std::vector<double> hand;
    std::vector<double> stream;
    std::vector<double> hand_processor;
    std::vector<double> stream_processor;
    for (int round = 0; round < rounds; ++round) {
      const Cost one = measure([&] { write_by_hand(lines, level, folder / "hand"); });
      const Cost two = measure([&] { write_by_stream(lines, level, folder / "stream"); });
      std::filesystem::remove_all(folder);
      hand.push_back(one.seconds);
      stream.push_back(two.seconds);
      hand_processor.push_back(one.processor_seconds);
      stream_processor.push_back(two.processor_seconds);
    }
    const Spread wall = Spread::of(ratios(stream, hand));
    const Spread processor = Spread::of(ratios(stream_processor, hand_processor));
    const double mibs = static_cast<double>(mib);
    std::printf(
        "zstd %d: by hand %.0f MiB/s, hydrant %.0f MiB/s: %.2f [%.2f, %.2f] of its time, "
        "%.2f [%.2f, %.2f] of its processor time\n",
        level, mibs / Spread::of(hand).median, mibs / Spread::of(stream).median, wall.median,
        wall.low, wall.high, processor.median, processor.low, processor.high);
    const std::string name = "pipeline/zstd" + std::to_string(level);
    report.add(name + "/time_to_by_hand", wall, "ratio");
    report.add(name + "/processor_time_to_by_hand", processor, "ratio");
    report.add(name + "/throughput", mibs / Spread::of(stream).median, "MiB/s");
  }
  return 0;
}

}  // namespace
}  // namespace hydrant::benchmarks

int main(int argc, char** argv) {
  return hydrant::benchmarks::run(argc, argv);
}
