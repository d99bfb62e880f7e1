// SPDX-License-Identifier: MIT
//
// A manifest against a plain model, killed after every entry and in the middle
// of it.
#include <hydrant/journal/manifest.hpp>

#include <random>

#include "journal/manifest_model.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::tests;
using hydrant::detail::SealedRange;
using hydrant::detail::SpoolIdentity;

constexpr std::size_t tiny = ManifestFiles::bytes_min;

SpoolIdentity identity() {
  return {.epoch = 0xfeed,
          .id_seed_high = 11,
          .id_seed_low = 22,
          .created_at = hydrant::WallTime(std::chrono::milliseconds(1'700'000'000'123)),
          .boot_id = "a boot",
          .owes_backup = true};
}

Seal seal_of(std::uint64_t number, std::mt19937_64& dice) {
  Seal seal;
  seal.lane = static_cast<std::uint16_t>(dice() % 3);
  seal.reason = static_cast<hydrant::CloseReason>(dice() % 7);
  seal.number = number;
  seal.first_arrival = static_cast<std::int64_t>(dice() % 1000);
  seal.version = 3;
  seal.output_quota = dice() % 2;
  for (std::uint64_t i = 0; i <= dice() % 6; ++i) {
    seal.ranges.push_back({static_cast<std::uint32_t>(dice() % 3), 0, i * 10, i * 10 + 3, 5});
  }
  if (dice() % 3 == 0) {
    auto note = std::make_shared<hydrant::detail::FailureNote>();
    note->message = std::string(dice() % 20, 'm');
    seal.ranges.back().note = seal.number_of(note);
  }
  return seal;
}

/// A manifest and its model, which go through life and death together.
struct Pair {
  Pair() {
    REQUIRE(files->make_directories("spool"));
    manifest = std::move(Manifest::create(*files, "spool", identity(), tiny).value());
    bytes = manifest_bytes(*files, "spool");
  }

  /// One step that writes an entry, or forgets a seal.
  void step(std::mt19937_64& dice) {
    before = bytes;
    model_before = model;
    switch (living.size() > 10 ? 3 : dice() % 4) {
      case 0: {
        const Seal seal = seal_of(manifest->take_number(), dice);
        living.push_back(seal);
        model.seal(seal);
        REQUIRE(manifest->seal(seal));
        break;
      }
      case 1: {
        if (!living.empty()) {
          const hydrant::detail::SealedPart part{living.back().number, next_part++, dice()};
          model.parts.push_back(part);
          REQUIRE(manifest->part(part.number, part.part, part.digest));
        }
        break;
      }
      case 2:
        end_some(dice);
        break;
      default:
        forget_one(dice);
    }
    bytes = manifest_bytes(*files, "spool");
    turned_over = active_of(bytes) != active_of(before);
    if (turned_over) {
      model.seals = living;  // what was forgotten is not written again
      std::erase_if(model.parts, [&](const SealedPart& part) {
        return std::none_of(living.begin(), living.end(),
                            [&](const Seal& seal) { return seal.number == part.number; });
      });
    }
  }

  void end_some(std::mt19937_64& dice) {
    const auto track = static_cast<Track>(dice() % 2);
    const auto shard = static_cast<std::uint32_t>(dice() % 3);
    const std::uint64_t first = dice() % ManifestModel::sequence_count;
    std::uint64_t last = first;
    while (last < std::min(first + 9, ManifestModel::sequence_count) &&
           !model.settled.contains({static_cast<std::size_t>(track), shard, last})) {
      ++last;
    }
    if (first != last) {
      model.done(track, shard, first, last);
      manifest->done(track, shard, first, last);
    }
  }

  void forget_one(std::mt19937_64& dice) {
    if (!living.empty()) {
      const auto at = living.begin() + static_cast<std::ptrdiff_t>(dice() % living.size());
      manifest->forget_seal(at->lane, at->number);
      living.erase(at);
    }
  }

  /// The bytes of the present step, but written only as far as `cut`, and without the word that
  /// is written last: an entry's size, or that the new generation is complete.
  ManifestBytes torn(std::uint64_t cut) const {
    const std::size_t active = active_of(bytes);
    ManifestBytes result = before;
    const auto differs =
        std::mismatch(bytes[active].begin(), bytes[active].end(), before[active].begin());
    const auto at =
        turned_over ? 0 : static_cast<std::size_t>(differs.first - bytes[active].begin()) / 8 * 8;
    const std::size_t size = std::min<std::size_t>(cut, tiny - at);
    result[active].replace(at, size, bytes[active], at, size);
    const std::size_t last_word = turned_over ? offsetof(ManifestHeader, complete) : at;
    result[active].replace(last_word, 4, 4, '\0');
    return result;
  }

  /// The process dies and another goes on from these bytes.
  void restart(const ManifestBytes& from, const ManifestModel& known) {
    files = disk_with(from);
    manifest = std::move(Manifest::open(*files, "spool").value());
    bytes = from;
    model = known;
    living = known.seals;  // those that were forgotten are there again
  }

  std::unique_ptr<MemoryFiles> files = std::make_unique<MemoryFiles>();
  std::unique_ptr<Manifest> manifest;
  ManifestModel model;
  ManifestModel model_before;
  ManifestBytes bytes;
  ManifestBytes before;
  std::vector<Seal> living;
  std::uint64_t next_part = 0;
  bool turned_over = false;
};

/// Returns: what a process that finds these bytes gets wrong.
std::string difference(const ManifestBytes& bytes, const ManifestModel& model) {
  const auto disk = disk_with(bytes);
  auto opened = Manifest::open(*disk, "spool");
  if (!opened) {
    return opened.failure().message;
  }
  const SpoolIdentity& found = opened.value()->identity();
  const SpoolIdentity made = identity();
  const bool is_same = found.epoch == made.epoch && found.id_seed_high == made.id_seed_high &&
                       found.id_seed_low == made.id_seed_low && found.owes_backup &&
                       found.created_at == made.created_at && found.boot_id == made.boot_id;
  if (!is_same || opened.value()->damaged_entries() != 0) {
    return is_same ? "damaged entries" : "identity";
  }
  return model.difference(*opened.value());
}

}  // namespace

TEST_CASE("a manifest knows after a crash what was written before it, at whatever moment",
          "[journal][manifest]") {
  int turns = 0;
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    Pair pair;
    for (int step = 0; step < 2000; ++step) {
      CAPTURE(step);
      pair.step(dice);
      turns += pair.turned_over ? 1 : 0;
      if (dice() % 8 == 0 || pair.turned_over) {
        REQUIRE(difference(pair.bytes, pair.model) == "");
      }
      if (pair.bytes != pair.before && (dice() % 8 == 0 || pair.turned_over)) {
        const ManifestBytes torn = pair.torn(dice() % 200);
        REQUIRE(difference(torn, pair.model_before) == "");
        if (dice() % 8 == 0) {
          pair.restart(torn, pair.model_before);
        }
      } else if (dice() % 50 == 0) {
        pair.restart(pair.bytes, pair.model);
      }
    }
  }
  REQUIRE(turns > 20);  // else the files were too large for this test
}

TEST_CASE("an entry that is torn at any byte counts as not written", "[journal][manifest]") {
  std::mt19937_64 dice(1);
  Pair pair;
  for (int step = 0; step < 30; ++step) {
    pair.step(dice);
    for (std::uint64_t cut = 0; pair.bytes != pair.before && cut < 400; ++cut) {
      CAPTURE(step, cut);
      REQUIRE(difference(pair.torn(cut), pair.model_before) == "");
    }
  }
}

TEST_CASE("a turn-over that is torn at any word leaves the older generation",
          "[journal][manifest]") {
  std::mt19937_64 dice(2);
  Pair pair;
  do {
    pair.step(dice);
  } while (!pair.turned_over);

  for (std::uint64_t cut = 0; cut < 3000; cut += 4) {
    CAPTURE(cut);
    REQUIRE(difference(pair.torn(cut), pair.model_before) == "");
  }
}

TEST_CASE("a manifest never gives a number again, not even of batches that a turn-over forgets",
          "[journal][manifest]") {
  std::mt19937_64 dice(3);
  Pair pair;
  for (std::uint64_t number = 1; number <= 5; ++number) {
    const Seal seal = seal_of(number, dice);
    REQUIRE(pair.manifest->seal(seal));
    pair.manifest->forget_seal(seal.lane, number);
  }
  const std::size_t active = active_of(pair.bytes);
  for (std::uint64_t record = 0; active_of(pair.bytes) == active; ++record) {
    pair.manifest->done(Track::main, 0, record, record + 1);
    pair.bytes = manifest_bytes(*pair.files, "spool");
  }

  const auto disk = disk_with(pair.bytes);
  const auto opened = std::move(Manifest::open(*disk, "spool").value());

  REQUIRE(opened->seals().empty());
  REQUIRE(opened->take_number() > 5);
}
