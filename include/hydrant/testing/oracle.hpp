// SPDX-License-Identifier: MIT
//
// The one judge of every test that sends numbered records through a stream: it hears of each
// put, each commit and each crash, and says whether what was promised is kept, until the end.
#pragma once

#include <hydrant/core/ledger.hpp>
#include <hydrant/core/put_result.hpp>
#include <hydrant/core/wait_status.hpp>
#include <hydrant/testing/oracle_entry.hpp>
#include <hydrant/testing/oracle_rules.hpp>
#include <hydrant/testing/simulated_destination.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// Judges a run. Every fault that it finds is a sentence in `faults`.
///
/// @code
/// oracle.putting(record);
/// oracle.put(record, stream.put(record).status());
/// oracle.check(stream.ledger());  // at any moment, and check_end_of_life after close
/// oracle.finish();                // and then there are no faults()
/// @endcode
///
/// Where several lives of the stream go on at once, each is told of by the number of its process:
/// `in_life` says whose everything is that follows.
///
/// Threads: shared: unsafe.
class Oracle {
 public:
  explicit Oracle(OracleRules rules) : rules_(std::move(rules)) {}

  // --- what happens ---------------------------------------------------------------------------

  /// What follows is of that life. Without it lives are counted from 1.
  void in_life(std::uint64_t number) { life_ = number; }

  /// A put begins. Until it is answered nobody knows whether the record will arrive; where the
  /// process dies first, nobody ever will.
  void putting(const std::string& record) {
    const RecordName name = *RecordName::of(record);
    Entry& entry = entries_[name];
    entry.record = record;
    entry.life = life_;
    entry.outputs = rules_.outputs_of ? rules_.outputs_of(name) : 1;
  }

  /// It was answered. `dropped`: not accepted, but in the ledger, under Overflow::drop_newest.
  void put(const std::string& record, PutStatus status, bool dropped = false, SteadyTime now = {}) {
    Entry& entry = entries_[*RecordName::of(record)];
    entry.since = std::max(entry.since, now);
    const bool has_ticket = status == PutStatus::accepted;
    const bool is_accepted = has_ticket || status == PutStatus::journal_failed;
    entry.state = is_accepted ? State::accepted : State::refused;
    expect(is_accepted || (entry.copies.empty() && entry.letters.count == 0),
           "refused, and has arrived", entry);
    books().accepted += is_accepted || dropped ? 1u : 0u;
    books().nameless += is_accepted && !has_ticket ? 1u : 0u;
    books().dropped_newest += dropped ? 1u : 0u;
  }

  /// From now on this record survives a crash of the kind Survives::what_was_durable.
  void made_durable(const std::string& record) {
    entries_[*RecordName::of(record)].is_durable = true;
  }

  /// The same of all accepted so far: by `whose` life, or any where that is 0; not after `until`.
  void made_all_durable(std::uint64_t whose = 0, SteadyTime until = SteadyTime::max()) {
    for (auto& [name, entry] : entries_) {
      if (entry.state == State::accepted && (whose == 0 || entry.life == whose) &&
          entry.since <= until) {
        entry.is_durable = true;
        entry.durability_damaged = 0;
      }
    }
  }

  /// A life begins, and takes up what is left of others.
  void resumed(SteadyTime now) {
    for (auto& [name, entry] : entries_) {
      entry.since = std::max(entry.since, now);
    }
  }

  /// The main destination has taken something.
  void committed(const CommittedRecord& committed) {
    const std::size_t mark = mark_of(committed.record);
    Entry* entry = known("delivered", committed.record.substr(0, mark));
    if (entry == nullptr) {
      return;
    }
    const std::uint32_t output = output_of(committed.record, mark);
    if (!expect(output < entry->outputs, "an output that was not made", *entry)) {
      return;
    }
    check_order(*entry, committed, output);
    Copies& copies = entry->copies[output];
    copies.count += committed.is_repeat ? 0u : 1u;
    expect(!rules_.exactly_once || entry->may_repeat || copies.count <= 1, "delivered twice",
           *entry);
    expect(!copies.is_acknowledged_in(life_), "sent again after it was confirmed", *entry);
    if (committed.is_acknowledged && !copies.is_acknowledged_in(life_)) {
      copies.acknowledged_in.push_back(life_);
      if (entry->is_complete_in(life_)) {
        ++books().complete;
        books().complete_again += entry->life != life_ ? 1u : 0u;
      }
    }
  }

  /// What it had taken, and not confirmed, is not there any more.
  void vanished(std::string_view record) {
    const std::size_t mark = mark_of(record);
    if (Entry* entry = known("vanished", record.substr(0, mark))) {
      --entry->copies[output_of(record, mark)].count;
    }
  }

  /// The error output has taken this record.
  void dead_lettered(std::string_view record, bool is_repeat, bool is_acknowledged) {
    Entry* entry = known("dead-lettered", record);
    if (entry == nullptr) {
      return;
    }
    entry->letters.count += is_repeat ? 0u : 1u;
    expect(!entry->letters.is_acknowledged_in(life_),
           "dead-lettered again after that was confirmed", *entry);
    if (is_acknowledged && !entry->letters.is_acknowledged_in(life_)) {
      books().letters_again += entry->life != life_ ? 1u : 0u;
      entry->letters.acknowledged_in.push_back(life_);
      ++books().letters;
    }
  }

  /// What it had taken, and not confirmed, is not there any more.
  void letter_vanished(std::string_view record) {
    if (Entry* entry = known("vanished", record)) {
      --entry->letters.count;
    }
  }

  /// The source backup has taken this record.
  void backed_up(const CommittedRecord& committed) {
    Entry* entry = known("backed up", committed.record);
    if (entry != nullptr && committed.is_acknowledged && !entry->backup.is_acknowledged_in(life_)) {
      books().backups_again += entry->life != life_ ? 1u : 0u;
      entry->backup.acknowledged_in.push_back(life_);
      ++entry->backup.count;
      ++books().backups;
    }
  }

  /// What the stream says of an accepted record of this life.
  void ended(const std::string& record, WaitStatus status) {
    Entry& entry = entries_[*RecordName::of(record)];
    entry.has_fate = status != WaitStatus::pending;
    entry.fate = status;
    ++books().fates[static_cast<std::size_t>(status)];
    const bool is_forgotten = status == WaitStatus::ended || status == WaitStatus::pending;
    if (is_forgotten) {
      return;
    }
    expect((status == WaitStatus::delivered) == entry.is_complete_in(life_),
           status == WaitStatus::delivered ? "called delivered, and is not"
                                           : "delivered, and not called so",
           entry);
    expect((status == WaitStatus::dead_lettered) == entry.letters.is_acknowledged_in(life_),
           status == WaitStatus::dead_lettered ? "called dead-lettered, and is not"
                                               : "dead-lettered, and not called so",
           entry);
    expect(status != WaitStatus::lost || rules_.may_lose, "lost", entry);
    expect(status != WaitStatus::dropped || entry.outputs == 0, "called dropped, and is not",
           entry);
  }

  /// The process ended without being closed; `last` is the last that it knew of its books.
  void crashed(Survives survives, const Ledger& last, std::uint64_t backups_lost = 0) {
    for (auto& [name, entry] : entries_) {
      if (survives == Survives::nothing ||
          (survives == Survives::what_was_durable && !entry.is_durable)) {
        entry.may_have_died();
      }
    }
    end_life(last, backups_lost);
  }

  /// A life of the stream is over; another may begin. So many records will not be backed up.
  void end_life(const Ledger& last, std::uint64_t backups_lost = 0) {
    // Of records that an earlier life has accepted nobody has a ticket to ask by.
    nameless_losses_ += books().nameless_losses(last);
    backups_lost_ += backups_lost;
    books_.erase(life_);
    ++life_;
  }

  // --- what a medium that has gone bad may do --------------------------------------------------

  /// Something was damaged. Returns: its number, for what follows.
  std::uint64_t new_damage() { return ++damages_; }

  /// That damage may cost this record.
  void damaged(const RecordName& name, std::uint64_t damage) {
    if (const auto entry = entries_.find(name); entry != entries_.end()) {
      entry->second.damaged = damage;
    }
  }

  /// The same of a damage that nobody can notice.
  void damaged_unnoticeably(const RecordName& name) {
    if (const auto entry = entries_.find(name); entry != entries_.end()) {
      entry->second.may_be_missing = true;
      entry->second.backup_may_be_missing = true;
    }
  }

  /// It may cost the record when the power is cut.
  void durability_damaged(const RecordName& name, std::uint64_t damage) {
    const auto entry = entries_.find(name);
    if (entry != entries_.end() && entry->second.is_durable) {
      entry->second.is_durable = false;
      entry->second.durability_damaged = damage;
    }
  }

  /// A record that nobody has put, and that may arrive all the same.
  void forged(const std::string& record) {
    Entry& entry = forged_[record];
    entry.record = record;
    entry.may_repeat = true;
    entry.outputs = rules_.outputs_of
                        ? rules_.outputs_of(RecordName::of(record).value_or(RecordName{0, 0}))
                        : 1;
  }

  bool is_forged(const std::string& record) const { return forged_.count(record) != 0; }

  /// What was put so far may arrive twice, even where that is promised to happen never.
  void may_repeat() {
    for (auto& [name, entry] : entries_) {
      entry.may_repeat = true;
    }
  }

  /// The stream has said that something is damaged.
  void damage_was_reported() { damages_reported_ = damages_; }

  /// Whether it has not said so of all that was.
  bool has_untold_damage() const { return damages_reported_ != damages_; }

  // --- what must hold -------------------------------------------------------------------------

  /// At any moment of a life.
  void check(const Ledger& ledger) {
    OracleBooks& mine = books();
    const Ledger& seen = mine.seen;
    expect(ledger.balanced(), "the ledger does not balance: " + to_text(ledger));
    expect(ledger.accepted == mine.accepted,
           "accepted " + std::to_string(mine.accepted) + " records: " + to_text(ledger));
    expect(ledger.delivered <= mine.complete,
           "at most " + std::to_string(mine.complete) + " are delivered: " + to_text(ledger));
    expect(ledger.dead_lettered <= mine.letters,
           "at most " + std::to_string(mine.letters) + " are dead-lettered: " + to_text(ledger));
    expect(ledger.delivered >= seen.delivered && ledger.dropped >= seen.dropped &&
               ledger.dead_lettered >= seen.dead_lettered && ledger.lost >= seen.lost,
           "a count went back: " + to_text(seen) + ", then " + to_text(ledger));
    expect(ledger.lost == 0 || rules_.may_lose, "records were lost: " + to_text(ledger));
    // What comes again after a crash, to make a batch whole, may have ended in an earlier life, in
    // whatever way, and is in the books of that one.
    if (ledger.in_memory == 0 && ledger.in_journal == 0) {
      expect(ledger.delivered + mine.complete_again >= mine.complete,
             "delivered " + std::to_string(mine.complete) + " records: " + to_text(ledger));
      expect(ledger.dead_lettered + mine.letters_again >= mine.letters,
             "dead-lettered " + std::to_string(mine.letters) + " records: " + to_text(ledger));
    }
    mine.seen = ledger;
  }

  /// Once `ended` was told of every record that this life has accepted.
  void check_end_of_life(const Ledger& ledger) {
    check(ledger);
    expect(books().fate(WaitStatus::ended) != 0  // how some ended is forgotten
               || books().add_up_to(ledger),
           "the ledger is not the sum of the records' fates: " + to_text(ledger));
  }

  /// Once the backup is at rest: what it has counted.
  void check_backup(std::uint64_t delivered) {
    // As for the main delivery: what came again may be in the books of an earlier life.
    const OracleBooks& mine = books();
    expect(delivered <= mine.backups && delivered + mine.backups_again >= mine.backups,
           "the backup has taken " + std::to_string(mine.backups) + " records, and counts " +
               std::to_string(delivered));
  }

  /// When everything is over: where each accepted record is.
  void finish() {
    std::uint64_t gone = 0;
    std::uint64_t not_backed_up = 0;
    for (const auto& [name, entry] : entries_) {
      const bool is_told = entry.damaged != 0 && entry.damaged <= damages_reported_;
      if (entry.is_gone() && !entry.may_be_missing && !is_told) {
        expect(++gone <= nameless_losses_,
               entry.damaged == 0 ? "accepted, and gone"
                                  : "gone, for something was damaged, and not told",
               entry);
      }
      if (rules_.backs_up && entry.state == State::accepted && entry.backup.count == 0 &&
          !entry.backup_may_be_missing && entry.damaged == 0) {
        expect(++not_backed_up <= backups_lost_, "accepted, and not backed up", entry);
      }
    }
  }

  /// A sentence for each promise that was broken.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  using Entry = detail::OracleEntry;
  using State = Entry::State;
  using Copies = detail::OracleCopies;
  using OracleBooks = detail::OracleBooks;

  static constexpr std::size_t faults_max = 20;

  bool expect(bool holds, std::string fault) {
    if (!holds && faults_.size() < faults_max) {
      faults_.push_back(std::move(fault));
    }
    return holds;
  }

  bool expect(bool holds, const char* fault, const Entry& entry) {
    return holds || expect(false, entry.record.substr(0, 40) + ": " + fault);
  }

  OracleBooks& books() { return books_[life_]; }

  /// Where a record ends and the number of the output begins that was made of it.
  std::size_t mark_of(std::string_view output) const {
    return rules_.outputs_of ? std::min(output.rfind('#'), output.size()) : output.size();
  }

  static std::uint32_t output_of(std::string_view output, std::size_t mark) {
    return mark == output.size()
               ? 0
               : static_cast<std::uint32_t>(std::stoul(std::string(output.substr(mark + 1))));
  }

  /// The entry of something that has arrived somewhere, if it is one that was put.
  Entry* known(const char* where, std::string_view record) {
    const auto name = RecordName::of(record);
    const auto entry = name ? entries_.find(*name) : entries_.end();
    if (entry != entries_.end() && entry->second.record == record &&
        entry->second.state != State::refused) {
      return &entry->second;
    }
    const auto forged = forged_.find(record);
    if (!expect(forged != forged_.end(), std::string(where) + ", and never accepted: " +
                                             std::string(record.substr(0, 40)))) {
      return nullptr;
    }
    return &forged->second;
  }

  /// Of one producer, in the life that accepted them: what a crash has left may come at any time.
  void check_order(const Entry& entry, const CommittedRecord& committed, std::uint32_t output) {
    if (!rules_.keeps_order || entry.life != life_ || committed.is_repeat ||
        entry.copies.count(output) != 0) {
      return;
    }
    const RecordName name = *RecordName::of(entry.record);
    std::pair<std::uint64_t, std::uint32_t>& last = last_of_[name.producer];
    const std::pair<std::uint64_t, std::uint32_t> place{name.number, output};
    expect(last <= place, "overtaken by a later one of its producer", entry);
    last = std::max(last, place);
  }

  OracleRules rules_;
  std::map<RecordName, Entry> entries_;
  std::map<std::string, Entry, std::less<>> forged_;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint32_t>> last_of_;  // by producer
  std::vector<std::string> faults_;
  std::uint64_t nameless_losses_ = 0;
  std::uint64_t backups_lost_ = 0;
  std::uint64_t damages_ = 0;
  std::uint64_t damages_reported_ = 0;
  std::map<std::uint64_t, OracleBooks> books_;  // of lives that are not over
  std::uint64_t life_ = 1;
};

}  // namespace hydrant::testing
