// SPDX-License-Identifier: MIT
//
// What flush and close answer: whether all was done in time, and the account.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/ledger.hpp>
#include <hydrant/core/wait_status.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace hydrant {

/// The account of a lane beside the main delivery.
struct BackupLedger {
  std::uint64_t entered = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t in_memory = 0;
  /// On disk, left to the next life of the stream. Always 0 without a journal.
  std::uint64_t in_journal = 0;

  constexpr bool balanced() const { return entered == delivered + lost + in_memory + in_journal; }

  friend bool operator==(const BackupLedger&, const BackupLedger&) = default;
};

/// The answer of flush and close.
/// Threads: a plain value; copies are independent.
struct DeliveryReport {
  /// True when every record concerned has reached its end.
  bool complete = false;
  std::chrono::nanoseconds took{};
  Ledger ledger;
  BackupLedger backup;
  /// The last things that went wrong, one a line; empty when nothing did.
  std::string troubles;
};

/// What became of every record: troubles, if any, then the ledger's one line.
inline std::string to_text(const DeliveryReport& report) {
  std::string text;
  if (!report.complete) {
    text += "not complete after " +
            to_text(std::chrono::ceil<std::chrono::milliseconds>(report.took)) + "\n";
  }
  text += report.troubles;
  for (std::size_t i = 0; i < lost_reason_count; ++i) {
    if (report.ledger.lost_by_reason[i] != 0) {
      text += "lost (" + std::string(to_text(static_cast<LostReason>(i))) +
              "): " + std::to_string(report.ledger.lost_by_reason[i]) + "\n";
    }
  }
  if (report.backup.entered != 0) {
    text +=
        "backup: entered=" + std::to_string(report.backup.entered) +
        " delivered=" + std::to_string(report.backup.delivered) +
        " lost=" + std::to_string(report.backup.lost) +
        " in_memory=" + std::to_string(report.backup.in_memory) +
        (report.backup.in_journal != 0 ? " in_journal=" + std::to_string(report.backup.in_journal)
                                       : std::string()) +
        "\n";
  }
  return text + to_text(report.ledger);
}

/// Writes the report to any stream that takes strings.
template <class Out>
auto operator<<(Out& out, const DeliveryReport& report) -> decltype(out << std::string()) {
  return out << to_text(report);
}

}  // namespace hydrant
