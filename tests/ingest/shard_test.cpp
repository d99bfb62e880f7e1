// SPDX-License-Identifier: MIT
//
// The producer's end of a chunk, against a plain list of records.
#include <hydrant/ingest/chunk_pool.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "chunk_writer.hpp"
#include "test.hpp"

using hydrant::detail::Chunk;
using hydrant::detail::ChunkPool;
using hydrant::detail::Shard;
using hydrant::detail::Slice;
using hydrant::tests::make_shard;
using hydrant::tests::open_chunk;

TEST_CASE("shard gives back what was appended, each record delimited once", "[ingest][shard]") {
  const std::string delimiter =
      GENERATE(std::string(), std::string("\n"), std::string("\r\n"), std::string("12345678"));
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(delimiter, seed);
    std::mt19937_64 dice(seed);
    ChunkPool pool(1 << 20);
    Chunk* chunk = pool.take(static_cast<std::uint32_t>(dice() % 4), 0);
    Shard shard = make_shard(3000, delimiter);
    REQUIRE_FALSE(shard.fits(0));  // no chunk yet
    open_chunk(shard, *chunk, 1000 + seed);
    std::vector<std::string> records;
    std::string raw;
    for (;;) {
      std::string record(dice() % (1 + dice() % 300), 'x');
      record += dice() % 3 == 0 ? delimiter : dice() % 3 == 0 ? "\n" : "";
      if (!shard.fits(record.size())) {
        break;
      }
      const hydrant::Ticket ticket = shard.append(record.data(), record.size());
      REQUIRE(ticket.sequence == 1000 + seed + records.size());
      records.push_back(record);
      raw += record.ends_with(delimiter) ? record : record + delimiter;
      REQUIRE(chunk->published() == records.size());
    }

    Slice slice;
    slice.chunk = chunk;
    slice.last = shard.count();
    REQUIRE(slice.bytes() == raw.size());
    const auto bytes = slice.view().bytes();
    REQUIRE(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == raw);
    for (std::uint32_t i = 0; i < shard.count(); ++i) {
      // A record that brought its own delimiter keeps it.
      REQUIRE(slice.view().record(i).text() == records[i]);
    }
    chunk->refs = 0;
    pool.give_back(chunk);
  }
}

TEST_CASE("shard takes a record of its maximum and not one byte more", "[ingest][shard]") {
  ChunkPool pool(1 << 20);
  Chunk* chunk = pool.take(3, 0);
  Shard shard = make_shard(100);
  open_chunk(shard, *chunk, 0);

  REQUIRE(shard.fits(99));
  REQUIRE(shard.fits(100));
  REQUIRE_FALSE(shard.fits(101));
}

TEST_CASE("smallest chunk class for a record takes that record, and the one below does not",
          "[ingest][chunk]") {
  for (const std::uint32_t size : {0u, 1u, 4000u, 4007u, 4008u, 4009u, 4095u, 4096u, 65'536u,
                                   262'000u, 1'024'000u, 16'777'216u}) {
    CAPTURE(size);
    const std::uint32_t fitting = hydrant::detail::chunk_class_for(size);
    ChunkPool pool(std::size_t{64} << 20);
    const std::string record(size, 'x');
    Shard shard = make_shard(~0u, "12345678");
    Chunk* chunk = pool.take(fitting, 0);
    open_chunk(shard, *chunk, 0);
    REQUIRE(shard.fits(size));
    static_cast<void>(shard.append(record.data(), record.size()));
    REQUIRE(reinterpret_cast<std::byte*>(shard.slots_top - shard.count()) >= shard.tail);
    if (fitting != 0) {
      Chunk* smaller = pool.take(fitting - 1, 0);
      open_chunk(shard, *smaller, 0);
      // Within the few bytes that the calculation keeps for safety.
      REQUIRE_FALSE(shard.fits(size + 64));
    }
  }
}
