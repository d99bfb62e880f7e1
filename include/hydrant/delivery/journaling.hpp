// SPDX-License-Identifier: MIT
//
// What a stream writes into its journal, and how it goes on from the journal of
// a life that has ended: each batch is sealed before its first attempt, each
// record noted when it has ended; what an earlier life sealed is made again as
// it was, under the same identity, and the rest is gathered anew.
//
// Guarded by the stream's lock, but for `remove_ended`.
#pragma once

#include <hydrant/core/settled_ranges.hpp>
#include <hydrant/delivery/lane.hpp>
#include <hydrant/journal/journal.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// A stream's dealings with its journal.
/// Threads: distinct objects: safe; shared: unsafe.
class Journaling {
 public:
  /// What going on from earlier lives has brought.
  struct Resumed {
    std::uint64_t records = 0;          // that had not ended
    std::uint64_t batches = 0;          // made again
    std::uint64_t backups_dropped = 0;  // spools with records that were to be backed up, too
  };

  /// A spool of an earlier life, and what this one does with it.
  struct FoundSpool {
    std::shared_ptr<Spool> spool;
    std::deque<Chunk> chunks;
    std::size_t chunks_left = 0;
    bool has_ended = false;
    std::vector<SettledRanges> failed;          // by shard: gone over to the error output
    std::vector<SettledRanges> sealed;          // by shard: in a batch that is made again
    std::vector<SettledRanges> logged;          // by shard: on stable storage
    std::vector<Slice> uncommitted;             // for the next commit, each with a ref
    std::vector<std::vector<Chunk*>> by_shard;  // in order of their sequence

    SettledRanges& failed_of(std::uint32_t shard) { return of(failed, shard); }

    SettledRanges& sealed_of(std::uint32_t shard) { return of(sealed, shard); }

    static SettledRanges& of(std::vector<SettledRanges>& shards, std::uint32_t shard) {
      if (shards.size() <= shard) {
        shards.resize(std::size_t{shard} + 1);
      }
      return shards[shard];
    }
  };

  /// Spools of earlier lives, read, and taken up by nobody yet.
  struct Findings {
    std::vector<std::unique_ptr<FoundSpool>> spools;
    FoundCounts counts;
    std::string trouble;  // why a spool was left to the next time, if one was
  };

  explicit Journaling(std::shared_ptr<Journal> journal) : journal_(std::move(journal)) {}

  Journaling(const Journaling&) = delete;
  Journaling& operator=(const Journaling&) = delete;

  ~Journaling() { journal_->end_life(); }

  Journal& journal() { return *journal_; }

  // --- the books ------------------------------------------------------------------------------

  /// Writes a batch down before its first attempt, which names it for good.
  /// Returns: false when that was done already.
  bool seal(const Lane& lane, ClosedBatch& batch, std::uint32_t version) {
    if (batch.spool != nullptr) {
      return false;
    }
    batch.spool = static_cast<Spool*>(batch.slices.front().chunk->store);
    Seal seal;
    seal.lane = static_cast<std::uint16_t>(lane.kind);
    seal.reason = batch.reason;
    seal.number = batch.spool->manifest().take_number();
    seal.first_arrival = batch.first_arrival.time_since_epoch().count();
    seal.version = version;
    seal.output_quota = lane.output_quota;
    for (const Slice& slice : batch.slices) {
      seal.add({.shard = slice.chunk->shard,
                .note = seal.number_of(slice.failure),
                .first = slice.first_sequence(),
                .last = slice.first_sequence() + slice.count(),
                .arrival = slice.arrival.time_since_epoch().count()});
    }
    batch.id_number = seal.number;
    batch.spool->manifest().seal(std::move(seal));
    return true;
  }

  /// The batch has ended: it will not be made again.
  void finish(const Lane& lane, const ClosedBatch& batch) {
    if (batch.spool != nullptr) {
      batch.spool->manifest().forget_seal(static_cast<std::uint16_t>(lane.kind), batch.id_number);
    }
  }

  /// Calls `visit(const Slice&)` for each run of the slice's records whose end on this lane is
  /// still open: those of an earlier life may have ended in it.
  template <class Visit>
  void for_each_open(const Lane& lane, const Slice& slice, Visit visit) {
    if (!slice.chunk->is_found) {
      visit(slice);
      return;
    }
    FoundSpool& found = found_of(slice.chunk->store);
    const std::uint64_t base = slice.chunk->first_sequence;
    const auto part = [&](std::uint64_t from, std::uint64_t to) {
      visit(slice.part(static_cast<std::uint32_t>(from - base),
                       static_cast<std::uint32_t>(to - base)));
    };
    const std::uint64_t first = slice.first_sequence();
    const SettledRanges settled =
        found.spool->manifest().settled_of(track_of(lane), slice.chunk->shard);
    settled.for_each_unsettled(first, first + slice.count(),
                               [&](std::uint64_t from, std::uint64_t to) {
                                 if (lane.kind != Lane::Kind::main) {
                                   part(from, to);
                                   return;
                                 }
                                 const SettledRanges failed = found.failed_of(slice.chunk->shard);
                                 failed.for_each_unsettled(from, to, part);
                               });
  }

  /// Whether the end of any of the slice's records is not noted yet.
  bool is_open(const Lane& lane, const Slice& slice) {
    bool is_open = false;
    const std::uint64_t first = slice.first_sequence();
    static_cast<Spool*>(slice.chunk->store)
        ->manifest()
        .settled_of(track_of(lane), slice.chunk->shard)
        .for_each_unsettled(first, first + slice.count(),
                            [&](std::uint64_t, std::uint64_t) { is_open = true; });
    return is_open;
  }

  /// Notes the end of a run of records. It was open.
  void done(const Lane& lane, const Slice& slice) {
    static_cast<Spool*>(slice.chunk->store)
        ->manifest()
        .done(track_of(lane), slice.chunk->shard, slice.first_sequence(),
              slice.first_sequence() + slice.count());
  }

  /// Records of the main lane go on to the error output. They were open.
  void failed(const Slice& slice) {
    if (slice.chunk->is_found) {
      found_of(slice.chunk->store)
          .failed_of(slice.chunk->shard)
          .add(slice.first_sequence(), slice.first_sequence() + slice.count());
    }
  }

  /// What a transform has made of a part of a batch, before the first attempt.
  /// Returns: false when it made something else of it in an earlier life.
  static bool note_part(const ClosedBatch& batch, std::uint64_t part, std::uint64_t digest) {
    return batch.spool == nullptr || batch.spool->manifest().part(batch.id_number, part, digest);
  }

  // --- stable storage -------------------------------------------------------------------------

  bool survives_power_loss() const { return journal_->durability().survives_power_loss(); }

  std::chrono::milliseconds commit_interval() const { return journal_->durability().interval(); }

  /// What one commit writes. It holds a ref of each slice.
  struct Commit {
    std::vector<Slice> slices;
    std::vector<std::pair<std::shared_ptr<Spool>, SpoolLog::Commit>> parts;

    Status write() {
      for (auto& [spool, part] : parts) {
        if (Status status = spool->log()->write(part); !status) {
          return status;
        }
      }
      return success();
    }
  };

  /// Records for the next commit, with a ref.
  void add_uncommitted(const Slice& slice) { uncommitted_.push_back(slice); }

  bool has_uncommitted() {
    return !uncommitted_.empty() ||
           std::any_of(found_.begin(), found_.end(), [](const auto& found) {
             return !found->uncommitted.empty() || found->spool->log()->has_entries();
           });
  }

  Commit begin_commit() {
    Commit commit;
    commit.slices = std::exchange(uncommitted_, {});
    if (const std::shared_ptr<Spool> current = journal_->current_if_made()) {
      commit.parts.emplace_back(current, current->log()->begin_commit());
      for (const Slice& slice : commit.slices) {
        commit.parts.back().second.records.push_back(slice.view());
      }
    }
    for (const auto& found : found_) {
      if (!found->uncommitted.empty() || found->spool->log()->has_entries()) {
        commit.parts.emplace_back(found->spool, found->spool->log()->begin_commit());
        for (Slice& slice : found->uncommitted) {
          commit.parts.back().second.records.push_back(slice.view());
          commit.slices.push_back(std::move(slice));
        }
        found->uncommitted.clear();
      }
    }
    return commit;
  }

  void finish_commit(const Commit& commit, bool went_well) {
    for (const auto& [spool, part] : commit.parts) {
      if (went_well) {
        spool->log()->finish_commit(part);
      }
    }
  }

  // --- chunks of earlier lives ----------------------------------------------------------------

  /// No batch refers to the chunk any more.
  void release(Chunk& chunk) {
    FoundSpool& found = found_of(chunk.store);
    chunk.store->free_block(chunk.memory, chunk_bytes(chunk.size_class));
    if (--found.chunks_left == 0) {
      found.has_ended = true;
    }
  }

  /// Takes out the spools all of whose records have ended, for `Spool::remove`, which is slow.
  std::vector<std::shared_ptr<Spool>> take_ended() {
    std::vector<std::shared_ptr<Spool>> ended;
    for (auto& found : found_) {
      if (found->has_ended) {
        ended.push_back(std::move(found->spool));
      }
    }
    std::erase_if(found_, [](const auto& found) { return found->spool == nullptr; });
    return ended;
  }

  /// Whether something could not be written down for want of disk space.
  bool is_short_of_room() {
    const std::shared_ptr<Spool> current = journal_->current_if_made();
    return (current != nullptr && current->manifest().is_short_of_room()) ||
           std::any_of(found_.begin(), found_.end(), [](const auto& found) {
             return found->spool->manifest().is_short_of_room();
           });
  }

  bool has_ended_spools() const {
    return std::any_of(found_.begin(), found_.end(),
                       [](const auto& found) { return found->has_ended; });
  }

  /// Reads what processes that have ended have left. Not guarded by the stream's lock: it takes as
  /// long as the disk takes. By one thread at a time.
  static Findings find(Journal& journal,
                       const std::function<void(const RecoveryProgress&)>& progress);

  /// Fills the lanes with it. `next_commit`: which will have the seals.
  Resumed take_up(Findings& findings, Lane& main, Lane* backup, Lane& error, std::uint32_t version,
                  std::uint64_t next_commit, SteadyTime now);

  /// In a forked child everything is the parent's. Its memory stays, in case a thread that forked
  /// is still looking at it.
  void forget_in_child() {
    journal_->forget_in_child();
    for (const auto& found : found_) {
      found->spool->forget_in_child();
      static_cast<void>(new std::shared_ptr<Spool>(found->spool));
    }
    found_.clear();
    uncommitted_.clear();
  }

 private:
  static Track track_of(const Lane& lane) {
    return lane.kind == Lane::Kind::backup ? Track::backup : Track::main;
  }

  FoundSpool& found_of(const BlockStore* store) {
    return **std::find_if(found_.begin(), found_.end(),
                          [&](const auto& found) { return found->spool.get() == store; });
  }

  // resuming.hpp
  static void take_in(FoundSpool& found, const FoundChunk& chunk);
  template <class Visit>
  static void for_each_run(Chunk& chunk, Visit visit);
  void log_what_is_not(FoundSpool& found);
  static void note_logged(FoundSpool& found, std::uint32_t shard, std::uint64_t first,
                          std::uint64_t last);
  static std::vector<bool> find_superseded(const std::vector<Seal>& seals, const Lane& lane);
  static bool owes_backups(FoundSpool& found);
  void make_all_again(FoundSpool& found, Lane& lane, std::uint32_t version,
                      std::uint64_t next_commit, SteadyTime now, Resumed& resumed);
  bool make_again(FoundSpool& found, Lane& lane, const Seal& seal, std::uint64_t next_commit,
                  SteadyTime now);
  std::optional<std::vector<Slice>> slices_of(FoundSpool& found, const Seal& seal, SteadyTime now);
  void gather_rest(FoundSpool& found, Lane& lane, SteadyTime now);
  void gather(FoundSpool& found, Lane& lane, const Slice& open);

  std::shared_ptr<Journal> journal_;
  std::vector<std::unique_ptr<FoundSpool>> found_;
  std::vector<Slice> uncommitted_;
};

}  // namespace hydrant::detail
