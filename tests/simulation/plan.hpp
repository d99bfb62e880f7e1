// SPDX-License-Identifier: MIT
//
// What a simulated run is made of, drawn from its seed: the stream's options,
// how badly its surroundings behave, and how its processes end.
#pragma once

#include <hydrant/delivery_stream.hpp>
#include <hydrant/testing/oracle.hpp>
#include <hydrant/testing/seeded_dice.hpp>
#include <hydrant/testing/simulated_destination.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "stream_rig.hpp"

namespace hydrant::tests {

/// The name that a record begins with. One that has come back from a bad medium may have none.
inline testing::RecordName name_of(std::string_view record) {
  return testing::RecordName::of(record).value_or(testing::RecordName{0, 0});
}

/// How often a transform splits, drops and fails, by a record's number.
inline std::uint32_t outputs_of(const testing::RecordName& name) {
  return static_cast<std::uint32_t>(name.number % 4);
}

inline Outcome unfold(const RecordView& record, Emitter& out) {
  const testing::RecordName name = name_of(record.text());
  for (std::uint32_t i = 0; i < outputs_of(name); ++i) {
    out.emit(std::string(record.text()) + "#" + std::to_string(i));
  }
  return name.number % 11 == 5 ? Outcome::failed("bad") : Outcome::ok();
}

inline bool is_poison(std::string_view record) {
  return name_of(record).number % 13 == 7;
}

/// Where a stream delivers to.
enum class Into : std::uint8_t {
  records,  ///< A sink that is asked again and again, and takes records.
  objects,  ///< A store of objects, far away.
  lake,     ///< A directory on the simulated disk, on which the journal is, too.
};

/// How a life of the process ends.
enum class Ending : std::uint8_t { close, kill, power_cut };

/// A run, drawn from its seed.
struct Plan {
  explicit Plan(testing::SeededDice& dice) {
    using std::chrono::milliseconds;
    options = small_options();
    options.buffering.size = ByteCount{dice.pick<std::uint64_t>({64, 1000, 4096, 16384})};
    options.buffering.interval = milliseconds(dice.pick({0, 10, 1000, 60'000}));
    options.buffering.count = dice.pick<std::uint32_t>({0, 0, 1, 7});
    options.memory_limit = ByteCount{dice.pick<std::uint64_t>({96, 128, 512}) * 1024};
    options.retry.duration = milliseconds(dice.pick({0, 1000, 30'000}));
    options.retry.attempt_timeout = milliseconds(dice.pick({1000, 5000}));
    outputs.buffering.interval = milliseconds(dice.pick({0, 1000, 20'000}));
    outputs.retry = options.retry;
    options.close_timeout = milliseconds(dice.pick({0, 5000}));
    options.concurrency = dice.pick<std::uint32_t>({1, 1, 2, 5});
    into = dice.pick({Into::records, Into::records, Into::objects, Into::lake});
    is_idempotent = into == Into::lake || dice.chance(500);
    transforms = dice.chance(500);
    backs_up = dice.chance(300);
    refuses_poison = dice.chance(300);
    draw_journal(dice);
    main_faults = draw_faults(dice);
    errors_fail = dice.chance(300);
    error_faults = errors_fail ? draw_faults(dice) : testing::DestinationFaults();
    backup_faults = draw_faults(dice);
    work_takes = std::chrono::microseconds(dice.pick({0, 0, 1, 300}));
    yields = dice.pick<std::uint32_t>({0, 0, 100, 500});
    producers = 1 + static_cast<std::size_t>(dice.below(3));
    lives = 1 + dice.below(3);
    records_max = dice.pick<std::uint64_t>({3, 20, 60});
  }

  void draw_journal(testing::SeededDice& dice) {
    using std::chrono::milliseconds;
    const bool has_journal = dice.chance(750);
    if (has_journal) {
      options.journal.directory = "journal";
      options.journal.durability = dice.pick<Durability>(
          {Durability::process_crash, Durability::power_loss,
           Durability::power_loss_window{milliseconds(dice.pick({10, 1000}))}});
      options.journal.shared = dice.chance(250);
      options.journal.disk_limit = ByteCount{dice.pick<std::uint64_t>({0, 0, 1, 4}) << 20};
      damages = dice.chance(250);
      asks_durably = dice.pick<std::uint32_t>({0, 100, 400});
    }
    options.overflow = dice.pick<Overflow>(
        {Overflow::reject, Overflow::drop_newest, Overflow::drop_oldest,
         Overflow::block{milliseconds(500)}, has_journal ? Overflow::spill : Overflow::reject});
    disk_fails = (has_journal || into == Into::lake) && dice.chance(350);
  }

  static testing::DestinationFaults draw_faults(testing::SeededDice& dice) {
    const auto odds = [&dice](std::uint32_t at_most) {
      return dice.chance(400) ? static_cast<std::uint32_t>(dice.below(at_most)) : 0;
    };
    testing::DestinationFaults faults;
    if (dice.chance(250)) {
      return faults;
    }
    faults.fails = odds(400);
    faults.throttles = odds(100);
    faults.rejects = odds(100);
    faults.partials = odds(200);
    faults.hangs = odds(50);
    faults.loses_answers = odds(100);
    faults.throws_up = odds(50);
    faults.lies = odds(50);
    faults.late = odds(300);
    return faults;
  }

  testing::OracleRules rules() const {
    testing::OracleRules rules;
    rules.keeps_order =
        main_faults.partials == 0 && (into == Into::records || options.concurrency == 1);
    // A destination that refuses a batch once, and takes it after a crash, has parts of it twice.
    rules.exactly_once = is_idempotent && (!options.journal.is_on() || main_faults.rejects == 0 ||
                                           into == Into::lake);
    rules.may_lose = true;
    rules.backs_up = backs_up;
    if (transforms) {
      rules.outputs_of = outputs_of;
    }
    return rules;
  }

  /// What of the accepted records a crash leaves.
  testing::Survives survives(Ending ending) const {
    if (!options.journal.is_on()) {
      return testing::Survives::nothing;
    }
    if (ending == Ending::kill) {
      return testing::Survives::everything;
    }
    return options.journal.durability.survives_power_loss() ? testing::Survives::what_was_durable
                                                            : testing::Survives::nothing;
  }

  /// For who reads the trace.
  std::string text() const {
    constexpr std::array<std::string_view, 3> places{"records", "objects", "lake"};
    std::string text = "into " + std::string(places[static_cast<std::size_t>(into)]);
    text += ", overflow " + std::string(to_text(options.overflow.kind()));
    text += ", memory " + to_text(options.memory_limit) + ", size " +
            to_text(options.buffering.size) + ", interval " + to_text(options.buffering.interval);
    text += ", concurrency " + std::to_string(options.concurrency);
    if (options.journal.is_on()) {
      text += ", " + std::string(to_text(options.journal.durability.kind())) +
              (options.journal.shared ? ", shared" : "");
    }
    for (const auto& [is_so, word] :
         {std::pair(is_idempotent, ", idempotent"), std::pair(transforms, ", transforms"),
          std::pair(backs_up, ", backs up"), std::pair(refuses_poison, ", refuses poison"),
          std::pair(errors_fail, ", errors fail"), std::pair(disk_fails, ", disk fails"),
          std::pair(damages, ", damages")}) {
      text += is_so ? word : "";
    }
    return text;
  }

  StreamOptions options;
  OutputOptions outputs;  // of the error output and the backup
  Into into = Into::records;
  bool is_idempotent = false;
  bool transforms = false;
  bool backs_up = false;
  bool refuses_poison = false;
  bool errors_fail = false;
  bool disk_fails = false;         // calls to it, or its space ends
  bool damages = false;            // what is on it goes bad between two lives
  std::uint32_t asks_durably = 0;  // of a thousand puts
  testing::DestinationFaults main_faults;
  testing::DestinationFaults error_faults;
  testing::DestinationFaults backup_faults;
  std::chrono::nanoseconds work_takes{};
  std::uint32_t yields = 0;
  std::size_t producers = 1;
  std::uint64_t lives = 1;
  std::uint64_t records_max = 60;
};

}  // namespace hydrant::tests
