// SPDX-License-Identifier: MIT
//
// A game server: 60 ticks a second, thousands of telemetry events in each, and
// no thread but its own. The stream's work is done at the end of a tick, within
// 200 microseconds. In the end it says how evenly the ticks came, with Hydrant
// and without.
//
//     game_server [--seconds N] [--events N]       events a tick
#include <hydrant/hydrant.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "telemetry_link.hpp"
#include <fmt/format.h>

namespace {

using namespace hydrant::literals;
using namespace game_server;
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

struct Options {
  int seconds = 5;
  int events_a_tick = 4000;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--seconds") {
      options.seconds = std::max(1, std::atoi(argv[i + 1]));
    } else if (name == "--events") {
      options.events_a_tick = std::max(0, std::atoi(argv[i + 1]));
    }
  }
  return options;
}

/// Some work, as a world would have it.
struct World {
  std::vector<double> x = std::vector<double>(4000, 0.0);

  void simulate(int tick) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] += std::sin(static_cast<double>(tick) + static_cast<double>(i) * 0.01);
    }
  }
};

constexpr std::size_t event_bytes_max = 64;

/// Returns: the end of the text.
char* format_event(char* to, const World& world, int tick, int event) {
  const std::size_t id = static_cast<std::size_t>(event) % world.x.size();
  return fmt::format_to_n(to, event_bytes_max, "tick={} id={} x={:.3f}", tick, id, world.x[id]).out;
}

/// When each tick began, and what it took, in microseconds.
struct Ticks {
  std::vector<double> late;
  std::vector<double> work;
};

template <class Tick>
Ticks run_ticks(int count, Tick tick) {
  constexpr std::chrono::nanoseconds period{1'000'000'000 / 60};
  Ticks ticks;
  Clock::time_point due = Clock::now();
  for (int number = 0; number < count; ++number) {
    std::this_thread::sleep_until(due);
    const Clock::time_point start = Clock::now();
    tick(number);
    ticks.late.push_back(Microseconds(start - due).count());
    ticks.work.push_back(Microseconds(Clock::now() - start).count());
    due += period;
  }
  return ticks;
}

double percentile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

void print(std::string_view what, const Ticks& ticks) {
  fmt::print("{:<20} late {:7.0f} {:7.0f} {:7.0f}   work {:7.0f} {:7.0f} {:7.0f}\n", what,
             percentile(ticks.late, 0.5), percentile(ticks.late, 0.99), percentile(ticks.late, 1),
             percentile(ticks.work, 0.5), percentile(ticks.work, 0.99), percentile(ticks.work, 1));
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const int tick_count = options.seconds * 60;
  World world;
  // The same events, formatted and thrown away: what is left is what Hydrant costs.
  const Ticks without = run_ticks(tick_count, [&](int tick) {
    world.simulate(tick);
    char scratch[event_bytes_max];
    for (int event = 0; event < options.events_a_tick; ++event) {
      format_event(scratch, world, tick, event);
    }
  });

  TelemetryService service;
  hydrant::DeliveryReport report;
  Ticks with;
  {
    hydrant::DeliveryStream telemetry{
        hydrant::StreamOptions{.name = "telemetry",
                               .buffering = {.size = 256_KiB, .interval = 500ms},
                               .memory_limit = 16_MiB,
                               .overflow = hydrant::Overflow::drop_oldest},
        hydrant::identity, TelemetryLink{service.take_client()}, hydrant::pumped};

    with = run_ticks(tick_count, [&](int tick) {
      world.simulate(tick);
      for (int event = 0; event < options.events_a_tick; ++event) {
        if (auto room = telemetry.reserve(event_bytes_max)) {
          // What is refused is in the ledger.
          static_cast<void>(room.commit(format_event(room.data(), world, tick, event)));
        }
      }
      telemetry.pump(200us);  // batch, send, retry: no longer than this
    });
    report = telemetry.close(10s);
  }  // here the link is closed, which ends the service
  const std::uint64_t arrived = service.wait_for_end();

  fmt::print("{} ticks, {} events in each; microseconds: p50, p99, max\n", tick_count,
             options.events_a_tick);
  print("without Hydrant", without);
  print("with Hydrant", with);
  fmt::print("arrived: {}\n{}\n", arrived, to_text(report));
  return report.ledger.balanced() && report.ledger.in_memory == 0 &&
                 arrived == report.ledger.delivered
             ? 0
             : 1;
}
