// SPDX-License-Identifier: MIT
//
// Where, and how safely, a stream keeps its records on the disk until they are
// delivered.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace hydrant {

/// What an accepted record survives. Every level includes those before it.
///
/// @code
/// hydrant::JournalOptions{.directory = dir, .durability = hydrant::Durability::power_loss};
/// hydrant::Durability::power_loss_window{100ms}
/// @endcode
///
/// Threads: a plain value; copies are independent.
class Durability {
 public:
  enum class Kind : std::uint8_t { process_crash, power_loss_window, power_loss };

  /// A power cut, but for records accepted within `interval` before it: they are written to stable
  /// storage together, so often.
  // NOLINTNEXTLINE(readability-identifier-naming): one of three values, the one that takes a time
  struct power_loss_window {
    std::chrono::milliseconds interval{100};
  };

  /// The end of the process, in whatever way: kill -9, a crash.
  static const Durability process_crash;
  /// A power cut, from the moment when `sync` or `put_durable` has returned.
  static const Durability power_loss;

  constexpr Durability() = default;

  constexpr Durability(power_loss_window window)
      : kind_(Kind::power_loss_window), interval_(window.interval) {}

  constexpr Kind kind() const { return kind_; }

  /// How often records are written to stable storage unasked.
  constexpr std::chrono::milliseconds interval() const { return interval_; }

  constexpr bool survives_power_loss() const { return kind_ != Kind::process_crash; }

  friend constexpr bool operator==(const Durability&, const Durability&) = default;

 private:
  constexpr explicit Durability(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::process_crash;
  std::chrono::milliseconds interval_{100};
};

inline constexpr Durability Durability::process_crash{Kind::process_crash};
inline constexpr Durability Durability::power_loss{Kind::power_loss};

constexpr std::string_view to_text(Durability::Kind kind) {
  switch (kind) {
    case Durability::Kind::process_crash:
      return "process_crash";
    case Durability::Kind::power_loss_window:
      return "power_loss_window";
    case Durability::Kind::power_loss:
      return "power_loss";
  }
  return "unknown";
}

/// The answer of `sync`.
enum class SyncStatus : std::uint8_t {
  durable,         ///< Everything accepted before the call survives a power cut.
  pending,         ///< Not within the timeout; it may be any moment.
  failed,          ///< The disk has refused a write or a sync: not durable, and will not be.
  not_configured,  ///< The stream has no journal that survives a power cut.
};

/// How far a stream has come in reading what earlier lives have left.
struct RecoveryProgress {
  std::uint64_t spools = 0;  // read so far, one a life
  std::uint64_t spools_in_all = 0;
  std::uint64_t bytes = 0;  // of segments read so far
};

/// The journal of a stream. Without a directory there is none.
///
/// @code
/// hydrant::StreamOptions{.name = "orders", .journal = {.directory = "/var/lib/shop/journal"}};
/// @endcode
///
/// Threads: a plain value; copies are independent.
struct JournalOptions {
  /// Where spools are kept, one a life of the stream; made when missing. One directory serves many
  /// streams, told apart by their names. A local disk, or tmpfs; not a network file system.
  /// Default empty: no journal.
  std::string directory{};

  /// What an accepted record survives. Default Durability::process_crash.
  Durability durability = Durability::process_crash;

  /// The most disk that the stream's spools may take together, in files of 2 MiB.
  /// Default 0 bytes: no limit. Range: 0, or at least 1 MiB.
  ByteCount disk_limit{};

  /// Whether several processes, as those of a prefork server, have the stream open in this
  /// directory at once. Each has a spool of its own; a spool whose process has died is delivered
  /// by whichever looks next: each does when it is started, and every 5 s.
  /// Default false: a second process is refused.
  bool shared = false;

  /// Called while the stream is built, by the thread that builds it, after each file that an
  /// earlier life has left. It must not throw. Default: nothing.
  std::function<void(const RecoveryProgress&)> on_recovery{};

  bool is_on() const { return !directory.empty(); }

  /// What a power cut may take, in words.
  std::string power_cut_loses() const {
    switch (durability.kind()) {
      case Durability::Kind::power_loss_window:
        return "what came within " + to_text(durability.interval()) + " before it";
      case Durability::Kind::power_loss:
        return "what was not synced (sync, put_durable)";
      case Durability::Kind::process_crash:
        break;
    }
    return "all that is not delivered";
  }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(directory.find('\0') == std::string::npos, "journal.directory",
                 "must name a directory", "a text with a NUL");
    errors.check(
        durability.interval().count() >= 1 && durability.interval() <= std::chrono::minutes(1),
        "journal.durability", "must have an interval within [1 ms, 60 s]",
        to_text(durability.interval()));
    errors.check(disk_limit.value == 0 || disk_limit.value >= (1ull << 20), "journal.disk_limit",
                 "must be 0 bytes or at least 1 MiB", to_text(disk_limit));
  }
};

}  // namespace hydrant
