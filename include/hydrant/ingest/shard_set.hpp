// SPDX-License-Identifier: MIT
//
// All shards of one stream, its chunks and the slow side of `put`: what happens
// once a chunk instead of once a record. Here, and only here, a producer may
// take a lock, read the clock, meet the overflow policy or wake the collector.
//
// The way of a chunk: taken from the pool as some shard's open chunk; filled by
// its thread; harvested by the collector, whole or as far as it is published;
// sealed when the thread rolls to the next one; back in the pool when its
// writer and every slice of it have let go. The bodies are in roll.hpp.
#pragma once

#include <hydrant/core/chunk_check.hpp>
#include <hydrant/core/settled_ranges.hpp>
#include <hydrant/ingest/chunk.hpp>
#include <hydrant/ingest/chunk_pool.hpp>
#include <hydrant/ingest/overflow.hpp>
#include <hydrant/ingest/stream_gate.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hydrant::detail {

/// A shard with what the stream keeps about it, all but `Shard`'s producer
/// fields guarded by the stream's lock.
struct OwnedShard : Shard {
  explicit OwnedShard(std::shared_ptr<ChunkPool> chunks) : pool(std::move(chunks)) {}

  SettledRanges settled;
  /// Keeps the open chunk's memory while the owning thread may write to it.
  std::shared_ptr<ChunkPool> pool;
};

struct IngestOptions {
  std::uint32_t record_bytes_max = 0;
  std::string delimiter;  // at most Shard::delimiter_size_max bytes
  Overflow overflow;
  std::size_t memory_limit = 0;
  /// Of memory_limit, kept back for the outputs of transforms and the error output.
  std::size_t reserve = 0;
  /// Where records are kept; null: in the system's memory.
  std::shared_ptr<BlockStore> store;
};

/// Counters of the door, guarded by the stream's lock.
struct IngestCounts {
  std::uint64_t harvested_bytes = 0;
  std::uint64_t dropped_newest = 0;
  std::uint64_t refused_too_large = 0;
  std::uint64_t refused_buffer_full = 0;
  std::uint64_t refused_closed = 0;
};

/// All shards of one stream.
/// Threads: shared: safe, except where a function wants the lock held.
class ShardSet : public GateKeeper {
 public:
  explicit ShardSet(IngestOptions options)
      : options_(std::move(options)),
        pool_(std::make_shared<ChunkPool>(options_.memory_limit, options_.store)),
        incarnation_(next_generation()) {}

  ~ShardSet() override {
    // Threads that still own a shard may be about to write to its open chunk.
    pool_->free_all_but([this](const Chunk& chunk) {
      for (const auto& shard : shards_) {
        if (shard->open == &chunk) {
          return shard->owned;
        }
      }
      return false;
    });
  }

  PutResult put_slow(StreamGate& gate, const void* data, std::size_t size) noexcept override;
  PutStatus reserve_slow(StreamGate& gate, std::size_t size) noexcept override;
  PutResult put_raced(StreamGate& gate, Shard& shard, Ticket ticket) noexcept override;
  void release_shard(const std::shared_ptr<OwnedShard>& shard,
                     std::uint64_t incarnation) noexcept override;

 protected:
  using Lock = std::unique_lock<std::mutex>;

  /// The lock, for a producer. Whoever holds it holds it for a moment: looking
  /// again for a few microseconds is far cheaper than going to sleep and being woken.
  Lock lock_for_producer() {
    constexpr int looks_max = 500;
    for (int look = 0; look < looks_max; ++look) {
      if (Lock lock(mutex_, std::try_to_lock); lock) {
        return lock;
      }
      spin_pause();
    }
    return Lock(mutex_);
  }

  // What the stream does for its shards. The lock is held.
  virtual SteadyTime coarse_now() noexcept = 0;
  virtual WallTime coarse_wall() noexcept = 0;
  /// Harvest soon: enough bytes have gathered, or memory is short.
  virtual void wake_collector(bool memory_is_short) noexcept = 0;
  /// A record came in while the collector slept without a timer.
  virtual void unpark() noexcept = 0;
  /// Discards the oldest chunk whose delivery has not begun. False when there is none.
  virtual bool drop_oldest() noexcept = 0;
  /// Nobody refers any more to a chunk that an earlier life has left.
  virtual void release_found(Chunk& chunk) noexcept = 0;
  /// Lets others work until memory may be free. False when `until` has passed, or waiting is
  /// futile.
  virtual bool wait_for_memory(Lock& lock, SteadyTime until) noexcept = 0;

  /// Hands every record published and not yet harvested to `take`, oldest first
  /// within a shard, as slices that hold a ref. The lock is held.
  template <class Take>
  void harvest(SteadyTime since, Take take);

  /// Gives back a slice's ref, or any other. The lock is held.
  void release(Chunk* chunk) noexcept {
    HYDRANT_ASSERT(chunk->refs > 0);
    if (--chunk->refs != 0) {
      return;
    }
    if (chunk->is_found) {
      release_found(*chunk);
    } else {
      pool_->give_back(chunk);
    }
  }

  /// Records accepted, and of those not yet harvested. The lock is held.
  void count_published(std::uint64_t& accepted, std::uint64_t& open) const {
    accepted = counts_.dropped_newest;
    open = 0;
    for (const auto& shard : shards_) {
      const std::uint64_t published = published_by(*shard);
      accepted += published;
      open += published - shard->harvested;
    }
  }

  std::uint64_t published_by(const OwnedShard& shard) const {
    if (harvest_ended_) {
      return shard.harvested;  // the thread that published more is about to take it back
    }
    return shard.open == nullptr ? shard.sealed_end
                                 : shard.open->first_sequence + shard.open->published();
  }

  /// Makes a few spare chunks, touched, so that producers meet no page fault. Takes the lock, but
  /// not while it makes them.
  void provision();

  /// The forked child starts with nothing: no shard, no record. The lock is held.
  void forget_everything();

  OwnedShard* shard_of(std::uint32_t id) {
    return id < shards_.size() ? shards_[id].get() : nullptr;
  }

  const IngestOptions options_;
  std::mutex mutex_;  // the stream's lock
  std::shared_ptr<ChunkPool> pool_;
  std::vector<std::shared_ptr<OwnedShard>> shards_;
  std::vector<std::uint32_t> unowned_;
  IngestCounts counts_;
  std::uint64_t epoch_ = 0;
  std::uint64_t incarnation_;
  std::uint64_t rolled_bytes_ = 0;  // by producers since the last harvest
  /// When rolled_bytes_ reaches this, the collector is woken.
  std::uint64_t wake_bytes_ = 0;
  std::uint32_t hot_class_ = 0;     // of the chunk taken last
  std::size_t reserve_in_use_ = 0;  // of options_.reserve, by what it is for
  bool parked_ = true;
  bool closed_ = false;
  /// After the last harvest, which close makes once no put can miss that the stream is closed.
  bool harvest_ended_ = false;

 private:
  /// What one put has done so far about memory that is short.
  struct Shortage {
    SteadyTime until = SteadyTime::min();  // how long to wait; min: not known yet
    bool may_retry = true;
    bool told_collector = false;
    bool may_spill = false;  // others have just left memory
  };

  PutStatus admit(std::size_t size) const noexcept;
  PutResult put_borrowed(Lock& lock, const void* data, std::size_t size);
  OwnedShard* shard_of_this_thread(StreamGate& gate);
  std::shared_ptr<OwnedShard> take_shard();
  PutStatus make_fit(Lock& lock, OwnedShard& shard, std::size_t size) noexcept;
  PutStatus refuse(PutStatus status) noexcept;
  void leave_park() noexcept;
  std::size_t grow(Lock& lock, std::uint32_t size_class);
  Chunk* take_chunk(Lock& lock, std::uint32_t size_class, Shortage& shortage) noexcept;
  void mark_in_use(Chunk& chunk) noexcept;
  void roll(OwnedShard& shard, Chunk& fresh, std::uint32_t size_class);
  void seal_open_chunk(OwnedShard& shard) noexcept;
  std::uint32_t class_limit() const noexcept;
};

}  // namespace hydrant::detail
