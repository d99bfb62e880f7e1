// SPDX-License-Identifier: MIT
//
// The slow side of a stream's door, and each thread's memory of the doors it
// has used. Comes into play once a chunk, and when the stream's state changed.
#pragma once

#include <hydrant/ingest/gate.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace hydrant::detail {

struct OwnedShard;
class StreamGate;  // NOLINT(cppcoreguidelines-virtual-class-destructor): final

/// What lies behind an open door. Implemented by ShardSet.
class GateKeeper {
 public:
  GateKeeper() = default;
  GateKeeper(const GateKeeper&) = delete;
  GateKeeper& operator=(const GateKeeper&) = delete;
  virtual ~GateKeeper() = default;

  virtual PutResult put_slow(StreamGate& gate, const void* data, std::size_t size) noexcept = 0;
  virtual PutStatus reserve_slow(StreamGate& gate, std::size_t size) noexcept = 0;
  virtual PutResult put_raced(StreamGate& gate, Shard& shard, Ticket ticket) noexcept = 0;
  /// The thread that owned the shard has ended.
  virtual void release_shard(const std::shared_ptr<OwnedShard>& shard,
                             std::uint64_t incarnation) noexcept = 0;
};

/// A Gate that knows its keeper as long as there is one.
class StreamGate final : public Gate {  // NOLINT(cppcoreguidelines-virtual-class-destructor): final
 public:
  explicit StreamGate(std::uint32_t index) { index_ = index; }

  void open(std::shared_ptr<GateKeeper> keeper) {
    std::lock_guard guard(lock_);
    keeper_ = std::move(keeper);
    after_close_.store(0, std::memory_order_relaxed);
    change_generation();
  }

  /// The stream is gone: from here on every put is a counted no-op.
  void shut() noexcept {
    std::shared_ptr<GateKeeper> last;
    std::lock_guard guard(lock_);
    last = std::exchange(keeper_, nullptr);
    change_generation();
  }

  /// Sends the next put of every thread the slow way.
  void change_generation() noexcept {
    generation_.store(next_generation(), std::memory_order_relaxed);
  }

  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_relaxed); }

  /// Lets this thread's next puts go straight to `shard`.
  void remember(Shard& shard) const noexcept { thread_slot() = {generation(), &shard}; }

  std::shared_ptr<GateKeeper> keeper() noexcept {
    std::lock_guard guard(lock_);
    return keeper_;
  }

  /// Puts that found the stream already destroyed.
  std::uint64_t puts_after_end() const noexcept {
    return after_close_.load(std::memory_order_relaxed);
  }

  bool has_handles() const noexcept { return handles_.load(std::memory_order_acquire) != 0; }

  bool is_open() noexcept {
    std::lock_guard guard(lock_);
    return keeper_ != nullptr;
  }

  /// Held across a fork, so that the child does not inherit somebody else's lock.
  std::mutex& lock() { return lock_; }

 protected:
  PutResult put_slow(const void* data, std::size_t size) noexcept override {
    if (auto stream = keeper()) {
      return stream->put_slow(*this, data, size);
    }
    return refuse();
  }

  PutStatus reserve_slow(std::size_t size) noexcept override {
    if (auto stream = keeper()) {
      return stream->reserve_slow(*this, size);
    }
    return refuse();
  }

  PutResult put_raced(Shard& shard, Ticket ticket) noexcept override {
    if (auto stream = keeper()) {
      return stream->put_raced(*this, shard, ticket);
    }
    // The stream ended meanwhile; its last harvest has the record or never will.
    if (ticket.sequence < shard.harvested) {
      return ticket;
    }
    return refuse();
  }

 private:
  PutStatus refuse() noexcept {
    after_close_.fetch_add(1, std::memory_order_relaxed);
    return PutStatus::closed;
  }

  std::mutex lock_;
  std::shared_ptr<GateKeeper> keeper_;
  std::atomic<std::uint64_t> after_close_{0};
};

/// Every gate of the process. A gate whose stream has ended is used again only
/// when it has no handles and thousands of others have been retired since, so
/// that a put through a stream that is already destroyed does not find another
/// stream behind its door.
class GateYard {
 public:
  static GateYard& instance() {
    static auto* yard = new GateYard;  // lives for ever: puts may come after every destructor
    return *yard;
  }

  StreamGate& acquire() {
    std::lock_guard guard(lock_);
    if (retired_.size() > quarantine && !retired_.front()->has_handles()) {
      StreamGate* gate = retired_.front();
      retired_.pop_front();
      return *gate;
    }
    gates_.push_back(new StreamGate(next_index_++));
    return *gates_.back();
  }

  void retire(StreamGate& gate) {
    std::lock_guard guard(lock_);
    retired_.push_back(&gate);
  }

  std::mutex& lock() { return lock_; }

 private:
  static constexpr std::size_t quarantine = 4096;

  GateYard() = default;

  std::mutex lock_;
  std::vector<StreamGate*> gates_;
  std::deque<StreamGate*> retired_;
  std::uint32_t next_index_ = 0;
};

/// Set once this thread's ThreadShards is gone: puts from later thread_local
/// destructors go the slow way, one at a time.
inline constinit thread_local bool thread_ending = false;

/// The shards that this thread owns, one a stream. Given back when it ends.
class ThreadShards {
 public:
  struct Entry {
    StreamGate* gate;
    std::uint64_t incarnation;
    std::shared_ptr<OwnedShard> shard;
  };

  ThreadShards() = default;
  ThreadShards(const ThreadShards&) = delete;
  ThreadShards& operator=(const ThreadShards&) = delete;

  ~ThreadShards() {
    thread_ending = true;
    for (ThreadSlot& slot : thread_slots) {
      slot = {};
    }
    for (Entry& entry : entries_) {
      if (auto stream = entry.gate->keeper()) {
        stream->release_shard(entry.shard, entry.incarnation);
      }
    }
  }

  static ThreadShards& mine() {
    thread_local ThreadShards shards;
    return shards;
  }

  /// This thread's shard of the stream, or null. Forgets shards of earlier incarnations.
  OwnedShard* find(const StreamGate& gate, std::uint64_t incarnation) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].gate == &gate) {
        if (entries_[i].incarnation == incarnation) {
          return entries_[i].shard.get();
        }
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      }
    }
    return nullptr;
  }

  void add(Entry entry) {
    forget_ended();
    entries_.push_back(std::move(entry));
  }

 private:
  void forget_ended() {
    std::erase_if(entries_, [](const Entry& entry) { return !entry.gate->is_open(); });
  }

  std::vector<Entry> entries_;
};

}  // namespace hydrant::detail
