// SPDX-License-Identifier: MIT
//
// What `put` answers: a status and a ticket, in two registers. Part of the
// light include, so it names no standard header that is slow to compile.
#pragma once

#include <cstdint>
#include <string_view>

namespace hydrant {

/// What became of a record at the door of the stream.
enum class PutStatus : std::uint8_t {
  accepted,          ///< In the stream; the ledger accounts for it from here on.
  record_too_large,  ///< Longer than the stream's record_bytes_max; nothing was stored.
  buffer_full,       ///< memory_limit is reached and the overflow policy did not make room.
  closed,            ///< The stream is closed, closing, or destroyed.
  journal_failed,    ///< The journal could not take the record.
};

/// One sentence for people.
constexpr std::string_view to_text(PutStatus status) {
  switch (status) {
    case PutStatus::accepted:
      return "accepted";
    case PutStatus::record_too_large:
      return "record is longer than record_bytes_max";
    case PutStatus::buffer_full:
      return "buffer is full: memory_limit is reached (see overflow)";
    case PutStatus::closed:
      return "stream is closed";
    case PutStatus::journal_failed:
      return "journal could not store the record";
  }
  return "unknown";
}

/// Names one accepted record within its stream; `wait` takes it.
struct Ticket {
  std::uint64_t sequence = 0;
  std::uint32_t shard = 0;

  friend constexpr bool operator==(Ticket, Ticket) = default;
};

/// The answer of `put`: true when the record was accepted.
///
/// @code
/// if (auto put = stream.put(line); !put) std::cerr << put.reason() << '\n';
/// @endcode
///
/// Threads: a plain value; copies are independent.
class [[nodiscard]] PutResult {
 public:
  /// Nothing was put yet; for arrays of results.
  constexpr PutResult() : status_(PutStatus::closed) {}

  /// The record was accepted under `ticket`.
  constexpr PutResult(Ticket ticket)
      : sequence_(ticket.sequence), shard_(ticket.shard), status_(PutStatus::accepted) {}

  /// The record was refused. `status` is not `accepted`.
  constexpr PutResult(PutStatus status) : status_(status) {}

  constexpr explicit operator bool() const { return status_ == PutStatus::accepted; }

  constexpr PutStatus status() const { return status_; }

  /// Meaningful only when accepted.
  constexpr Ticket ticket() const { return {sequence_, shard_}; }

  constexpr std::string_view reason() const { return to_text(status_); }

 private:
  std::uint64_t sequence_ = 0;
  std::uint32_t shard_ = 0;
  PutStatus status_;
};

static_assert(sizeof(PutResult) == 16, "PutResult travels in two registers");

}  // namespace hydrant
