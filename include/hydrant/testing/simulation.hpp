// SPDX-License-Identifier: MIT
//
// A whole world from one seed: its time, its dice, its disk, and processes that
// live in it, one after the other or several at once, run by one thread in an
// order that the dice choose. Equal seeds, equal worlds, to the last event.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/testing/event_trace.hpp>
#include <hydrant/testing/seeded_dice.hpp>
#include <hydrant/testing/simulated_disk.hpp>
#include <hydrant/testing/simulated_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::testing {

namespace detail {

/// The disk as one process sees it: once that is dead, it reaches nothing.
class FilesOfProcess final : public Files {
 public:
  FilesOfProcess(std::shared_ptr<SimulatedDisk> disk,
                 std::shared_ptr<const SimulatedExecutor> executor)
      : disk_(std::move(disk)), executor_(std::move(executor)) {}

  Result<std::unique_ptr<File>> create(const std::string& path) override {
    return is_alive() ? disk_->create(path) : dead(path);
  }

  Status rename(const std::string& from, const std::string& to) override {
    return is_alive() ? disk_->rename(from, to) : dead(to);
  }

  Status remove(const std::string& path) override {
    return is_alive() ? disk_->remove(path) : dead(path);
  }

  Status make_directories(const std::string& path) override {
    return is_alive() ? disk_->make_directories(path) : dead(path);
  }

  Status sync_directory(const std::string& path) override {
    return is_alive() ? disk_->sync_directory(path) : dead(path);
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    return is_alive() ? disk_->list(path) : dead(path);
  }

  Status remove_directory(const std::string& path) override {
    return is_alive() ? disk_->remove_directory(path) : dead(path);
  }

  Result<std::unique_ptr<Mapping>> create_mapped(const std::string& path,
                                                 std::uint64_t size) override {
    return is_alive() ? disk_->create_mapped(path, size) : dead(path);
  }

  Result<std::unique_ptr<Mapping>> map(const std::string& path) override {
    return is_alive() ? disk_->map(path) : dead(path);
  }

  Result<std::unique_ptr<LogFile>> create_log(const std::string& path,
                                              std::uint64_t size) override {
    return is_alive() ? disk_->create_log(path, size) : dead(path);
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return is_alive() ? disk_->lock(path) : dead(path);
  }

  std::string boot_id() override { return disk_->boot_id(); }

 private:
  bool is_alive() const { return executor_->is_alive(); }

  static Failure dead(const std::string& path) {
    return hydrant::detail::system_failure("the process is dead:", path, EIO);
  }

  std::shared_ptr<SimulatedDisk> disk_;
  std::shared_ptr<const SimulatedExecutor> executor_;
};

/// One process, dead or alive.
struct SimulatedProcess {
  SimulatedProcess(std::uint64_t process_number, std::uint64_t seed,
                   std::shared_ptr<SimulatedClock> process_clock,
                   std::shared_ptr<SimulatedSchedule> schedule,
                   std::shared_ptr<EventTrace> event_trace,
                   std::shared_ptr<SimulatedDisk> process_disk)
      : number(process_number),
        clock(std::move(process_clock)),
        executor(std::make_shared<SimulatedExecutor>(seed, std::move(schedule))),
        disk(std::move(process_disk)),
        files(disk, executor),
        trace(std::move(event_trace)),
        dice(~seed) {}

  void kill() {
    executor->kill();
    disk->kill_process();
  }

  const std::uint64_t number;
  std::shared_ptr<SimulatedClock> clock;
  std::shared_ptr<SimulatedExecutor> executor;
  std::shared_ptr<SimulatedDisk> disk;
  FilesOfProcess files;
  std::shared_ptr<EventTrace> trace;
  SeededDice dice;
};

}  // namespace detail

/// An Env in a simulation: one process. Copies refer to the same process.
/// Threads: shared: safe, as long as only one thread at a time is at work.
class SimulatedEnv {
 public:
  /// A process in a world of its own.
  explicit SimulatedEnv(std::uint64_t seed = 1);

  explicit SimulatedEnv(std::shared_ptr<detail::SimulatedProcess> process)
      : process_(std::move(process)) {}

  SteadyTime steady_now() const { return process_->clock->steady_now(); }

  /// Begins at 2026-01-01 00:00:00 UTC.
  WallTime wall_now() const { return process_->clock->wall_now(); }

  std::uint64_t random() const { return process_->dice.next(); }

  Files& files() const { return process_->files; }

  /// Runs the streams that this process is given to.
  std::shared_ptr<hydrant::detail::Executor> executor() const { return process_->executor; }

  /// Which process of its world this is, counted from 1.
  std::uint64_t number() const { return process_->number; }

  /// False once the process was killed: then it runs nothing, and reaches no disk and no sink.
  bool is_alive() const { return process_->executor->is_alive(); }

  /// When it was killed; SteadyTime::max() while it is alive.
  SteadyTime died_at() const { return process_->executor->died_at(); }

  /// Lets so much time pass; what becomes due runs. A sink that calls this is slow, while the rest
  /// of the stream goes on.
  void advance(std::chrono::nanoseconds duration) const {
    const SteadyTime end = saturating_add(steady_now(), duration);
    do {
      run_ready();
    } while (is_alive() && process_->executor->skip_to_next_timer(end));
  }

  /// Runs what is ready, in any order.
  void run_ready() const {
    while (process_->executor->run_one()) {
    }
  }

  /// See EventTrace::note.
  void note(std::string_view what, std::string_view about, std::uint64_t number) const {
    process_->trace->note(what, about, number);
  }

  /// Each run of a task takes up to so much time. Default 0.
  void work_takes(std::chrono::nanoseconds at_most) const {
    process_->executor->work_takes(at_most);
  }

  /// In so many of a thousand cases a running task is told to give others a turn. Default 0.
  void yields(std::uint32_t per_mille) const { process_->executor->yields(per_mille); }

 private:
  friend class Simulation;

  std::shared_ptr<detail::SimulatedProcess> process_;
};

static_assert(Env<SimulatedEnv>);

/// A world from a seed. Copies refer to the same world.
///
/// @code
/// hydrant::testing::Simulation world(seed);
/// hydrant::testing::SimulatedEnv env = world.start_process();
/// {
///   hydrant::DeliveryStream stream{options, hydrant::identity,
///                                  hydrant::testing::SimulatedSink{lake, env}, env};
///   put(stream, "one");
///   world.kill_process();  // and the stream's destructor reaches nobody any more
/// }
/// env = world.start_process();  // finds the disk as it was left
/// @endcode
///
/// Threads: shared: safe, as long as only one thread at a time is at work.
class Simulation {
 public:
  /// `lines_max`: how many of the last events `trace` has in words.
  explicit Simulation(std::uint64_t seed, std::size_t lines_max = 64)
      : world_(std::make_shared<State>(seed, lines_max)) {}

  /// Starts the next process, in place of those that were killed or have ended: none of them lives
  /// any more.
  SimulatedEnv start_process() const {
    kill_process();
    return start_another_process();
  }

  /// Starts a further process, beside those that live.
  SimulatedEnv start_another_process() const {
    const std::uint64_t number = ++world_->processes_started;
    world_->trace->note("process starts", {}, number);
    world_->processes.push_back(std::make_shared<detail::SimulatedProcess>(
        number, mix64(world_->seed ^ number << 32), world_->clock, world_->schedule, world_->trace,
        world_->disk->another_process()));
    return SimulatedEnv(world_->processes.back());
  }

  /// Ends every process without another word: its work is dropped, its files and sinks are out of
  /// its reach. Streams are still there, as objects, to be destroyed. What it wrote stays.
  void kill_process() const {
    for (const auto& process : world_->processes) {
      process->kill();
    }
    world_->processes.clear();
  }

  /// The same with one process; the others live on.
  void kill_process(const SimulatedEnv& env) const {
    env.process_->kill();
    std::erase(world_->processes, env.process_);
  }

  /// The same, in the middle of that process's `n`-th call to the disk from now on.
  static void kill_at_disk_call(const SimulatedEnv& env, std::uint64_t n) {
    env.process_->disk->kill_at_call(n, killer_of(env));
  }

  /// The same, in the `n`-th call from now on that is to make something durable.
  static void kill_at_sync(const SimulatedEnv& env, std::uint64_t n) {
    env.process_->disk->kill_at_sync(n, killer_of(env));
  }

  /// Of the process that was started last.
  void kill_at_disk_call(std::uint64_t n) const {
    kill_at_disk_call(SimulatedEnv(world_->processes.back()), n);
  }

  /// Ends every process, and takes from the disk what was never synced, or parts of it.
  void cut_power() const {
    kill_process();
    world_->disk->cut_power();
  }

  /// Whether tasks have kept each other busy without end while no time went by.
  bool is_stuck() const { return world_->schedule->is_stuck(); }

  SimulatedDisk& disk() const { return *world_->disk; }

  EventTrace& trace() const { return *world_->trace; }

  /// For the test's own decisions.
  SeededDice& dice() const { return world_->dice; }

  /// Another seed for each call, for sinks and the like.
  std::uint64_t next_seed() const { return mix64(world_->dice.next()); }

  SteadyTime steady_now() const { return world_->clock->steady_now(); }

  void jump_wall(std::chrono::milliseconds by) const { world_->clock->jump_wall(by); }

 private:
  static std::function<void()> killer_of(const SimulatedEnv& env) {
    return [process = std::weak_ptr<detail::SimulatedProcess>(env.process_)] {
      if (const auto killed = process.lock()) {
        killed->executor->kill();
      }
    };
  }

  struct State {
    State(std::uint64_t world_seed, std::size_t lines_max)
        : seed(mix64(world_seed)),
          trace(std::make_shared<EventTrace>(lines_max)),
          clock(std::make_shared<detail::SimulatedClock>(trace)),
          schedule(std::make_shared<detail::SimulatedSchedule>(seed + 3, clock, trace)),
          disk(std::make_shared<SimulatedDisk>(seed + 1, trace)),
          dice(seed + 2) {}

    std::uint64_t seed;
    std::shared_ptr<EventTrace> trace;
    std::shared_ptr<detail::SimulatedClock> clock;
    std::shared_ptr<detail::SimulatedSchedule> schedule;
    std::shared_ptr<SimulatedDisk> disk;
    SeededDice dice;
    std::vector<std::shared_ptr<detail::SimulatedProcess>> processes;  // that live
    std::uint64_t processes_started = 0;
  };

  std::shared_ptr<State> world_;
};

inline SimulatedEnv::SimulatedEnv(std::uint64_t seed)
    : SimulatedEnv(Simulation(seed).start_process()) {}

}  // namespace hydrant::testing
