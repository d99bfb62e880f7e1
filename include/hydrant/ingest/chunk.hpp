// SPDX-License-Identifier: MIT
//
// A chunk: one slotted page (core/record.hpp) of a fixed capacity, filled by one
// writer, read by many batches, and given back when the last of them has ended.
// Its memory starts with the header that publishes its records.
#pragma once

#include <hydrant/core/block_store.hpp>
#include <hydrant/core/failure_note.hpp>
#include <hydrant/core/record.hpp>
#include <hydrant/core/time.hpp>
#include <hydrant/ingest/shard.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace hydrant::detail {

/// Chunks come in sizes of 4 KiB << size_class, header and slots included.
inline constexpr std::size_t chunk_bytes_min = 4096;
inline constexpr std::uint32_t chunk_class_max = 18;  // 1 GiB
inline constexpr std::uint32_t chunk_class_open = 6;  // 256 KiB, the largest ordinary chunk

constexpr std::size_t chunk_bytes(std::uint32_t size_class) {
  return chunk_bytes_min << size_class;
}

/// The smallest class in which a record of `size` bytes fits.
constexpr std::uint32_t chunk_class_for(std::size_t size) {
  const std::size_t need =
      size + sizeof(ChunkHeader) + Shard::delimiter_size_max + 2 * sizeof(std::uint32_t);
  const std::size_t blocks = (need + chunk_bytes_min - 1) / chunk_bytes_min;
  return static_cast<std::uint32_t>(std::bit_width(blocks - 1));
}

struct PartitionBuffer;

/// One slotted page and who uses it. All but the page is guarded by the
/// stream's lock.
struct Chunk {
  std::byte* memory = nullptr;  // header, payload ..., ... slots
  BlockStore* store = nullptr;  // where the memory is from; null: from the system
  std::uint32_t size_class = 0;
  std::uint32_t refs = 0;  // 1 while its writer may write, and 1 for each slice
  std::uint32_t harvested = 0;
  std::uint32_t sealed_count = 0;
  bool sealed = false;
  bool is_found = false;     // an earlier life of the stream has left it in its journal
  bool is_damaged = false;   // and not all its records can be read
  bool is_spilled = false;   // out of memory, in the journal only
  std::uint32_t claims = 0;  // deliveries under way with records of it
  std::uint32_t shard = 0;
  std::uint32_t delimiter_size = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t epoch = 0;
  SteadyTime opened_at{};
  WallTime opened_wall{};             // of a found one
  PartitionBuffer* buffer = nullptr;  // of one with records of a partition
  Chunk* next = nullptr;              // in a shard's list, or in the pool
  Chunk* all_next = nullptr;          // every chunk of the pool
  Chunk* all_previous = nullptr;
  Chunk* waiting_next = nullptr;  // sealed, in memory, in no delivery
  Chunk* waiting_previous = nullptr;

  ChunkHeader& header() const { return *std::launder(reinterpret_cast<ChunkHeader*>(memory)); }

  std::byte* payload() const { return memory + sizeof(ChunkHeader); }

  std::uint32_t* slots_top() const {
    return reinterpret_cast<std::uint32_t*>(memory + chunk_bytes(size_class));
  }

  /// Where record `index` starts, from the front of the payload.
  std::uint32_t begin_of(std::uint32_t index) const {
    return index == 0 ? 0
                      : slots_top()[-static_cast<std::ptrdiff_t>(index)] & ~Shard::delimited_bit;
  }

  /// How many records are there to read.
  std::uint32_t published() const {
    return sealed ? sealed_count : header().committed.load(std::memory_order_acquire);
  }
};

/// A run of records of one chunk on its way. Whoever holds it holds one of the
/// chunk's refs; giving it back is the stream's business (ShardSet::release).
struct Slice {
  Chunk* chunk = nullptr;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  SteadyTime arrival_steady{};
  WallTime arrival{};
  std::shared_ptr<const FailureNote> failure;  // only on the way to the error output

  std::uint32_t count() const { return last - first; }

  std::uint64_t bytes() const { return chunk->begin_of(last) - chunk->begin_of(first); }

  std::uint64_t first_sequence() const { return chunk->first_sequence + first; }

  RecordSlice view() const {
    return {.payload = chunk->payload(),
            .slots_top = chunk->slots_top(),
            .first = first,
            .last = last,
            .delimiter_size = chunk->delimiter_size,
            .shard = chunk->shard,
            .epoch = chunk->epoch,
            .page_sequence = chunk->first_sequence,
            .arrival = arrival};
  }

  /// Whether that is what `put` has appended to the records. Looks at one of those that have it.
  bool is_delimited_by(std::string_view delimiter) const {
    if (chunk->delimiter_size != delimiter.size()) {
      return false;
    }
    for (std::uint32_t index = first; index < last; ++index) {
      const std::uint32_t slot = chunk->slots_top()[-static_cast<std::ptrdiff_t>(index) - 1];
      if ((slot & Shard::delimited_bit) != 0) {
        const std::byte* end = chunk->payload() + (slot & ~Shard::delimited_bit);
        return std::memcmp(end - delimiter.size(), delimiter.data(), delimiter.size()) == 0;
      }
    }
    return true;
  }

  /// The same records but `[from, to)`; the caller takes another ref for it.
  Slice part(std::uint32_t from, std::uint32_t to) const {
    Slice result = *this;
    result.first = from;
    result.last = to;
    return result;
  }
};

}  // namespace hydrant::detail
