// SPDX-License-Identifier: MIT
//
// Access logs into a lake: several threads read and put lines, a transform
// makes JSON of each, a sink stores them as compressed objects, and lines that
// are no log lines go to an error output. In the end every line is accounted
// for; the exit status is 0 only when none was lost.
//
//     access_log /var/log/nginx/access.log --to lake --threads 4
//     access_log /var/log/nginx/access.log --to s3://my-lake/logs
#include <hydrant/hydrant.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../common/any_format.hpp"
#include "failing_store.hpp"
#include "line_source.hpp"
#include "options.hpp"
#include "parse.hpp"
#include "progress.hpp"
#include <fmt/format.h>

namespace {

using namespace hydrant::literals;
using namespace access_log;

/// One line of log in, one line of JSON out.
hydrant::Outcome to_json(const hydrant::RecordView& record, hydrant::Emitter& out) {
  const Parsed parsed = parse(record.text());
  if (!parsed.fault.empty()) {
    return hydrant::Outcome::failed(std::string(parsed.fault), "AccessLog.NoLogLine");
  }
  thread_local std::string json;  // batches are parsed by several threads at once
  json.clear();
  append_json(json, parsed.entry);
  out.emit(json);
  return hydrant::Outcome::ok();
}

/// The fields of `to_json`.
hydrant::Parquet parquet() {
  return {.schema = {{"host", "string"},
                     {"ident", "string"},
                     {"user", "string"},
                     {"time", "timestamp"},
                     {"request", "string"},
                     {"method", "string"},
                     {"path", "string"},
                     {"protocol", "string"},
                     {"status", "int"},
                     {"bytes", "bigint"},
                     {"referer", "string"},
                     {"user_agent", "string"}},
          .compression = hydrant::ParquetCompression::zstd};
}

auto sink_into(const Options& options, std::string_view folder, bool is_parquet) {
  const examples::Place place = examples::part_of(options.to, folder);
  const examples::AnyFormat lines = hydrant::Lines{};
  const AnyCodec as_it_is = hydrant::in_format;
  return hydrant::ObjectSink{FailingStore{examples::AnyStore{place}, options.fail_every},
                             is_parquet ? examples::AnyFormat(parquet()) : lines,
                             is_parquet ? as_it_is : options.codec,
                             hydrant::Key{{.prefix = place.prefix}}};
}

/// A disk comes back sooner than a server on the other side of the world.
hydrant::RetryOptions retry_options() {
  return {.backoff = 100ms, .backoff_max = 10s};
}

hydrant::StreamOptions stream_options(const Options& options) {
  return {.name = "access-log",
          .buffering = {.size = options.size, .interval = options.interval},
          // A quarter of it is for JSON. The longest line that there is, all of bytes that JSON
          // writes as six, has to fit, once for each batch at work.
          .memory_limit = std::max(options.threads * 64_MiB, 4 * options.size),
          // A log file can wait: rather slow down the reading than lose a line.
          .overflow = hydrant::Overflow::block{10min},
          .journal = {.directory = options.journal},
          .retry = retry_options(),
          .record_bytes_max = {LineSource::line_size_max},
          .concurrency = options.threads};
}

hydrant::OutputOptions error_options(const Options& options) {
  return {.buffering = {.size = options.size, .interval = options.interval},
          .retry = retry_options()};
}

/// Puts lines until there are none. Returns: why it ended early; empty when it did not.
std::string put_lines(LineSource& source, hydrant::Producer stream) {
  try {
    for (std::string block; source.next(block);) {
      for (std::string_view rest = block; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        // What is refused is counted in the stream's ledger; `main` looks there.
        static_cast<void>(stream.put(rest.substr(0, end)));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      }
    }
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// Returns: the first trouble that one of the threads had; empty when none had any.
std::string put_all(LineSource& source, hydrant::Producer stream, std::uint32_t thread_count) {
  std::mutex lock;
  std::string trouble;
  std::vector<std::jthread> threads;
  for (std::uint32_t i = 0; i < thread_count; ++i) {
    threads.emplace_back([&] {
      std::string mine = put_lines(source, stream);
      std::lock_guard guard(lock);
      if (trouble.empty()) {
        trouble = std::move(mine);
      }
    });
  }
  threads.clear();  // joins them
  return trouble;
}

std::string describe(const LineSource& source, const hydrant::Ledger& ledger) {
  std::string text;
  if (source.bytes_total() != 0) {
    text = Progress::bar(static_cast<double>(source.bytes_read()) /
                         static_cast<double>(source.bytes_total())) +
           "  ";
  }
  return text + fmt::format("{} lines, {} delivered, {} in memory", ledger.accepted,
                            ledger.delivered, ledger.in_memory);
}

void print_summary(const hydrant::StreamSnapshot& snapshot, const LineSource& source,
                   std::chrono::duration<double> took) {
  const std::uint64_t lines = snapshot.ledger.accepted;
  fmt::print("read: {} lines, {:.1f} MB in {:.2f} s: {:.0f} lines a second\n", lines,
             static_cast<double>(source.bytes_read()) / 1e6, took.count(),
             static_cast<double>(lines) / took.count());
  for (const hydrant::LaneSnapshot& lane : snapshot.lanes) {
    fmt::print("{}: {} objects in {} attempts, {} of them failed\n", to_text(lane.role),
               lane.batches, lane.attempts, lane.attempts_failed);
  }
}

/// Returns: whether every line has arrived, in the data or among the errors.
bool run(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  LineSource source(options.files);
  hydrant::DeliveryStream stream{
      stream_options(options), hydrant::transform(to_json),
      sink_into(options, "data", options.is_parquet),
      hydrant::error_output(sink_into(options, "errors", false), error_options(options))};

  std::string trouble;
  hydrant::DeliveryReport report;
  {
    const Progress progress([&] { return describe(source, stream.ledger()); });
    trouble = put_all(source, stream.producer(), options.threads);
    report = stream.close(10min);
  }
  print_summary(stream.snapshot(), source, std::chrono::steady_clock::now() - start);
  const hydrant::Ledger& ledger = report.ledger;
  const std::uint64_t refused =
      ledger.refused_too_large + ledger.refused_buffer_full + ledger.refused_closed;
  if (refused != 0) {
    fmt::print("refused: {} lines that are too long, {} others\n", ledger.refused_too_large,
               refused - ledger.refused_too_large);
  }
  if (!trouble.empty()) {
    fmt::print("stopped reading: {}\n", trouble);
  }
  fmt::print("{}\n", to_text(report));
  return trouble.empty() && refused == 0 && ledger.balanced() && ledger.lost == 0 &&
         ledger.in_memory == 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    if (arguments.size() == 1 && arguments[0] == "--help") {
      fmt::print("{}", usage);
      return 0;
    }
    const Options options = parse_options(arguments);
    return run(options) ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "access_log: {}\n\n{}", error.what(), usage);
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "access_log: {}\n", error.what());
    return 2;
  }
}
