// SPDX-License-Identifier: MIT
//
// One life of a victim of crash_program: a stream with a journal, threads that
// put, sometimes a forked child that goes on by itself, and the end in the
// middle of it.
#pragma once

#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crash_lake.hpp"
#include <unistd.h>

namespace hydrant::tests {

/// What all lives on one directory have in common.
struct GroupPlan {
  std::filesystem::path dir;
  bool transforms = false;  // and fails some records
  bool backs_up = false;
  bool is_shared = false;  // several processes at once
};

struct LifePlan {
  std::uint64_t process = 0;
  std::uint64_t child = 0;  // the number of a forked child's, if there is one
  std::uint64_t seed = 0;
  bool is_last = false;
};

/// A directory that every so often does not take an object, or takes it and says otherwise.
struct ShakyStore {
  static constexpr std::string_view name = "directory";

  DeliveryResult put_object(const Object& object, Attempt& attempt) {
    const std::uint64_t dice = attempt.world().random();
    if (dice % 7 == 0) {
      return retry("not now");
    }
    DeliveryResult result = store.put_object(object, attempt);
    return dice % 11 == 0 ? retry("the answer was lost") : std::move(result);
  }

  DirectoryStore store;
};

inline auto lake_sink(const std::filesystem::path& directory) {
  return ObjectSink{ShakyStore{DirectoryStore{{.directory = directory.string(), .sync = false}}},
                    Lines{}, Uncompressed{}};
}

class Victim {
 public:
  Victim(GroupPlan group, LifePlan plan)
      : group_(std::move(group)), plan_(plan), dice_(plan.seed) {}

  /// Returns: the process's exit status, if it lives to see it.
  int live() {
    try {
      if (group_.transforms) {
        return live_with([](const RecordView& record, Emitter& out) {
          if (record.size() % 13 == 0) {
            return Outcome::failed("unlucky");
          }
          out.emit(std::string(record.text()) + "!");
          return Outcome::ok();
        });
      }
      return live_with(identity);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      return 3;
    }
  }

 private:
  StreamOptions options() {
    StreamOptions options;
    options.name = "crash";
    options.buffering = draw_hints();
    options.memory_limit = ByteCount{16ull << 20};
    options.retry.backoff = std::chrono::milliseconds(1);
    options.retry.backoff_max = std::chrono::milliseconds(5);
    options.concurrency = 1 + static_cast<std::uint32_t>(dice_() % 2);
    options.overflow = dice_() % 2 == 0 ? Overflow(Overflow::block{std::chrono::milliseconds(50)})
                                        : Overflow::spill;
    options.journal.directory = (group_.dir / "journal").string();
    options.journal.shared = group_.is_shared;
    options.close_timeout = std::chrono::seconds(60);
    return options;
  }

  BufferingHints draw_hints() {
    BufferingHints hints;
    hints.size = ByteCount{std::uint64_t{1024} << dice_() % 11};
    hints.interval = std::chrono::milliseconds(dice_() % 20);
    return hints;
  }

  OutputOptions output_options() {
    OutputOptions options;
    options.buffering = draw_hints();
    options.retry.backoff = std::chrono::milliseconds(1);
    options.retry.backoff_max = std::chrono::milliseconds(5);
    return options;
  }

  template <class Transform>
  int live_with(Transform transform) {
    if (!plan_.is_last && dice_() % 4 == 0) {  // die while the stream is being built
      std::thread([moment = dice_() % 2'000] {
        std::this_thread::sleep_for(std::chrono::microseconds(moment));
        ::kill(::getpid(), SIGKILL);
      }).detach();
    }
    auto errors = error_output(lake_sink(group_.dir / "errors"), output_options());
    auto backup = source_backup(lake_sink(group_.dir / "backup"), output_options());
    if (group_.backs_up) {
      DeliveryStream stream{options(), std::move(transform), lake_sink(group_.dir / "lake"),
                            std::move(errors), std::move(backup)};
      return live_through(stream);
    }
    DeliveryStream stream{options(), std::move(transform), lake_sink(group_.dir / "lake"),
                          std::move(errors)};
    return live_through(stream);
  }

  template <class Stream>
  int live_through(Stream& stream) {
    if (!plan_.is_last) {
      put_until_killed(stream, plan_.process, plan_.child != 0);
      return 0;
    }
    return end_in_peace(stream);
  }

  template <class Stream>
  static int end_in_peace(Stream& stream) {
    const DeliveryReport report = stream.close(std::chrono::seconds(60));
    if (!report.complete || !report.ledger.balanced()) {
      std::cerr << report << '\n' << stream.history();
      return 1;
    }
    return 0;
  }

  template <class Stream>
  void put_until_killed(Stream& stream, std::uint64_t process, bool forks) {
    Counters& counters = map_counters(group_.dir, process);
    const std::uint64_t threads = 1 + dice_() % (threads_max - 1);
    const auto moment = std::chrono::microseconds(dice_() % (dice_() % 4 == 0 ? 2'000 : 30'000));
    std::vector<std::thread> crew;
    for (std::uint64_t thread = 0; thread < threads; ++thread) {
      crew.emplace_back(
          [&, thread, seed = dice_()] { put(stream, counters, process, thread, seed); });
    }
    const auto start = std::chrono::steady_clock::now();
    if (forks) {
      wait_until(start + moment / 2);
      if (::fork() == 0) {
        be_child(stream);
      }
    }
    wait_until(start + moment);
    ::kill(::getpid(), SIGKILL);
    for (std::thread& thread : crew) {
      thread.join();
    }
  }

  /// A forked child puts through the stream that it has inherited, and ends in either way.
  template <class Stream>
  [[noreturn]] void be_child(Stream& stream) {
    if (dice_() % 2 == 0) {
      put_until_killed(stream, plan_.child, false);
    }
    Counters& counters = map_counters(group_.dir, plan_.child);
    for (std::uint64_t number = 0; number < 200; ++number) {
      if (!stream.put(record_of(plan_.child, 0, number, number % 100))) {
        ::_exit(4);
      }
      counters.accepted[0].store(number + 1, std::memory_order_release);
    }
    ::_exit(end_in_peace(stream));
  }

  static void wait_until(std::chrono::steady_clock::time_point moment) {
    while (std::chrono::steady_clock::now() < moment) {
    }
  }

  template <class Stream>
  static void put(Stream& stream, Counters& counters, std::uint64_t process, std::uint64_t thread,
                  std::uint64_t seed) {
    std::mt19937_64 dice(seed);
    const std::size_t size = std::size_t{1} << dice() % 11;
    for (std::uint64_t number = 0;;) {
      if (stream.put(record_of(process, thread, number, dice() % size))) {
        counters.accepted[thread].store(++number, std::memory_order_release);
      }
      if (dice() % 64 == 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(dice() % 300));
      }
    }
  }

  static std::string record_of(std::uint64_t process, std::uint64_t thread, std::uint64_t number,
                               std::size_t padding) {
    return std::to_string(process) + " " + std::to_string(thread) + " " + std::to_string(number) +
           " " + std::string(padding, 'x');
  }

  const GroupPlan group_;
  const LifePlan plan_;
  std::mt19937_64 dice_;
};

}  // namespace hydrant::tests
