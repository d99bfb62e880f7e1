// SPDX-License-Identifier: MIT
//
// A game's main loop that sends telemetry and owns its every microsecond: the
// library has no thread here. Events are formatted straight into the stream's
// memory, and in each tick `pump` may send for 200 us. The loop runs first
// without telemetry, then with it, and prints what a tick took in both.
//
//     game_server --seconds 10 --events 2000
#include <hydrant/hydrant.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "collector.hpp"
#include "collector_sink.hpp"
#include <fmt/compile.h>
#include <fmt/format.h>

namespace {

using namespace game_server;
using namespace hydrant::literals;
using Clock = std::chrono::steady_clock;

constexpr int ticks_a_second = 60;
constexpr std::size_t event_size_max = 128;  // four numbers of 20 digits, and their names

struct Options {
  int seconds = 5;
  int events = 2000;  // a tick
};

/// Things that move: the work that a tick has to do in any case.
class World {
 public:
  struct Thing {
    double x = 0;
    double y = 0;
    double direction = 0;
  };

  explicit World(int count) : things_(static_cast<std::size_t>(count)) {}

  void simulate() {
    ++tick_;
    for (std::size_t i = 0; i < things_.size(); ++i) {
      Thing& thing = things_[i];
      thing.direction += 0.01 * static_cast<double>(i % 7);
      thing.x += std::cos(thing.direction);
      thing.y += std::sin(thing.direction);
    }
  }

  std::uint64_t tick() const { return tick_; }

  const std::vector<Thing>& things() const { return things_; }

 private:
  std::vector<Thing> things_;
  std::uint64_t tick_ = 0;
};

/// Where everything is, one event a thing, formatted in the stream's own memory.
void report_all(const World& world, hydrant::Producer& telemetry) {
  for (std::size_t i = 0; i < world.things().size(); ++i) {
    const World::Thing& thing = world.things()[i];
    if (hydrant::Room room = telemetry.reserve(event_size_max)) {
      const char* end =
          fmt::format_to(room.data(), FMT_COMPILE(R"({{"tick":{},"thing":{},"x":{},"y":{}}})"),
                         world.tick(), i, std::lround(thing.x * 1000), std::lround(thing.y * 1000));
      // Whatever becomes of it, the ledger knows; a game does not stop for its telemetry.
      static_cast<void>(room.commit(end));
    }
  }
}

struct TickTimes {
  std::vector<double> work_ms;
  std::vector<double> late_ms;
};

/// Runs `tick` 60 times a second, and measures how long each took and how late it began.
TickTimes run_ticks(int seconds, const std::function<void()>& tick) {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  constexpr auto period = std::chrono::nanoseconds(1'000'000'000 / ticks_a_second);
  TickTimes times;
  Clock::time_point due = Clock::now();
  for (int i = 0; i < seconds * ticks_a_second; ++i) {
    std::this_thread::sleep_until(due);
    const Clock::time_point start = Clock::now();
    tick();
    const Clock::time_point end = Clock::now();
    times.work_ms.push_back(Milliseconds(end - start).count());
    times.late_ms.push_back(Milliseconds(start - due).count());
    due = std::max(due + period, end);  // a tick that took too long is not made up for
  }
  return times;
}

/// "  0.12   0.34   0.56": half of the ticks, 99 of 100, and all were below.
std::string quantiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double fraction) {
    return values[static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1))];
  };
  return fmt::format("{:8.3f}{:8.3f}{:8.3f}", at(0.5), at(0.99), at(1));
}

void print_table(const TickTimes& without, const TickTimes& with) {
  fmt::print("ms           without telemetry           with telemetry\n");
  fmt::print("          {0:>8}{1:>8}{2:>8}    {0:>8}{1:>8}{2:>8}\n", "p50", "p99", "max");
  fmt::print("tick took {}    {}\n", quantiles(without.work_ms), quantiles(with.work_ms));
  fmt::print("came late {}    {}\n", quantiles(without.late_ms), quantiles(with.late_ms));
}

/// Returns: whether what was delivered has arrived, and all else is accounted for.
bool run(const Options& options) {
  World quiet_world(options.events);
  const TickTimes without = run_ticks(options.seconds, [&] { quiet_world.simulate(); });

  const Collector collector;
  hydrant::DeliveryStream telemetry{
      hydrant::StreamOptions{.name = "telemetry",
                             .buffering = {.size = 4_MiB, .interval = 250ms},
                             .memory_limit = 32_MiB,
                             .overflow = hydrant::Overflow::drop_oldest},
      hydrant::identity, CollectorSink{}, hydrant::pumped};
  hydrant::Producer producer = telemetry.producer();
  World world(options.events);
  const TickTimes with = run_ticks(options.seconds, [&] {
    world.simulate();
    report_all(world, producer);
    telemetry.pump(200us);
  });
  const hydrant::DeliveryReport report = telemetry.close(10s);

  print_table(without, with);
  const hydrant::StreamSnapshot snapshot = telemetry.snapshot();
  fmt::print("{} ticks with {} events each, {:.1f} MB; the collector has {} events\n", world.tick(),
             options.events, static_cast<double>(snapshot.incoming_bytes) / 1e6,
             collector.events());
  fmt::print("{}\n", to_text(report));
  return report.complete && report.ledger.balanced() &&
         collector.events() == report.ledger.delivered;
}

/// Errors: std::invalid_argument, which says what is wrong.
Options parse_options(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t at = 0; at < arguments.size(); at += 2) {
    int* const option = arguments[at] == "--seconds"  ? &options.seconds
                        : arguments[at] == "--events" ? &options.events
                                                      : nullptr;
    const std::string_view value =
        at + 1 < arguments.size() ? arguments[at + 1] : std::string_view();
    if (option == nullptr ||
        std::from_chars(value.data(), value.data() + value.size(), *option).ptr !=
            value.data() + value.size() ||
        *option < 1) {
      throw std::invalid_argument(std::string(arguments[at]) +
                                  ": no such option, or no positive number after it");
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse_options({argv + 1, argv + argc})) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "game_server: {}\n\nusage: game_server [--seconds N] [--events N]\n",
               error.what());
    return 2;
  }
}
