// SPDX-License-Identifier: MIT
//
// What a batch on its way asks of its stream: the books, memory for outputs,
// names, and the news of closing. Implemented by the engine.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/core/ledger.hpp>
#include <hydrant/delivery/lane.hpp>
#include <hydrant/ingest/chunk.hpp>
#include <hydrant/metrics/flight_recorder.hpp>
#include <hydrant/metrics/snapshot.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::detail {

/// How the way of a record ends.
enum class Fate : std::uint8_t { delivered, dropped, lost };

/// The stream, as a batch on its way sees it.
/// Threads: shared: safe.
class DeliveryHost {
 public:
  DeliveryHost() = default;
  DeliveryHost(const DeliveryHost&) = delete;
  DeliveryHost& operator=(const DeliveryHost&) = delete;
  virtual ~DeliveryHost() = default;

  virtual World& world() = 0;
  virtual std::string_view stream_name() const = 0;
  virtual std::uint32_t stream_version() const = 0;

  /// The stable id of a part of a batch: the same for the same records, always.
  virtual std::string request_id(const Lane& lane, const ClosedBatch& batch, std::uint64_t part,
                                 std::uint32_t first_shard, std::uint64_t first_record,
                                 std::uint64_t count) = 0;

  /// For a batch that an earlier life has sealed: whether these records had ended in it.
  virtual bool has_ended(const Lane& lane, std::span<const Slice> slices) = 0;

  /// Notes what a transform has made of a part of a batch, before its first attempt. Where an
  /// earlier life made something else of it, the batch gets another identity.
  virtual void note_part(const Lane& lane, ClosedBatch& batch, std::uint64_t part,
                         std::span<const Slice> outputs) = 0;

  /// Writes the end of these source records into the books.
  virtual void settle(Lane& lane, std::span<const Slice> slices, Fate fate) = 0;

  /// These source records failed for good: on to the error output, or lost where they are in it.
  virtual void fail(Lane& lane, std::span<const Slice> slices,
                    std::shared_ptr<const FailureNote> note) = 0;

  virtual Chunk* take_output_chunk(std::uint32_t size_class) = 0;
  virtual void give_back_output_chunks(std::span<Chunk* const> chunks) = 0;

  virtual void count_attempt(Lane& lane, bool failed) = 0;
  virtual void count_transformed(const TransformSnapshot& done) = 0;
  virtual void record(EventKind kind, std::uint64_t batch, std::uint32_t count,
                      std::string_view text) = 0;

  /// True when whoever runs the batch should let others have a turn.
  virtual bool should_yield() = 0;

  /// Until when to be done when the stream is closing; SteadyTime::max() when it is not.
  virtual SteadyTime closing_deadline() const = 0;

  /// Set when close is out of time: end attempts, begin none.
  virtual const std::atomic<bool>& stop_requested() const = 0;
};

}  // namespace hydrant::detail
