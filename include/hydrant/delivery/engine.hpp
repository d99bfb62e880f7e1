// SPDX-License-Identifier: MIT
//
// One stream at work: its shards, its lanes, its books. Everything here lives
// as long as any thread is inside it, so a worker that hangs in a user's sink
// keeps what it needs when the stream itself is long gone.
//
// There is one lock a stream. It is held for bookkeeping only: never while a
// transform, a codec or a sink runs. The bodies are in collecting.hpp (records
// become batches), bookkeeping.hpp (ends of records), journal_keeping.hpp (the
// same on the disk), lifecycle.hpp (flush, close, fork), partitioning.hpp and
// output_ends.hpp (partitions).
#pragma once

#include <hydrant/core/asymmetric_fence.hpp>
#include <hydrant/core/env.hpp>
#include <hydrant/core/ledger.hpp>
#include <hydrant/core/uuid.hpp>
#include <hydrant/delivery/delivery_host.hpp>
#include <hydrant/delivery/executor.hpp>
#include <hydrant/delivery/journaling.hpp>
#include <hydrant/delivery/lane.hpp>
#include <hydrant/delivery/partitions.hpp>
#include <hydrant/delivery/pipeline.hpp>
#include <hydrant/delivery/report.hpp>
#include <hydrant/delivery/split.hpp>
#include <hydrant/delivery/splitter.hpp>
#include <hydrant/ingest/shard_set.hpp>
#include <hydrant/metrics/flight_recorder.hpp>
#include <hydrant/metrics/histogram.hpp>
#include <hydrant/metrics/snapshot.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

struct EngineOptions {
  std::string name;
  std::uint32_t version = 1;
  std::uint32_t concurrency = 1;
  IngestOptions ingest;
  std::shared_ptr<Journal> journal;  // null: none
  PartitionPlan partitions;
};

/// One stream at work.
/// Threads: shared: safe.
class Engine final : public ShardSet,
                     public SplitHost,
                     public std::enable_shared_from_this<Engine> {
 public:
  Engine(EngineOptions options, std::shared_ptr<World> world, std::shared_ptr<Executor> executor,
         StreamGate& gate, std::vector<std::unique_ptr<Lane>> lanes);

  /// Begins to work. To be called once, when a shared pointer holds the engine.
  void start();

  // For the stream's owner.
  Ledger ledger();
  BackupLedger backup_ledger();
  StreamSnapshot snapshot();
  std::string history();
  DeliveryReport flush(std::chrono::nanoseconds timeout);
  SyncStatus sync(std::chrono::nanoseconds timeout);
  DeliveryReport close(std::chrono::nanoseconds timeout);
  WaitStatus wait(Ticket ticket, std::chrono::nanoseconds timeout);

  /// Whether close was called.
  bool is_closed();

  /// The owner is gone: drop what is scheduled. The stream is closed.
  void detach();

  // Around fork, by the registry in fork.hpp.
  void lock_for_fork() { mutex_.lock(); }

  void unlock_after_fork(bool in_child);

  const std::shared_ptr<Executor>& executor() const { return executor_; }

  StreamGate& gate() const { return *gate_; }

  // DeliveryHost.
  World& world() override { return *world_; }

  std::string_view stream_name() const override { return name_; }

  std::uint32_t stream_version() const override { return version_; }

  std::string request_id(const Lane& lane, const ClosedBatch& batch, std::uint64_t part,
                         std::uint32_t first_shard, std::uint64_t first_record,
                         std::uint64_t count) override;
  bool has_ended(const Lane& lane, std::span<const Slice> slices) override;
  void note_part(const Lane& lane, ClosedBatch& batch, std::uint64_t part,
                 std::span<const Slice> outputs) override;
  void settle(Lane& lane, std::span<const Slice> slices, Fate fate) override;
  void fail(Lane& lane, std::span<const Slice> slices,
            std::shared_ptr<const FailureNote> note) override;
  Chunk* take_output_chunk(std::uint32_t size_class) override;
  void give_back_output_chunks(std::span<Chunk* const> chunks) override;
  void count_attempt(Lane& lane, bool failed) override;
  void count_transformed(const TransformSnapshot& done) override;
  void record(EventKind kind, std::uint64_t batch, std::uint32_t count,
              std::string_view text) override;

  // SplitHost.
  Origin& open_origin(std::unique_ptr<Origin> origin) override;
  bool place(Split& split) override;
  void publish(Split& split) override;
  void close_origin(Split& split) override;

  bool should_yield() override { return executor_->should_yield(); }

  SteadyTime closing_deadline() const override {
    return SteadyTime(SteadyTime::duration(closing_deadline_.load(std::memory_order_relaxed)));
  }

  const std::atomic<bool>& stop_requested() const override { return stop_; }

 protected:
  // ShardSet.
  SteadyTime coarse_now() noexcept override { return world_->steady_now(); }

  WallTime coarse_wall() noexcept override { return world_->wall_now(); }

  void wake_collector(bool memory_is_short) noexcept override;
  void unpark() noexcept override;
  bool drop_oldest() noexcept override;
  void release_found(Chunk& chunk) noexcept override;
  bool wait_for_memory(Lock& lock, SteadyTime until) noexcept override;

 private:
  /// Collects, whenever there may be something to collect.
  class CollectTask final : public Task {
   public:
    explicit CollectTask(Engine& engine) : engine_(&engine) {}

    void run() noexcept override { engine_->collect(); }

   private:
    Engine* engine_;
  };

  /// Writes to stable storage what the journal has gathered.
  class CommitTask final : public Task {
   public:
    explicit CommitTask(Engine& engine) : engine_(&engine) {}

    void run() noexcept override { engine_->commit(); }

   private:
    Engine* engine_;
  };

  /// Looks for what processes that have ended have left.
  class AdoptTask final : public Task {
   public:
    explicit AdoptTask(Engine& engine) : engine_(&engine) {}

    void run() noexcept override { engine_->adopt(); }

   private:
    Engine* engine_;
  };

  /// Takes batches of one lane down their way, one after the other.
  class DeliveryTask final : public Task {
   public:
    DeliveryTask(Engine& engine, Lane& task_lane, std::unique_ptr<BatchWalk> task_walk)
        : lane(&task_lane), walk(std::move(task_walk)), engine_(&engine) {}

    void run() noexcept override { engine_->deliver(*this); }

    Lane* lane;
    const std::unique_ptr<BatchWalk> walk;
    bool has_batch = false;  // guarded by the stream's lock
    bool is_running = false;
    bool overstay_noted = false;

   private:
    Engine* engine_;
  };

  /// How records ended that the main sink did not deliver, for `wait`.
  struct EndedRange {
    std::uint32_t shard;
    std::uint64_t first;
    std::uint64_t last;
    WaitStatus status;
  };

  static constexpr std::size_t ended_ranges_max = 4096;
  static constexpr std::size_t tasks_started_at_once = 64;
  static constexpr std::size_t partitions_closed_at_once = 256;
  static constexpr std::chrono::seconds quiet_before_park{1};
  /// A collector that comes within this time need not be woken.
  static constexpr std::chrono::microseconds soon{500};

  // collecting.hpp
  void collect() noexcept;
  void harvest_into_lanes(SteadyTime now);
  bool close_batches(SteadyTime now);
  bool letters_may_follow(SteadyTime now) const;
  template <class Start>
  void start_deliveries(Start start);
  std::chrono::nanoseconds pause_for_rate(std::uint64_t bytes,
                                          std::chrono::nanoseconds elapsed) const;
  std::optional<SteadyTime> next_collect(Lock& lock, SteadyTime now, std::chrono::nanoseconds pause,
                                         bool quiet);
  SteadyTime next_due() const;
  bool park(Lock& lock);
  void deliver(DeliveryTask& task) noexcept;
  Lane* lane_of_oldest() const noexcept;
  bool take_batch(DeliveryTask& task);
  void finish_batch(DeliveryTask& task);
  void note_overstays(SteadyTime now);

  // partitioning.hpp
  Partition* hold_partition(Split& split, GroupTable::Group& group);
  void end_step(Split& split);
  void release_held(Split& split);
  void fail_exceeding(Split& split, GroupTable::Group& group);
  bool fill_partition(Split& split, GroupTable::Group& group, Partition& partition);
  bool add_chunk(PartitionBuffer& buffer, std::uint32_t bytes);
  std::uint32_t append_to_partition(Split& split, const GroupTable::Group& group,
                                    Partition& partition);
  void close_partition(Partition& partition, CloseReason reason);
  void enqueue_partition(Partition& partition, CloseReason reason);
  bool close_due_partitions(SteadyTime now);
  bool flush_partitions();
  bool close_partitions(SteadyTime now, bool memory_is_short);
  bool is_delivering_partitions() const;
  void relieve_partitions();
  void relieve_sources();
  void post_deliveries(Lock& lock);

  // output_ends.hpp
  void end_outputs(std::span<const Slice> slices, Fate fate, LostReason reason,
                   const std::shared_ptr<const FailureNote>& note);
  void end_origin(Origin& ended, LostReason reason);
  void forget_buffer(PartitionBuffer& buffer);
  void settle_memory();
  void wake_splitter();
  void lose_partitions();
  Origin* oldest_discardable() const;
  void discard_origin(Origin& origin);
  void discard_from(PartitionBuffer& buffer, Origin& origin);
  void release_runs(PartitionBuffer& buffer, const Origin& origin);

  // committing.hpp
  void want_commit() noexcept;
  void schedule_commit(SteadyTime now);
  void commit() noexcept;
  void finish_commit(Journaling::Commit& work, std::uint64_t number, const Status& status);
  bool is_sealed_safely(Lane& lane, ClosedBatch& batch);

  // journal_keeping.hpp
  void begin_life();
  void resume();
  void adopt() noexcept;
  void schedule_adoption() noexcept;
  void wake_for_work() noexcept;
  void take_up(Journaling::Findings& findings);
  void seal(const Lane& lane, ClosedBatch& batch);
  bool is_open(const Lane& lane, const ClosedBatch& batch) const;
  void tell_journal_trouble();
  void remove_ended_spools(Lock& lock);
  template <class Visit>
  void for_each_open(Lane& lane, const Slice& slice, Visit visit);

  // bookkeeping.hpp
  void end_slice(Lane& lane, const Slice& slice, Fate fate, LostReason reason);
  void settle_locked(Lane& lane, std::span<const Slice> slices, Fate fate, LostReason reason);
  void fail_locked(Lane& lane, std::span<const Slice> slices,
                   const std::shared_ptr<const FailureNote>& note);
  void mark_ended(const Slice& slice, std::optional<WaitStatus> unusual);
  Ledger ledger_locked() const;
  BackupLedger backup_locked() const;
  PartitionSnapshot partition_snapshot() const;
  LaneSnapshot lane_snapshot(const Lane& lane, SteadyTime now) const;
  SteadyTime oldest_arrival(const Lane& lane) const;
  void record_locked(EventKind kind, std::uint64_t batch, std::uint32_t count,
                     std::string_view text);

  void notify() noexcept {
    if (waiters_ != 0) {
      changed_.notify_all();
    }
  }

  // lifecycle.hpp
  bool all_settled(const std::vector<std::uint64_t>& targets) const;
  bool all_idle() const;
  bool leaves_records() const;
  bool wait_for_change(Lock& lock, SteadyTime until);
  void abandon_what_is_left(Lock& lock);
  void lose_queue(Lane& lane);
  DeliveryReport report_locked(bool complete, SteadyTime started);
  void make_tasks();

  template <class T>
  std::shared_ptr<Task> shared(T& task) {
    return std::shared_ptr<Task>(shared_from_this(), &task);
  }

  const std::string name_;
  const std::uint32_t version_;
  const std::uint32_t concurrency_;
  const std::shared_ptr<World> world_;
  const std::shared_ptr<Executor> executor_;
  const std::unique_ptr<Journaling> journaling_;  // null without a journal
  StreamGate* const gate_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  Lane* main_ = nullptr;
  Lane* backup_ = nullptr;  // null where there is none
  Lane* error_ = nullptr;
  Lane* partition_lane_ = nullptr;                // null where there are no partitions
  const std::unique_ptr<Partitions> partitions_;  // null where there are none
  std::chrono::nanoseconds tick_{};

  // Guarded by the stream's lock.
  std::unique_ptr<CollectTask> collect_task_;
  std::unique_ptr<CommitTask> commit_task_;
  std::unique_ptr<AdoptTask> adopt_task_;  // posted only where the journal is shared
  std::vector<std::unique_ptr<DeliveryTask>> delivery_tasks_;
  std::condition_variable changed_;
  std::size_t waiters_ = 0;
  std::size_t flushing_ = 0;
  SteadyTime flush_deadline_ = SteadyTime::max();  // the earliest of those who flush
  bool closing_ = false;
  std::optional<std::uint64_t> flush_mark_;  // source batches up to this are to be flushed
  bool pressure_ = false;
  bool detached_ = false;
  bool collecting_ = false;       // posted, not begun
  bool collecting_soon_ = false;  // scheduled so soon that nobody need be woken for it
  SteadyTime last_harvest_{};
  SteadyTime quiet_since_{};
  std::uint64_t id_seed_high_ = 0;
  std::uint64_t id_seed_low_ = 0;
  std::array<std::uint64_t, lost_reason_count> lost_{};
  std::uint64_t resumed_ = 0;        // records that earlier lives have left
  std::uint64_t resumed_ended_ = 0;  // of them
  std::uint64_t in_journal_ = 0;     // left to the next life
  std::deque<EndedRange> ended_;
  bool ended_forgotten_ = false;
  std::uint64_t commits_started_ = 0;
  std::uint64_t commits_done_ = 0;
  bool committing_ = false;
  bool commit_wanted_ = false;
  bool commit_scheduled_ = false;
  bool commit_failed_ = false;
  bool adoption_scheduled_ = false;
  bool manifest_was_short_ = false;
  std::string journal_trouble_;  // as it was told last
  SteadyTime journal_trouble_at_{};
  TransformSnapshot transform_counts_;
  Histogram latency_;
  FlightRecorder recorder_;
  std::deque<std::string> troubles_;

  std::atomic<bool> stop_{false};
  std::atomic<SteadyTime::rep> closing_deadline_{SteadyTime::max().time_since_epoch().count()};
};

/// The engine whose task this thread is running, if any: it must not wait for itself.
inline constinit thread_local const Engine* engine_of_this_thread = nullptr;

}  // namespace hydrant::detail
