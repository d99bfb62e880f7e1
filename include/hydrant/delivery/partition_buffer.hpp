// SPDX-License-Identifier: MIT
//
// What gathers for one partition until it is delivered: copies of records, in
// chunks of the stream's own pool, and of each run of them whence it came.
#pragma once

#include <hydrant/buffer/batch_cutter.hpp>
#include <hydrant/buffer/partition_set.hpp>
#include <hydrant/core/partition.hpp>
#include <hydrant/delivery/origin.hpp>
#include <hydrant/ingest/chunk.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

using Partition = PartitionSet<PartitionBuffer*>::Partition;

/// The records of one partition, until they have ended.
/// Threads: distinct objects: safe; shared: unsafe.
struct PartitionBuffer {
  enum class State : std::uint8_t {
    gathering,   // more may come
    closing,     // its last records are being copied
    queued,      // its delivery has not begun
    delivering,  // a sink may have it
  };

  /// Neighbours in a chunk that are neighbours among the outputs of one origin.
  struct Run {
    Chunk* chunk;  // with a ref
    std::uint32_t first;
    std::uint32_t count;
    Origin* origin;
    std::uint32_t output;  // the first one's number in the origin
    SteadyTime arrival_steady;
    WallTime arrival;

    std::uint64_t number() const { return chunk->first_sequence + first; }

    /// Whether an output that is placed there comes right behind.
    bool continues(const Chunk& next_chunk, std::uint32_t index, const Origin& next_origin,
                   std::uint32_t next_output, const Slice& source) const {
      return chunk == &next_chunk && first + count == index && origin == &next_origin &&
             output + count == next_output && arrival_steady == source.arrival_steady &&
             arrival == source.arrival;
    }
  };

  std::uint64_t number = 0;
  State state = State::gathering;
  Partition* partition = nullptr;  // as long as it is gathering
  std::vector<Run> runs;
  Chunk* open = nullptr;      // being filled, with a ref; all chunks count their records from 0 on
  std::byte* tail = nullptr;  // in it
  std::uint32_t next = 0;     // in it
  std::uint64_t records = 0;  // ever taken in
  std::size_t chunk_bytes_taken = 0;
  std::size_t overhead = 0;
  std::uint32_t next_class = 0;
  // Of a closed one:
  std::string key;
  std::vector<PartitionKey> keys;  // views into it

  /// Whether it may be closed, or changed, just now.
  bool is_free() const { return state == State::gathering && !partition->is_held(); }

  /// No more records will come.
  void close(std::string encoded_key) {
    state = State::queued;
    partition = nullptr;
    key = std::move(encoded_key);
    keys = decode_partition_keys(key).value_or(std::vector<PartitionKey>());
  }

  /// Whether so many further records, of so many bytes together, fit the open chunk.
  bool has_room(std::size_t bytes, std::size_t count) const {
    return open != nullptr &&
           bytes + count * Shard::record_overhead <=
               static_cast<std::size_t>(reinterpret_cast<std::byte*>(open->slots_top() - next) -
                                        tail);
  }

  /// The next records go to this chunk, which comes with a ref.
  void write_to(Chunk& chunk) {
    open = &chunk;
    tail = chunk.payload();
    next = 0;
    chunk_bytes_taken += chunk_bytes(chunk.size_class);
  }

  /// Calls `visit(const Run&, from, count)` for each part of a run that is in the slice; `from`
  /// counts within the run.
  template <class Visit>
  void for_each_run(const Slice& slice, Visit visit) const {
    const std::uint64_t begin = slice.first_sequence();
    const std::uint64_t end = begin + slice.count();
    auto at = std::upper_bound(
        runs.begin(), runs.end(), begin,
        [](std::uint64_t wanted, const Run& run) { return wanted < run.number(); });
    for (at -= at == runs.begin() ? 0 : 1; at != runs.end() && at->number() < end; ++at) {
      const std::uint64_t first = std::max(begin, at->number());
      const std::uint64_t last = std::min(end, at->number() + at->count);
      if (first < last) {
        visit(*at, static_cast<std::uint32_t>(first - at->number()),
              static_cast<std::uint32_t>(last - first));
      }
    }
  }

  /// What is there, as a batch whose slices have refs of their own.
  ClosedBatch make_batch() {
    ClosedBatch batch;
    batch.partition = this;
    batch.first_arrival_steady = SteadyTime::max();
    batch.slices.reserve(runs.size());
    for (const Run& run : runs) {
      Slice slice;
      slice.chunk = run.chunk;
      slice.first = run.first;
      slice.last = run.first + run.count;
      slice.arrival_steady = run.arrival_steady;
      slice.arrival = run.arrival;
      batch.bytes += slice.bytes();
      batch.count += slice.count();
      if (run.arrival_steady < batch.first_arrival_steady) {
        batch.first_arrival_steady = run.arrival_steady;
        batch.first_arrival = run.arrival;
      }
      if (!batch.slices.empty() && batch.slices.back().chunk == slice.chunk &&
          batch.slices.back().last == slice.first && batch.slices.back().arrival == slice.arrival) {
        batch.slices.back().last = slice.last;
        continue;
      }
      ++slice.chunk->refs;
      batch.slices.push_back(std::move(slice));
    }
    return batch;
  }
};

/// A record somewhere in memory, as it is to be copied.
struct StoredRecord {
  const std::byte* begin;
  std::uint32_t bytes;  // with the delimiter, if it has one
  bool is_delimited;

  static StoredRecord of(const Chunk& chunk, std::uint32_t index) {
    const std::uint32_t slot = chunk.slots_top()[-static_cast<std::ptrdiff_t>(index) - 1];
    const std::uint32_t begin = chunk.begin_of(index);
    return {chunk.payload() + begin, (slot & ~Shard::delimited_bit) - begin,
            (slot & Shard::delimited_bit) != 0};
  }

  /// It is to be copied soon.
  void prefetch() const {
#if defined(__GNUC__)
    __builtin_prefetch(begin);
#endif
  }

  /// Makes record `index` of the chunk of it, at `tail`.
  void copy_to(Chunk& chunk, std::byte* tail, std::uint32_t index) const {
    copy_record(tail, begin, bytes);
    chunk.slots_top()[-static_cast<std::ptrdiff_t>(index) - 1] =
        static_cast<std::uint32_t>(tail + bytes - chunk.payload()) |
        (is_delimited ? Shard::delimited_bit : 0);
  }
};

}  // namespace hydrant::detail
