// SPDX-License-Identifier: MIT
//
// The pool against plain sums.
#include <hydrant/ingest/chunk_pool.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "test.hpp"

using hydrant::detail::Chunk;
using hydrant::detail::chunk_bytes;
using hydrant::detail::ChunkPool;

namespace {

/// Gives memory, and counts how much of it was taken out.
class CountingStore final : public hydrant::detail::BlockStore {
 public:
  Blocks make_blocks(std::size_t bytes, std::size_t count) noexcept override {
    return {hydrant::detail::make_pages(bytes, count).memory, this};
  }

  void page_out(std::byte* /*memory*/, std::size_t /*bytes*/) noexcept override { ++paged_out; }

  void free_block(std::byte* memory, std::size_t bytes) noexcept override {
    hydrant::detail::free_memory(nullptr, memory, bytes);
  }

  std::uint64_t paged_out = 0;
};

}  // namespace

TEST_CASE("chunk pool never holds more than its budget, and refuses only what does not fit",
          "[ingest][chunk_pool]") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    const std::size_t budget = (1 + dice() % 256) * 4096;
    const std::size_t reserve = dice() % 2 == 0 ? 0 : budget / 4;
    ChunkPool pool(budget);
    std::vector<Chunk*> taken;
    std::size_t used = 0;
    std::vector<std::pair<std::uint32_t, std::size_t>> growths;  // begun by other threads
    std::size_t growing = 0;
    for (int step = 0; step < 400; ++step) {
      switch (dice() % 8) {
        case 0:
        case 1:
        case 2: {
          const auto size_class = static_cast<std::uint32_t>(dice() % 7);
          const std::size_t kept = dice() % 2 == 0 ? reserve : 0;
          Chunk* chunk = pool.take(size_class, kept);
          REQUIRE((chunk != nullptr) ==
                  (used + growing + chunk_bytes(size_class) + kept <= budget));
          if (chunk != nullptr) {
            REQUIRE(chunk->size_class == size_class);
            REQUIRE(chunk->refs == 1);
            REQUIRE(chunk->published() == 0);
            REQUIRE(std::count(taken.begin(), taken.end(), chunk) == 0);
            taken.push_back(chunk);
            used += chunk_bytes(size_class);
          }
          break;
        }
        case 3:
          pool.trim(dice() % budget);
          break;
        case 4: {
          const auto size_class = static_cast<std::uint32_t>(dice() % 7);
          const std::size_t count = pool.begin_growth(size_class, reserve);
          growths.emplace_back(size_class, count);
          growing += count * chunk_bytes(size_class);
          break;
        }
        case 5:
          if (!growths.empty()) {
            const auto [size_class, count] = growths.front();
            growths.erase(growths.begin());
            growing -= count * chunk_bytes(size_class);
            Chunk* chunks =
                count == 0 ? nullptr : hydrant::detail::make_chunks(size_class, count, nullptr);
            pool.end_growth(size_class, count, chunks);
          }
          break;
        default:
          if (!taken.empty()) {
            std::swap(taken[dice() % taken.size()], taken.back());
            used -= chunk_bytes(taken.back()->size_class);
            taken.back()->refs = 0;
            pool.give_back(taken.back());
            taken.pop_back();
          }
      }
      REQUIRE(pool.used() == used);
      REQUIRE(pool.held() >= used + growing);
      REQUIRE(pool.held() <= budget);
      REQUIRE(pool.peak() <= budget);
    }
  }
}

TEST_CASE("chunk pool gives back first what came back last", "[ingest][chunk_pool]") {
  ChunkPool pool(1 << 20);
  Chunk* first = pool.take(0, 0);
  Chunk* second = pool.take(0, 0);
  first->refs = second->refs = 0;
  pool.give_back(first);
  pool.give_back(second);

  REQUIRE(pool.take(0, 0) == second);
}

TEST_CASE("chunk pool that spills keeps its reserve for what is made of records",
          "[ingest][chunk_pool][spill]") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    const std::size_t budget = (8 + dice() % 56) * 4096;
    const std::size_t reserve = budget / 4 / 4096 * 4096;
    const auto store = std::make_shared<CountingStore>();
    ChunkPool pool(budget, store);
    std::vector<Chunk*> sealed;
    std::vector<Chunk*> claimed;
    std::vector<Chunk*> scratch;
    for (int step = 0; step < 600; ++step) {
      const auto size_class = static_cast<std::uint32_t>(dice() % 3);
      switch (dice() % 6) {
        case 0:
        case 1:
          if (Chunk* chunk = pool.take(size_class, reserve); chunk != nullptr) {
            chunk->sealed = true;
            pool.let_wait(*chunk);
            sealed.push_back(chunk);
          } else {
            pool.spill_for(size_class, reserve);
          }
          break;
        case 2:
          if (!sealed.empty()) {
            claimed.push_back(sealed[dice() % sealed.size()]);
            pool.claim(*claimed.back(), reserve);
          }
          break;
        case 3:
          if (!claimed.empty()) {
            std::swap(claimed[dice() % claimed.size()], claimed.back());
            Chunk* chunk = claimed.back();
            const std::uint64_t before = store->paged_out;
            const bool leaves_again = chunk->is_spilled && chunk->claims == 1;
            pool.unclaim(*chunk);
            REQUIRE(store->paged_out == before + (leaves_again ? 1 : 0));
            claimed.pop_back();
          }
          break;
        case 4:
          if (pool.held() != 0 && scratch.size() * 4096 < reserve) {
            scratch.push_back(pool.take_scratch(0));
            REQUIRE(scratch.back() != nullptr);
          }
          break;
        default:
          for (std::vector<Chunk*>* list : {&scratch, &sealed}) {
            if (!list->empty() && list->front()->claims == 0) {
              list->front()->refs = 0;
              pool.give_back(list->front());
              list->erase(list->begin());
            }
          }
      }
      REQUIRE(pool.held() <= budget);
      REQUIRE(pool.peak() <= budget);
    }
  }
}
