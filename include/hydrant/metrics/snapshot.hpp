// SPDX-License-Identifier: MIT
//
// What a stream knows of itself at one instant, as plain values: the engine
// fills a StreamSnapshot, and `to_metrics` gives its numbers the names and units
// under which Firehose publishes them, so that dashboards and alarms carry over.
#pragma once

#include <hydrant/core/batch.hpp>
#include <hydrant/core/bytes.hpp>
#include <hydrant/core/ledger.hpp>
#include <hydrant/metrics/histogram.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

inline constexpr std::size_t close_reason_count = 8;
static_assert(static_cast<std::size_t>(CloseReason::partitions) + 1 == close_reason_count);

/// The few numbers of a histogram that are published.
/// Threads: a plain value; copies are independent.
struct LatencySnapshot {
  std::uint64_t count = 0;
  double sum_seconds = 0;
  std::chrono::nanoseconds p50{};
  std::chrono::nanoseconds p99{};
  std::chrono::nanoseconds max{};
};

/// The few numbers of `histogram` that are published.
inline LatencySnapshot summarize(const Histogram& histogram) {
  return {histogram.count(), histogram.sum_seconds(), histogram.quantile(0.5),
          histogram.quantile(0.99), histogram.max()};
}

/// What a lane carries.
enum class LaneRole : std::uint8_t {
  delivery,      ///< The records themselves, to the stream's sink.
  backup,        ///< Every record as it was put.
  error_output,  ///< Records that failed.
};

constexpr std::string_view to_text(LaneRole role) {
  switch (role) {
    case LaneRole::delivery:
      return "delivery";
    case LaneRole::backup:
      return "backup";
    case LaneRole::error_output:
      return "error_output";
  }
  return "unknown";
}

/// One way out of the stream: a sink with its buffer and its retries.
/// Threads: a plain value; copies are independent.
struct LaneSnapshot {
  LaneRole role = LaneRole::delivery;
  /// The sink's name, such as "http_endpoint".
  std::string sink{};
  /// Delivered so far.
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t batches = 0;
  /// Calls of the sink, and those of them that did not deliver everything.
  std::uint64_t attempts = 0;
  std::uint64_t attempts_failed = 0;
  /// Records on their way: buffered, in flight or waiting for a retry.
  std::uint64_t records_in_memory = 0;
  /// The age of the oldest record on its way; 0 when there is none.
  std::chrono::nanoseconds freshness{};
  /// From arrival to delivery, of each record delivered.
  LatencySnapshot latency{};
};

/// What the transform has done. All 0 where there is none.
/// Threads: a plain value; copies are independent.
struct TransformSnapshot {
  /// Source records that it was given, and those of them that failed.
  std::uint64_t executed = 0;
  std::uint64_t failed = 0;
  /// What it emitted.
  std::uint64_t output_records = 0;
  std::uint64_t output_bytes = 0;
};

/// What gathers by partition. All 0 in a stream without partitions.
/// Threads: a plain value; copies are independent.
struct PartitionSnapshot {
  std::uint64_t active = 0;
  std::uint64_t active_max = 0;
  std::uint64_t opened = 0;
  /// Records that went to the error output because too many partitions were active.
  std::uint64_t limit_exceeded = 0;
  /// Records as the transform has made them, of all partitions.
  std::uint64_t records_in_memory = 0;
  std::uint64_t records_delivered = 0;
  std::uint64_t bytes_delivered = 0;
};

/// Everything that a stream publishes of itself. Counters count from its opening.
/// Threads: a plain value; copies are independent.
struct StreamSnapshot {
  std::string stream{};
  Ledger ledger{};
  /// Bytes of the accepted records.
  std::uint64_t incoming_bytes = 0;
  TransformSnapshot transform{};
  PartitionSnapshot partitions{};
  std::vector<LaneSnapshot> lanes{};
  /// Batches closed, by `CloseReason`.
  std::array<std::uint64_t, close_reason_count> closed_by_reason{};
  ByteCount memory_used{};
  ByteCount memory_limit{};
};

/// Whether a number only grows, or is what it is at the instant.
enum class MetricKind : std::uint8_t { counter, gauge };

/// One published number. Units are CloudWatch's: Count, Bytes, Seconds, None.
/// Threads: a plain value; copies are independent.
struct Metric {
  std::string name{};
  double value = 0;
  std::string_view unit{};
  MetricKind kind = MetricKind::counter;
};

namespace detail {

/// "http_endpoint" -> "HttpEndpoint".
inline std::string pascal_case(std::string_view snake) {
  std::string text;
  bool starts_word = true;
  for (char character : snake) {
    const bool lower = character >= 'a' && character <= 'z';
    const bool upper = character >= 'A' && character <= 'Z';
    if (!lower && !upper && (character < '0' || character > '9')) {
      starts_word = true;
      continue;
    }
    text += starts_word && lower ? static_cast<char>(character - 'a' + 'A') : character;
    starts_word = false;
  }
  return text;
}

/// The sink's name within a metric's: Firehose's own word where it has one.
inline std::string metric_name_of_sink(std::string_view sink) {
  if (sink == "splunk_hec") {
    return "Splunk";
  }
  if (sink == "opensearch") {
    return "AmazonOpenSearchService";
  }
  return pascal_case(sink);
}

constexpr std::string_view metric_prefix(LaneRole role) {
  switch (role) {
    case LaneRole::delivery:
      return "DeliveryTo";
    case LaneRole::backup:
      return "BackupTo";
    case LaneRole::error_output:
      return "ErrorOutputTo";
  }
  return "";
}

constexpr double to_seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Collects metrics; each line of `to_metrics` is one call.
class MetricList {
 public:
  void count(std::string name, std::uint64_t value) {
    add(std::move(name), static_cast<double>(value), "Count", MetricKind::counter);
  }

  void bytes(std::string name, std::uint64_t value) {
    add(std::move(name), static_cast<double>(value), "Bytes", MetricKind::counter);
  }

  void gauge(std::string name, double value, std::string_view unit) {
    add(std::move(name), value, unit, MetricKind::gauge);
  }

  /// A ratio; nothing where nothing was tried, for neither 0 nor 1 would be true.
  void ratio(std::string name, std::uint64_t failed, std::uint64_t tried) {
    if (tried != 0) {
      gauge(std::move(name), static_cast<double>(tried - failed) / static_cast<double>(tried),
            "None");
    }
  }

  std::vector<Metric> take() { return std::move(metrics_); }

 private:
  void add(std::string name, double value, std::string_view unit, MetricKind kind) {
    metrics_.push_back({std::move(name), value, unit, kind});
  }

  std::vector<Metric> metrics_;
};

inline void list_lane(MetricList& list, const LaneSnapshot& lane) {
  const std::string name =
      std::string(metric_prefix(lane.role)) + metric_name_of_sink(lane.sink) + '.';
  list.count(name + "Records", lane.records);
  list.bytes(name + "Bytes", lane.bytes);
  list.ratio(name + "Success", lane.attempts_failed, lane.attempts);
  list.gauge(name + "DataFreshness", to_seconds(lane.freshness), "Seconds");
  list.count(name + "Batches", lane.batches);
  list.count(name + "Attempts", lane.attempts);
  list.count(name + "FailedAttempts", lane.attempts_failed);
  list.gauge(name + "InMemoryRecords", static_cast<double>(lane.records_in_memory), "Count");
  if (lane.latency.count != 0) {
    list.gauge(name + "Latency.P50", to_seconds(lane.latency.p50), "Seconds");
    list.gauge(name + "Latency.P99", to_seconds(lane.latency.p99), "Seconds");
    list.gauge(name + "Latency.Max", to_seconds(lane.latency.max), "Seconds");
  }
}

inline void list_partitions(MetricList& list, const PartitionSnapshot& partitions) {
  if (partitions.active_max == 0) {
    return;
  }
  list.gauge("ActivePartitionsLimit", static_cast<double>(partitions.active_max), "Count");
  list.gauge("PartitionCount", static_cast<double>(partitions.active), "Count");
  list.count("PartitionCountExceeded", partitions.limit_exceeded);
  list.count("Partitions.Opened", partitions.opened);
  list.gauge("Partitions.InMemoryRecords", static_cast<double>(partitions.records_in_memory),
             "Count");
  list.count("Partitions.DeliveredRecords", partitions.records_delivered);
  list.bytes("Partitions.DeliveredBytes", partitions.bytes_delivered);
}

inline void list_ledger(MetricList& list, const Ledger& ledger) {
  list.count("Ledger.Accepted", ledger.accepted);
  list.count("Ledger.Delivered", ledger.delivered);
  list.count("Ledger.Dropped", ledger.dropped);
  list.count("Ledger.DeadLettered", ledger.dead_lettered);
  list.count("Ledger.Lost", ledger.lost);
  list.gauge("Ledger.InMemory", static_cast<double>(ledger.in_memory), "Count");
  list.gauge("Ledger.InJournal", static_cast<double>(ledger.in_journal), "Count");
  for (std::size_t index = 0; index < lost_reason_count; ++index) {
    list.count("Lost." + pascal_case(to_text(static_cast<LostReason>(index))),
               ledger.lost_by_reason[index]);
  }
  list.count("Refused.TooLarge", ledger.refused_too_large);
  list.count("Refused.BufferFull", ledger.refused_buffer_full);
  list.count("Refused.Closed", ledger.refused_closed);
}

}  // namespace detail

/// The numbers of `snapshot` under the names that Firehose gives them, then
/// Hydrant's own. A ratio or a latency is left out while there is nothing to tell.
/// Source: Firehose guide, monitoring with CloudWatch metrics.
inline std::vector<Metric> to_metrics(const StreamSnapshot& snapshot) {
  detail::MetricList list;
  list.count("IncomingRecords", snapshot.ledger.accepted);
  list.bytes("IncomingBytes", snapshot.incoming_bytes);
  list.count("ThrottledRecords", snapshot.ledger.refused_buffer_full);

  const TransformSnapshot& transform = snapshot.transform;
  list.count("SucceedProcessing.Records", transform.executed - transform.failed);
  list.bytes("SucceedProcessing.Bytes", transform.output_bytes);
  list.ratio("ExecuteProcessing.Success", transform.failed, transform.executed);
  list.count("ExecuteProcessing.OutputRecords", transform.output_records);

  detail::list_partitions(list, snapshot.partitions);
  for (const LaneSnapshot& lane : snapshot.lanes) {
    detail::list_lane(list, lane);
  }
  detail::list_ledger(list, snapshot.ledger);
  for (std::size_t index = 0; index < close_reason_count; ++index) {
    list.count("BatchesClosed." + detail::pascal_case(to_text(static_cast<CloseReason>(index))),
               snapshot.closed_by_reason[index]);
  }
  list.gauge("Memory.Used", static_cast<double>(snapshot.memory_used.value), "Bytes");
  list.gauge("Memory.Limit", static_cast<double>(snapshot.memory_limit.value), "Bytes");
  return list.take();
}

}  // namespace hydrant
