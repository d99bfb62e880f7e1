// SPDX-License-Identifier: MIT
//
// Chunks are pages of their own: side by side where several are made, and each
// one gone when it is freed, whatever becomes of its neighbours.
#include <hydrant/ingest/chunk_memory.hpp>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "test.hpp"
#include <sys/mman.h>

using hydrant::detail::Chunk;
using hydrant::detail::chunk_bytes;

namespace {

/// Whether the page is the process's.
bool is_mapped(std::byte* page) {
  return ::msync(page, 1, MS_ASYNC) == 0 || errno != ENOMEM;
}

}  // namespace

TEST_CASE("chunks made together stand side by side in a huge page and go one by one",
          "[ingest][chunk_memory]") {
  const std::uint32_t size_class = hydrant::detail::chunk_class_open;
  const std::size_t bytes = chunk_bytes(size_class);
  std::vector<Chunk*> chunks;
  Chunk* next =
      hydrant::detail::make_chunks(size_class, hydrant::detail::chunks_a_huge_page, nullptr);
  for (; next != nullptr; next = next->next) {
    chunks.push_back(next);
    std::memset(next->memory, 1, bytes);
  }
  std::vector<std::byte*> memory;
  for (const Chunk* chunk : chunks) {
    memory.push_back(chunk->memory);
  }

  REQUIRE(chunks.size() == 8);
  REQUIRE(reinterpret_cast<std::uintptr_t>(memory[0]) % hydrant::detail::huge_page_bytes == 0);
  for (const std::size_t gone : {3u, 0u, 7u, 4u, 5u, 1u, 6u, 2u}) {
    REQUIRE(memory[gone] == memory[0] + gone * bytes);
    REQUIRE(is_mapped(memory[gone]));
    hydrant::detail::free_chunk(chunks[gone]);
    REQUIRE_FALSE(is_mapped(memory[gone]));
    REQUIRE_FALSE(is_mapped(memory[gone] + bytes - 1 - (bytes - 1) % 4096));
  }
}

TEST_CASE("chunk of any size is a mapping of its own", "[ingest][chunk_memory]") {
  for (std::uint32_t size_class = 0; size_class < 12; ++size_class) {
    Chunk* chunk = hydrant::detail::make_chunks(size_class, 1, nullptr);
    REQUIRE(chunk != nullptr);
    REQUIRE(chunk->next == nullptr);
    std::memset(chunk->memory, 1, chunk_bytes(size_class));
    std::byte* const memory = chunk->memory;
    hydrant::detail::free_chunk(chunk);
    REQUIRE_FALSE(is_mapped(memory));
  }
}

TEST_CASE("pages begin where they are to, and nothing around them is kept",
          "[ingest][chunk_memory]") {
  for (int i = 0; i < 4; ++i) {
    const std::size_t alignment = std::size_t{64} << 20;  // no system comes by that by chance
    std::byte* const memory = hydrant::detail::map_pages(8192, alignment);

    REQUIRE(memory != nullptr);
    REQUIRE(reinterpret_cast<std::uintptr_t>(memory) % alignment == 0);
    REQUIRE(is_mapped(memory));
    REQUIRE(is_mapped(memory + 4096));
    REQUIRE_FALSE(is_mapped(memory - 4096));
    REQUIRE_FALSE(is_mapped(memory + 8192));
    hydrant::detail::unmap_pages(memory, 8192);
  }
}
