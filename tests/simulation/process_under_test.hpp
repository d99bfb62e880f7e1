// SPDX-License-Identifier: MIT
//
// One simulated process with one stream: what its threads do to it, and what it
// must look like meanwhile.
#pragma once

#include <hydrant/testing/oracle.hpp>
#include <hydrant/testing/simulation.hpp>

#include <algorithm>
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
#include "simulation/stream_under_test.hpp"

namespace hydrant::tests {

/// What all processes of a run have in common.
struct Scene {
  testing::Simulation world;
  Plan plan;
  testing::Oracle oracle;
  std::map<std::uint64_t, std::uint64_t> numbers{};  // of each producer's next record
  std::vector<std::string> faults{};
  /// Some life could not write to its log, and no later one has said that all is durable.
  bool log_was_lost = false;

  void expect(bool holds, const std::string& fault) {
    if (!holds) {
      faults.push_back(fault);
    }
  }
};

/// A process that lives, or has died.
class ProcessUnderTest {
 public:
  /// Errors: OptionsError, as the stream's. `place` tells it from others that live at once.
  ProcessUnderTest(Scene& scene, const StreamOpener& opener, testing::SimulatedEnv env,
                   std::uint64_t place)
      : scene_(&scene), env_(std::move(env)), place_(place) {
    const std::uint64_t failures = scene_->world.disk().failure_count();
    stream_ = opener.open(env_);
    failures_seen_ = scene_->world.disk().failure_count();
    has_read_all_ = failures_seen_ == failures;
    for (std::size_t i = 0; i < scene_->plan.producers; ++i) {
      producers_.push_back(std::make_unique<LockstepThread>());
    }
    hear_of_damage();
  }

  const testing::SimulatedEnv& env() const { return env_; }

  std::uint64_t number() const { return env_.number(); }

  std::uint64_t place() const { return place_; }

  bool is_alive() const { return env_.is_alive(); }

  StreamUnderTest& stream() { return *stream_; }

  /// Whether it found everything that earlier lives had left.
  bool has_read_all() const { return has_read_all_; }

  /// Whether the stream says that it survives no power cut any more.
  bool has_lost_its_log() const { return has_lost_its_log_; }

  /// One thing that a program may do with its stream.
  void act() {
    testing::SeededDice& dice = this->dice();
    switch (dice.below(11)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const std::size_t producer = static_cast<std::size_t>(dice.below(producers_.size()));
        producers_[producer]->run([&] { put_some(producer); });
        break;
      }
      case 4:
        static_cast<void>(stream_->flush(std::chrono::milliseconds(dice.below(3000))));
        break;
      case 5:
        scene_->world.jump_wall(std::chrono::hours(24 * 365) *
                                (static_cast<int>(dice.below(21)) - 10));
        break;
      case 6:
        env_.run_ready();
        break;
      case 7:
        if (!accepted_.empty()) {
          const auto any = static_cast<std::size_t>(dice.below(accepted_.size()));
          static_cast<void>(
              stream_->wait(accepted_[any].ticket, std::chrono::milliseconds(dice.below(2000))));
        }
        break;
      case 8:
        sync(std::chrono::milliseconds(dice.below(2000)));
        break;
      default:
        env_.advance(
            std::chrono::milliseconds(dice.below(dice.pick<std::uint64_t>({200, 70'000}))));
    }
  }

  /// What must hold at any moment.
  void look() {
    if (!is_alive()) {
      return;
    }
    if (const std::uint64_t failures = scene_->world.disk().failure_count();
        failures != failures_seen_) {
      failures_seen_ = failures;
      has_lost_its_log_ = stream_->sync(std::chrono::nanoseconds(0)) == SyncStatus::failed;
      scene_->log_was_lost = scene_->log_was_lost || has_lost_its_log_;
      if (!is_alive()) {
        return;
      }
    }
    if (scene_->oracle.has_untold_damage()) {
      hear_of_damage();
    }
    const Plan& plan = scene_->plan;
    const Ledger ledger = stream_->ledger();
    oracle().check(ledger);
    const auto may_lose = [&](LostReason reason, bool may) {
      scene_->expect(may || ledger.lost_by_reason[static_cast<std::size_t>(reason)] == 0,
                     "lost by " + std::string(to_text(reason)));
    };
    const Overflow::Kind overflow = plan.options.overflow.kind();
    may_lose(LostReason::overflow_newest, overflow == Overflow::Kind::drop_newest);
    may_lose(LostReason::overflow_oldest, overflow == Overflow::Kind::drop_oldest);
    // A put into a lake waits while others, called in the middle of it, wait: it may be too late.
    may_lose(LostReason::error_output_failed, plan.errors_fail || plan.into == Into::lake);
    may_lose(LostReason::close_deadline, false);
    scene_->expect(stream_->backup_ledger().balanced(), "the backup's ledger does not balance");
    const StreamSnapshot snapshot = stream_->snapshot();
    scene_->expect(snapshot.memory_used <= snapshot.memory_limit, "more memory than memory_limit");
  }

  /// Returns: whether every record has ended. False, too, when the process died of it.
  bool close(std::chrono::nanoseconds timeout) {
    const DeliveryReport report = stream_->close(timeout);
    if (!is_alive()) {
      return false;
    }
    scene_->expect(report.ledger.in_memory == 0 && report.backup.in_memory == 0,
                   "something is in memory after close: " + to_text(report));
    tell_fates();
    oracle().check_end_of_life(stream_->ledger());
    oracle().check_backup(stream_->backup_ledger().delivered);
    hear_of_damage();
    return report.complete;
  }

  /// After a close: the life is over.
  void end() {
    const BackupLedger backup = stream_->backup_ledger();
    oracle().end_life(stream_->ledger(), backup.lost + backup.in_memory);
  }

  /// The process is dead, and was not asked.
  void end_by_crash(testing::Survives survives) {
    tell_fates();
    oracle().crashed(survives, stream_->ledger(), stream_->backup_ledger().lost);
  }

 private:
  struct Accepted {
    std::string record;
    Ticket ticket;
  };

  testing::SeededDice& dice() const { return scene_->world.dice(); }

  /// The oracle, told whose everything is that it hears of.
  testing::Oracle& oracle() const {
    scene_->oracle.in_life(number());
    return scene_->oracle;
  }

  /// Records that survive a power cut once a sync has succeeded. Of others' this one may not know.
  std::uint64_t whose_records() const {
    return scene_->plan.options.journal.shared || !has_read_all_ ? number() : 0;
  }

  static std::string_view name_in(std::string_view record) {
    return record.substr(0, record.rfind(':'));
  }

  void hear_of_damage() {
    const std::string history = stream_->history();
    if (history.find(" set aside in ") != std::string::npos) {
      oracle().damage_was_reported();
    }
  }

  void sync(std::chrono::nanoseconds timeout) {
    const SyncStatus status = stream_->sync(timeout);
    scene_->world.trace().note("sync", {}, static_cast<std::uint64_t>(status));
    if (status == SyncStatus::durable && is_alive()) {
      oracle().made_all_durable(whose_records());
      scene_->log_was_lost = scene_->log_was_lost && whose_records() != 0;
    }
  }

  void put_some(std::size_t producer) {
    testing::SeededDice& dice = this->dice();
    const std::uint64_t name = place_ * 100 + producer;
    std::vector<std::string> records;
    for (std::uint64_t left = 1 + dice.below(scene_->plan.records_max); left > 0; --left) {
      const std::size_t size = static_cast<std::size_t>(
          dice.chance(20) ? 1001 : dice.below(dice.pick<std::uint64_t>({60, 60, 60, 980})));
      records.push_back(testing::make_record({name, scene_->numbers[name]++}, size));
    }
    for (const std::string& record : records) {
      oracle().putting(record);
    }
    if (dice.chance(200)) {
      const std::vector<std::string_view> views(records.begin(), records.end());
      const std::vector<PutResult> results = stream_->put_batch(views);
      for (std::size_t i = 0; i < records.size(); ++i) {
        tell(records[i], results[i]);
      }
      return;
    }
    for (const std::string& record : records) {
      put(record);
    }
  }

  void put(const std::string& record) {
    testing::SeededDice& dice = this->dice();
    if (!dice.chance(scene_->plan.asks_durably)) {
      tell(record, dice.chance(200) ? stream_->format(record) : stream_->put(record));
      return;
    }
    const PutResult put = stream_->put_durable(record, std::chrono::milliseconds(dice.below(500)));
    tell(record, put);
    if (put && is_alive()) {
      oracle().made_durable(record);
    }
  }

  void tell(const std::string& record, const PutResult& put) {
    if (!is_alive()) {
      return;  // nobody has heard the answer
    }
    const bool is_full = put.status() == PutStatus::buffer_full;
    const bool is_not_durable = put.status() == PutStatus::journal_failed;
    scene_->expect(put || is_full || record.size() > 1000 ||
                       (is_not_durable && scene_->plan.asks_durably != 0),
                   "refused: " + std::string(put.reason()));
    oracle().put(record, put.status(),
                 is_full && scene_->plan.options.overflow.kind() == Overflow::Kind::drop_newest,
                 env_.steady_now());
    scene_->world.trace().note("put", name_in(record), static_cast<std::uint64_t>(put.status()));
    if (put) {
      accepted_.push_back({record, put.ticket()});
    }
  }

  void tell_fates() {
    for (const Accepted& accepted : accepted_) {
      const WaitStatus fate = stream_->wait(accepted.ticket, std::chrono::seconds(0));
      oracle().ended(accepted.record, fate);
      if (fate != WaitStatus::delivered) {
        scene_->world.trace().note("fate", name_in(accepted.record),
                                   static_cast<std::uint64_t>(fate));
      }
    }
    scene_->world.trace().note("books", to_text(stream_->ledger()), number());
  }

  Scene* scene_;
  testing::SimulatedEnv env_;
  std::uint64_t place_;
  std::unique_ptr<StreamUnderTest> stream_;
  std::vector<std::unique_ptr<LockstepThread>> producers_;  // a process's threads die with it
  std::vector<Accepted> accepted_;
  std::uint64_t failures_seen_ = 0;
  bool has_read_all_ = true;
  bool has_lost_its_log_ = false;
};

}  // namespace hydrant::tests
