// SPDX-License-Identifier: MIT
//
// What `put` does when memory_limit is reached. Hydrant never chooses loss by
// itself: the default tells the caller and keeps what it has.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace hydrant {

/// What happens to a record for which there is no memory.
///
/// @code
/// hydrant::StreamOptions{.overflow = hydrant::Overflow::drop_oldest};
/// hydrant::StreamOptions{.overflow = hydrant::Overflow::block{200ms}};
/// @endcode
///
/// Threads: a plain value; copies are independent.
class Overflow {
 public:
  enum class Kind : std::uint8_t { reject, drop_newest, drop_oldest, block, spill };

  /// `put` waits for room, at most `timeout`, then answers buffer_full.
  // NOLINTNEXTLINE(readability-identifier-naming): one of four values, the one that takes a time
  struct block {
    std::chrono::milliseconds timeout{0};
  };

  /// `put` answers buffer_full; the caller still has the record, the ledger counts a refusal.
  static const Overflow reject;
  /// `put` answers buffer_full; the stream takes the blame: accepted, and lost(overflow_newest).
  static const Overflow drop_newest;
  /// Makes room by discarding the oldest records whose delivery has not begun:
  /// lost(overflow_oldest).
  static const Overflow drop_oldest;
  /// Takes the newest records that wait out of memory: they stay in the journal until their turn
  /// comes. When the journal has no room either, `put` answers buffer_full. Needs a journal.
  static const Overflow spill;

  constexpr Overflow() = default;

  constexpr Overflow(block wait) : kind_(Kind::block), timeout_(wait.timeout) {}

  constexpr Kind kind() const { return kind_; }

  /// How long `put` may wait; 0 unless block.
  constexpr std::chrono::milliseconds timeout() const { return timeout_; }

  friend constexpr bool operator==(const Overflow&, const Overflow&) = default;

 private:
  constexpr explicit Overflow(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::reject;
  std::chrono::milliseconds timeout_{0};
};

inline constexpr Overflow Overflow::reject{Kind::reject};
inline constexpr Overflow Overflow::drop_newest{Kind::drop_newest};
inline constexpr Overflow Overflow::drop_oldest{Kind::drop_oldest};
inline constexpr Overflow Overflow::spill{Kind::spill};

constexpr std::string_view to_text(Overflow::Kind kind) {
  switch (kind) {
    case Overflow::Kind::reject:
      return "reject";
    case Overflow::Kind::drop_newest:
      return "drop_newest";
    case Overflow::Kind::drop_oldest:
      return "drop_oldest";
    case Overflow::Kind::block:
      return "block";
    case Overflow::Kind::spill:
      return "spill";
  }
  return "unknown";
}

}  // namespace hydrant
