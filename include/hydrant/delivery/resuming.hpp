// SPDX-License-Identifier: MIT
//
// Journaling, part two: going on from what earlier lives have left. A batch
// that was sealed and has not ended wholly is made again, record for record, as
// long as all its records are there; every other record that has not ended is
// gathered into new batches, oldest first.
#pragma once

#include <hydrant/delivery/journaling.hpp>

#include <algorithm>

namespace hydrant::detail {

inline Journaling::Findings Journaling::find(
    Journal& journal, const std::function<void(const RecoveryProgress&)>& progress) {
  Findings findings;
  std::vector<std::shared_ptr<Spool>> spools = journal.adopt();
  RecoveryProgress done;
  done.spools_in_all = spools.size();
  for (std::shared_ptr<Spool>& spool : spools) {
    auto found = std::make_unique<FoundSpool>();
    found->spool = std::move(spool);
    Status read = found->spool->read(
        findings.counts, [&](const FoundChunk& chunk) { take_in(*found, chunk); },
        [&] {
          done.bytes = findings.counts.bytes;
          if (progress) {
            progress(done);
          }
        });
    ++done.spools;
    if (read && journal.durability().survives_power_loss()) {
      read = found->spool->for_each_logged(
          [&](std::uint32_t shard, std::uint64_t first, std::uint64_t last) {
            note_logged(*found, shard, first, last);
          });
    }
    if (!read) {
      findings.trouble = found->spool->name() + ": " + read.failure().message;
      continue;
    }
    for (std::vector<Chunk*>& chunks : found->by_shard) {
      std::sort(chunks.begin(), chunks.end(), [](const Chunk* one, const Chunk* other) {
        return one->first_sequence < other->first_sequence;
      });
    }
    journal.keep(*found->spool);
    findings.spools.push_back(std::move(found));
  }
  if (progress && done.spools_in_all != 0) {
    progress(done);
  }
  return findings;
}

inline Journaling::Resumed Journaling::take_up(Findings& findings, Lane& main, Lane* backup,
                                               Lane& error, std::uint32_t version,
                                               std::uint64_t next_commit, SteadyTime now) {
  Resumed resumed;
  const std::uint64_t entered_before = main.counts.entered + error.counts.entered;
  for (std::unique_ptr<FoundSpool>& fresh : findings.spools) {
    found_.push_back(std::move(fresh));
    FoundSpool& found = *found_.back();
    // The error output's first: what it has is no longer the main delivery's.
    for (Lane* lane : {&error, &main, backup}) {
      if (lane == nullptr) {
        continue;
      }
      lane->close_all(CloseReason::recovery);  // a batch is of one spool
      make_all_again(found, *lane, version, next_commit, now, resumed);
      const bool owes = lane != backup || found.spool->identity().owes_backup;
      if (lane != &error && owes) {
        gather_rest(found, *lane, now);
        found.sealed.clear();
      }
    }
    resumed.backups_dropped += backup == nullptr && owes_backups(found) ? 1u : 0u;
    if (survives_power_loss()) {
      log_what_is_not(found);
    }
    // The chunks' own refs: those that no batch needs go here.
    for (Chunk& chunk : found.chunks) {
      if (--chunk.refs == 0) {
        release(chunk);
      }
    }
    found.has_ended = found.chunks_left == 0;
  }
  findings.spools.clear();
  resumed.records = main.counts.entered + error.counts.entered - entered_before;
  return resumed;
}

/// Makes the lane's sealed batches again, and forgets those that cannot be.
inline void Journaling::make_all_again(FoundSpool& found, Lane& lane, std::uint32_t version,
                                       std::uint64_t next_commit, SteadyTime now,
                                       Resumed& resumed) {
  const std::vector<Seal> seals = found.spool->manifest().seals();
  const std::vector<bool> superseded = find_superseded(seals, lane);
  for (std::size_t i = 0; i < seals.size(); ++i) {
    const Seal& seal = seals[i];
    if (seal.lane == static_cast<std::uint16_t>(lane.kind)) {
      const bool fits = !superseded[i] && seal.version == version &&
                        lane.can_cut_by(seal.output_quota) &&
                        make_again(found, lane, seal, next_commit, now);
      resumed.batches += fits ? 1u : 0u;
      if (!fits) {
        found.spool->manifest().forget_seal(seal.lane, seal.number);
      }
    }
  }
}

/// Which of the lane's seals have records that a later one has, too: a life could not make those
/// batches again, and has sealed the records anew.
inline std::vector<bool> Journaling::find_superseded(const std::vector<Seal>& seals,
                                                     const Lane& lane) {
  std::vector<bool> superseded(seals.size());
  std::vector<SettledRanges> claimed;  // by shard
  for (std::size_t i = seals.size(); i-- > 0;) {
    if (seals[i].lane != static_cast<std::uint16_t>(lane.kind)) {
      continue;
    }
    for (const SealedRange& range : seals[i].ranges) {
      std::uint64_t unclaimed = 0;
      if (range.shard < SettledTracks::shard_count_max) {
        FoundSpool::of(claimed, range.shard)
            .for_each_unsettled(range.first, range.last, [&](std::uint64_t from, std::uint64_t to) {
              unclaimed += to - from;
            });
      }
      superseded[i] = superseded[i] || unclaimed != range.last - range.first;
    }
    for (const SealedRange& range : seals[i].ranges) {
      if (!superseded[i]) {
        SettledTracks::add_again(FoundSpool::of(claimed, range.shard), range.first, range.last);
      }
    }
  }
  return superseded;
}

/// Whether records are left whose backup nobody will make.
inline bool Journaling::owes_backups(FoundSpool& found) {
  if (!found.spool->identity().owes_backup) {
    return false;
  }
  return std::any_of(found.chunks.begin(), found.chunks.end(), [&](const Chunk& chunk) {
    bool owes = false;
    found.spool->manifest()
        .settled_of(Track::backup, chunk.shard)
        .for_each_unsettled(chunk.first_sequence, chunk.first_sequence + chunk.sealed_count,
                            [&](std::uint64_t, std::uint64_t) { owes = true; });
    return owes;
  });
}

/// A log says some things more than once.
inline void Journaling::note_logged(FoundSpool& found, std::uint32_t shard, std::uint64_t first,
                                    std::uint64_t last) {
  if (shard < SettledTracks::shard_count_max) {
    SettledTracks::add_again(FoundSpool::of(found.logged, shard), first, last);
  }
}

inline void Journaling::take_in(FoundSpool& found, const FoundChunk& chunk) {
  constexpr std::uint32_t shard_count_max = SettledTracks::shard_count_max;
  if (chunk.shard >= shard_count_max) {
    return;
  }
  Chunk& taken = found.chunks.emplace_back();
  taken.memory = chunk.memory;
  taken.store = found.spool.get();
  taken.is_found = true;
  taken.size_class = static_cast<std::uint32_t>(std::bit_width(chunk.bytes / chunk_bytes_min) - 1);
  taken.refs = 1;
  taken.sealed = true;
  taken.is_damaged = chunk.for_each_run([](std::uint32_t, std::uint32_t) {}) != 0;
  taken.sealed_count = chunk.count;
  taken.harvested = chunk.count;
  taken.shard = chunk.shard;
  taken.delimiter_size = chunk.delimiter_size;
  taken.first_sequence = chunk.first_sequence;
  taken.epoch = found.spool->identity().epoch;
  taken.opened_wall = WallTime(std::chrono::milliseconds(chunk.opened_at));
  if (found.by_shard.size() <= chunk.shard) {
    found.by_shard.resize(std::size_t{chunk.shard} + 1);
  }
  found.by_shard[chunk.shard].push_back(&taken);
  ++found.chunks_left;
}

/// The seal's records, each slice with a ref; nothing when one of them is not there.
inline std::optional<std::vector<Slice>> Journaling::slices_of(FoundSpool& found, const Seal& seal,
                                                               SteadyTime now) {
  std::vector<Slice> slices;
  for (const SealedRange& range : seal.ranges) {
    std::uint64_t next = range.first;
    if (range.shard < found.by_shard.size()) {
      for (Chunk* chunk : found.by_shard[range.shard]) {
        if (next == range.last || chunk->first_sequence > next || chunk->is_damaged) {
          break;
        }
        const std::uint64_t end = chunk->first_sequence + chunk->sealed_count;
        if (end <= next) {
          continue;
        }
        Slice slice;
        slice.chunk = chunk;
        slice.first = static_cast<std::uint32_t>(next - chunk->first_sequence);
        slice.last = static_cast<std::uint32_t>(std::min(end, range.last) - chunk->first_sequence);
        slice.arrival_steady = now;
        slice.arrival = WallTime(std::chrono::milliseconds(range.arrival));
        slice.failure = range.note == 0 ? nullptr : seal.notes[range.note - 1];
        next = std::min(end, range.last);
        slices.push_back(std::move(slice));
      }
    }
    if (next != range.last) {
      return std::nullopt;
    }
  }
  for (const Slice& slice : slices) {
    ++slice.chunk->refs;
  }
  return slices;
}

/// Makes a sealed batch again. Returns: false when all of it has ended, or a part is missing.
inline bool Journaling::make_again(FoundSpool& found, Lane& lane, const Seal& seal,
                                   std::uint64_t next_commit, SteadyTime now) {
  std::optional<std::vector<Slice>> slices = slices_of(found, seal, now);
  if (!slices) {
    return false;
  }
  ClosedBatch batch;
  std::uint64_t open = 0;
  for (const Slice& slice : *slices) {
    for_each_open(lane, slice, [&](const Slice& part) {
      open += part.count();
      SettledRanges& taken = lane.kind == Lane::Kind::error ? found.failed_of(slice.chunk->shard)
                                                            : found.sealed_of(slice.chunk->shard);
      taken.add(part.first_sequence(), part.first_sequence() + part.count());
    });
    batch.bytes += slice.bytes();
    batch.count += slice.count();
  }
  if (open == 0) {
    for (const Slice& slice : *slices) {
      --slice.chunk->refs;
    }
    return false;
  }
  batch.slices = std::move(*slices);
  batch.reason = seal.reason;
  batch.output_quota = static_cast<std::size_t>(seal.output_quota);
  batch.first_arrival_steady = now;
  batch.first_arrival = WallTime(std::chrono::milliseconds(seal.first_arrival));
  batch.spool = found.spool.get();
  batch.id_number = seal.number;
  batch.is_made_again = true;
  batch.commit = survives_power_loss() ? next_commit : 0;  // its seal is written again with that
  lane.take_in(std::move(batch), open);
  return true;
}

/// Calls `visit(Slice)` for each run of the chunk's readable records.
template <class Visit>
void Journaling::for_each_run(Chunk& chunk, Visit visit) {
  const FoundChunk found{
      chunk.memory,      chunk_bytes(chunk.size_class), 0, 0, chunk.delimiter_size, 0,
      chunk.sealed_count};
  found.for_each_run([&](std::uint32_t first, std::uint32_t last) {
    Slice run;
    run.chunk = &chunk;
    run.first = first;
    run.last = last;
    run.arrival = chunk.opened_wall;
    visit(std::move(run));
  });
}

/// Records that a killed process had not yet on stable storage are as old as any: the next commit
/// writes them. A chunk whose records have all ended is of no interest.
inline void Journaling::log_what_is_not(FoundSpool& found) {
  for (Chunk& chunk : found.chunks) {
    if (chunk.refs == 1) {
      continue;  // no batch needs it
    }
    for_each_run(chunk, [&](const Slice& run) {
      const std::uint64_t first = run.first_sequence();
      found.of(found.logged, chunk.shard)
          .for_each_unsettled(
              first, first + run.count(), [&](std::uint64_t from, std::uint64_t to) {
                ++chunk.refs;
                found.uncommitted.push_back(
                    run.part(static_cast<std::uint32_t>(from - chunk.first_sequence),
                             static_cast<std::uint32_t>(to - chunk.first_sequence)));
              });
    });
  }
}

/// Every open record that is in no batch made again.
inline void Journaling::gather_rest(FoundSpool& found, Lane& lane, SteadyTime now) {
  // By age; within a shard by sequence, even where the wall clock went back.
  std::vector<std::pair<WallTime, Chunk*>> in_order;
  for (const std::vector<Chunk*>& chunks : found.by_shard) {
    WallTime latest = WallTime::min();
    for (Chunk* chunk : chunks) {
      latest = std::max(latest, chunk->opened_wall);
      in_order.emplace_back(latest, chunk);
    }
  }
  std::stable_sort(in_order.begin(), in_order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [age, chunk] : in_order) {
    for_each_run(*chunk, [&](Slice run) {
      run.arrival_steady = now;
      for_each_open(lane, run, [&](const Slice& open) { gather(found, lane, open); });
    });
  }
  lane.close_all(CloseReason::recovery);
}

/// Gathers what of these open records is in no batch made again, and was not gathered already: a
/// log, or a page that has gone bad, may have a record twice.
inline void Journaling::gather(FoundSpool& found, Lane& lane, const Slice& open) {
  const std::uint64_t base = open.chunk->first_sequence;
  SettledRanges& taken = found.sealed_of(open.chunk->shard);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;
  taken.for_each_unsettled(
      open.first_sequence(), open.first_sequence() + open.count(),
      [&](std::uint64_t from, std::uint64_t to) { parts.emplace_back(from, to); });
  for (const auto& [from, to] : parts) {
    taken.add(from, to);
    ++open.chunk->refs;
    lane.add(
        open.part(static_cast<std::uint32_t>(from - base), static_cast<std::uint32_t>(to - base)));
  }
}

}  // namespace hydrant::detail
