// SPDX-License-Identifier: MIT
//
// What a stream with partitions has beside its lanes: the partitions that
// gather, the buffers that are closed and not yet delivered, the origins of
// what is in them, and the account of the memory that all this takes.
//
// Guarded by the stream's lock.
#pragma once

#include <hydrant/buffer/partition_set.hpp>
#include <hydrant/delivery/origin.hpp>
#include <hydrant/delivery/partition_buffer.hpp>
#include <hydrant/delivery/partition_stage.hpp>
#include <hydrant/delivery/split.hpp>
#include <hydrant/ingest/chunk_pool.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace hydrant::detail {

/// What a stream with partitions is built with.
struct PartitionPlan {
  std::unique_ptr<PartitionStage> stage;  // null: no partitions
  PartitionOptions options;
  BufferingHints hints;
  std::size_t reserve = 0;    // memory that nobody else gets
  std::size_t kept_back = 0;  // memory that partitions leave to others, beyond their reserve
};

/// The partitions of a stream.
/// Threads: distinct objects: safe; shared: unsafe.
class Partitions {
 public:
  using Set = PartitionSet<PartitionBuffer*>;

  /// What a partition takes in memory beside its records and its keys.
  static constexpr std::size_t partition_overhead = 512;
  /// What a run of its records takes, in a list that grows, and as a slice once it is closed.
  static constexpr std::size_t run_overhead = 2 * sizeof(PartitionBuffer::Run) + sizeof(Slice);

  explicit Partitions(PartitionPlan plan)
      : plan_(std::move(plan)),
        set_(std::make_unique<Set>(plan_.hints, plan_.options.active_max)) {}

  Partitions(const Partitions&) = delete;
  Partitions& operator=(const Partitions&) = delete;

  ~Partitions() {
    while (oldest_ != nullptr) {
      delete std::exchange(oldest_, oldest_->newer);
    }
  }

  PartitionStage& stage() { return *plan_.stage; }

  const PartitionOptions& options() const { return plan_.options; }

  Set& set() { return *set_; }

  // --- origins --------------------------------------------------------------------------------

  Origin& add(std::unique_ptr<Origin> origin) {
    Origin* added = origin.release();
    overhead_ += added->overhead();
    added->older = newest_;
    (newest_ != nullptr ? newest_->newer : oldest_) = added;
    newest_ = added;
    source_bytes_ += added->source_bytes;
    return *added;
  }

  /// Takes an origin out, for good.
  std::unique_ptr<Origin> take(Origin& origin) {
    (origin.older != nullptr ? origin.older->newer : oldest_) = origin.newer;
    (origin.newer != nullptr ? origin.newer->older : newest_) = origin.older;
    overhead_ -= origin.overhead();
    source_bytes_ -= origin.source_bytes;
    return std::unique_ptr<Origin>(&origin);
  }

  Origin* oldest_origin() const { return oldest_; }

  /// Bytes of source records that wait for the end of their outputs.
  std::uint64_t source_bytes() const { return source_bytes_; }

  // --- buffers --------------------------------------------------------------------------------

  /// A new partition, held, with an empty buffer.
  Partition& open(std::string_view key) {
    auto buffer = std::make_unique<PartitionBuffer>();
    buffer->number = ++opened_;
    Partition& partition = set_->open(key);
    buffer->partition = &partition;
    partition.content = buffer.get();
    buffer->overhead = partition_overhead + 4 * key.size();  // a copy or two, and who is in it
    overhead_ += buffer->overhead;
    buffers_.emplace(opened_, std::move(buffer));
    return partition;
  }

  /// The buffer of that number, or null where it is no more.
  PartitionBuffer* find(std::uint64_t number) const {
    const auto at = buffers_.find(number);
    return at == buffers_.end() ? nullptr : at->second.get();
  }

  /// One of the buffer's chunks is about to be given back before the others.
  void forget_chunk(PartitionBuffer& buffer, const Chunk& chunk) {
    buffer.chunk_bytes_taken -= chunk_bytes(chunk.size_class);
    chunk_bytes_ -= chunk_bytes(chunk.size_class);
  }

  /// Nothing refers to the buffer's records any more.
  void forget(PartitionBuffer& buffer) {
    chunk_bytes_ -= buffer.chunk_bytes_taken;
    overhead_ -= buffer.runs.size() * run_overhead + buffer.overhead;
    buffers_.erase(buffer.number);
  }

  // --- memory ---------------------------------------------------------------------------------

  void note_run() { overhead_ += run_overhead; }

  void forget_runs(std::size_t count) { overhead_ -= count * run_overhead; }

  /// A chunk for a buffer, of that class or a smaller one that will do; null when memory is short.
  Chunk* take_chunk(ChunkPool& pool, std::uint32_t size_class, std::uint32_t smallest) {
    for (std::uint32_t wanted = std::max(size_class, smallest);; --wanted) {
      Chunk* chunk = pool.take_scratch(wanted, kept_back_for(chunk_bytes(wanted)));
      if (chunk != nullptr) {
        chunk_bytes_ += chunk_bytes(wanted);
        return chunk;
      }
      if (wanted == smallest) {
        return nullptr;
      }
    }
  }

  /// Brings the pool's account up to date. Returns: false when memory is short.
  bool charge(ChunkPool& pool) {
    if (overhead_ <= charged_) {
      discharge(pool);
      return true;
    }
    const std::size_t more = overhead_ - charged_;
    if (!pool.charge(more, kept_back_for(more))) {
      return false;
    }
    charged_ = overhead_;
    return true;
  }

  /// Gives back what the account has too much, as it has when something has ended.
  void discharge(ChunkPool& pool) {
    if (overhead_ < charged_) {
      pool.discharge(charged_ - overhead_);
      charged_ = overhead_;
    }
  }

  std::size_t bytes_in_use() const { return chunk_bytes_ + charged_; }

  /// How much of what is kept for partitions they have: so much less need be kept from producers.
  std::size_t reserve_in_use() const { return std::min(bytes_in_use(), plan_.reserve); }

  // --- counters -------------------------------------------------------------------------------

  std::uint64_t opened() const { return opened_; }

  void count_exceeded(std::uint64_t records) { exceeded_ += records; }

  std::uint64_t exceeded() const { return exceeded_; }

  /// In a forked child everything is the parent's. Its memory stays, in case a thread that forked
  /// is still looking at it.
  void forget_in_child() {
    static_cast<void>(set_.release());
    static_cast<void>(new auto(std::move(buffers_)));
    buffers_.clear();
    set_ = std::make_unique<Set>(plan_.hints, plan_.options.active_max);
    oldest_ = nullptr;
    newest_ = nullptr;
    source_bytes_ = 0;
    chunk_bytes_ = 0;
    overhead_ = 0;
    charged_ = 0;
    opened_ = 0;
    exceeded_ = 0;
  }

 private:
  /// Of its reserve the stream's partitions may use all; beyond it they leave others theirs.
  std::size_t kept_back_for(std::size_t bytes) const {
    return bytes_in_use() + bytes <= plan_.reserve ? 0 : plan_.kept_back;
  }

  PartitionPlan plan_;
  std::unique_ptr<Set> set_;
  std::unordered_map<std::uint64_t, std::unique_ptr<PartitionBuffer>> buffers_;
  Origin* oldest_ = nullptr;
  Origin* newest_ = nullptr;
  std::uint64_t source_bytes_ = 0;
  std::size_t chunk_bytes_ = 0;
  std::size_t overhead_ = 0;  // of partitions, runs and origins
  std::size_t charged_ = 0;   // of it, in the pool's account
  std::uint64_t opened_ = 0;
  std::uint64_t exceeded_ = 0;
};

}  // namespace hydrant::detail
