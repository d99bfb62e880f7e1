// SPDX-License-Identifier: MIT
//
// Where chunks get their memory: whole pages from the system, one chunk at a time
// or eight of the ordinary ones side by side, in 2 MiB that it may back with one
// huge page. One entry of the processor's address cache then covers 512 times as
// much: a burst of records into such memory was measured 15 to 25 % faster.
//
// Not from the heap: there an aligned chunk of 4 KiB touches two pages, and what
// many threads free stays with as many arenas. Under overload a process was
// measured at 2 to 3 times its streams' memory_limit; with pages it is what it says.
#pragma once

#include <hydrant/ingest/chunk.hpp>

#include <cstddef>
#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace hydrant::detail {

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
inline constexpr std::size_t chunks_a_huge_page = huge_page_bytes / chunk_bytes(chunk_class_open);

/// Whole pages, aligned at least as they are; null when there is no memory.
inline std::byte* map_pages(std::size_t size, std::size_t alignment) noexcept {
  const std::size_t extra = alignment > chunk_bytes_min ? alignment : 0;
  void* mapped =
      ::mmap(nullptr, size + extra, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    return nullptr;
  }
  auto* memory = static_cast<std::byte*>(mapped);
  const std::size_t over = reinterpret_cast<std::uintptr_t>(memory) & (alignment - 1);
  const std::size_t before = extra == 0 || over == 0 ? 0 : alignment - over;
  if (before != 0) {
    ::munmap(memory, before);
  }
  if (extra != before) {
    ::munmap(memory + before + size, extra - before);
  }
  return memory + before;
}

inline void unmap_pages(std::byte* memory, std::size_t size) noexcept {
  if (::munmap(memory, size) != 0) {
    // The system will not split a mapping any more: the memory can go all the same.
    ::madvise(memory, size, MADV_DONTNEED);
  }
}

/// Frees a block where it came from.
inline void free_memory(BlockStore* store, std::byte* memory, std::size_t bytes) noexcept {
  if (store != nullptr) {
    store->free_block(memory, bytes);
  } else {
    unmap_pages(memory, bytes);
  }
}

/// Frees a chunk.
inline void free_chunk(Chunk* chunk) noexcept {
  free_memory(chunk->store, chunk->memory, chunk_bytes(chunk->size_class));
  delete chunk;
}

/// Blocks of the system's memory, side by side, every page touched.
inline BlockStore::Blocks make_pages(std::size_t bytes, std::size_t count) noexcept {
  std::byte* memory = map_pages(count * bytes, count > 1 ? huge_page_bytes : chunk_bytes_min);
  if (memory == nullptr) {
    return {};
  }
#if defined(__linux__)
  if (count > 1) {
    ::madvise(memory, count * bytes, MADV_HUGEPAGE);  // a wish: refused, the pages are small
  }
#endif
  for (std::size_t at = 0; at < count * bytes; at += chunk_bytes_min) {
    memory[at] = std::byte{0};
  }
  return {memory, nullptr};
}

/// `count` new chunks side by side, linked by `next`, with every page touched: whoever puts into
/// them meets no page fault. Their memory is the store's, or the system's where there is none.
/// Fewer, or null, when there is no memory.
inline Chunk* make_chunks(std::uint32_t size_class, std::size_t count, BlockStore* store) {
  const std::size_t bytes = chunk_bytes(size_class);
  const BlockStore::Blocks blocks =
      store != nullptr ? store->make_blocks(bytes, count) : make_pages(bytes, count);
  if (blocks.memory == nullptr) {
    return nullptr;
  }
  Chunk* first = nullptr;
  for (std::size_t i = count; i-- > 0;) {
    auto* chunk = new (std::nothrow) Chunk;
    if (chunk == nullptr) {
      free_memory(blocks.owner, blocks.memory + i * bytes, bytes);
      continue;
    }
    chunk->memory = blocks.memory + i * bytes;
    new (chunk->memory) ChunkHeader;
    chunk->store = blocks.owner;
    chunk->size_class = size_class;
    chunk->next = first;
    first = chunk;
  }
  return first;
}

}  // namespace hydrant::detail
