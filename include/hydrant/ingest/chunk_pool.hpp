// SPDX-License-Identifier: MIT
//
// Owns the stream's memory budget, and the chunks that nobody uses. Last in,
// first out: a chunk that comes back is still in the processor's cache
// (appending to hot memory costs a third of appending to cold memory).
#pragma once

#include <hydrant/core/config.hpp>
#include <hydrant/ingest/chunk_memory.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace hydrant::detail {

/// Chunks by size class under one budget. Guarded by its owner's lock.
class ChunkPool {
 public:
  /// Without a store, all memory is the system's. With one, that of chunks for records is its.
  explicit ChunkPool(std::size_t budget, std::shared_ptr<BlockStore> store = nullptr)
      : store_(std::move(store)), budget_(budget) {}

  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  ~ChunkPool() {
    while (all_ != nullptr) {
      leave_or_destroy(all_);
    }
  }

  /// A chunk of the class for records, or null when it would take more than `budget - reserve`.
  Chunk* take(std::uint32_t size_class, std::size_t reserve) {
    return take_from(free_, store_.get(), size_class, reserve);
  }

  /// The same for what is made of records, which no store need keep.
  Chunk* take_scratch(std::uint32_t size_class) {
    return store_ == nullptr ? take(size_class, 0)
                             : take_from(free_scratch_, nullptr, size_class, 0);
  }

  /// Takes back a chunk that nothing refers to any more.
  void give_back(Chunk* chunk) {
    HYDRANT_ASSERT(chunk->refs == 0);
    const std::size_t bytes = chunk_bytes(chunk->size_class);
    stop_waiting(*chunk);
    if (std::exchange(chunk->is_spilled, false)) {
      spilled_bytes_ -= bytes;
      unlink(chunk);
      free_chunk(chunk);  // what it had in memory others have now
      return;
    }
    used_ -= bytes;
    free_bytes_ += bytes;
    Chunk*& list =
        (chunk->store == nullptr && store_ != nullptr ? free_scratch_ : free_)[chunk->size_class];
    chunk->next = list;
    list = chunk;
  }

  BlockStore* store() const { return store_.get(); }

  /// How many chunks of the class wait here, already touched; counts no further than `most`.
  std::size_t spare_count(std::uint32_t size_class, std::size_t most) const {
    std::size_t count = 0;
    for (const Chunk* chunk = free_[size_class]; chunk != nullptr && count < most;
         chunk = chunk->next) {
      ++count;
    }
    return count;
  }

  /// How many chunks of the class the caller may make now, outside the lock: several where a
  /// huge page is a small part of the budget, none where the budget does not allow it. They count
  /// from here on, so that threads that make chunks at once do not pass the budget together.
  /// `end_growth` must follow.
  std::size_t begin_growth(std::uint32_t size_class, std::size_t reserve) {
    const std::size_t bytes = chunk_bytes(size_class);
    const std::size_t wanted = chunks_at_once(size_class);
    const std::size_t count = can_grow(wanted * bytes, reserve) ? wanted
                              : can_grow(bytes, reserve)        ? 1
                                                                : 0;
    growing_ += count * chunk_bytes(size_class);
    note_peak();
    return count;
  }

  /// Puts the chunks among the spare ones. There may be fewer than `begin_growth` allowed.
  void end_growth(std::uint32_t size_class, std::size_t count, Chunk* chunks) {
    growing_ -= count * chunk_bytes(size_class);
    while (chunks != nullptr) {
      Chunk* chunk = std::exchange(chunks, chunks->next);
      adopt(chunk);
      used_ += chunk_bytes(chunk->size_class);
      give_back(chunk);
    }
  }

  /// Frees spare chunks until at most `keep` bytes of them are left.
  void trim(std::size_t keep) {
    for (std::size_t i = free_.size(); i-- > 0 && free_bytes_ > keep;) {
      for (Chunk** list : {&free_scratch_[i], &free_[i]}) {
        while (*list != nullptr && free_bytes_ > keep) {
          Chunk* chunk = *list;
          *list = chunk->next;
          free_bytes_ -= chunk_bytes(chunk->size_class);
          unlink(chunk);
          free_chunk(chunk);
        }
      }
    }
  }

  /// Frees every chunk, whoever holds it, but those that a thread may still
  /// write to (`keep`). For the end of the stream, when no batch is left.
  template <class Keep>
  void free_all_but(Keep keep) {
    free_.fill(nullptr);
    free_scratch_.fill(nullptr);
    free_bytes_ = 0;
    used_ = 0;
    for (Chunk* chunk = all_; chunk != nullptr;) {
      Chunk* next = chunk->all_next;
      if (keep(*chunk)) {
        used_ += chunk_bytes(chunk->size_class);
      } else {
        leave_or_destroy(chunk);
      }
      chunk = next;
    }
  }

  // --- with Overflow::spill -------------------------------------------------------------------

  /// Nobody writes to the chunk any more, and no delivery reads it yet.
  void let_wait(Chunk& chunk) {
    if (chunk.store == nullptr || chunk.claims != 0 || chunk.is_spilled || is_waiting(chunk)) {
      return;
    }
    chunk.waiting_previous = last_waiting_;
    (last_waiting_ != nullptr ? last_waiting_->waiting_next : first_waiting_) = &chunk;
    last_waiting_ = &chunk;
  }

  /// Takes the chunk that was sealed last out of memory: its turn comes last.
  /// Returns: false when there is none.
  bool spill_one() {
    Chunk* chunk = last_waiting_;
    if (chunk == nullptr) {
      return false;
    }
    stop_waiting(*chunk);
    chunk->is_spilled = true;
    used_ -= chunk_bytes(chunk->size_class);
    spilled_bytes_ += chunk_bytes(chunk->size_class);
    chunk->store->page_out(chunk->memory, chunk_bytes(chunk->size_class));
    return true;
  }

  /// Makes room for new chunks of the class, as many as are made at once.
  /// Returns: whether there is more room than before.
  bool spill_for(std::uint32_t size_class, std::size_t reserve) {
    const std::size_t wanted = chunks_at_once(size_class) * chunk_bytes(size_class);
    bool spilled = false;
    while (!can_grow(wanted, reserve) && spill_one()) {
      spilled = true;
    }
    return spilled;
  }

  /// A delivery takes the chunk on: it comes back into memory, for which others leave it. Of the
  /// reserve it takes nothing: where all that is in memory is being delivered, it is read from
  /// where it is.
  void claim(Chunk& chunk, std::size_t reserve) {
    ++chunk.claims;
    stop_waiting(chunk);
    if (!chunk.is_spilled) {
      return;
    }
    const std::size_t bytes = chunk_bytes(chunk.size_class);
    while (!can_grow(bytes, reserve) && spill_one()) {
    }
    if (used_ + growing_ + bytes + reserve > budget_) {
      return;
    }
    chunk.is_spilled = false;
    spilled_bytes_ -= bytes;
    trim_to_fit(bytes);
    used_ += bytes;
    note_peak();
  }

  /// A delivery has done with it.
  void unclaim(Chunk& chunk) {
    if (--chunk.claims != 0) {
      return;
    }
    if (chunk.is_spilled) {
      chunk.store->page_out(chunk.memory, chunk_bytes(chunk.size_class));
    } else if (chunk.sealed) {
      let_wait(chunk);
    }
  }

  std::size_t budget() const { return budget_; }

  /// Bytes in use, and the most that was ever held, spare chunks included.
  std::size_t used() const { return used_; }

  std::size_t held() const { return used_ + free_bytes_ + growing_; }

  std::size_t peak() const { return peak_; }

 private:
  bool can_grow(std::size_t bytes, std::size_t reserve) const {
    return held() + bytes + reserve <= budget_;
  }

  void note_peak() { peak_ = std::max(peak_, held()); }

  void adopt(Chunk* chunk) {
    chunk->all_next = all_;
    chunk->all_previous = nullptr;
    if (all_ != nullptr) {
      all_->all_previous = chunk;
    }
    all_ = chunk;
  }

  void unlink(Chunk* chunk) {
    (chunk->all_previous != nullptr ? chunk->all_previous->all_next : all_) = chunk->all_next;
    if (chunk->all_next != nullptr) {
      chunk->all_next->all_previous = chunk->all_previous;
    }
  }

  /// At the end a store keeps its memory: records may be in it that have not ended.
  void leave_or_destroy(Chunk* chunk) {
    unlink(chunk);
    if (chunk->store != nullptr) {
      delete chunk;
    } else {
      free_chunk(chunk);
    }
  }

  Chunk* take_from(std::array<Chunk*, chunk_class_max + 1>& spare, BlockStore* store,
                   std::uint32_t size_class, std::size_t reserve) {
    const std::size_t bytes = chunk_bytes(size_class);
    if (used_ + growing_ + bytes + reserve > budget_) {
      return nullptr;
    }
    Chunk* chunk = spare[size_class];
    if (chunk != nullptr) {
      spare[size_class] = chunk->next;
      free_bytes_ -= bytes;
    } else {
      trim_to_fit(bytes);
      chunk = make_chunks(size_class, 1, store);
      if (chunk == nullptr) {
        return nullptr;
      }
      adopt(chunk);
    }
    used_ += bytes;
    note_peak();
    prepare(*chunk);
    return chunk;
  }

  /// Several where a huge page, or with a store a file of that size, is a small part of the budget.
  std::size_t chunks_at_once(std::uint32_t size_class) const {
    constexpr std::size_t budget_for_huge_pages = 16 * huge_page_bytes;
    if (store_ != nullptr) {
      // Files that grow with what is spilled: a process may have some ten thousand mapped.
      const std::size_t file =
          spilled_bytes_ > (std::size_t{1} << 30) ? 8 * huge_page_bytes : huge_page_bytes;
      return std::max<std::size_t>(1, std::min(file, budget_ / 16) / chunk_bytes(size_class));
    }
    return size_class == chunk_class_open && budget_ >= budget_for_huge_pages ? chunks_a_huge_page
                                                                              : 1;
  }

  static void prepare(Chunk& chunk) {
    chunk.refs = 1;
    chunk.harvested = 0;
    chunk.sealed_count = 0;
    chunk.sealed = false;
    chunk.next = nullptr;
    // In this order: whoever finds the memory after a crash must not take old records for new.
    ChunkHeader& header = chunk.header();
    header.in_use.store(0, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    header.committed.store(0, std::memory_order_relaxed);
    header.capacity = static_cast<std::uint32_t>(chunk_bytes(chunk.size_class));
  }

  /// Frees spare chunks of other classes where they stand in the way of a new one.
  void trim_to_fit(std::size_t bytes) {
    if (held() + bytes > budget_) {
      const std::size_t taken = used_ + growing_ + bytes;
      trim(budget_ > taken ? budget_ - taken : 0);
    }
  }

  bool is_waiting(const Chunk& chunk) const {
    return first_waiting_ == &chunk || chunk.waiting_previous != nullptr;
  }

  void stop_waiting(Chunk& chunk) {
    if (!is_waiting(chunk)) {
      return;
    }
    (chunk.waiting_previous != nullptr ? chunk.waiting_previous->waiting_next : first_waiting_) =
        chunk.waiting_next;
    (chunk.waiting_next != nullptr ? chunk.waiting_next->waiting_previous : last_waiting_) =
        chunk.waiting_previous;
    chunk.waiting_next = nullptr;
    chunk.waiting_previous = nullptr;
  }

  const std::shared_ptr<BlockStore> store_;
  std::array<Chunk*, chunk_class_max + 1> free_{};
  std::array<Chunk*, chunk_class_max + 1> free_scratch_{};  // with a store: not from there
  Chunk* all_ = nullptr;
  Chunk* first_waiting_ = nullptr;  // in the order in which they were sealed
  Chunk* last_waiting_ = nullptr;
  std::size_t budget_;
  std::size_t used_ = 0;
  std::size_t free_bytes_ = 0;
  std::size_t growing_ = 0;  // being made, outside the lock
  std::size_t spilled_bytes_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace hydrant::detail
