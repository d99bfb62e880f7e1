// SPDX-License-Identifier: MIT
//
// JSON lines to one Parquet file, zstd, beside DuckDB doing the same with the
// same file on one thread: processor seconds for a GiB of JSON, and how large
// the file becomes. DuckDB runs in Node.js, from build/npm; without it there is
// nothing to compare with.
//
//   parquet [--mib N] [--rounds N] [--modules build/npm] [--lines FILE] [--json FILE]

#include <hydrant/object/parquet.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "report.hpp"
#include <sys/resource.h>
#include <unistd.h>

namespace hydrant::benchmarks {
namespace {

/// Lines of an access log, about 215 bytes each, from a fixed seed.
std::string make_lines(std::size_t bytes) {
  static constexpr const char* pages[] = {"/", "/index.html", "/api/v1/orders", "/login"};
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
        (dice & 7) == 0 ? "POST" : "GET", pages[(dice >> 24) % 4], unsigned(dice >> 32 & 4095),
        (dice & 31) == 0 ? 404u : 200u, unsigned(dice >> 44 & 65535), agents[(dice >> 28) % 3],
        static_cast<unsigned long>(random()));
    lines.append(line, static_cast<std::size_t>(size));
  }
  return lines;
}

const std::vector<ParquetColumn> columns = {
    {"host", "string"}, {"time", "timestamp"}, {"method", "string"}, {"path", "string"},
    {"status", "int"},  {"bytes", "bigint"},   {"agent", "string"},  {"request", "string"}};

double processor_now() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

/// The lines as a stream hands them over: records in pages of 1 MiB.
struct Records {
  explicit Records(const std::string& lines) {
    constexpr std::size_t page_bytes = std::size_t{1} << 20;
    std::size_t begin = 0;
    std::vector<std::uint32_t> ends;
    for (std::size_t at = 0; at < lines.size();) {
      at = lines.find('\n', at) + 1;
      ends.push_back(static_cast<std::uint32_t>(at - begin) | RecordSlice::delimited_bit);
      if (at - begin >= page_bytes || at == lines.size()) {
        slots.emplace_back(ends.rbegin(), ends.rend());
        RecordSlice slice;
        slice.payload = reinterpret_cast<const std::byte*>(lines.data()) + begin;
        slice.slots_top = slots.back().data() + slots.back().size();
        slice.last = static_cast<std::uint32_t>(ends.size());
        slice.delimiter_size = 1;
        slices.push_back(slice);
        info.count += slice.last;
        begin = at;
        ends.clear();
      }
    }
    info.bytes = lines.size();
  }

  BatchInfo info;
  std::vector<RecordSlice> slices;
  std::vector<std::vector<std::uint32_t>> slots;
};

struct Cost {
  double processor_seconds = 0;
  double file_bytes = 0;
};

Cost by_hydrant(const Records& records, const std::vector<ParquetColumn>& schema,
                const std::string& path) {
  const double start = processor_now();
  std::ofstream file(path, std::ios::binary);
  std::vector<RecordFailure> failures;
  const Parquet format{.schema = schema, .compression = ParquetCompression::zstd};
  const Status status = format.write(
      Batch(records.info, records.slices),
      [&](std::span<const std::byte> piece) -> Status {
        file.write(reinterpret_cast<const char*>(piece.data()),
                   static_cast<std::streamsize>(piece.size()));
        return success();
      },
      failures);
  file.close();
  if (!status || !failures.empty()) {
    std::fprintf(stderr, "%s\n",
                 status ? failures[0].reason.c_str() : status.failure().message.c_str());
    std::exit(1);
  }
  return {processor_now() - start, static_cast<double>(std::filesystem::file_size(path))};
}

/// What the script says it took; nothing where it cannot run.
Cost by_duckdb(const std::string& modules, const std::string& lines, const std::string& path) {
  const std::string command =
      "node benchmarks/parquet_duckdb.mjs '" + modules + "' '" + lines + "' '" + path + "'";
  Cost cost;
  if (std::FILE* out = ::popen(command.c_str(), "r")) {
    if (std::fscanf(out, "%lf %lf", &cost.processor_seconds, &cost.file_bytes) != 2) {
      cost = {};
    }
    ::pclose(out);
  }
  return cost;
}

int run(int argc, char** argv) {
  const auto mib = static_cast<std::size_t>(std::atoi(argument(argc, argv, "--mib", "128")));
  const int rounds = std::max(1, std::atoi(argument(argc, argv, "--rounds", "5")));
  const std::string modules = argument(argc, argv, "--modules", "build/npm");
  Report report(argument(argc, argv, "--json", nullptr));
  const auto folder =
      std::filesystem::temp_directory_path() / ("hydrant-parquet-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const std::string lines = make_lines(mib << 20);
  std::ofstream(folder / "lines.json", std::ios::binary) << lines;
  const Records records(lines);

  const double gibs = static_cast<double>(lines.size()) / (1 << 30);
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> sizes;
  for (int round = 0; round < rounds; ++round) {
    const Cost one = by_hydrant(records, columns, folder / "hydrant.parquet");
    const Cost two = by_duckdb(modules, folder / "lines.json", folder / "duckdb.parquet");
    ours.push_back(one.processor_seconds / gibs);
    if (two.file_bytes > 0) {
      theirs.push_back(two.processor_seconds / gibs);
      sizes.push_back(one.file_bytes / two.file_bytes);
    }
  }
  std::filesystem::remove_all(folder);

  const Spread cost = Spread::of(ours);
  std::printf("%zu MiB of JSON lines to Parquet, zstd: %.2f processor s/GiB [%.2f-%.2f]\n", mib,
              cost.median, cost.low, cost.high);
  report.add("parquet/zstd", cost, "processor s/GiB");
  if (theirs.empty()) {
    std::printf("no DuckDB to compare with: npm install --prefix build/npm @duckdb/node-api\n");
    return 0;
  }
  const Spread ratio = Spread::of(ratios(ours, theirs));
  std::printf("DuckDB, one thread: %.2f; ratio %.2f [%.2f-%.2f]; our file is %.2f of its\n",
              Spread::of(theirs).median, ratio.median, ratio.low, ratio.high,
              Spread::of(sizes).median);
  report.add("parquet/zstd/duckdb", Spread::of(theirs), "processor s/GiB");
  report.add("parquet/zstd/ratio", ratio, "of DuckDB's");
  report.add("parquet/zstd/size", Spread::of(sizes), "of DuckDB's");
  return 0;
}

}  // namespace
}  // namespace hydrant::benchmarks

int main(int argc, char** argv) {
  return hydrant::benchmarks::run(argc, argv);
}
