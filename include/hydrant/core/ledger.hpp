// SPDX-License-Identifier: MIT
//
// The account of every record. At every instant
//
//     accepted + recovered = delivered + dropped + dead_lettered + lost + in_memory + in_journal
//
// and each term is counted on its own, where the record is: none is computed
// from the others, so a miscount shows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hydrant {

/// Every way in which an accepted record can end without being delivered,
/// dropped by the transform or dead-lettered.
enum class LostReason : std::uint8_t {
  overflow_newest,      ///< Overflow::drop_newest: memory_limit was reached.
  overflow_oldest,      ///< Overflow::drop_oldest: memory_limit was reached.
  error_output_failed,  ///< It failed, and the error output did not take it either.
  close_deadline,       ///< close() ran out of time before it could be delivered.
};

inline constexpr std::size_t lost_reason_count = 4;

constexpr std::string_view to_text(LostReason reason) {
  switch (reason) {
    case LostReason::overflow_newest:
      return "overflow_newest";
    case LostReason::overflow_oldest:
      return "overflow_oldest";
    case LostReason::error_output_failed:
      return "error_output_failed";
    case LostReason::close_deadline:
      return "close_deadline";
  }
  return "unknown";
}

/// What became of every record that a stream accepted, at one instant.
/// Records are counted as they were put: a record that a transform turned into
/// five counts once.
///
/// Threads: a plain value; copies are independent.
struct Ledger {
  std::uint64_t accepted = 0;
  /// Found in the journal when the stream was built: accepted in an earlier life, and not ended in
  /// it. Always 0 without a journal.
  std::uint64_t recovered = 0;
  /// Every output of the record is at its destination.
  std::uint64_t delivered = 0;
  /// The transform chose to deliver nothing of it.
  std::uint64_t dropped = 0;
  /// It failed for good and the error output has taken it.
  std::uint64_t dead_lettered = 0;
  /// Sum of `lost_by_reason`.
  std::uint64_t lost = 0;
  /// Still on its way: in open chunks, buffers and batches in flight.
  std::uint64_t in_memory = 0;
  /// On disk, left to the next life of the stream. Always 0 without a journal.
  std::uint64_t in_journal = 0;

  std::array<std::uint64_t, lost_reason_count> lost_by_reason{};

  /// Never accepted, and so outside the identity: refusals by reason.
  std::uint64_t refused_too_large = 0;
  std::uint64_t refused_buffer_full = 0;
  std::uint64_t refused_closed = 0;

  /// True when every accepted record is accounted for exactly once.
  constexpr bool balanced() const {
    std::uint64_t lost_sum = 0;
    for (std::uint64_t count : lost_by_reason) {
      lost_sum += count;
    }
    return lost == lost_sum && accepted + recovered == delivered + dropped + dead_lettered + lost +
                                                           in_memory + in_journal;
  }

  friend bool operator==(const Ledger&, const Ledger&) = default;
};

/// "ledger: accepted=3 delivered=3 dropped=0 dead_lettered=0 lost=0 in_memory=0 balanced=yes".
inline std::string to_text(const Ledger& ledger) {
  std::string text = "ledger: accepted=" + std::to_string(ledger.accepted) +
                     " delivered=" + std::to_string(ledger.delivered) +
                     " dropped=" + std::to_string(ledger.dropped) +
                     " dead_lettered=" + std::to_string(ledger.dead_lettered) +
                     " lost=" + std::to_string(ledger.lost) +
                     " in_memory=" + std::to_string(ledger.in_memory);
  if (ledger.recovered != 0) {
    text += " recovered=" + std::to_string(ledger.recovered);
  }
  if (ledger.in_journal != 0) {
    text += " in_journal=" + std::to_string(ledger.in_journal);
  }
  text += ledger.balanced() ? " balanced=yes" : " balanced=no";
  return text;
}

/// Writes the ledger's one line to any stream that takes strings.
template <class Out>
auto operator<<(Out& out, const Ledger& ledger) -> decltype(out << std::string()) {
  return out << to_text(ledger);
}

}  // namespace hydrant
