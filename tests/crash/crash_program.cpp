// SPDX-License-Identifier: MIT
//
// Kills real processes at random moments and counts what became of their
// records. One life of the victim puts records from some threads into a stream
// with a journal, delivers into a directory, and is killed in the middle; the
// next life goes on from the journal. After some lives one is left to end in
// peace, and everything that any put has accepted must be in the directory,
// once.
//
//     crash_program --runs 1000 [--seed S] --dir DIR
//
// Last line of its output: `runs=N accepted=N lost=N doubled=N`. Exit status 0
// only when nothing was lost or doubled.
#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t threads_max = 4;
constexpr std::size_t counter_bytes = 4096;

/// How many records each thread of a life was told are accepted: in a file, so that it outlives
/// the process to the last instruction.
struct Counters {
  std::atomic<std::uint64_t> accepted[threads_max];
};

Counters& map_counters(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
  if (file < 0 || ::ftruncate(file, counter_bytes) != 0) {
    std::perror("counters");
    std::exit(2);
  }
  void* memory = ::mmap(nullptr, counter_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return *static_cast<Counters*>(memory);
}

/// The directory, but every so often it does not take an object, or takes it and says otherwise.
struct ShakyStore {
  static constexpr std::string_view name = "directory";

  hydrant::DeliveryResult put_object(const hydrant::Object& object, hydrant::Attempt& attempt) {
    const std::uint64_t dice = attempt.world().random();
    if (dice % 7 == 0) {
      return hydrant::retry("not now");
    }
    hydrant::DeliveryResult result = store.put_object(object, attempt);
    return dice % 11 == 0 ? hydrant::retry("the answer was lost") : std::move(result);
  }

  hydrant::DirectoryStore store;
};

struct LifePlan {
  std::uint64_t number = 0;
  std::uint64_t seed = 0;
  bool is_last = false;
};

hydrant::StreamOptions options_of(std::mt19937_64& dice, const fs::path& dir) {
  hydrant::StreamOptions options;
  options.name = "crash";
  options.buffering.size = hydrant::ByteCount{std::uint64_t{1024} << dice() % 11};
  options.buffering.interval = std::chrono::milliseconds(dice() % 20);
  options.memory_limit = hydrant::ByteCount{16ull << 20};
  options.retry.backoff = 1ms;
  options.retry.backoff_max = 5ms;
  options.concurrency = 1 + static_cast<std::uint32_t>(dice() % 2);
  options.overflow = hydrant::Overflow::block{50ms};
  options.journal.directory = (dir / "journal").string();
  options.close_timeout = 60s;
  return options;
}

std::string record_of(std::uint64_t life, std::uint64_t thread, std::uint64_t number,
                      std::size_t padding) {
  return std::to_string(life) + " " + std::to_string(thread) + " " + std::to_string(number) + " " +
         std::string(padding, 'x');
}

template <class Stream>
void put_until_killed(Stream& stream, const LifePlan& plan, Counters& counters,
                      std::mt19937_64& dice) {
  const std::uint64_t threads = 1 + dice() % (threads_max - 1);
  const std::uint64_t moment = dice() % (dice() % 4 == 0 ? 2'000 : 30'000);
  std::vector<std::thread> crew;
  for (std::uint64_t thread = 0; thread < threads; ++thread) {
    crew.emplace_back([&, thread, seed = dice()] {
      std::mt19937_64 own(seed);
      const std::size_t size = std::size_t{1} << own() % 11;
      for (std::uint64_t number = 0;; ++number) {
        if (stream.put(record_of(plan.number, thread, number, own() % size))) {
          counters.accepted[thread].store(number + 1, std::memory_order_release);
        } else {
          --number;  // refused: the same again
        }
        if (own() % 64 == 0) {
          std::this_thread::sleep_for(std::chrono::microseconds(own() % 300));
        }
      }
    });
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(moment);
  while (std::chrono::steady_clock::now() < end) {
  }
  ::kill(::getpid(), SIGKILL);
  for (std::thread& thread : crew) {
    thread.join();
  }
}

template <class Transform>
int live_with(const LifePlan& plan, const fs::path& dir, Transform transform,
              std::mt19937_64& dice) {
  hydrant::StreamOptions options = options_of(dice, dir);
  Counters& counters = map_counters(dir / ("accepted-" + std::to_string(plan.number)));
  if (!plan.is_last && dice() % 4 == 0) {  // die while the stream is being built
    std::thread([moment = dice() % 2'000] {
      std::this_thread::sleep_for(std::chrono::microseconds(moment));
      ::kill(::getpid(), SIGKILL);
    }).detach();
  }
  hydrant::DirectoryStore lake{{.directory = (dir / "lake").string(), .sync = false}};
  hydrant::DeliveryStream stream{
      options, std::move(transform),
      hydrant::ObjectSink{ShakyStore{std::move(lake)}, hydrant::Lines{}, hydrant::Uncompressed{}}};
  if (plan.is_last) {
    const hydrant::DeliveryReport report = stream.close(60s);
    if (!report.complete || !report.ledger.balanced()) {
      std::cerr << report << '\n' << stream.history();
      return 1;
    }
    return 0;
  }
  put_until_killed(stream, plan, counters, dice);
  return 0;
}

/// Which of the transforms a directory has stays the same over its lives.
int live(const LifePlan& plan, const fs::path& dir, bool transforms) {
  std::mt19937_64 dice(plan.seed);
  try {
    if (transforms) {
      return live_with(plan, dir, hydrant::map([](hydrant::RecordView record) {
                         return std::string(record.text()) + "!";
                       }),
                       dice);
    }
    return live_with(plan, dir, hydrant::identity, dice);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 3;
  }
}

struct Verdict {
  std::uint64_t accepted = 0;
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;
};

/// Counts what is in the lake against what was accepted.
Verdict judge(const fs::path& dir, std::uint64_t lives) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::uint32_t>> seen;
  for (const auto& entry : fs::recursive_directory_iterator(dir / "lake")) {
    if (!entry.is_regular_file() || entry.path().filename().string().front() == '.') {
      continue;
    }
    std::ifstream file(entry.path());
    std::uint64_t life = 0;
    std::uint64_t thread = 0;
    std::uint64_t number = 0;
    for (std::string line; std::getline(file, line);) {
      if (std::sscanf(line.c_str(), "%lu %lu %lu", &life, &thread, &number) != 3) {
        std::cerr << entry.path() << ": not a record of ours: " << line.substr(0, 60) << '\n';
        std::exit(1);
      }
      std::vector<std::uint32_t>& counts = seen[{life, thread}];
      counts.resize(std::max<std::size_t>(counts.size(), number + 1));
      ++counts[number];
    }
  }
  Verdict verdict;
  for (std::uint64_t life = 0; life < lives; ++life) {
    const Counters& counters = map_counters(dir / ("accepted-" + std::to_string(life)));
    for (std::uint64_t thread = 0; thread < threads_max; ++thread) {
      const std::uint64_t accepted = counters.accepted[thread].load();
      std::vector<std::uint32_t>& counts = seen[{life, thread}];
      verdict.accepted += accepted;
      counts.resize(std::max<std::size_t>(counts.size(), accepted));
      for (std::size_t number = 0; number < counts.size(); ++number) {
        verdict.lost += counts[number] == 0 && number < accepted ? 1 : 0;
        verdict.doubled += counts[number] > 1 ? counts[number] - 1 : 0;
      }
      if (counts.size() > accepted + 1) {  // the last one may have been on its way out of put
        std::cerr << "life " << life << ": more records than were put\n";
        std::exit(1);
      }
    }
  }
  return verdict;
}

/// One generation of lives on one directory. Returns: what became of their records.
Verdict run_group(const fs::path& dir, std::uint64_t lives, std::mt19937_64& dice) {
  fs::remove_all(dir);
  fs::create_directories(dir / "lake");
  const bool transforms = dice() % 2 == 0;
  // The last but one may end while a thread of its is still removing files: the last removes them.
  for (std::uint64_t number = 0; number <= lives + 1; ++number) {
    const LifePlan plan{number, dice(), number >= lives};
    const pid_t child = ::fork();
    if (child == 0) {
      ::_exit(live(plan, dir, transforms));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (plan.is_last ? !(WIFEXITED(status) && WEXITSTATUS(status) == 0) : !was_killed) {
      std::cerr << "life " << number << " with seed " << plan.seed << " ended with status "
                << status << '\n';
      std::exit(1);
    }
  }
  const Verdict verdict = judge(dir, lives);
  for (const auto& left : fs::directory_iterator(dir / "journal" / "crash.journal")) {
    if (left.path().filename() != "lock") {
      std::cerr << "left behind: " << left.path() << '\n';
      std::exit(1);
    }
  }
  return verdict;
}

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t runs = 100;
  std::uint64_t seed = std::random_device()();
  fs::path dir;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = arguments[i];
    if (name == "--runs") {
      runs = std::strtoull(arguments[i + 1], nullptr, 10);
    } else if (name == "--seed") {
      seed = std::strtoull(arguments[i + 1], nullptr, 10);
    } else if (name == "--dir") {
      dir = arguments[i + 1];
    }
  }
  if (dir.empty()) {
    std::cerr << "usage: crash_program --runs N [--seed S] --dir DIR\n";
    return 2;
  }
  std::cout << "seed " << seed << std::endl;
  std::mt19937_64 dice(seed);
  Verdict all;
  for (std::uint64_t done = 0; done < runs;) {
    const std::uint64_t lives = std::min<std::uint64_t>(runs - done, 1 + dice() % 20);
    const Verdict verdict = run_group(dir / "group", lives, dice);
    all.accepted += verdict.accepted;
    all.lost += verdict.lost;
    all.doubled += verdict.doubled;
    done += lives;
    if (verdict.lost + verdict.doubled != 0) {
      std::cerr << "after " << done << " runs: lost=" << verdict.lost
                << " doubled=" << verdict.doubled << ", see " << dir / "group" << '\n';
      break;
    }
  }
  std::cout << "runs=" << runs << " accepted=" << all.accepted << " lost=" << all.lost
            << " doubled=" << all.doubled << std::endl;
  return all.lost + all.doubled == 0 ? 0 : 1;
}
