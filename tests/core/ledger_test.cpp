// SPDX-License-Identifier: MIT
#include <hydrant/core/ledger.hpp>

#include <array>
#include <cstdint>
#include <sstream>
#include <string_view>

#include "test.hpp"

using hydrant::Ledger;
using hydrant::LostReason;

namespace {

/// Every term is different from every other and from the sums of others, so no
/// two mistakes cancel out.
Ledger full_ledger() {
  Ledger ledger;
  ledger.delivered = 1;
  ledger.dropped = 20;
  ledger.dead_lettered = 300;
  ledger.lost = 4000;
  ledger.lost_by_reason = {1000, 1100, 900, 1000};
  ledger.in_memory = 50000;
  ledger.in_journal = 600000;
  ledger.accepted = 654321;
  return ledger;
}

constexpr std::array terms{&Ledger::accepted,      &Ledger::delivered, &Ledger::dropped,
                           &Ledger::dead_lettered, &Ledger::lost,      &Ledger::in_memory,
                           &Ledger::in_journal};

}  // namespace

TEST_CASE("ledger of a new stream is balanced", "[core][ledger]") {
  STATIC_REQUIRE(Ledger{}.balanced());
}

TEST_CASE("ledger with a record in every place is balanced", "[core][ledger]") {
  CHECK(full_ledger().balanced());
}

TEST_CASE("ledger without any one of its terms is not balanced", "[core][ledger]") {
  for (std::uint64_t Ledger::*term : terms) {
    Ledger ledger = full_ledger();
    ledger.*term = 0;
    CHECK_FALSE(ledger.balanced());
  }
}

TEST_CASE("ledger is not balanced when one record is one too many", "[core][ledger]") {
  for (std::uint64_t Ledger::*term : terms) {
    Ledger ledger = full_ledger();
    ++(ledger.*term);
    CHECK_FALSE(ledger.balanced());
  }
}

TEST_CASE("ledger is not balanced when a loss has no reason", "[core][ledger]") {
  for (std::size_t reason = 0; reason < hydrant::lost_reason_count; ++reason) {
    Ledger ledger = full_ledger();
    --ledger.lost_by_reason[reason];
    CHECK_FALSE(ledger.balanced());
  }
}

TEST_CASE("refusals stay outside the ledger's identity", "[core][ledger]") {
  Ledger ledger = full_ledger();
  ledger.refused_too_large = 5;
  ledger.refused_buffer_full = 6;
  ledger.refused_closed = 7;

  CHECK(ledger.balanced());
}

TEST_CASE("ledger is written as one line", "[core][ledger]") {
  Ledger ledger;
  ledger.accepted = 3;
  ledger.delivered = 3;
  std::ostringstream out;

  out << ledger;

  CHECK(out.str() ==
        "ledger: accepted=3 delivered=3 dropped=0 dead_lettered=0 lost=0 in_memory=0 balanced=yes");
}

TEST_CASE("ledger line names the journal and the imbalance", "[core][ledger]") {
  Ledger ledger = full_ledger();
  ledger.dropped = 0;

  CHECK(to_text(ledger) ==
        "ledger: accepted=654321 delivered=1 dropped=0 dead_lettered=300 lost=4000 "
        "in_memory=50000 in_journal=600000 balanced=no");
}

TEST_CASE("every lost reason has its own name", "[core][ledger]") {
  CHECK(to_text(LostReason::overflow_newest) == "overflow_newest");
  CHECK(to_text(LostReason::overflow_oldest) == "overflow_oldest");
  CHECK(to_text(LostReason::error_output_failed) == "error_output_failed");
  CHECK(to_text(LostReason::close_deadline) == "close_deadline");
}
