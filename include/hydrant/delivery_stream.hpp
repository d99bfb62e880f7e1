// SPDX-License-Identifier: MIT
//
// A delivery stream: what users build, put into, flush and close. A thin shell
// of types around the engine; all that depends on the transform or the sink is
// decided here, once, and nothing of it is on the way of `put`.
#pragma once

#include <hydrant/core/system_env.hpp>
#include <hydrant/delivery/bookkeeping.hpp>
#include <hydrant/delivery/collecting.hpp>
#include <hydrant/delivery/engine.hpp>
#include <hydrant/delivery/fork.hpp>
#include <hydrant/delivery/lifecycle.hpp>
#include <hydrant/delivery/output_ends.hpp>
#include <hydrant/delivery/outputs.hpp>
#include <hydrant/delivery/partition_stage.hpp>
#include <hydrant/delivery/partitioning.hpp>
#include <hydrant/delivery/plan.hpp>
#include <hydrant/delivery/pump_executor.hpp>
#include <hydrant/delivery/report.hpp>
#include <hydrant/delivery/runtime.hpp>
#include <hydrant/producer.hpp>
#include <hydrant/sink/any_sink.hpp>
#include <hydrant/sink/dead_letter_box.hpp>
#include <hydrant/stream_options.hpp>
#include <hydrant/transform/identity.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hydrant {

/// Tag: the stream has no threads; its owner calls `pump`.
struct Pumped {};

inline constexpr Pumped pumped{};

namespace detail {

/// The Env among a stream's extra arguments, or SystemEnv.
template <class... Extras>
struct EnvAmong {
  using type = SystemEnv;
};

template <class First, class... Rest>
struct EnvAmong<First, Rest...> {
  using type = typename EnvAmong<Rest...>::type;
};

template <Env First, class... Rest>
struct EnvAmong<First, Rest...> {
  using type = First;
};

/// What the constructor's arguments come to, before the engine is built.
struct StreamParts : LaneParts {
  StreamOptions options;
  std::shared_ptr<World> world;
  std::shared_ptr<Executor> executor;
  bool is_pumped = false;
};

inline MemoryPlan plan_memory(const StreamParts& parts) {
  const StreamOptions& options = parts.options;
  const std::size_t limit = options.effective_memory_limit().value;
  const std::size_t record_bytes_max = options.record_bytes_max.value;
  const bool transforms = parts.transform != nullptr;
  if (parts.partitioner == nullptr) {
    return MemoryPlan::make(limit, record_bytes_max, transforms, options.concurrency);
  }
  return MemoryPlan::make_partitioned(
      options.memory_limit.value != 0
          ? limit
          : MemoryPlan::automatic_partitioned(limit, record_bytes_max, parts.partition_options),
      record_bytes_max, transforms);
}

inline void validate(const StreamParts& parts, const MemoryPlan& plan) {
  OptionErrors errors;
  parts.options.validate(errors);
  plan.validate(errors, parts.options.buffering.size, parts.options.memory_limit.value == 0);
  errors.check(!parts.is_pumped || parts.options.overflow.kind() != Overflow::Kind::block,
               "overflow", "must not block when the stream is pumped", "block");
  if (parts.partitioner != nullptr) {
    parts.partition_options.validate(errors);
    errors.check(!parts.options.journal.is_on(), "partition_by",
                 "must not be given to a stream with a journal: partitions are not journalled yet",
                 "given, with journal.directory \"" + parts.options.journal.directory + "\"");
  }
  const StreamUse use{.is_journalled = parts.options.journal.is_on()};
  validate_main_use(parts, use, errors);
  const auto nested = [&](std::string_view prefix, const AnySink& sink,
                          const OutputOptions& options) {
    OptionErrors inner;
    options.validate(inner);
    sink.validate(use, inner);
    errors.merge(prefix, inner);
  };
  nested("error_output.", parts.error_sink, parts.error_options);
  if (parts.backup_sink) {
    nested("source_backup.", parts.backup_sink, parts.backup_options);
  }
  if (!errors.empty()) {
    throw OptionsError("stream \"" + parts.options.name + "\"", std::move(errors));
  }
}

inline std::shared_ptr<Engine> make_engine(StreamParts parts, StreamGate& gate,
                                           const MemoryPlan& plan) {
  const StreamOptions& options = parts.options;
  EngineOptions engine;
  engine.name = options.name;
  engine.version = options.version;
  engine.concurrency = options.concurrency;
  engine.ingest.record_bytes_max = static_cast<std::uint32_t>(options.record_bytes_max.value);
  engine.ingest.overflow = options.overflow;
  engine.ingest.memory_limit = plan.limit;
  engine.ingest.reserve = plan.reserve;
  const std::string delimiter = embedded_delimiter(parts.sink.record_delimiter());
  if (parts.transform == nullptr) {
    engine.ingest.delimiter = delimiter;
  }
  if (options.journal.is_on()) {
    engine.journal = open_journal(parts.world, options.journal, options.name);
    engine.ingest.store = engine.journal;
  }

  if (parts.partitioner != nullptr) {
    engine.partitions = {std::move(parts.partitioner), parts.partition_options, options.buffering,
                         plan.partitions, plan.reserve - plan.partitions};
  }
  std::vector<std::unique_ptr<Lane>> lanes =
      make_lanes(parts, plan, options.buffering, options.retry, options.concurrency);
  return std::make_shared<Engine>(std::move(engine), std::move(parts.world),
                                  std::move(parts.executor), gate, std::move(lanes));
}

/// The effective options and what follows from them, for people.
inline std::string explain(const StreamParts& parts, const MemoryPlan& plan) {
  const StreamOptions& options = parts.options;
  const BufferingHints& hints = options.buffering;
  std::string text = "stream \"" + options.name + "\":\n";
  text += explain_line("delivers to", std::string(parts.sink.name()) + ", " +
                                          std::to_string(options.concurrency) + " at a time");
  text += explain_line(
      "a batch closes at",
      to_text(hints.size) + " or " + to_text(hints.interval) +
          (hints.count != 0 ? " or " + std::to_string(hints.count) + " records" : std::string()));
  if (parts.partitioner != nullptr) {
    text += explain_line("partitions", explain_partitions(parts.partition_options));
  }
  text += explain_line("memory at most", to_text(ByteCount{plan.limit}) + ", " +
                                             to_text(ByteCount{plan.reserve}) +
                                             " of it kept from put for what is made of records");
  text +=
      explain_line("when memory is full", std::string(to_text(options.overflow.kind())) +
                                              (options.overflow.kind() == Overflow::Kind::block
                                                   ? " up to " + to_text(options.overflow.timeout())
                                                   : std::string()));
  text += explain_line("a failing batch", "is retried for " + to_text(options.retry.duration) +
                                              ", an attempt takes at most " +
                                              to_text(options.retry.attempt_timeout));
  text += explain_line("what fails for good", "goes to " + std::string(parts.error_sink.name()));
  text += explain_line("source backup", parts.backup_sink ? std::string(parts.backup_sink.name())
                                                          : std::string("none"));
  text += explain_line("a crash loses",
                       options.journal.is_on()
                           ? "nothing that was accepted (journal in " + options.journal.directory +
                                 "); a power cut may lose " + options.journal.power_cut_loses()
                           : "what is in memory: at most " + to_text(hints.interval) +
                                 " of records, or " + to_text(ByteCount{plan.limit}) +
                                 " while the destination is down");
  return text;
}

}  // namespace detail

/// Buffers, transforms and delivers records; accounts for each of them.
///
/// @code
/// hydrant::DeliveryStream stream{hydrant::StreamOptions{.name = "access-log"}, hydrant::identity,
///                                hydrant::ObjectSink{hydrant::DirectoryStore{"lake"},
///                                                    hydrant::Lines{}, hydrant::Zstd{}}};
/// if (auto put = stream.put(line); !put) std::cerr << put.reason() << '\n';
/// std::cout << stream.close(30s) << '\n';
/// @endcode
///
/// After the sink, in any order: `error_output(sink)`, `source_backup(sink)`,
/// `partition_by(function)`, a Runtime, `pumped`, an Env. Without an error output, failed records
/// go to a small box in memory (`dead_letters`).
///
/// Threads: shared: safe, but for construction and destruction.
template <class Transform, class Sink, class Env = SystemEnv>
class DeliveryStream {
 public:
  /// How much the box of dead letters holds where there is no error output.
  static constexpr std::size_t dead_letter_box_bytes = 1 << 20;

  /// Errors: OptionsError, listing every faulty option at once.
  template <class... Extras>
  DeliveryStream(StreamOptions options, Transform transform, Sink sink, Extras... extras)
      : gate_(&detail::GateYard::instance().acquire()), box_(dead_letter_box_bytes) {
    static_assert(detail::CheckTransform<Transform>::ok);
    static_assert(detail::CheckSink<Sink>::ok);
    static_assert((!std::is_same_v<Extras, Pumped> && ...) || PumpableSink<Sink>,
                  "hydrant: a pumped stream needs a sink that never waits: one with begin, step "
                  "and cancel, or with `static constexpr bool never_waits = true`.");
    try {
      detail::StreamParts parts;
      parts.options = std::move(options);
      parts.sink = AnySink(std::move(sink));
      if constexpr (!is_identity<Transform>) {
        parts.transform =
            std::make_unique<detail::TypedTransformStage<Transform>>(std::move(transform));
      }
      (take(parts, std::move(extras)), ...);
      build(std::move(parts));
    } catch (...) {
      detail::GateYard::instance().retire(*gate_);
      throw;
    }
  }

  DeliveryStream(const DeliveryStream&) = delete;
  DeliveryStream& operator=(const DeliveryStream&) = delete;

  /// Closes the stream, within close_timeout, unless that was done.
  /// Blocks: at most close_timeout.
  ~DeliveryStream() {
    if (!engine_->is_closed()) {
      engine_->close(close_timeout_);
    }
    engine_->detach();
    detail::GateYard::instance().retire(*gate_);
  }

  /// See Producer::put.
  PutResult put(std::string_view record) noexcept {
    return gate_->put(record.data(), record.size());
  }

  PutResult put(std::span<const std::byte> record) noexcept {
    return gate_->put(record.data(), record.size());
  }

  /// See Producer::put_batch.
  std::size_t put_batch(std::span<const std::string_view> records,
                        std::span<PutResult> results) noexcept {
    return detail::put_each(*gate_, records, results);
  }

  /// See Producer::reserve.
  Room reserve(std::size_t size_max) noexcept { return {*gate_, size_max}; }

  /// Puts, and returns when the record survives a power cut. Threads that do so at once share a
  /// write.
  /// Returns: as put; journal_failed when the record is in the stream, but not on stable storage
  /// within `timeout`, or not ever (see SyncStatus).
  PutResult put_durable(std::string_view record, std::chrono::nanoseconds timeout) {
    const PutResult put = gate_->put(record.data(), record.size());
    return !put || engine_->sync(timeout) == SyncStatus::durable
               ? put
               : PutResult(PutStatus::journal_failed);
  }

  /// Returns when everything accepted before the call survives a power cut.
  /// Blocks: at most `timeout`.
  SyncStatus sync(std::chrono::nanoseconds timeout) { return engine_->sync(timeout); }

  /// A light handle for the rest of the program; it may outlive the stream.
  Producer producer() noexcept { return Producer(*gate_); }

  /// Delivers what has been accepted so far, without waiting for size or interval.
  /// Returns: a report; complete when every record accepted before the call has ended.
  /// Blocks: at most `timeout`. Called from the stream's own transform or sink it does not wait.
  DeliveryReport flush(std::chrono::nanoseconds timeout) { return engine_->flush(timeout); }

  /// Accepts no more, delivers what is there, and says what became of every record.
  /// Returns: by `timeout`, whatever the sink does. What could not be delivered is lost
  /// (close_deadline); what a sink still has in its hands stays in_memory.
  /// Blocks: at most `timeout` and some milliseconds.
  DeliveryReport close(std::chrono::nanoseconds timeout) { return engine_->close(timeout); }

  /// Waits for the end of one record.
  /// Blocks: at most `timeout`.
  WaitStatus wait(Ticket ticket, std::chrono::nanoseconds timeout) {
    return engine_->wait(ticket, timeout);
  }

  /// For pumped streams: works for at most `budget`.
  /// Returns: true when nothing is left to do just now.
  bool pump(std::chrono::nanoseconds budget) noexcept {
    return pump_ == nullptr || pump_->pump(budget);
  }

  /// The account of every record, at this instant.
  Ledger ledger() { return engine_->ledger(); }

  BackupLedger backup_ledger() { return engine_->backup_ledger(); }

  /// Counters, gauges and latencies. See metrics/.
  StreamSnapshot snapshot() { return engine_->snapshot(); }

  /// The last changes of state, oldest first: why something was, or was not, sent.
  std::string history() { return engine_->history(); }

  /// Failed records, where the stream has no error output of its own.
  std::vector<std::string> dead_letters() const { return box_.letters(); }

  /// The effective options, in words: worst-case memory, delay, loss.
  std::string explain() const { return explanation_; }

 private:
  template <class S>
  void take(detail::StreamParts& parts, ErrorOutput<S> output) {
    parts.error_sink = AnySink(std::move(output.sink));
    parts.error_options = output.options;
  }

  template <class S>
  void take(detail::StreamParts& parts, SourceBackup<S> output) {
    parts.backup_sink = AnySink(std::move(output.sink));
    parts.backup_options = output.options;
  }

  template <class F>
  void take(detail::StreamParts& parts, PartitionBy<F> partitions) {
    parts.partitioner =
        std::make_unique<detail::TypedPartitionStage<F>>(std::move(partitions.function));
    parts.partition_options = partitions.options;
  }

  void take(detail::StreamParts& parts, Pumped) { parts.is_pumped = true; }

  void take(detail::StreamParts& parts, const Runtime& runtime) {
    parts.executor = runtime.executor();
  }

  void take(detail::StreamParts& parts, Env env) {
    if constexpr (requires { env.executor(); }) {
      parts.executor = env.executor();
    }
    parts.world = make_world(std::move(env));
  }

  void build(detail::StreamParts parts) {
    if (parts.world == nullptr) {
      parts.world = make_world(Env());
    }
    if (parts.is_pumped) {
      pump_ = std::make_shared<detail::PumpExecutor>(parts.world);
      parts.executor = pump_;
    } else if (parts.executor == nullptr) {
      parts.executor = Runtime::shared().executor();
    }
    const bool has_box = !parts.error_sink;
    if (has_box) {
      parts.error_sink = AnySink(box_);
      parts.error_options.buffering.interval = std::chrono::milliseconds(0);
    }
    const detail::MemoryPlan plan = detail::plan_memory(parts);
    detail::validate(parts, plan);
    close_timeout_ = parts.options.close_timeout;
    explanation_ = detail::explain(parts, plan);
    engine_ = detail::make_engine(std::move(parts), *gate_, plan);
    detail::ForkRegistry::add(engine_);
    engine_->start();
  }

  // First, and left as it is by the destructor: a put through a stream that a
  // static destructor has already destroyed still finds its (closed) door.
  detail::StreamGate* gate_;
  DeadLetterBox box_;
  std::shared_ptr<detail::Engine> engine_;
  std::shared_ptr<detail::PumpExecutor> pump_;
  std::chrono::milliseconds close_timeout_{};
  std::string explanation_;
};

template <class Transform, class Sink, class... Extras>
DeliveryStream(StreamOptions, Transform, Sink, Extras...)
    -> DeliveryStream<Transform, Sink, typename detail::EnvAmong<Extras...>::type>;

}  // namespace hydrant
