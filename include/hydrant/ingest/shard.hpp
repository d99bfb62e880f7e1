// SPDX-License-Identifier: MIT
//
// The producer's end of one thread's chunks: where the next record goes. Only
// the owning thread writes here, without a lock and without a read-modify-write;
// `committed` publishes a record to the collector with one release store.
// Rolling to a new chunk happens elsewhere (shard_set.hpp), once a chunk.
#pragma once

#include <hydrant/core/put_result.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hydrant::detail {

struct Chunk;

/// At the front of every chunk's memory: what a reader of that memory alone
/// needs to find its records. A cache line of its own.
struct alignas(64) ChunkHeader {
  std::atomic<std::uint32_t> committed{0};
  std::uint32_t capacity = 0;
  std::uint64_t first_sequence = 0;
  std::uint32_t shard = 0;
};

/// Where one thread's next record goes.
struct alignas(64) Shard {
  static constexpr std::uint32_t delimited_bit = 0x8000'0000u;
  /// Delimiters up to this long are appended at `put`, with one store.
  static constexpr std::size_t delimiter_size_max = 8;

  // The producer's fields, in one or two cache lines.
  std::byte* tail = nullptr;      // the next payload byte
  std::uint32_t* slot = nullptr;  // the next slot, growing down
  std::byte* payload = nullptr;
  ChunkHeader* header = nullptr;
  std::uint64_t first_sequence = 0;  // of the open chunk
  std::uint32_t count = 0;           // records in the open chunk
  std::uint32_t record_bytes_max = 0;
  std::uint32_t delimiter_size = 0;
  std::uint32_t id = 0;
  char delimiter[delimiter_size_max] = {};
  bool room_open = false;  // between reserve and commit

  // The collector's fields, guarded by the shard set's lock.
  alignas(64) Chunk* open = nullptr;  // the chunk that the producer fills
  Chunk* oldest = nullptr;            // list of chunks not yet harvested whole, oldest first
  Chunk* newest = nullptr;            // its last; `open`, when there is one
  std::uint64_t sealed_end = 0;       // the sequence number after all sealed chunks
  std::uint64_t harvested = 0;        // sequence number of the first record not harvested
  std::uint32_t size_class = 0;       // of the next chunk
  bool owned = false;

  /// Whether a record of `size` bytes fits the open chunk.
  bool fits(std::size_t size) const noexcept {
    return size <= record_bytes_max && tail != nullptr &&
           size + delimiter_size_max <=
               static_cast<std::size_t>(reinterpret_cast<std::byte*>(slot) - tail);
  }

  /// Publishes `size` bytes that stand at `tail`.
  Ticket publish(std::size_t size) noexcept {
    std::uint32_t delimited = 0;
    if (delimiter_size != 0 && !ends_with_delimiter(size)) {
      std::memcpy(tail + size, delimiter, delimiter_size_max);
      size += delimiter_size;
      delimited = delimited_bit;
    }
    tail += size;
    *slot-- = static_cast<std::uint32_t>(tail - payload) | delimited;
    const std::uint64_t sequence = first_sequence + count;
    header->committed.store(++count, std::memory_order_release);
    return {sequence, id};
  }

  Ticket append(const void* data, std::size_t size) noexcept {
    if (size != 0) {
      std::memcpy(tail, data, size);
    }
    return publish(size);
  }

 private:
  bool ends_with_delimiter(std::size_t size) const noexcept {
    if (size < delimiter_size ||
        std::to_integer<char>(tail[size - 1]) != delimiter[delimiter_size - 1]) {
      return false;
    }
    return std::memcmp(tail + size - delimiter_size, delimiter, delimiter_size) == 0;
  }
};

}  // namespace hydrant::detail
