// SPDX-License-Identifier: MIT
//
// What a worker does with a batch that it has taken from a lane: it walks on
// until the batch has ended, or until it would have to wait. Pipeline delivers
// it; Splitter hands its records on to partitions.
#pragma once

#include <hydrant/buffer/batch_cutter.hpp>
#include <hydrant/core/time.hpp>

#include <cstdint>

namespace hydrant::detail {

/// The way of one batch after the other.
/// Threads: distinct objects: safe; shared: unsafe, but for `attempt_deadline`.
class BatchWalk {
 public:
  enum class Progress : std::uint8_t { finished, waiting, yielded };

  BatchWalk() = default;
  BatchWalk(const BatchWalk&) = delete;
  BatchWalk& operator=(const BatchWalk&) = delete;
  virtual ~BatchWalk() = default;

  /// Takes a batch on. The previous one is finished.
  virtual void start(ClosedBatch batch) = 0;

  /// Walks on. Returns: finished, or when to come back (`wake_at`).
  virtual Progress advance() = 0;

  virtual SteadyTime wake_at() const = 0;

  virtual const ClosedBatch& batch() const = 0;

  /// Forgets the finished batch.
  virtual void drop_batch() = 0;

  /// When the present attempt must end; SteadyTime::max() between attempts. Any thread may ask.
  virtual SteadyTime attempt_deadline() const = 0;
};

}  // namespace hydrant::detail
