// SPDX-License-Identifier: MIT
//
// Fitting to a sink's limits, against a model that looks at each record.
#include <hydrant/delivery/piece.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "chunk_writer.hpp"
#include "test.hpp"

using hydrant::SinkLimits;
using hydrant::detail::Chunk;
using hydrant::detail::chunk_class_for;
using hydrant::detail::ChunkPool;
using hydrant::detail::Piece;
using hydrant::detail::PieceCutter;
using hydrant::detail::Shard;
using hydrant::detail::Slice;

namespace {

using Texts = std::vector<std::string>;

Texts texts_of(const std::vector<Slice>& slices) {
  Texts texts;
  for (const Slice& slice : slices) {
    for (std::uint32_t i = slice.first; i < slice.last; ++i) {
      texts.emplace_back(slice.view().record(i).text());
    }
  }
  return texts;
}

/// Records in slices that are cut at random, of several chunks.
struct Records {
  Records(int chunk_count, std::mt19937_64& dice) {
    for (int number = 0; number < chunk_count; ++number) {
      Chunk* chunk = pool.take(chunk_class_for(4096), 0);
      Shard shard = hydrant::tests::make_shard(1000);
      hydrant::tests::open_chunk(shard, *chunk, all.size());
      for (std::uint64_t i = dice() % 20; i > 0; --i) {
        all.emplace_back(dice() % 30, static_cast<char>('a' + dice() % 26));
        static_cast<void>(shard.append(all.back().data(), all.back().size()));
      }
      for (std::uint32_t first = 0; first < shard.count();) {
        const auto last = static_cast<std::uint32_t>(first + 1 + dice() % (shard.count() - first));
        Slice slice;
        slice.chunk = chunk;
        slice.first = first;
        slice.last = last;
        slices.push_back(slice);
        first = last;
      }
    }
  }

  ChunkPool pool{std::size_t{1} << 24};
  std::vector<Slice> slices;
  Texts all;
};

/// What is sent together, and what is too large to be sent at all.
struct Cut {
  std::vector<Texts> pieces;
  Texts too_large;

  friend bool operator==(const Cut&, const Cut&) = default;
};

Cut model_cut(const Texts& records, const SinkLimits& limits) {
  Cut cut;
  Texts piece;
  std::uint64_t bytes = 0;
  for (const std::string& record : records) {
    if (limits.record_bytes_max != 0 && record.size() > limits.record_bytes_max) {
      cut.too_large.push_back(record);
      continue;
    }
    const bool is_full =
        (limits.batch_records_max != 0 && piece.size() == limits.batch_records_max) ||
        (limits.batch_bytes_max != 0 && bytes + record.size() > limits.batch_bytes_max);
    if (!piece.empty() && is_full) {
      cut.pieces.push_back(std::exchange(piece, {}));
      bytes = 0;
    }
    piece.push_back(record);
    bytes += record.size();
  }
  if (!piece.empty()) {
    cut.pieces.push_back(piece);
  }
  return cut;
}

}  // namespace

TEST_CASE("piece cutter cuts where its model cuts", "[delivery][pieces]") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    const Records records(3, dice);
    const auto limit = [&](std::uint32_t max) {
      return dice() % 2 == 0 ? 0u : static_cast<std::uint32_t>(1 + dice() % max);
    };
    const SinkLimits limits{.batch_records_max = limit(50),
                            .batch_bytes_max = limit(600),
                            .record_bytes_max = limit(40)};

    Cut cut;
    PieceCutter(limits).cut(
        records.slices,
        [&](const Piece& piece) {
          cut.pieces.push_back(texts_of(piece.slices));
          REQUIRE(piece.count == cut.pieces.back().size());
        },
        [&](const Slice& record) { cut.too_large.push_back(texts_of({record}).front()); });

    REQUIRE(cut == model_cut(records.all, limits));
  }
}
