// SPDX-License-Identifier: MIT
//
// What became of the records of one spool: which batches were sealed, which
// records have ended. A log in mapped memory, so that an entry costs a copy and
// outlives the process; when it is full, what still matters is written into
// the other of two files, which grows with it. The layout is in layout.hpp.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/core/time.hpp>
#include <hydrant/journal/manifest_files.hpp>
#include <hydrant/journal/seal.hpp>
#include <hydrant/journal/settled_tracks.hpp>
#include <hydrant/journal/spool_identity.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// The account of one spool's records.
/// Threads: distinct objects: safe; shared: unsafe.
class Manifest {
 public:
  /// Makes the two files.
  static Result<std::unique_ptr<Manifest>> create(
      Files& files, const std::string& directory, SpoolIdentity identity,
      std::size_t bytes = ManifestFiles::bytes_default) {
    auto manifest = std::unique_ptr<Manifest>(new Manifest(std::move(identity)));
    const Status written = manifest->write_into(files, directory, bytes);
    return written ? Result(std::move(manifest)) : written.failure();
  }

  /// Reads what a process that has ended left. What is damaged is counted and left out.
  static Result<std::unique_ptr<Manifest>> open(Files& files, const std::string& directory) {
    auto manifest = std::unique_ptr<Manifest>(new Manifest({}));
    std::optional<std::size_t> newest;
    std::uint64_t generation = 0;
    if (Status opened = manifest->files_.open(files, directory); !opened) {
      return opened.failure();
    }
    for (std::size_t i = 0; i < ManifestFiles::count; ++i) {
      const std::optional<ManifestHeader> header = manifest->files_.header(i);
      if (header && header->complete != 0 && (!newest || header->generation > generation)) {
        newest = i;
        generation = header->generation;
      }
    }
    if (!newest) {
      return Failure{"read " + ManifestFiles::name_of(directory, 0) +
                     ": neither manifest is whole"};
    }
    manifest->active_ = *newest;
    manifest->replay(*manifest->files_.header(*newest));
    manifest->skip_unread_numbers();
    return manifest;
  }

  const SpoolIdentity& identity() const { return identity_; }

  /// From here on a copy of each entry goes to `log`: its type, its lane, its payload.
  void copy_entries_to(std::vector<LoggedEntry>* log) { log_ = log; }

  /// What `header` says, and no entries and no files yet.
  static std::unique_ptr<Manifest> from_log(const ManifestHeader& header) {
    auto manifest = std::unique_ptr<Manifest>(new Manifest({}));
    manifest->take_identity(header);
    return manifest;
  }

  /// Takes in an entry that was copied.
  void replay_entry(EntryType type, std::uint16_t lane, std::span<const std::byte> payload) {
    take(type, lane, payload);
  }

  void set_boot(std::string boot_id) { identity_.boot_id = std::move(boot_id); }

  /// Batches of which nothing was found had numbers too: begins that many lives further on.
  void skip_lives(std::uint64_t count) { next_number_ += count << bits_a_life; }

  /// Makes the two files, with everything that was taken in.
  Status write_into(Files& files, const std::string& directory,
                    std::size_t bytes = ManifestFiles::bytes_default) {
    if (Status created = files_.create(files, directory, bytes); !created) {
      return created;
    }
    return turn_over() ? success() : Status(Failure{"write " + directory + ": no room"});
  }

  /// Somebody has removed the files: writes everything that is known into new ones.
  Status restore() {
    for (std::size_t i = 0; i < ManifestFiles::count; ++i) {
      if (Status replaced = files_.replace(i, files_.bytes(i).size()); !replaced) {
        return replaced;
      }
    }
    return turn_over() ? success() : Status(Failure{"restore the manifest: no room"});
  }

  /// The front of a manifest of this spool.
  ManifestHeader header() const {
    ManifestHeader header = identity_.header();
    header.generation = generation_;
    header.next_number = next_number_;
    header.check = header.right_check();
    return header;
  }

  /// Writes a batch down. Returns: false when there was no room; then it is not sealed.
  bool seal(Seal seal) {
    next_number_ = std::max(next_number_, seal.number + 1);
    writer_.clear();
    encode(seal, writer_);
    const std::uint16_t lane = seal.lane;
    seals_.push_back(std::move(seal));
    if (write(EntryType::seal, lane)) {
      return true;
    }
    seals_.pop_back();
    return false;
  }

  /// The batch has ended: nobody will make it again.
  void forget_seal(std::uint16_t lane, std::uint64_t number) {
    std::erase_if(seals_,
                  [&](const Seal& seal) { return seal.lane == lane && seal.number == number; });
    std::erase_if(parts_, [&](const SealedPart& part) { return part.number == number; });
  }

  /// Records of one shard have ended on that track. None of them had before.
  void done(Track track, std::uint32_t shard, std::uint64_t first, std::uint64_t last) {
    settled_of(track, shard).add(first, last);
    writer_.clear();
    put_range(shard, first, last);
    write(EntryType::done, static_cast<std::uint16_t>(track));
  }

  /// Notes what a transform made of a part of a batch on the main lane.
  /// Returns: false when it made something else of it before.
  bool part(std::uint64_t number, std::uint64_t part, std::uint64_t digest) {
    for (const SealedPart& known : parts_) {
      if (known.number == number && known.part == part) {
        return known.digest == digest;
      }
    }
    parts_.push_back({number, part, digest});
    writer_.clear();
    writer_.put(parts_.back());
    write(EntryType::part, 0);
    return true;
  }

  /// Which of the shard's records have ended on that track.
  SettledRanges& settled_of(Track track, std::uint32_t shard) { return settled_.of(track, shard); }

  /// Batches that were sealed and have not been forgotten, oldest first.
  const std::vector<Seal>& seals() const { return seals_; }

  /// Everything that still matters.
  std::vector<LoggedEntry> entries() {
    std::vector<LoggedEntry> all;
    for_each_that_matters(
        [&](EntryType type, std::uint16_t lane) { all.push_back(entry(type, lane)); });
    return all;
  }

  /// A number that no batch of this spool has had, nor will have.
  std::uint64_t take_number() { return next_number_++; }

  /// Entries that could not be read.
  std::uint64_t damaged_entries() const { return damaged_entries_; }

  /// What was there before could not be read at all.
  void note_lost() { ++damaged_entries_; }

  /// Whether something could not be written for want of disk: a crash may then deliver twice.
  bool is_short_of_room() const { return is_short_of_room_; }

 private:
  explicit Manifest(SpoolIdentity identity) : identity_(std::move(identity)) {}

  // --- writing --------------------------------------------------------------------------------

  void put_range(std::uint32_t shard, std::uint64_t first, std::uint64_t last) {
    writer_.put(std::uint64_t{shard});
    writer_.put(first);
    writer_.put(last);
  }

  /// The one that stands in `writer_`.
  LoggedEntry entry(EntryType type, std::uint16_t lane) const {
    return {type, lane, {writer_.bytes().begin(), writer_.bytes().end()}};
  }

  /// Writes the entry that stands in `writer_`, into the other file if need be.
  bool write(EntryType type, std::uint16_t lane) {
    if (log_ != nullptr) {
      log_->push_back(entry(type, lane));
    }
    // A full disk stays so for a while: not every entry is to find that out for itself.
    constexpr std::uint32_t entries_between_tries = 256;
    if (is_short_of_room_ && ++entries_since_try_ < entries_between_tries) {
      return false;
    }
    entries_since_try_ = 0;
    // What turns over writes everything that is known, this and what found no room included.
    const bool fits = !is_short_of_room_ && append(type, lane);
    is_short_of_room_ = !fits && !turn_over();
    return !is_short_of_room_;
  }

  bool append(EntryType type, std::uint16_t lane) {
    writer_.pad();
    const std::span<const std::byte> payload = writer_.bytes();
    EntryHeader header;
    header.size = static_cast<std::uint32_t>(sizeof(header) + payload.size());
    header.type = type;
    header.lane = lane;
    header.check = header.right_check(generation_);
    header.payload_check = EntryHeader::right_payload_check(generation_, payload);
    const std::span<std::byte> file = files_.bytes(active_);
    if (file.size() - end_ < header.size) {
      return false;
    }
    std::byte* at = file.data() + end_;
    end_ += header.size;
    const std::uint32_t whole = std::exchange(header.size, 0);
    std::memcpy(at, &header, sizeof(header));
    std::memcpy(at + sizeof(header), payload.data(), payload.size());
    std::atomic_signal_fence(std::memory_order_seq_cst);
    std::memcpy(at, &whole, sizeof(whole));
    return true;
  }

  /// Begins the other file with everything that still matters, as large as to leave as much again
  /// for what comes. Returns: false when that is too much for the disk.
  bool turn_over() {
    files_.make_room(1 - active_, 2 * bytes_that_matter());
    const std::size_t before = active_;
    const std::size_t end_before = end_;
    active_ = 1 - active_;
    ++generation_;
    ManifestHeader header = this->header();
    std::byte* front = files_.bytes(active_).data();
    std::memcpy(front, &header, sizeof(header));
    end_ = sizeof(header);
    if (!write_what_matters()) {
      active_ = before;
      end_ = end_before;
      --generation_;
      return false;
    }
    std::atomic_signal_fence(std::memory_order_seq_cst);
    header.complete = 1;
    std::memcpy(front, &header, sizeof(header));
    return true;
  }

  bool write_what_matters() {
    bool fits = true;
    for_each_that_matters(
        [&](EntryType type, std::uint16_t lane) { fits = fits && append(type, lane); });
    return fits;
  }

  std::size_t bytes_that_matter() {
    std::size_t bytes = sizeof(ManifestHeader);
    for_each_that_matters([&](EntryType, std::uint16_t) {
      writer_.pad();
      bytes += sizeof(EntryHeader) + writer_.bytes().size();
    });
    return bytes;
  }

  /// Calls `visit(type, lane)` for each entry that says something of records that have not ended,
  /// or which have; it stands in `writer_`.
  template <class Visit>
  void for_each_that_matters(Visit visit) {
    settled_.for_each([&](Track track, std::uint32_t shard, const SettledRanges& settled) {
      writer_.clear();
      if (settled.watermark() != 0) {
        put_range(shard, 0, settled.watermark());
      }
      for (const SettledRanges::Range& range : settled.ranges()) {
        put_range(shard, range.first, range.last);
      }
      if (!writer_.bytes().empty()) {
        visit(EntryType::done, static_cast<std::uint16_t>(track));
      }
    });
    for (const Seal& seal : seals_) {
      writer_.clear();
      encode(seal, writer_);
      visit(EntryType::seal, seal.lane);
    }
    for (const SealedPart& part : parts_) {
      writer_.clear();
      writer_.put(part);
      visit(EntryType::part, 0);
    }
  }

  // --- reading --------------------------------------------------------------------------------

  void take_identity(const ManifestHeader& header) {
    identity_ = SpoolIdentity::of(header);
    next_number_ = std::max(next_number_, header.next_number);
  }

  /// Batches whose seals are damaged, or found no room, had numbers too: each life begins with
  /// other numbers than those before it.
  void skip_unread_numbers() { next_number_ = ((next_number_ >> bits_a_life) + 1) << bits_a_life; }

  void replay(const ManifestHeader& header) {
    take_identity(header);
    generation_ = header.generation;
    end_ = sizeof(header);
    const std::span<const std::byte> file = files_.bytes(active_);
    // Behind an entry that cannot be read there may be more: they are found by their check.
    bool lost_the_thread = false;
    for (std::size_t at = end_; at + sizeof(EntryHeader) <= file.size();) {
      const auto entry = read_plain<EntryHeader>(file.data() + at);
      if (!is_entry(file, at, entry)) {
        lost_the_thread = true;
        at += 8;
        continue;
      }
      damaged_entries_ += std::exchange(lost_the_thread, false) ? 1u : 0u;
      take(entry.type, entry.lane,
           file.subspan(at + sizeof(EntryHeader), entry.size - sizeof(EntryHeader)));
      at += entry.size;
      end_ = at;
    }
  }

  bool is_entry(std::span<const std::byte> file, std::size_t at, const EntryHeader& entry) const {
    return entry.size >= sizeof(EntryHeader) && entry.size % 8 == 0 &&
           entry.size <= file.size() - at && entry.check == entry.right_check(generation_) &&
           entry.payload_check == EntryHeader::right_payload_check(
                                      generation_, file.subspan(at + sizeof(EntryHeader),
                                                                entry.size - sizeof(EntryHeader)));
  }

  void take(EntryType type, std::uint16_t lane, std::span<const std::byte> payload) {
    EntryReader in(payload);
    if (type == EntryType::seal) {
      if (std::optional<Seal> seal = decode_seal(lane, payload)) {
        next_number_ = std::max(next_number_, seal->number + 1);
        std::erase_if(seals_, [&](const Seal& known) {  // a log says some things more than once
          return known.lane == seal->lane && known.number == seal->number;
        });
        seals_.push_back(std::move(*seal));
      }
    } else if (type == EntryType::part) {
      parts_.push_back(in.take<SealedPart>());
    } else if (type == EntryType::done && lane < track_count) {
      constexpr std::size_t range_bytes = 3 * sizeof(std::uint64_t);
      while (in.left() >= range_bytes) {
        const auto shard = in.take<std::uint64_t>();
        const auto first = in.take<std::uint64_t>();
        const auto last = in.take<std::uint64_t>();
        if (shard < SettledTracks::shard_count_max && first < last) {
          settled_.add_again(static_cast<Track>(lane), static_cast<std::uint32_t>(shard), first,
                             last);
        }
      }
    }
  }

  SpoolIdentity identity_;
  ManifestFiles files_;
  std::size_t active_ = 1;
  std::size_t end_ = 0;
  std::uint64_t generation_ = 0;
  SettledTracks settled_;
  std::vector<Seal> seals_;
  std::vector<SealedPart> parts_;
  static constexpr int bits_a_life = 32;
  std::uint64_t next_number_ = 1;
  std::uint64_t damaged_entries_ = 0;
  bool is_short_of_room_ = false;
  std::uint32_t entries_since_try_ = 0;
  EntryWriter writer_;
  std::vector<LoggedEntry>* log_ = nullptr;
};

}  // namespace hydrant::detail
