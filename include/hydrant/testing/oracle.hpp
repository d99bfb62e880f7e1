// SPDX-License-Identifier: MIT
//
// The one judge of every test that sends numbered records through a stream: it
// hears of each put, each commit and each crash, and says whether what the
// stream promises has been kept so far, and at the end.
#pragma once

#include <hydrant/core/ledger.hpp>
#include <hydrant/core/put_result.hpp>
#include <hydrant/core/wait_status.hpp>
#include <hydrant/testing/numbered_record.hpp>
#include <hydrant/testing/simulated_destination.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// What the stream under test has promised.
struct OracleRules {
  /// Records of one producer arrive in their order, as far as they arrive for the first time.
  bool keeps_order = false;
  /// Each output is at the destination at most once. Else a confirmed one is not sent again.
  bool exactly_once = false;
  /// A record may end as lost.
  bool may_lose = false;
  /// How many outputs, "record#0" and so on, a transform makes of a record. None: there is no
  /// transform, and the record itself arrives.
  std::function<std::uint32_t(const RecordName&)> outputs_of{};
};

/// What of the records that had not ended survives a crash.
enum class Survives : std::uint8_t {
  nothing,           ///< They may be missing from now on.
  what_was_durable,  ///< All that `made_durable` was told of.
  everything         ///< All that were accepted.
};

/// Judges a run. Every fault that it finds is a sentence in `faults`.
///
/// @code
/// oracle.putting(record);
/// oracle.put(record, stream.put(record).status());
/// oracle.check(stream.ledger());  // at any moment
/// ... stream.close(1h), all records ended ...
/// oracle.check_end_of_life(stream.ledger());
/// oracle.finish();
/// REQUIRE(oracle.faults().empty());
/// @endcode
///
/// Threads: shared: unsafe.
class Oracle {
 public:
  explicit Oracle(OracleRules rules) : rules_(std::move(rules)) {}

  // --- what happens ---------------------------------------------------------------------------

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
  void put(const std::string& record, PutStatus status, bool dropped = false) {
    Entry& entry = entries_[*RecordName::of(record)];
    const bool is_accepted = status == PutStatus::accepted;
    entry.state = is_accepted ? State::accepted : State::refused;
    expect(is_accepted || (entry.copies.empty() && entry.letters.count == 0),
           "refused, and has arrived", entry);
    accepted_ += is_accepted || dropped ? 1u : 0u;
    dropped_newest_ += dropped ? 1u : 0u;
  }

  /// From now on this record survives a crash of the kind Survives::what_was_durable.
  void made_durable(const std::string& record) {
    entries_[*RecordName::of(record)].is_durable = true;
  }

  /// The same of every record that was accepted so far.
  void made_all_durable() {
    for (auto& [name, entry] : entries_) {
      entry.is_durable = entry.is_durable || entry.state == State::accepted;
    }
  }

  /// The main destination has taken something.
  void committed(const CommittedRecord& committed) {
    const std::size_t mark =
        rules_.outputs_of ? committed.record.rfind('#') : committed.record.size();
    Entry* entry = known("delivered", committed.record.substr(0, mark));
    std::uint32_t output = 0;
    if (entry != nullptr && mark < committed.record.size()) {
      output =
          static_cast<std::uint32_t>(std::stoul(std::string(committed.record.substr(mark + 1))));
    }
    if (entry == nullptr ||
        !expect(output < entry->outputs, "an output that was not made", *entry)) {
      return;
    }
    check_order(*entry, committed, output);
    Copies& copies = entry->copies[output];
    copies.count += committed.is_repeat ? 0u : 1u;
    expect(!rules_.exactly_once || copies.count <= 1, "delivered twice", *entry);
    expect(copies.acknowledged_in != life_, "sent again after it was confirmed", *entry);
    if (committed.is_acknowledged && copies.acknowledged_in != life_) {
      copies.acknowledged_in = life_;
      if (is_complete(*entry)) {
        ++complete_;
        complete_again_ += entry->life != life_ ? 1u : 0u;
      }
    }
  }

  /// The error output has taken this record.
  void dead_lettered(std::string_view record, bool is_repeat, bool is_acknowledged) {
    Entry* entry = known("dead-lettered", record);
    if (entry == nullptr) {
      return;
    }
    entry->letters.count += is_repeat ? 0u : 1u;
    expect(entry->letters.acknowledged_in != life_, "dead-lettered again after that was confirmed",
           *entry);
    if (is_acknowledged && entry->letters.acknowledged_in != life_) {
      letters_again_ += entry->life != life_ ? 1u : 0u;
      entry->letters.acknowledged_in = life_;
      ++letters_;
    }
  }

  /// The source backup has taken this record.
  void backed_up(const CommittedRecord& committed) {
    Entry* entry = known("backed up", committed.record);
    if (entry != nullptr && committed.is_acknowledged && entry->backup.acknowledged_in != life_) {
      backups_again_ += entry->life != life_ ? 1u : 0u;
      entry->backup.acknowledged_in = life_;
      ++backups_;
    }
  }

  /// What the stream says of an accepted record of this life.
  void ended(const std::string& record, WaitStatus status) {
    Entry& entry = entries_[*RecordName::of(record)];
    entry.has_fate = status != WaitStatus::pending;
    entry.fate = status;
    ++fates_[static_cast<std::size_t>(status)];
    const bool is_forgotten = status == WaitStatus::ended || status == WaitStatus::pending;
    if (is_forgotten) {
      return;
    }
    expect((status == WaitStatus::delivered) == is_complete(entry),
           status == WaitStatus::delivered ? "called delivered, and is not"
                                           : "delivered, and not called so",
           entry);
    expect((status == WaitStatus::dead_lettered) == (entry.letters.acknowledged_in == life_),
           status == WaitStatus::dead_lettered ? "called dead-lettered, and is not"
                                               : "dead-lettered, and not called so",
           entry);
    expect(status != WaitStatus::lost || rules_.may_lose, "lost", entry);
    expect(status != WaitStatus::dropped || entry.outputs == 0, "called dropped, and is not",
           entry);
  }

  /// The process ended without being closed; `last` is the last that it knew of its books.
  void crashed(Survives survives, const Ledger& last) {
    for (auto& [name, entry] : entries_) {
      const bool survived = survives == Survives::everything ||
                            (survives == Survives::what_was_durable && entry.is_durable);
      entry.may_be_missing = entry.may_be_missing || (!survived && !entry.has_fate);
    }
    end_life(last);
  }

  /// A life of the stream is over; another may begin.
  void end_life(const Ledger& last) {
    // Of records that an earlier life has accepted nobody has a ticket to ask by.
    const std::uint64_t named = fates(WaitStatus::lost) + dropped_newest_;
    nameless_losses_ += last.recovered == 0 ? 0 : last.lost - std::min(last.lost, named);
    ++life_;
    accepted_ = 0;
    dropped_newest_ = 0;
    complete_ = 0;
    complete_again_ = 0;
    letters_ = 0;
    letters_again_ = 0;
    backups_ = 0;
    backups_again_ = 0;
    fates_ = {};
    seen_ = {};
  }

  // --- what must hold -------------------------------------------------------------------------

  /// At any moment of a life.
  void check(const Ledger& ledger) {
    expect(ledger.balanced(), "the ledger does not balance: " + to_text(ledger));
    expect(ledger.accepted == accepted_,
           "accepted " + std::to_string(accepted_) + " records: " + to_text(ledger));
    expect(ledger.delivered <= complete_,
           "at most " + std::to_string(complete_) + " are delivered: " + to_text(ledger));
    expect(ledger.dead_lettered <= letters_,
           "at most " + std::to_string(letters_) + " are dead-lettered: " + to_text(ledger));
    expect(ledger.delivered >= seen_.delivered && ledger.dropped >= seen_.dropped &&
               ledger.dead_lettered >= seen_.dead_lettered && ledger.lost >= seen_.lost,
           "a count went back: " + to_text(seen_) + ", then " + to_text(ledger));
    expect(ledger.lost == 0 || rules_.may_lose, "records were lost: " + to_text(ledger));
    // What comes again after a crash, to make a batch whole, may have been counted by an earlier
    // life.
    if (ledger.in_memory == 0 && ledger.in_journal == 0) {
      expect(ledger.delivered + complete_again_ >= complete_,
             "delivered " + std::to_string(complete_) + " records: " + to_text(ledger));
      expect(ledger.dead_lettered + letters_again_ >= letters_,
             "dead-lettered " + std::to_string(letters_) + " records: " + to_text(ledger));
    }
    seen_ = ledger;
  }

  /// Once `ended` was told of every record that this life has accepted.
  void check_end_of_life(const Ledger& ledger) {
    check(ledger);
    if (fates(WaitStatus::ended) != 0) {
      return;  // how some ended is forgotten
    }
    const auto adds_up = [&](std::uint64_t count, std::uint64_t told) {
      return ledger.recovered == 0 ? count == told : count >= told;
    };
    expect(adds_up(ledger.delivered, fates(WaitStatus::delivered)) &&
               adds_up(ledger.dropped, fates(WaitStatus::dropped)) &&
               adds_up(ledger.dead_lettered, fates(WaitStatus::dead_lettered)) &&
               adds_up(ledger.lost, fates(WaitStatus::lost) + dropped_newest_) &&
               adds_up(ledger.in_memory + ledger.in_journal, fates(WaitStatus::pending)),
           "the ledger is not the sum of the records' fates: " + to_text(ledger));
  }

  /// Whether the backup may have counted so many as delivered, once it is at rest. A record of an
  /// earlier life that had ended there, delivered or lost, may come again to make its batch whole;
  /// it is not counted a second time.
  bool may_have_backed_up(std::uint64_t count) const {
    return count <= backups_ && count >= backups_ - backups_again_;
  }

  /// When everything is over: where each accepted record is.
  void finish() {
    std::uint64_t gone = 0;
    for (const auto& [name, entry] : entries_) {
      if (!is_gone(entry)) {
        continue;
      }
      expect(++gone <= nameless_losses_, "accepted, and gone", entry);
    }
  }

  /// A sentence for each promise that was broken.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  enum class State : std::uint8_t { undecided, accepted, refused };

  struct Copies {
    std::uint64_t count = 0;
    std::uint64_t acknowledged_in = 0;  // the last life in which it was
  };

  struct Entry {
    std::string record;
    State state = State::undecided;
    std::uint32_t outputs = 1;
    std::uint64_t life = 0;                  // in which it was put
    std::map<std::uint32_t, Copies> copies;  // by output
    Copies letters;
    Copies backup;
    bool is_durable = false;
    bool may_be_missing = false;
    bool has_fate = false;
    WaitStatus fate = WaitStatus::pending;
  };

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

  /// The entry of something that has arrived somewhere, if it is one that was put.
  Entry* known(const char* where, std::string_view record) {
    const auto name = RecordName::of(record);
    const auto entry = name ? entries_.find(*name) : entries_.end();
    if (!expect(
            entry != entries_.end() && entry->second.record == record &&
                entry->second.state != State::refused,
            std::string(where) + ", and never accepted: " + std::string(record.substr(0, 40)))) {
      return nullptr;
    }
    return &entry->second;
  }

  bool is_complete(const Entry& entry) const {
    std::uint32_t there = 0;
    for (const auto& [output, copies] : entry.copies) {
      there += copies.acknowledged_in == life_ ? 1u : 0u;
    }
    return entry.outputs != 0 && there == entry.outputs;
  }

  static bool is_gone(const Entry& entry) {
    if (entry.state != State::accepted || entry.may_be_missing || entry.letters.count != 0) {
      return false;
    }
    const bool ended_elsewhere =
        entry.has_fate && (entry.fate == WaitStatus::lost || entry.fate == WaitStatus::dropped ||
                           entry.fate == WaitStatus::ended);
    const auto there = std::count_if(entry.copies.begin(), entry.copies.end(),
                                     [](const auto& copies) { return copies.second.count != 0; });
    return !ended_elsewhere && there != entry.outputs;
  }

  /// Among records of one producer, in the life that has accepted them: what a crash has left may
  /// come at any time.
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

  std::uint64_t fates(WaitStatus status) const { return fates_[static_cast<std::size_t>(status)]; }

  OracleRules rules_;
  std::map<RecordName, Entry> entries_;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint32_t>> last_of_;
  std::vector<std::string> faults_;
  std::uint64_t nameless_losses_ = 0;
  // Of the present life.
  std::uint64_t life_ = 1;
  std::uint64_t accepted_ = 0;
  std::uint64_t dropped_newest_ = 0;
  std::uint64_t complete_ = 0;
  std::uint64_t complete_again_ = 0;
  std::uint64_t letters_ = 0;
  std::uint64_t letters_again_ = 0;
  std::uint64_t backups_ = 0;
  std::uint64_t backups_again_ = 0;
  std::array<std::uint64_t, 6> fates_{};
  Ledger seen_{};
};

}  // namespace hydrant::testing
