// SPDX-License-Identifier: MIT
//
// What the oracle knows of one record, and of one life of a stream: where the
// one has been seen, and what the other must have in its books.
#pragma once

#include <hydrant/core/ledger.hpp>
#include <hydrant/core/time.hpp>
#include <hydrant/core/wait_status.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::testing::detail {

/// How often something has arrived at one place.
struct OracleCopies {
  std::uint64_t count = 0;
  std::vector<std::uint64_t> acknowledged_in{};  // the lives in which it was

  bool is_acknowledged_in(std::uint64_t life) const {
    return std::find(acknowledged_in.begin(), acknowledged_in.end(), life) != acknowledged_in.end();
  }
};

/// One record.
struct OracleEntry {
  enum class State : std::uint8_t { undecided, accepted, refused };

  std::string record;
  State state = State::undecided;
  std::uint32_t outputs = 1;
  std::uint64_t life = 0;                        // in which it was put
  SteadyTime since{};                            // when it was put, or taken up by a later life
  std::map<std::uint32_t, OracleCopies> copies;  // by output
  OracleCopies letters;
  OracleCopies backup;
  bool is_durable = false;
  bool may_repeat = false;
  bool may_be_missing = false;
  bool backup_may_be_missing = false;
  std::uint64_t durability_damaged = 0;  // by which damage
  std::uint64_t damaged = 0;
  bool has_fate = false;
  WaitStatus fate = WaitStatus::pending;

  /// Whether every output was confirmed in that life.
  bool is_complete_in(std::uint64_t number) const {
    std::uint32_t there = 0;
    for (const auto& [output, at] : copies) {
      there += at.is_acknowledged_in(number) ? 1u : 0u;
    }
    return outputs != 0 && there == outputs;
  }

  /// Whether it was accepted, and is nowhere.
  bool is_gone() const {
    if (state != State::accepted || letters.count != 0) {
      return false;
    }
    const bool ended_elsewhere =
        has_fate &&
        (fate == WaitStatus::lost || fate == WaitStatus::dropped || fate == WaitStatus::ended);
    const auto there = std::count_if(copies.begin(), copies.end(),
                                     [](const auto& at) { return at.second.count != 0; });
    return !ended_elsewhere && there != outputs;
  }

  /// A crash of a kind that this record did not survive, as far as anybody knows.
  void may_have_died() {
    backup_may_be_missing = true;
    if (has_fate) {
      return;
    }
    if (durability_damaged != 0) {
      damaged = durability_damaged;  // it would have survived
    } else {
      may_be_missing = true;
    }
  }
};

/// What one life must have in its books.
struct OracleBooks {
  std::uint64_t accepted = 0;
  std::uint64_t dropped_newest = 0;
  std::uint64_t nameless = 0;  // accepted, and nobody has a ticket to ask by
  std::uint64_t complete = 0;
  std::uint64_t complete_again = 0;
  std::uint64_t letters = 0;
  std::uint64_t letters_again = 0;
  std::uint64_t backups = 0;
  std::uint64_t backups_again = 0;
  std::array<std::uint64_t, 6> fates{};
  Ledger seen{};

  std::uint64_t fate(WaitStatus status) const { return fates[static_cast<std::size_t>(status)]; }

  /// Losses of records that nobody could ask about.
  std::uint64_t nameless_losses(const Ledger& last) const {
    const std::uint64_t named = fate(WaitStatus::lost) + dropped_newest;
    return last.recovered == 0 && nameless == 0 ? 0 : last.lost - std::min(last.lost, named);
  }

  /// Whether the ledger is the sum of the fates that were told.
  bool add_up_to(const Ledger& ledger) const {
    const auto adds_up = [&](std::uint64_t count, std::uint64_t told) {
      return ledger.recovered == 0 && nameless == 0 ? count == told : count >= told;
    };
    return adds_up(ledger.delivered, fate(WaitStatus::delivered)) &&
           adds_up(ledger.dropped, fate(WaitStatus::dropped)) &&
           adds_up(ledger.dead_lettered, fate(WaitStatus::dead_lettered)) &&
           adds_up(ledger.lost, fate(WaitStatus::lost) + dropped_newest) &&
           adds_up(ledger.in_memory + ledger.in_journal, fate(WaitStatus::pending));
  }
};

}  // namespace hydrant::testing::detail
