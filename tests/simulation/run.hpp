// SPDX-License-Identifier: MIT
//
// One simulated run: a stream in a world where everything goes wrong, life after
// life, with the oracle looking on.
#pragma once

#include <hydrant/core/base64.hpp>
#include <hydrant/object/lines.hpp>
#include <hydrant/object/object_sink.hpp>
#include <hydrant/testing/simulated_sink.hpp>
#include <hydrant/testing/simulation.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulation/lockstep_thread.hpp"
#include "simulation/plan.hpp"

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
      : world_(seed, lines_max),
        plan_(world_.dice()),
        oracle_(plan_.rules()),
        main_(world_.next_seed(), plan_.main_faults, keeps()),
        errors_(world_.next_seed(), plan_.error_faults, keeps()),
        backup_(world_.next_seed(), plan_.backup_faults, keeps()) {
    main_.on_commit([this](const testing::CommittedRecord& record) { oracle_.committed(record); });
    errors_.on_commit([this](const testing::CommittedRecord& letter) {
      oracle_.dead_lettered(raw_data(letter.record), letter.is_repeat, letter.is_acknowledged);
    });
    backup_.on_commit(
        [this](const testing::CommittedRecord& record) { oracle_.backed_up(record); });
    if (plan_.refuses_poison) {
      main_.refuse_when(is_poison);
    }
  }

  /// Lives all lives.
  void go() {
    for (life_ = 1; life_ <= plan_.lives && is_sound(); ++life_) {
      env_ = world_.start_process();
      env_.work_takes(plan_.work_takes);
      env_.yields(plan_.yields);
      if (life_ != plan_.lives && world_.dice().chance(300)) {
        world_.kill_at_disk_call(1 +
                                 world_.dice().below(world_.dice().pick<std::uint64_t>({20, 200})));
      }
      try {
        live_one_life();
      } catch (const OptionsError& error) {
        expect(!env_.is_alive(), error.what());
        world_.kill_process();  // it died before the stream was there
        oracle_.crashed(plan_.survives(Ending::kill), Ledger());
      }
      accepted_.clear();
    }
    if (is_sound()) {
      oracle_.finish();
    }
  }

  /// What was broken; empty when nothing was.
  std::vector<std::string> faults() const {
    std::vector<std::string> all = oracle_.faults();
    for (const testing::SimulatedDestination& destination : {main_, errors_, backup_}) {
      all.insert(all.end(), destination.violations().begin(), destination.violations().end());
    }
    all.insert(all.end(), faults_.begin(), faults_.end());
    return all;
  }

  testing::EventTrace& trace() const { return world_.trace(); }

 private:
  struct Accepted {
    std::string record;
    Ticket ticket;
  };

  testing::Keeps keeps() const {
    return plan_.is_idempotent ? testing::Keeps::one_per_key : testing::Keeps::every_copy;
  }

  bool is_sound() const { return faults().empty(); }

  void expect(bool holds, const std::string& fault) {
    if (!holds) {
      faults_.push_back(fault);
    }
  }

  void live_one_life() {
    if (plan_.into_objects) {
      with_transform(ObjectSink{testing::SimulatedStore{main_, env_}, Lines{}, Uncompressed{}});
    } else {
      with_transform(testing::SimulatedSink{main_, env_});
    }
  }

  template <class Sink>
  void with_transform(Sink sink) {
    if (plan_.transforms) {
      with_backup(unfold, std::move(sink));
    } else {
      with_backup(identity, std::move(sink));
    }
  }

  template <class Transform, class Sink>
  void with_backup(Transform transform, Sink sink) {
    auto errors = error_output(testing::SimulatedSink{errors_, env_}, plan_.outputs);
    if (plan_.backs_up) {
      DeliveryStream stream{
          plan_.options,     transform,
          std::move(sink),   env_,
          std::move(errors), source_backup(testing::SimulatedSink{backup_, env_}, plan_.outputs)};
      live(stream);
    } else {
      DeliveryStream stream{plan_.options, transform, std::move(sink), env_, std::move(errors)};
      live(stream);
    }
  }

  template <class Stream>
  void live(Stream& stream) {
    std::vector<std::unique_ptr<LockstepThread>> producers;  // a process's threads die with it
    for (std::size_t i = 0; i < plan_.producers; ++i) {
      producers.push_back(std::make_unique<LockstepThread>());
    }
    for (std::uint64_t steps = 5 + world_.dice().below(40);
         steps > 0 && env_.is_alive() && is_sound(); --steps) {
      act(stream, producers);
      look(stream);
    }
    if (!env_.is_alive()) {
      crash(stream, Ending::kill);
    } else if (life_ == plan_.lives) {
      come_to_rest(stream);
    } else {
      end(stream, world_.dice().pick({Ending::close, Ending::kill, Ending::power_cut}));
    }
  }

  template <class Stream>
  void end(Stream& stream, Ending ending) {
    if (ending == Ending::close) {
      static_cast<void>(close(stream, std::chrono::milliseconds(world_.dice().below(60'000))));
      if (env_.is_alive()) {
        oracle_.end_life(stream.ledger());
        return;
      }
    }
    crash(stream, ending);
  }

  template <class Stream>
  void crash(Stream& stream, Ending ending) {
    ending == Ending::power_cut ? world_.cut_power() : world_.kill_process();
    tell_fates(stream);
    oracle_.crashed(plan_.survives(ending), stream.ledger());
  }

  template <class Stream>
  void act(Stream& stream, const std::vector<std::unique_ptr<LockstepThread>>& producers) {
    testing::SeededDice& dice = world_.dice();
    switch (dice.below(11)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const std::size_t producer = static_cast<std::size_t>(dice.below(producers.size()));
        producers[producer]->run([&] { put_some(stream, producer); });
        break;
      }
      case 4:
        static_cast<void>(stream.flush(std::chrono::milliseconds(dice.below(3000))));
        break;
      case 5:
        world_.jump_wall(std::chrono::hours(24 * 365) * (static_cast<int>(dice.below(21)) - 10));
        break;
      case 6:
        env_.run_ready();
        break;
      case 7:
        if (!accepted_.empty()) {
          static_cast<void>(
              stream.wait(accepted_[static_cast<std::size_t>(dice.below(accepted_.size()))].ticket,
                          std::chrono::milliseconds(dice.below(2000))));
        }
        break;
      case 8:
        if (stream.sync(std::chrono::milliseconds(dice.below(2000))) == SyncStatus::durable &&
            env_.is_alive()) {
          oracle_.made_all_durable();
        }
        break;
      default:
        env_.advance(
            std::chrono::milliseconds(dice.below(dice.pick<std::uint64_t>({200, 70'000}))));
    }
  }

  template <class Stream>
  void put_some(Stream& stream, std::size_t producer) {
    testing::SeededDice& dice = world_.dice();
    std::vector<std::string> records;
    for (std::uint64_t left = 1 + dice.below(plan_.records_max); left > 0; --left) {
      const std::size_t size = static_cast<std::size_t>(
          dice.chance(20) ? 1001 : dice.below(dice.pick<std::uint64_t>({60, 60, 60, 980})));
      records.push_back(testing::make_record({producer, numbers_[producer]++}, size));
    }
    for (const std::string& record : records) {
      oracle_.putting(record);
    }
    if (dice.chance(200)) {
      const std::vector<std::string_view> views(records.begin(), records.end());
      std::vector<PutResult> results(records.size());
      static_cast<void>(stream.put_batch(views, results));
      for (std::size_t i = 0; i < records.size(); ++i) {
        tell(records[i], results[i]);
      }
      return;
    }
    for (const std::string& record : records) {
      tell(record, dice.chance(200) ? reserve(stream, record) : stream.put(record));
    }
  }

  template <class Stream>
  static PutResult reserve(Stream& stream, const std::string& record) {
    Room room = stream.reserve(record.size());
    if (!room) {
      return room.status();
    }
    record.copy(room.data(), record.size());
    return room.commit(record.size());
  }

  void tell(const std::string& record, const PutResult& put) {
    if (!env_.is_alive()) {
      return;  // nobody has heard the answer
    }
    const bool is_full = put.status() == PutStatus::buffer_full;
    expect(put || is_full || record.size() > 1000, "refused: " + std::string(put.reason()));
    oracle_.put(record, put.status(),
                is_full && plan_.options.overflow.kind() == Overflow::Kind::drop_newest);
    world_.trace().note("put", std::string_view(record).substr(0, record.rfind(':')),
                        static_cast<std::uint64_t>(put.status()));
    if (put) {
      accepted_.push_back({record, put.ticket()});
    }
  }

  template <class Stream>
  void look(Stream& stream) {
    if (!env_.is_alive()) {
      return;
    }
    const Ledger ledger = stream.ledger();
    oracle_.check(ledger);
    const auto may_lose = [&](LostReason reason, bool may) {
      expect(may || ledger.lost_by_reason[static_cast<std::size_t>(reason)] == 0,
             "lost by " + std::string(to_text(reason)));
    };
    const Overflow::Kind overflow = plan_.options.overflow.kind();
    may_lose(LostReason::overflow_newest, overflow == Overflow::Kind::drop_newest);
    may_lose(LostReason::overflow_oldest, overflow == Overflow::Kind::drop_oldest);
    may_lose(LostReason::error_output_failed, plan_.errors_fail);
    may_lose(LostReason::close_deadline, false);
    expect(stream.backup_ledger().balanced(), "the backup's ledger does not balance");
    const auto snapshot = stream.snapshot();
    expect(snapshot.memory_used <= snapshot.memory_limit, "more memory than memory_limit");
  }

  /// All is well again: now everything must come to its end, by itself or when it is told to.
  template <class Stream>
  void come_to_rest(Stream& stream) {
    for (const testing::SimulatedDestination& destination : {main_, errors_, backup_}) {
      destination.set_faults({});
    }
    if (world_.dice().chance(500)) {
      env_.advance(plan_.options.buffering.interval + std::chrono::minutes(2));
      expect(stream.ledger().in_memory == 0,
             "what was in memory stays there: " + to_text(stream.ledger()));
    } else {
      expect(stream.flush(std::chrono::hours(1)).complete, "flush did not come to its end");
    }
    look(stream);
    const std::uint64_t lost = stream.ledger().lost;
    expect(close(stream, std::chrono::hours(1)), "close did not come to its end");
    expect(stream.ledger().lost == lost, "a close without hurry lost records");
    oracle_.end_life(stream.ledger());
  }

  template <class Stream>
  bool close(Stream& stream, std::chrono::nanoseconds timeout) {
    const DeliveryReport report = stream.close(timeout);
    if (!env_.is_alive()) {
      return false;
    }
    expect(report.ledger.in_memory == 0 && report.backup.in_memory == 0,
           "something is in memory after close: " + to_text(report));
    tell_fates(stream);
    oracle_.check_end_of_life(stream.ledger());
    expect(oracle_.may_have_backed_up(stream.backup_ledger().delivered),
           "the backup's ledger counts other records than have arrived");
    return report.complete;
  }

  template <class Stream>
  void tell_fates(Stream& stream) {
    for (const Accepted& accepted : accepted_) {
      oracle_.ended(accepted.record, stream.wait(accepted.ticket, std::chrono::seconds(0)));
    }
  }

  testing::Simulation world_;
  Plan plan_;
  testing::Oracle oracle_;
  testing::SimulatedDestination main_;
  testing::SimulatedDestination errors_;
  testing::SimulatedDestination backup_;
  testing::SimulatedEnv env_{1};
  std::vector<Accepted> accepted_;  // in this life
  std::map<std::size_t, std::uint64_t> numbers_;
  std::uint64_t life_ = 1;
  std::vector<std::string> faults_;
};

}  // namespace hydrant::tests
