// SPDX-License-Identifier: MIT
//
// Where, and how safely, a stream keeps its records on the disk until they are
// delivered.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hydrant {

/// What an accepted record survives.
enum class Durability : std::uint8_t {
  process_crash,  ///< The end of the process, in whatever way: kill -9, a crash.
};

constexpr std::string_view to_text(Durability durability) {
  return durability == Durability::process_crash ? "process_crash" : "unknown";
}

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
  /// by whichever is started next. Default false: a second process is refused.
  bool shared = false;

  bool is_on() const { return !directory.empty(); }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(directory.find('\0') == std::string::npos, "journal.directory",
                 "must name a directory", "a text with a NUL");
    errors.check(disk_limit.value == 0 || disk_limit.value >= (1ull << 20), "journal.disk_limit",
                 "must be 0 bytes or at least 1 MiB", to_text(disk_limit));
  }
};

}  // namespace hydrant
