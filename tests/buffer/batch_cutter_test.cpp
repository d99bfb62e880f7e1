// SPDX-License-Identifier: MIT
//
// The cutter against a model that knows only a list of records.
#include <hydrant/buffer/batch_cutter.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "chunk_writer.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using hydrant::BufferingHints;
using hydrant::ByteCount;
using hydrant::CloseReason;
using hydrant::SteadyTime;
using hydrant::detail::BatchCutter;
using hydrant::detail::Chunk;
using hydrant::detail::chunk_class_for;
using hydrant::detail::ChunkPool;
using hydrant::detail::ClosedBatch;
using hydrant::detail::Slice;

namespace {

using Texts = std::vector<std::string>;

Texts texts_of(const Slice& slice) {
  Texts texts;
  for (std::uint32_t i = slice.first; i < slice.last; ++i) {
    texts.emplace_back(slice.view().record(i).text());
  }
  return texts;
}

Texts texts_of(const ClosedBatch& batch) {
  Texts texts;
  for (const Slice& slice : batch.slices) {
    const Texts more = texts_of(slice);
    texts.insert(texts.end(), more.begin(), more.end());
  }
  return texts;
}

/// Where a list of record sizes is to be cut: as late as size and count allow.
std::vector<std::size_t> model_cuts(const Texts& records, std::uint64_t size, std::uint32_t count) {
  std::vector<std::size_t> counts;
  std::uint64_t bytes = 0;
  std::size_t open = 0;
  for (const std::string& record : records) {
    if (open != 0 && bytes + record.size() > size) {
      counts.push_back(std::exchange(open, 0));
      bytes = 0;
    }
    bytes += record.size();
    ++open;
    if (bytes >= size || open == count) {
      counts.push_back(std::exchange(open, 0));
      bytes = 0;
    }
  }
  if (open != 0) {
    counts.push_back(open);
  }
  return counts;
}

/// A cutter that is fed random chunks, and what came out of it.
struct Feed {
  explicit Feed(const BufferingHints& hints) : cutter(hints) {}

  /// Gives the records to the cutter in slices cut at random, each with a ref of its own.
  void add(const Texts& records, std::mt19937_64& dice) {
    std::size_t bytes = 0;
    for (const std::string& record : records) {
      bytes += record.size() + hydrant::detail::Shard::record_overhead;
    }
    Chunk* chunk = pool.take(chunk_class_for(bytes), 0);
    hydrant::detail::Shard shard = hydrant::tests::make_shard(1 << 20);
    hydrant::tests::open_chunk(shard, *chunk, put.size());
    for (const std::string& record : records) {
      REQUIRE(shard.fits(record.size()));
      static_cast<void>(shard.append(record.data(), record.size()));
    }
    put.insert(put.end(), records.begin(), records.end());
    for (std::uint32_t first = 0; first < shard.count();) {
      const auto last = static_cast<std::uint32_t>(first + 1 + dice() % (shard.count() - first));
      Slice slice;
      slice.chunk = chunk;
      slice.first = first;
      slice.last = last;
      slice.arrival_steady = now;
      slice.arrival = hydrant::WallTime(std::chrono::milliseconds(now.time_since_epoch() / 1ms));
      ++chunk->refs;
      oldest = cutter.empty() ? now : oldest;
      cutter.add(std::move(slice),
                 [this](ClosedBatch batch) { closed.push_back(std::move(batch)); });
      now += std::chrono::milliseconds(dice() % 3);
      first = last;
    }
    --chunk->refs;  // the writer lets go
    chunks.push_back(chunk);
  }

  ChunkPool pool{std::size_t{1} << 30};
  BatchCutter cutter;
  std::vector<Chunk*> chunks;
  std::vector<ClosedBatch> closed;
  Texts put;
  SteadyTime now{1000s};
  SteadyTime oldest{};
};

}  // namespace

TEST_CASE("batch cutter cuts where its model cuts, and loses and invents nothing",
          "[buffer][batch_cutter]") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    BufferingHints hints;
    hints.size = ByteCount{1 + dice() % 2000};
    hints.count = dice() % 2 == 0 ? 0 : static_cast<std::uint32_t>(1 + dice() % 20);
    Feed feed(hints);
    const std::size_t shortest = seed % 2;
    const std::size_t longest = 1 + dice() % 400;
    for (int chunk = 0; chunk < 10; ++chunk) {
      Texts records;
      for (std::uint64_t i = dice() % 30; i > 0; --i) {
        const std::size_t size =
            dice() % 30 == 0 ? hints.size.value + dice() % 3 : shortest + dice() % longest;
        records.emplace_back(size, static_cast<char>('a' + dice() % 26));
      }
      feed.add(records, dice);
    }
    const std::size_t complete = feed.closed.size();
    if (!feed.cutter.empty()) {
      feed.closed.push_back(feed.cutter.cut(CloseReason::flush));
    }

    Texts all;
    std::vector<std::size_t> counts;
    for (std::size_t i = 0; i < feed.closed.size(); ++i) {
      const ClosedBatch& batch = feed.closed[i];
      const Texts texts = texts_of(batch);
      std::uint64_t bytes = 0;
      for (const std::string& text : texts) {
        bytes += text.size();
      }
      REQUIRE(batch.count == texts.size());
      REQUIRE(batch.bytes == bytes);
      REQUIRE((bytes <= hints.size.value || batch.count == 1));
      REQUIRE((hints.count == 0 || batch.count <= hints.count));
      if (i < complete) {
        REQUIRE((batch.reason == CloseReason::count) == (batch.count == hints.count));
      }
      counts.push_back(texts.size());
      all.insert(all.end(), texts.begin(), texts.end());
    }
    REQUIRE(all == feed.put);
    if (shortest != 0) {  // an empty record may still join a batch that is full
      REQUIRE(counts == model_cuts(feed.put, hints.size.value, hints.count));
    }
    // Refs: each slice has one, and nothing else has.
    for (const ClosedBatch& batch : feed.closed) {
      for (const Slice& slice : batch.slices) {
        --slice.chunk->refs;
      }
    }
    for (const Chunk* chunk : feed.chunks) {
      REQUIRE(chunk->refs == 0);
    }
  }
}

TEST_CASE("batch cutter is due when its oldest record has waited for the interval",
          "[buffer][batch_cutter]") {
  std::mt19937_64 dice(3);
  BufferingHints hints;
  hints.interval = 60s;
  Feed feed(hints);
  REQUIRE(feed.cutter.due() == SteadyTime::max());
  REQUIRE(feed.cutter.first_arrival() == SteadyTime::max());

  for (int round = 0; round < 20; ++round) {
    feed.add(Texts(1 + dice() % 5, "record"), dice);
    REQUIRE(feed.cutter.first_arrival() == SteadyTime(1000s));
    REQUIRE(feed.cutter.due() == SteadyTime(1060s));
  }

  const ClosedBatch batch = feed.cutter.cut(CloseReason::interval);
  REQUIRE(batch.first_arrival_steady == SteadyTime(1000s));
  REQUIRE(batch.first_arrival == hydrant::WallTime(1'000'000ms));
  REQUIRE(feed.cutter.due() == SteadyTime::max());
}

TEST_CASE("batch cutter gives up its oldest slice, and only that", "[buffer][batch_cutter]") {
  std::mt19937_64 dice(4);
  Feed feed(BufferingHints{});
  feed.add({"a", "b", "c"}, dice);
  feed.now += 5s;
  const SteadyTime later = feed.now;
  feed.add({"dd"}, dice);
  Texts rest = feed.put;

  while (feed.cutter.count() > 1) {
    const Slice oldest = feed.cutter.discard_oldest();
    rest.erase(rest.begin(), rest.begin() + oldest.count());
    --oldest.chunk->refs;
  }

  REQUIRE(rest == Texts{"dd"});
  REQUIRE(feed.cutter.bytes() == 2);
  REQUIRE(feed.cutter.first_arrival() == later);
}
