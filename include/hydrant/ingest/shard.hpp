// SPDX-License-Identifier: MIT
//
// The producer's end of one thread's chunks: where the next record goes. Only
// the owning thread writes here, without a lock and without a read-modify-write;
// `committed` publishes a record to the collector with one release store.
// Rolling to a new chunk happens elsewhere (shard_set.hpp), once a chunk.
#pragma once

#include <hydrant/core/chunk_header.hpp>
#include <hydrant/core/put_result.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hydrant::detail {

struct Chunk;

/// The header of a shard without an open chunk. Never written.
inline constinit ChunkHeader no_page;

/// Copies `size` bytes. Records are mostly short, and then a call of memcpy costs as much as the
/// copy: between 32 and 256 bytes this copies blocks of 32 in place, the last two overlapping.
inline void copy_record(std::byte* to, const std::byte* from, std::size_t size) noexcept {
  constexpr std::size_t block = 32;
  constexpr std::size_t inlined_max = 256;
  if (size - block > inlined_max - block) {  // below the one, or above the other
    if (size != 0) {
      std::memcpy(to, from, size);
    }
    return;
  }
  for (std::size_t at = 0; at < size - block; at += block) {
    std::memcpy(to + at, from + at, block);
  }
  std::memcpy(to + size - block, from + size - block, block);
}

/// Where one thread's next record goes.
struct alignas(64) Shard {
  static constexpr std::uint32_t delimited_bit = 0x8000'0000u;
  /// Delimiters up to this long are appended at `put`, with one store.
  static constexpr std::size_t delimiter_size_max = 8;
  /// What a record takes beside its own bytes, at most: a delimiter and a slot.
  static constexpr std::size_t record_overhead = delimiter_size_max + sizeof(std::uint32_t);

  // The producer's fields, in one cache line. Two null pointers: nothing fits.
  // How many records there are stands in the header alone: one store fewer.
  std::byte* tail = nullptr;           // the next payload byte
  std::uint32_t* slots_top = nullptr;  // slots grow down from here, one a record
  std::byte* payload = nullptr;
  ChunkHeader* header = &no_page;
  std::uint64_t first_sequence = 0;  // of the open chunk
  std::uint32_t record_bytes_max = 0;
  std::uint32_t delimiter_size = 0;
  std::uint32_t id = 0;
  char delimiter[delimiter_size_max] = {};

  // Between reserve and commit; looked at by the slow side only.
  bool room_open = false;

  // The collector's fields, guarded by the shard set's lock.
  alignas(64) Chunk* open = nullptr;  // the chunk that the producer fills
  Chunk* oldest = nullptr;            // list of chunks not yet harvested whole, oldest first
  Chunk* newest = nullptr;            // its last; `open`, when there is one
  std::uint64_t sealed_end = 0;       // the sequence number after all sealed chunks
  std::uint64_t harvested = 0;        // sequence number of the first record not harvested
  std::uint32_t size_class = 0;       // of the next chunk
  bool owned = false;

  /// Records in the open chunk.
  std::uint32_t count() const noexcept { return header->committed.load(std::memory_order_relaxed); }

  /// The next records go to this page, behind those that are there.
  void write_to(std::byte* page_payload, std::uint32_t* page_slots_top, ChunkHeader& page_header,
                std::uint64_t page_sequence) noexcept {
    payload = page_payload;
    tail = page_payload;
    slots_top = page_slots_top;
    header = &page_header;
    first_sequence = page_sequence;
  }

  /// Nothing fits from here on.
  void write_nowhere() noexcept {
    tail = nullptr;
    slots_top = nullptr;
    header = &no_page;
  }

  /// Whether a record of `size` bytes fits the open chunk.
  bool fits(std::size_t size) const noexcept {
    const auto room = reinterpret_cast<std::byte*>(slots_top - count()) - tail;
    return size <= record_bytes_max && size + record_overhead <= static_cast<std::size_t>(room);
  }

  /// Appends a record that fits, and publishes it.
  Ticket append(const void* data, std::size_t size) noexcept {
    std::byte* const to = tail;
    copy_record(to, static_cast<const std::byte*>(data), size);
    return publish(to, size);
  }

  /// Publishes `size` bytes that stand at the tail already.
  Ticket publish(std::size_t size) noexcept { return publish(tail, size); }

 private:
  Ticket publish(std::byte* begin, std::size_t size) noexcept {
    std::byte* end = begin + size;
    std::uint32_t delimited = 0;
    if (delimiter_size != 0 && !ends_with_delimiter(begin, size)) {
      std::memcpy(end, delimiter, delimiter_size_max);
      end += delimiter_size;
      delimited = delimited_bit;
    }
    const std::uint32_t index = count();
    slots_top[-static_cast<std::ptrdiff_t>(index) - 1] =
        static_cast<std::uint32_t>(end - payload) | delimited;
    tail = end;
    const Ticket ticket{first_sequence + index, id};
    header->committed.store(index + 1, std::memory_order_release);
    return ticket;
  }

  bool ends_with_delimiter(const std::byte* begin, std::size_t size) const noexcept {
    if (size < delimiter_size ||
        std::to_integer<char>(begin[size - 1]) != delimiter[delimiter_size - 1]) {
      return false;
    }
    return delimiter_size == 1 ||
           std::memcmp(begin + size - delimiter_size, delimiter, delimiter_size) == 0;
  }
};

}  // namespace hydrant::detail
