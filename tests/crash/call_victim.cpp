// SPDX-License-Identifier: MIT
//
// A short life of a stream with a journal, for failing_calls.py, which makes one
// of its system calls fail, or kills it there.
//
//     call_victim put|kill|drain|judge DIR NUMBER
//
// put: some batches of records, then close. kill: the same into a sink that
// takes nothing, then SIGKILL. drain: delivers what is left. judge: prints what
// became of the records of NUMBER processes.
#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include "crash_lake.hpp"
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int refused_to_start = 5;

hydrant::StreamOptions options_for(const fs::path& dir) {
  hydrant::StreamOptions options;
  options.name = "calls";
  options.buffering.size = hydrant::ByteCount{8192};
  options.buffering.interval = 20ms;
  options.retry.backoff = 1ms;
  options.retry.backoff_max = 2ms;
  options.memory_limit = hydrant::ByteCount{4ull << 20};
  options.journal.directory = (dir / "journal").string();
  return options;
}

auto lake_of(const fs::path& dir) {
  return hydrant::ObjectSink{hydrant::DirectoryStore{(dir / "lake").string()}, hydrant::Lines{},
                             hydrant::Uncompressed{}};
}

/// From here on calls may fail.
void mark_begin() {
  static_cast<void>(::getpgid(0));
}

template <class Stream>
void put_some(Stream& stream, hydrant::tests::Counters& counters, std::uint64_t process) {
  std::uint64_t number = counters.accepted[0].load();
  for (int tries = 0; tries < 250; ++tries) {
    const std::string record = std::to_string(process) + " 0 " + std::to_string(number) + " " +
                               std::string(static_cast<std::size_t>(tries), 'x');
    if (stream.put(record)) {
      counters.accepted[0].store(++number);
    }
  }
}

int put(const fs::path& dir, std::uint64_t process) {
  hydrant::tests::Counters& counters = hydrant::tests::map_counters(dir, process);
  mark_begin();
  hydrant::DeliveryStream stream{options_for(dir), hydrant::identity, lake_of(dir)};
  put_some(stream, counters, process);
  static_cast<void>(stream.flush(100ms));
  put_some(stream, counters, process);
  const hydrant::DeliveryReport report = stream.close(10s);
  if (!report.ledger.balanced()) {
    std::cerr << report << '\n' << stream.history();
    return 1;
  }
  return 0;
}

int put_and_be_killed(const fs::path& dir, std::uint64_t process) {
  hydrant::tests::Counters& counters = hydrant::tests::map_counters(dir, process);
  mark_begin();
  hydrant::DeliveryStream stream{
      options_for(dir), hydrant::identity,
      hydrant::CallbackSink{[](const hydrant::Batch&) { return hydrant::retry("down"); }}};
  put_some(stream, counters, process);
  static_cast<void>(stream.flush(30ms));
  put_some(stream, counters, process);
  ::kill(::getpid(), SIGKILL);
  return 1;
}

int drain(const fs::path& dir) {
  mark_begin();
  hydrant::DeliveryStream stream{options_for(dir), hydrant::identity, lake_of(dir)};
  const hydrant::DeliveryReport report = stream.close(20s);
  if (!report.complete || !report.ledger.balanced()) {
    std::cerr << report << '\n' << stream.history();
    return 1;
  }
  return 0;
}

int judge(const fs::path& dir, std::uint64_t processes) {
  hydrant::tests::Seen seen;
  seen.count_lake(dir / "lake", false);
  hydrant::tests::Verdict all;
  for (std::uint64_t process = 0; process < processes; ++process) {
    all += seen.judge(dir, process);
  }
  std::cout << "accepted=" << all.accepted << " lost=" << all.lost << " doubled=" << all.doubled
            << '\n';
  return all.lost + all.doubled == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: call_victim put|kill|drain|judge DIR NUMBER\n";
    return 2;
  }
  const std::string_view mode = arguments[1];
  const fs::path dir = arguments[2];
  const std::uint64_t number = std::strtoull(arguments[3], nullptr, 10);
  try {
    return mode == "put"     ? put(dir, number)
           : mode == "kill"  ? put_and_be_killed(dir, number)
           : mode == "drain" ? drain(dir)
                             : judge(dir, number);
  } catch (const hydrant::OptionsError& error) {
    std::cerr << error.what() << '\n';
    return refused_to_start;
  }
}
