// SPDX-License-Identifier: MIT
//
// The bodies of ShardSet: the slow side of `put` in the order in which a record
// meets it, then the harvest.
#pragma once

#include <hydrant/ingest/shard_set.hpp>

#include <algorithm>
#include <utility>

namespace hydrant::detail {

inline PutStatus ShardSet::refuse(PutStatus status) noexcept {
  if (status == PutStatus::record_too_large) {
    ++counts_.refused_too_large;
  } else if (status == PutStatus::closed) {
    ++counts_.refused_closed;
  } else if (options_.overflow.kind() == Overflow::Kind::drop_newest) {
    ++counts_.dropped_newest;
  } else {
    ++counts_.refused_buffer_full;
  }
  return status;
}

/// What can be said of a record before there is memory for it. The lock is held.
inline PutStatus ShardSet::admit(std::size_t size) const noexcept {
  return closed_                            ? PutStatus::closed
         : size > options_.record_bytes_max ? PutStatus::record_too_large
                                            : PutStatus::accepted;
}

inline PutResult ShardSet::put_slow(StreamGate& gate, const void* data, std::size_t size) noexcept {
  Lock lock = lock_for_producer();
  if (const PutStatus status = admit(size); status != PutStatus::accepted) {
    return refuse(status);
  }
  try {
    OwnedShard* mine = thread_ending ? nullptr : shard_of_this_thread(gate);
    if (mine == nullptr || mine->room_open) {
      return put_borrowed(lock, data, size);
    }
    const PutStatus status = make_fit(lock, *mine, size);
    if (status != PutStatus::accepted) {
      return refuse(status);
    }
    leave_park();
    gate.remember(*mine);
    const Ticket ticket = mine->append(data, size);
    if (mine->open->size_class > chunk_class_open) {
      seal_open_chunk(*mine);  // an idle thread must not sit on a chunk of a megabyte
    }
    return ticket;
  } catch (...) {  // no memory for a new thread's shard
    return refuse(PutStatus::buffer_full);
  }
}

/// The thread is ending, or formats another record just now: a shard for this one record.
inline PutResult ShardSet::put_borrowed(Lock& lock, const void* data, std::size_t size) {
  const std::shared_ptr<OwnedShard> borrowed = take_shard();
  const PutStatus status = make_fit(lock, *borrowed, size);
  leave_park();
  const PutResult result = status == PutStatus::accepted ? PutResult(borrowed->append(data, size))
                                                         : PutResult(refuse(status));
  borrowed->owned = false;
  unowned_.push_back(borrowed->id);
  return result;
}

inline PutStatus ShardSet::reserve_slow(StreamGate& gate, std::size_t size) noexcept {
  Lock lock = lock_for_producer();
  if (const PutStatus status = admit(size); status != PutStatus::accepted) {
    return refuse(status);
  }
  try {
    OwnedShard* mine = thread_ending ? nullptr : shard_of_this_thread(gate);
    if (mine == nullptr || mine->room_open) {
      return refuse(PutStatus::buffer_full);
    }
    const PutStatus status = make_fit(lock, *mine, size);
    if (status != PutStatus::accepted) {
      return refuse(status);
    }
    leave_park();
    gate.remember(*mine);
    return PutStatus::accepted;
  } catch (...) {
    return refuse(PutStatus::buffer_full);
  }
}

/// Before a record is published, with the lock held: a stream that sleeps wakes up.
inline void ShardSet::leave_park() noexcept {
  if (std::exchange(parked_, false)) {
    unpark();
  }
}

/// The generation changed between the first look and the publication. Either
/// the stream only wants to be noticed (parked, another stream in this slot),
/// or it was closed: then the record counts if, and only if, the last harvest sees it.
inline PutResult ShardSet::put_raced(StreamGate& gate, Shard& shard, Ticket ticket) noexcept {
  Lock lock(mutex_);
  if (harvest_ended_ && ticket.sequence >= shard.harvested) {
    shard.header->committed.store(shard.count() - 1, std::memory_order_release);
    return refuse(PutStatus::closed);
  }
  leave_park();
  if (!closed_) {
    gate.remember(shard);  // else the next put must come this way again
  }
  return ticket;
}

inline OwnedShard* ShardSet::shard_of_this_thread(StreamGate& gate) {
  ThreadShards& mine = ThreadShards::mine();
  if (OwnedShard* known = mine.find(gate, incarnation_)) {
    return known;
  }
  std::shared_ptr<OwnedShard> shard = take_shard();
  OwnedShard* result = shard.get();
  mine.add({&gate, incarnation_, std::move(shard)});
  return result;
}

inline std::shared_ptr<OwnedShard> ShardSet::take_shard() {
  if (!unowned_.empty()) {
    const std::shared_ptr<OwnedShard>& shard = shards_[unowned_.back()];
    unowned_.pop_back();
    shard->owned = true;
    return shard;
  }
  auto shard = std::make_shared<OwnedShard>(pool_);
  shard->id = static_cast<std::uint32_t>(shards_.size());
  shard->record_bytes_max = options_.record_bytes_max;
  shard->delimiter_size = static_cast<std::uint32_t>(options_.delimiter.size());
  options_.delimiter.copy(shard->delimiter, Shard::delimiter_size_max);
  shard->owned = true;
  unowned_.reserve(shards_.size() + 1);
  shards_.push_back(shard);
  return shard;
}

inline void ShardSet::release_shard(const std::shared_ptr<OwnedShard>& shard,
                                    std::uint64_t incarnation) noexcept {
  Lock lock(mutex_);
  if (incarnation == incarnation_) {
    shard->owned = false;
    unowned_.push_back(shard->id);  // reserved by take_shard
  }
}

/// The largest class that an ordinary chunk may have: small when many threads
/// put, so that all their open chunks together stay a fraction of the budget.
inline std::uint32_t ShardSet::class_limit() const noexcept {
  const std::size_t share = options_.memory_limit / (16 * std::max<std::size_t>(1, shards_.size()));
  std::uint32_t limit = 0;
  while (limit < chunk_class_open && chunk_bytes(limit + 1) <= share) {
    ++limit;
  }
  return limit;
}

/// Sees to it that `size` bytes fit the shard's open chunk.
inline PutStatus ShardSet::make_fit(Lock& lock, OwnedShard& shard, std::size_t size) noexcept {
  if (shard.fits(size)) {
    return PutStatus::accepted;
  }
  const std::uint32_t wanted = std::min(shard.size_class, class_limit());
  std::uint32_t size_class = std::max(wanted, chunk_class_for(size));
  Shortage shortage;
  while (shortage.may_retry) {
    if (Chunk* fresh = take_chunk(lock, size_class, shortage)) {
      roll(shard, *fresh, size_class);
      return PutStatus::accepted;
    }
    if (closed_) {
      return PutStatus::closed;
    }
    if (shortage.until == SteadyTime::min()) {
      shortage.until = saturating_add(coarse_now(), options_.overflow.timeout());
    }
    if (shortage.may_spill) {
      continue;  // the next try has room for the same
    }
    size_class = chunk_class_for(size);  // memory is short: no larger than need be
  }
  return PutStatus::buffer_full;
}

/// One try to get a chunk; when there is none, does what the overflow policy says.
inline Chunk* ShardSet::take_chunk(Lock& lock, std::uint32_t size_class,
                                   Shortage& shortage) noexcept {
  if (pool_->spare_count(size_class, 1) == 0) {
    grow(lock, size_class);
    if (closed_) {
      return nullptr;
    }
  }
  if (Chunk* chunk = pool_->take(size_class, options_.reserve - reserve_in_use_)) {
    return chunk;
  }
  const std::uint32_t smallest = 0;
  const bool spills = options_.overflow.kind() == Overflow::Kind::spill;
  shortage.may_spill = false;
  if (size_class > smallest && shortage.until == SteadyTime::min() && !spills) {
    return nullptr;  // first try again with the smallest chunk that will do
  }
  // Once: each of its rounds wakes who waits here, and the two would wake each other for ever.
  if (!std::exchange(shortage.told_collector, true)) {
    wake_collector(true);
  }
  switch (options_.overflow.kind()) {
    case Overflow::Kind::reject:
    case Overflow::Kind::drop_newest:
      shortage.may_retry = false;
      break;
    case Overflow::Kind::drop_oldest:
      shortage.may_retry = drop_oldest();
      break;
    case Overflow::Kind::spill:
      shortage.may_spill = pool_->spill_for(size_class, options_.reserve - reserve_in_use_);
      shortage.may_retry = shortage.may_spill || size_class > smallest;
      break;
    case Overflow::Kind::block:
      shortage.may_retry =
          wait_for_memory(lock, shortage.until == SteadyTime::min()
                                    ? saturating_add(coarse_now(), options_.overflow.timeout())
                                    : shortage.until);
      break;
  }
  return nullptr;
}

/// Ends the open chunk: its thread writes to it no more.
inline void ShardSet::seal_open_chunk(OwnedShard& shard) noexcept {
  Chunk& open = *shard.open;
  open.sealed_count = shard.count();
  open.sealed = true;
  shard.sealed_end = open.first_sequence + open.sealed_count;
  shard.open = nullptr;
  shard.write_nowhere();
  rolled_bytes_ += open.begin_of(open.sealed_count) - open.begin_of(open.harvested);
  if (rolled_bytes_ >= wake_bytes_) {
    wake_collector(false);
  }
  if (open.harvested == open.sealed_count && shard.oldest == &open) {
    shard.oldest = nullptr;
    shard.newest = nullptr;
    release(&open);
  } else if (options_.overflow.kind() == Overflow::Kind::spill) {
    pool_->let_wait(open);
  }
}

/// Writes down, for who finds the memory after a crash, whose records will be in it.
inline void ShardSet::mark_in_use(Chunk& chunk) noexcept {
  if (chunk.store == nullptr) {
    return;
  }
  ChunkHeader& header = chunk.header();
  header.first_sequence = chunk.first_sequence;
  header.shard = chunk.shard;
  header.delimiter_size = chunk.delimiter_size;
  header.epoch = chunk.epoch;
  header.opened_at = coarse_wall().time_since_epoch().count();
  header.check = check_of(header);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  header.in_use.store(chunk_in_use, std::memory_order_relaxed);
}

inline void ShardSet::roll(OwnedShard& shard, Chunk& fresh, std::uint32_t size_class) {
  if (shard.open != nullptr) {
    seal_open_chunk(shard);
  }
  const std::uint64_t next_sequence = shard.sealed_end;
  fresh.shard = shard.id;
  fresh.epoch = epoch_;
  fresh.first_sequence = next_sequence;
  fresh.delimiter_size = shard.delimiter_size;
  fresh.opened_at = coarse_now();
  mark_in_use(fresh);
  (shard.newest != nullptr ? shard.newest->next : shard.oldest) = &fresh;
  shard.newest = &fresh;
  shard.open = &fresh;
  shard.write_to(fresh.payload(), fresh.slots_top(), fresh.header(), next_sequence);
  shard.size_class = std::min(size_class + 1, chunk_class_open);
  hot_class_ = size_class;
}

template <class Take>
void ShardSet::harvest(SteadyTime since, Take take) {
  rolled_bytes_ = 0;
  for (const auto& shard : shards_) {
    while (Chunk* chunk = shard->oldest) {
      const std::uint32_t published = chunk->published();
      if (published > chunk->harvested) {
        Slice slice;
        slice.chunk = chunk;
        slice.first = chunk->harvested;
        slice.last = published;
        slice.arrival_steady = std::max(chunk->opened_at, since);
        ++chunk->refs;
        chunk->harvested = published;
        shard->harvested = chunk->first_sequence + published;
        counts_.harvested_bytes += slice.bytes();
        take(std::move(slice));
      }
      if (!chunk->sealed) {
        break;
      }
      shard->oldest = chunk->next;
      if (shard->oldest == nullptr) {
        shard->newest = nullptr;
      }
      release(chunk);
    }
  }
}

inline void ShardSet::provision() {
  constexpr std::size_t spare_wanted = 4;
  Lock lock(mutex_);
  const std::uint32_t size_class = hot_class_;
  // Counted once: a producer that takes them as fast as they are made must not keep us here.
  std::size_t spare = pool_->spare_count(size_class, spare_wanted);
  while (spare < spare_wanted && !closed_) {
    const std::size_t made = grow(lock, size_class);
    if (made == 0) {
      return;
    }
    spare += made;
  }
}

/// Makes chunks, letting go of the lock meanwhile. Returns: how many; 0 when there is no memory.
inline std::size_t ShardSet::grow(Lock& lock, std::uint32_t size_class) {
  const std::size_t count = pool_->begin_growth(size_class, options_.reserve - reserve_in_use_);
  if (count == 0) {
    return 0;
  }
  BlockStore* store = pool_->store();
  lock.unlock();
  Chunk* chunks = make_chunks(size_class, count, store);
  lock.lock();
  pool_->end_growth(size_class, count, chunks);
  return chunks == nullptr ? 0 : count;
}

inline void ShardSet::forget_everything() {
  shards_.clear();
  unowned_.clear();
  counts_ = {};
  rolled_bytes_ = 0;
  reserve_in_use_ = 0;
  incarnation_ = next_generation();
  pool_ = std::make_shared<ChunkPool>(options_.memory_limit, options_.store);
  parked_ = true;
}

}  // namespace hydrant::detail
