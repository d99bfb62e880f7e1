// SPDX-License-Identifier: MIT
//
// The pool against plain sums.
#include <hydrant/ingest/chunk_pool.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "test.hpp"

using hydrant::detail::Chunk;
using hydrant::detail::chunk_bytes;
using hydrant::detail::ChunkPool;

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
