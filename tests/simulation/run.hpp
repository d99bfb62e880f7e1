// SPDX-License-Identifier: MIT
//
// One simulated run: a stream in a world where everything goes wrong, life after
// life, alone or with a second process beside it, with the oracle looking on.
#pragma once

#include <hydrant/core/base64.hpp>
#include <hydrant/testing/simulation.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulation/disk_trouble.hpp"
#include "simulation/journal_damage.hpp"
#include "simulation/process_under_test.hpp"

namespace hydrant::tests {

/// The record that an error output's JSON object is about.
inline std::string raw_data(std::string_view letter) {
  constexpr std::string_view key = "\"rawData\":\"";
  const std::size_t begin = letter.find(key) + key.size();
  return decode_base64(letter.substr(begin, letter.find('"', begin) - begin))
      .value_or(std::string());
}

/// One run of a seed.
class SimulatedRun {
 public:
  explicit SimulatedRun(std::uint64_t seed, std::size_t lines_max = 64)
      : SimulatedRun(testing::Simulation(seed, lines_max)) {}

  /// Lives all lives.
  void go() {
    testing::SimulatedDisk& disk = world_.disk();
    static_cast<void>(disk.make_directories("main"));
    static_cast<void>(disk.make_directories("errors"));
    static_cast<void>(disk.make_directories("backup"));
    static_cast<void>(disk.sync_directory("."));
    for (std::uint64_t life = 1; life <= scene_.plan.lives && is_sound(); ++life) {
      if (scene_.plan.disk_fails) {
        trouble_.begin();
      }
      live(life == scene_.plan.lives ? Life::last : Life::one_of_many);
      if (scene_.plan.damages && is_sound() && world_.dice().chance(500)) {
        damage();
      }
    }
    if (is_sound()) {
      trouble_.heal();
      live(Life::afterwards);
    }
    if (is_sound()) {
      look_at_what_is_left();
      scene_.oracle.finish();
    }
  }

  /// What was broken; empty when nothing was.
  std::vector<std::string> faults() const {
    std::vector<std::string> all = scene_.oracle.faults();
    for (const Destination* destination : {&main_, &errors_, &backup_}) {
      const std::vector<std::string> violations = destination->violations();
      all.insert(all.end(), violations.begin(), violations.end());
    }
    all.insert(all.end(), scene_.faults.begin(), scene_.faults.end());
    if (world_.is_stuck()) {
      all.emplace_back("tasks keep each other busy while no time goes by");
    }
    return all;
  }

  testing::EventTrace& trace() const { return world_.trace(); }

 private:
  explicit SimulatedRun(testing::Simulation world)
      : world_(std::move(world)),
        scene_{world_, Plan(world_.dice()), testing::Oracle(testing::OracleRules())},
        main_(world_, scene_.plan, "main", scene_.plan.main_faults),
        errors_(world_, scene_.plan, "errors", scene_.plan.error_faults),
        backup_(world_, scene_.plan, "backup", scene_.plan.backup_faults),
        opener_(scene_.plan, main_, errors_, backup_),
        trouble_(world_) {
    scene_.oracle = testing::Oracle(scene_.plan.rules());
    world_.trace().note("plan", scene_.plan.text());
    listen();
    if (scene_.plan.refuses_poison) {
      main_.simulated.refuse_when(is_poison);
    }
  }

  void listen() {
    main_.on_commit([this](const testing::CommittedRecord& record) {
      scene_.oracle.in_life(record.process);
      scene_.oracle.committed(record);
    });
    errors_.on_commit([this](const testing::CommittedRecord& letter) {
      scene_.oracle.in_life(letter.process);
      scene_.oracle.dead_lettered(raw_data(letter.record), letter.is_repeat,
                                  letter.is_acknowledged);
    });
    backup_.on_commit([this](const testing::CommittedRecord& record) {
      scene_.oracle.in_life(record.process);
      scene_.oracle.backed_up(record);
    });
    if (scene_.plan.into == Into::lake) {
      main_.lake->on_vanish([this](const testing::CommittedRecord& record) {
        scene_.oracle.vanished(record.record);
      });
      errors_.lake->on_vanish([this](const testing::CommittedRecord& letter) {
        scene_.oracle.letter_vanished(raw_data(letter.record));
      });
      backup_.lake->on_vanish([](const testing::CommittedRecord&) {});
    }
  }

  bool is_sound() const { return faults().empty(); }

  void expect(bool holds, const std::string& fault) { scene_.expect(holds, fault); }

  testing::SeededDice& dice() const { return world_.dice(); }

  // --- lives ----------------------------------------------------------------------------------

  enum class Life : std::uint8_t {
    one_of_many,
    last,       ///< Ends when everything has ended, in peace.
    afterwards  ///< Also begins in peace, alone: what the last could not read or remove is its.
  };

  /// One life of the stream: of its process, or of two that share its journal.
  void live(Life life) {
    const bool comes_to_rest = life != Life::one_of_many;
    life_began_ = world_.steady_now();
    scene_.oracle.resumed(life_began_);
    start(0, !comes_to_rest);
    for (std::uint64_t steps = 5 + dice().below(40); steps > 0 && is_sound() && has_living();
         --steps) {
      if (scene_.plan.disk_fails && life != Life::afterwards) {
        trouble_.step();
      }
      ProcessUnderTest& process =
          *processes_[static_cast<std::size_t>(dice().below(processes_.size()))];
      process.act();
      bury_the_dead();
      for (const auto& living : processes_) {
        living->look();
      }
      bury_the_dead();
      if (life != Life::afterwards) {
        meet_others(comes_to_rest);
      }
    }
    if (processes_.empty() || !is_sound()) {
      for (const auto& process : processes_) {
        world_.trace().note("history", process->stream().history(), process->number());
      }
      processes_.clear();
      return;
    }
    if (comes_to_rest) {
      come_to_rest();
    } else {
      end(dice().pick({Ending::close, Ending::kill, Ending::power_cut}));
    }
  }

  bool has_living() const { return !processes_.empty(); }

  /// Starts a process. It may die, or find no room for its journal, before it has a stream.
  void start(std::uint64_t place, bool may_die) {
    const testing::SimulatedEnv env = world_.start_another_process();
    env.work_takes(scene_.plan.work_takes);
    env.yields(scene_.plan.yields);
    if (may_die && dice().chance(300)) {
      if (dice().chance(500)) {
        testing::Simulation::kill_at_sync(
            env, 1 + dice().below(dice().pick<std::uint64_t>({3, 10, 40})));
      } else {
        testing::Simulation::kill_at_disk_call(
            env, 1 + dice().below(dice().pick<std::uint64_t>({20, 60, 200})));
      }
    }
    const std::uint64_t failures = world_.disk().failure_count();
    try {
      processes_.push_back(std::make_unique<ProcessUnderTest>(scene_, opener_, env, place));
    } catch (const OptionsError& error) {
      expect(!env.is_alive() || world_.disk().failure_count() != failures || is_disk_full(),
             error.what());
      world_.kill_process(env);
      scene_.oracle.in_life(env.number());
      scene_.oracle.crashed(scene_.plan.survives(Ending::kill), Ledger());
    }
    bury_the_dead();
  }

  bool is_disk_full() const { return world_.disk().room() == 0; }

  /// Of processes that died of a call to the disk, or of one that the power was cut in.
  void bury_the_dead() {
    const bool has_dead = std::any_of(processes_.begin(), processes_.end(),
                                      [](const auto& process) { return !process->is_alive(); });
    if (!has_dead) {
      return;
    }
    if (dice().chance(500)) {
      cut_power();
      return;
    }
    was_power_cut_ = false;
    for (const auto& process : processes_) {
      if (!process->is_alive()) {
        world_.kill_process(process->env());
        process->end_by_crash(scene_.plan.survives(Ending::kill));
      }
    }
    std::erase_if(processes_, [](const auto& process) { return !process->is_alive(); });
  }

  /// Others come and go, where the journal is shared, or are refused.
  void meet_others(bool comes_to_rest) {
    if (!scene_.plan.options.journal.is_on() || processes_.empty()) {
      return;
    }
    if (!scene_.plan.options.journal.shared) {
      if (dice().chance(20)) {
        intrude();
      }
    } else if (processes_.size() == 1 && dice().chance(150)) {
      start(1 - processes_.front()->place(), !comes_to_rest);
    } else if (processes_.size() == 2 && dice().chance(100)) {
      const auto one = processes_.begin() + static_cast<std::ptrdiff_t>(dice().below(2));
      if (dice().chance(500)) {
        kill(**one);
      } else {
        close(**one);
      }
      processes_.erase(one);
    }
  }

  /// A second process wants the journal of one that lives.
  void intrude() {
    const testing::SimulatedEnv env = world_.start_another_process();
    const std::uint64_t failures = world_.disk().failure_count();
    try {
      const auto stream = opener_.open(env);
      expect(false, "two processes have the journal open");
      world_.kill_process(env);
    } catch (const OptionsError& error) {
      expect(std::string(error.what()).find("is in use") != std::string::npos ||
                 world_.disk().failure_count() != failures || is_disk_full(),
             error.what());
      world_.kill_process(env);
    }
  }

  // --- how they end ---------------------------------------------------------------------------

  void end(Ending ending) {
    if (ending == Ending::power_cut) {
      cut_power();
      return;
    }
    for (const auto& process : processes_) {
      if (ending == Ending::close) {
        close(*process);
      } else {
        kill(*process);
      }
    }
    processes_.clear();
    was_power_cut_ = false;
  }

  void close(ProcessUnderTest& process) {
    static_cast<void>(process.close(std::chrono::milliseconds(dice().below(60'000))));
    if (process.is_alive()) {
      process.end();
    } else {
      process.end_by_crash(scene_.plan.survives(Ending::kill));
    }
  }

  void kill(ProcessUnderTest& process) {
    world_.kill_process(process.env());
    process.end_by_crash(scene_.plan.survives(Ending::kill));
  }

  void cut_power() {
    tell_what_is_old();
    world_.cut_power();
    if (scene_.log_was_lost) {
      scene_.oracle.may_repeat();  // which batches there were is known to nobody any more
    }
    for (const auto& process : processes_) {
      process->end_by_crash(scene_.plan.survives(Ending::power_cut));
    }
    processes_.clear();
    was_power_cut_ = true;
    ++power_cuts_;
    for (const Destination* destination : {&main_, &errors_, &backup_}) {
      if (destination->lake) {
        destination->lake->look_after_power_cut();
      }
    }
  }

  /// Under Durability::power_loss_window what is older than the interval is durable, unasked.
  void tell_what_is_old() {
    // How long it may take until the collector looks, and a little for tasks that take time.
    constexpr std::chrono::milliseconds slack{200};
    const Durability& durability = scene_.plan.options.journal.durability;
    if (durability.kind() != Durability::Kind::power_loss_window) {
      return;
    }
    for (const auto& process : processes_) {
      if (!process->has_lost_its_log()) {
        // Of what a process left that died before the power did, another may not have known yet.
        const SteadyTime until =
            std::min(world_.steady_now(), process->env().died_at()) - durability.interval() - slack;
        const bool knows_all = process->has_read_all() && !scene_.plan.options.journal.shared;
        scene_.oracle.made_all_durable(knows_all ? 0 : process->number(), until);
      }
    }
  }

  /// All is well again: now everything must come to its end, by itself or when it is told to.
  void come_to_rest() {
    for (const Destination* destination : {&main_, &errors_, &backup_}) {
      destination->be_well();
    }
    trouble_.heal();
    for (const auto& process : processes_) {
      StreamUnderTest& stream = process->stream();
      if (dice().chance(500)) {
        process->env().advance(scene_.plan.options.buffering.interval + std::chrono::minutes(2));
        expect(stream.ledger().in_memory == 0,
               "what was in memory stays there: " + to_text(stream.ledger()));
      } else {
        expect(stream.flush(std::chrono::hours(1)).complete, "flush did not come to its end");
      }
      process->look();
      const std::uint64_t lost = stream.ledger().lost;
      expect(process->close(std::chrono::hours(1)), "close did not come to its end");
      expect(stream.ledger().lost == lost, "a close without hurry lost records");
      process->end();
    }
    processes_.clear();
    was_power_cut_ = false;
  }

  // --- what is left ---------------------------------------------------------------------------

  void damage() {
    world_.kill_process();
    const bool survives = scene_.plan.options.journal.durability.survives_power_loss();
    const JournalDamage::Reads next{!was_power_cut_ || !survives, survives && power_cuts_ != 0};
    if (JournalDamage(world_, scene_.oracle, next).strike()) {
      for (const Destination* destination : {&main_, &errors_, &backup_}) {
        destination->let_change();
      }
    }
  }

  /// Everything was delivered: the journal is empty, but for what could not be read.
  void look_at_what_is_left() {
    world_.kill_process();
    for (const std::string& path : world_.disk().paths()) {
      expect(!path.starts_with("journal/") || path.ends_with(".journal/lock") ||
                 path.find("/set-aside/") != std::string::npos,
             "the journal is not empty: " + path);
    }
    for (const Destination* destination : {&main_, &errors_, &backup_}) {
      if (destination->lake) {
        destination->lake->look_at_everything();
      }
    }
  }

  testing::Simulation world_;
  Scene scene_;
  Destination main_;
  Destination errors_;
  Destination backup_;
  StreamOpener opener_;
  DiskTrouble trouble_;
  std::vector<std::unique_ptr<ProcessUnderTest>> processes_;
  SteadyTime life_began_{};
  std::uint64_t power_cuts_ = 0;
  bool was_power_cut_ = false;  // and nothing has happened since
};

}  // namespace hydrant::tests
