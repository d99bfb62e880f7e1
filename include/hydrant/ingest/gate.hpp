// SPDX-License-Identifier: MIT
//
// The door of a stream, as `put` sees it: which shard is this thread's, and is
// the stream still in the state in which the thread found it? One relaxed load
// answers both: every stream draws its generation numbers from one counter, so
// an equal number means the same stream, open, in this process. Close, fork,
// parking and destruction change it and so send the next `put` the slow way.
//
// Gates are never freed while a handle or a recent stream may still reach them,
// so a `put` after the stream's end, from a static destructor or an atexit
// handler, finds a closed door instead of freed memory.
#pragma once

#include <hydrant/core/asymmetric_fence.hpp>
#include <hydrant/core/put_result.hpp>
#include <hydrant/ingest/shard.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hydrant::detail {

/// What this thread remembers of one stream. Trivial, so that a thread_local
/// access costs no guard, and usable until the thread's very last instruction.
struct ThreadSlot {
  std::uint64_t generation = 0;  // 0: nothing remembered
  Shard* shard = nullptr;
};

inline constexpr std::size_t thread_slot_count = 16;

inline constinit thread_local ThreadSlot thread_slots[thread_slot_count] = {};

/// Draws the next generation number of the process. Never 0.
inline std::uint64_t next_generation() noexcept {
  static constinit std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// The door of a stream.
/// Threads: shared: safe.
class alignas(64) Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Appends one record. See Producer::put.
  PutResult put(const void* data, std::size_t size) noexcept {
    const ThreadSlot slot = thread_slot();
    if (slot.generation == generation_.load(std::memory_order_relaxed)) [[likely]] {
      Shard& shard = *slot.shard;
      if (shard.fits(size)) [[likely]] {
        return confirm(slot.generation, shard, shard.append(data, size));
      }
    }
    return put_slow(data, size);
  }

  /// Makes room for `size` bytes at the shard's tail, or says why not.
  /// Returns: accepted, and `shard` and `generation` for commit.
  PutStatus reserve(std::size_t size, Shard*& shard, std::uint64_t& generation) noexcept {
    ThreadSlot& slot = thread_slot();
    if (slot.generation != generation_.load(std::memory_order_relaxed) || !slot.shard->fits(size)) {
      const PutStatus status = reserve_slow(size);
      if (status != PutStatus::accepted) {
        return status;
      }
    }
    shard = slot.shard;
    generation = slot.generation;
    // A put while the room is open must not land in it: send it the slow way.
    slot.generation = 0;
    shard->room_open = true;
    return PutStatus::accepted;
  }

  /// Publishes `size` bytes of an open room.
  PutResult commit(Shard& shard, std::uint64_t generation, std::size_t size) noexcept {
    abandon(shard, generation);
    return confirm(generation, shard, shard.publish(size));
  }

  /// Closes an open room without a record.
  void abandon(Shard& shard, std::uint64_t generation) noexcept {
    shard.room_open = false;
    ThreadSlot& slot = thread_slot();
    if (slot.shard == &shard && slot.generation == 0) {
      slot.generation = generation;
    }
  }

  /// Handles count themselves; a gate with handles is not used again for another stream.
  void add_handle() noexcept { handles_.fetch_add(1, std::memory_order_relaxed); }

  void drop_handle() noexcept { handles_.fetch_sub(1, std::memory_order_release); }

 protected:
  ~Gate() = default;

  virtual PutResult put_slow(const void* data, std::size_t size) noexcept = 0;
  virtual PutStatus reserve_slow(std::size_t size) noexcept = 0;
  /// The generation changed while the record was being published.
  virtual PutResult put_raced(Shard& shard, Ticket ticket) noexcept = 0;

  ThreadSlot& thread_slot() const noexcept { return thread_slots[index_ % thread_slot_count]; }

  std::atomic<std::uint64_t> generation_{0};
  std::uint32_t index_ = 0;
  std::atomic<std::uint32_t> handles_{0};

 private:
  PutResult confirm(std::uint64_t generation, Shard& shard, Ticket ticket) noexcept {
    light_fence();
    if (generation_.load(std::memory_order_relaxed) == generation) [[likely]] {
      return ticket;
    }
    return put_raced(shard, ticket);
  }
};

}  // namespace hydrant::detail
