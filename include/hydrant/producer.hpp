// SPDX-License-Identifier: MIT
//
// The light include: all that a program's many files need to put records into
// a stream that one of them has built. It names neither the transform nor the
// sink, and none of curl, zstd, threads or chrono.
#pragma once

#include <hydrant/core/put_result.hpp>
#include <hydrant/ingest/gate.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace hydrant {

template <class Transform, class Sink, class Env>
class DeliveryStream;

/// Space for one record inside the stream's own buffer. Write into `data()`,
/// then `commit`. A Room that is not committed leaves nothing behind.
///
/// It belongs to the thread that reserved it and must end before the thread
/// reserves again. A put while it is open works, but is slow.
///
/// Threads: distinct objects: safe; shared: unsafe.
class Room {
 public:
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  ~Room() {
    if (shard_ != nullptr) {
      gate_->abandon(*shard_, generation_);
    }
  }

  /// True when there is room.
  explicit operator bool() const { return status_ == PutStatus::accepted; }

  PutStatus status() const { return status_; }

  std::string_view reason() const { return to_text(status_); }

  /// Where to write, `size()` bytes.
  char* data() const { return shard_ == nullptr ? nullptr : reinterpret_cast<char*>(shard_->tail); }

  std::size_t size() const { return size_; }

  /// Publishes the first `used` bytes as one record.
  /// Errors: closed, when the stream was closed in between.
  PutResult commit(std::size_t used) {
    if (shard_ == nullptr || used > size_) {
      return status_ == PutStatus::accepted ? PutStatus::record_too_large : status_;
    }
    detail::Shard* shard = shard_;
    shard_ = nullptr;
    return gate_->commit(*shard, generation_, used);
  }

  /// Publishes what was written up to `end`.
  PutResult commit(const char* end) { return commit(static_cast<std::size_t>(end - data())); }

 private:
  friend class Producer;
  template <class Transform, class Sink, class Env>
  friend class DeliveryStream;

  Room(detail::Gate& gate, std::size_t size) : gate_(&gate), size_(size) {
    status_ = gate.reserve(size, shard_, generation_);
  }

  detail::Gate* gate_;
  detail::Shard* shard_ = nullptr;
  std::uint64_t generation_ = 0;
  std::size_t size_;
  PutStatus status_;
};

namespace detail {

inline std::size_t put_each(Gate& gate, std::span<const std::string_view> records,
                            std::span<PutResult> results) noexcept {
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < records.size() && i < results.size(); ++i) {
    results[i] = gate.put(records[i].data(), records[i].size());
    accepted += results[i] ? 1u : 0u;
  }
  return accepted;
}

}  // namespace detail

/// Puts records into a delivery stream. A light handle: copy it freely; it may
/// outlive the stream, whose door it then finds closed.
///
/// @code
/// void on_request(hydrant::Producer& log, std::string_view line) {
///   if (auto put = log.put(line); !put) count(put.reason());
/// }
/// @endcode
///
/// Threads: shared: safe.
class Producer {
 public:
  explicit Producer(detail::Gate& gate) : gate_(&gate) { gate_->add_handle(); }

  Producer(const Producer& other) : gate_(other.gate_) { gate_->add_handle(); }

  Producer& operator=(const Producer& other) {
    if (this != &other) {
      other.gate_->add_handle();
      gate_->drop_handle();
      gate_ = other.gate_;
    }
    return *this;
  }

  ~Producer() { gate_->drop_handle(); }

  /// Accepts one record into the stream. The bytes are copied before returning.
  /// Returns: accepted, with a ticket that `wait` takes, or the reason why not.
  /// Errors: record_too_large (> record_bytes_max), buffer_full, closed, journal_failed.
  /// Threads: shared: safe.
  /// Blocks: only under Overflow::block, until space frees up or its time is over.
  /// Source: Firehose API 2015-08-04, PutRecord; shape Data (max 1,024,000 bytes).
  PutResult put(std::string_view record) noexcept {
    return gate_->put(record.data(), record.size());
  }

  /// The same, for bytes.
  PutResult put(std::span<const std::byte> record) noexcept {
    return gate_->put(record.data(), record.size());
  }

  /// Puts each record on its own and writes its result to the same place in `results`.
  /// One bad record does not stop the rest. `results` is at least as long as `records`.
  /// Returns: how many were accepted.
  /// Threads, Blocks: as put.
  /// Source: Firehose API 2015-08-04, PutRecordBatch; without its limit of 500 records.
  std::size_t put_batch(std::span<const std::string_view> records,
                        std::span<PutResult> results) noexcept {
    return detail::put_each(*gate_, records, results);
  }

  /// Room for one record of up to `size_max` bytes, to format straight into.
  /// Errors, Blocks: as put.
  Room reserve(std::size_t size_max) noexcept { return {*gate_, size_max}; }

 private:
  detail::Gate* gate_;
};

}  // namespace hydrant
