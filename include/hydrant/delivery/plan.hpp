// SPDX-License-Identifier: MIT
//
// From options to an engine: who gets how much of the memory, which lanes there
// are, what stands between records in memory. Worked out once, here, and told
// to the user by `explain`.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/stream_use.hpp>
#include <hydrant/delivery/dead_letter.hpp>
#include <hydrant/delivery/lane.hpp>
#include <hydrant/delivery/outputs.hpp>
#include <hydrant/delivery/partition_stage.hpp>
#include <hydrant/ingest/chunk.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// How a stream's memory is shared out.
struct MemoryPlan {
  std::size_t limit = 0;
  std::size_t main_quota = 0;   // a delivery's transformed outputs, at most
  std::size_t error_quota = 0;  // the error output's letters in flight, at most
  std::size_t reserve = 0;      // kept from producers for the two, and for partitions
  std::size_t partitions = 0;   // for the buffers of partitions, at least
  std::size_t partitions_min = 0;

  static MemoryPlan make(std::size_t limit, std::size_t record_bytes_max, bool transforms,
                         std::uint32_t concurrency) {
    MemoryPlan plan;
    plan.limit = limit;
    plan.error_quota = chunk_bytes(chunk_class_for(dead_letter_bytes_max(record_bytes_max)));
    if (transforms) {
      const std::size_t least = chunk_bytes(chunk_class_for(record_bytes_max));
      plan.main_quota = std::max(least, limit / 4 / std::max(1u, concurrency));
    }
    plan.reserve = plan.main_quota * concurrency + plan.error_quota;
    return plan;
  }

  /// The same with partitions: producers get half of what is left, the partitions' buffers the
  /// other half, and what producers do not use.
  static MemoryPlan make_partitioned(std::size_t limit, std::size_t record_bytes_max,
                                     bool transforms) {
    MemoryPlan plan;
    plan.limit = limit;
    plan.error_quota = chunk_bytes(chunk_class_for(dead_letter_bytes_max(record_bytes_max)));
    const std::size_t longest = chunk_bytes(chunk_class_for(record_bytes_max));
    if (transforms) {
      plan.main_quota = std::max(longest, std::min(main_quota_partitioned_max, limit / 8));
    }
    // With nothing else in them, partitions must take the longest record, and what is noted of
    // the outputs of one delivery.
    plan.partitions_min = 2 * longest + plan.main_quota;
    const std::size_t others = plan.main_quota + plan.error_quota;
    plan.partitions = limit > others ? (limit - others) / 2 : 1;
    plan.reserve = others + plan.partitions;
    return plan;
  }

  /// What is automatic with partitions: a chunk for each of them, once for the records as they
  /// were put and once as they are delivered.
  static std::size_t automatic_partitioned(std::size_t limit, std::size_t record_bytes_max,
                                           const PartitionOptions& options) {
    return limit + 2 * (main_quota_partitioned_max + chunk_bytes_min * options.active_max +
                        4 * chunk_bytes(chunk_class_for(record_bytes_max)));
  }

  /// Adds a fault when the limit cannot hold what it must.
  void validate(OptionErrors& errors, ByteCount size, bool is_automatic) const {
    const std::string value = to_text(ByteCount{limit}) + (is_automatic ? " (automatic)" : "");
    if (partitions == 0) {
      const ByteCount least{2 * size.value + reserve};
      errors.check(limit >= least.value, "memory_limit",
                   "must be at least 2 x buffering.size (" + to_text(2 * size) + ") and " +
                       to_text(ByteCount{reserve}) + " for transforms and the error output",
                   value);
      return;
    }
    const std::size_t others = main_quota + error_quota;
    const std::size_t least = std::max<std::size_t>(4 * size.value, 2 * partitions_min) + others;
    errors.check(limit >= least, "memory_limit",
                 "must be at least " + to_text(ByteCount{least}) +
                     " with partition_by: 4 x buffering.size, and room for the longest record, "
                     "for transforms and the error output",
                 value);
  }

 private:
  static constexpr std::size_t main_quota_partitioned_max = std::size_t{16} << 20;
};

/// In a stream with partitions, records pass on to them soon, and when they are many, many at once,
/// so that each partition gets some. What is noted of them is to be a small part of the memory.
inline BufferingHints source_hints_of_partitions(const MemoryPlan& plan) {
  constexpr std::size_t records_max = 16'384;
  constexpr std::size_t bytes_a_record = 64;
  constexpr std::size_t size_min = std::size_t{256} << 10;
  constexpr std::size_t size_max = std::size_t{4} << 20;
  return {.size = ByteCount{std::clamp(plan.partitions / 16, size_min, size_max)},
          .interval = std::chrono::milliseconds(0),
          .count = static_cast<std::uint32_t>(
              std::clamp<std::size_t>(plan.partitions / bytes_a_record, 16, records_max))};
}

/// The arguments of a stream's constructor of which its lanes are made.
struct LaneParts {
  AnySink sink;
  std::unique_ptr<TransformStage> transform;  // null: identity
  AnySink error_sink;
  OutputOptions error_options;
  AnySink backup_sink;
  OutputOptions backup_options;
  std::unique_ptr<PartitionStage> partitioner;  // null: no partitions
  PartitionOptions partition_options;
};

/// Only the main sink gets partitions: the others deliver records as they were put, or failed.
inline void validate_main_use(const LaneParts& parts, StreamUse use, OptionErrors& errors) {
  std::vector<std::string> names;
  if (parts.partitioner != nullptr) {
    names = parts.partitioner->key_names();
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  use.is_partitioned = parts.partitioner != nullptr;
  use.partition_keys = views;
  parts.sink.validate(use, errors);
}

/// The delimiter that records of the lane carry in memory: none where it is too long for that.
inline std::string embedded_delimiter(std::string_view wanted) {
  return wanted.size() <= Shard::delimiter_size_max ? std::string(wanted) : std::string();
}

/// The stream's lanes. With partitions the main one leads to them, and they to the sink.
inline std::vector<std::unique_ptr<Lane>> make_lanes(LaneParts& parts, const MemoryPlan& plan,
                                                     const BufferingHints& hints,
                                                     const RetryOptions& retry,
                                                     std::uint32_t concurrency) {
  std::vector<std::unique_ptr<Lane>> lanes;
  const auto add = [&lanes](Lane::Kind kind, AnySink sink, std::unique_ptr<TransformStage> stage,
                            const BufferingHints& buffering, const RetryOptions& retrying,
                            std::string delimiter) -> Lane& {
    lanes.push_back(
        std::make_unique<Lane>(kind, std::move(sink), std::move(stage), buffering, retrying));
    lanes.back()->delimiter = std::move(delimiter);
    return *lanes.back();
  };
  const bool is_partitioned = plan.partitions != 0;
  const std::string delimiter = embedded_delimiter(parts.sink.record_delimiter());
  const std::string put_delimiter = parts.transform == nullptr ? delimiter : std::string();
  if (is_partitioned) {
    add(Lane::Kind::partitions, std::move(parts.sink), nullptr, hints, retry, delimiter);
    parts.sink = AnySink(ToPartitions());
  }
  Lane& main = add(Lane::Kind::main, std::move(parts.sink), std::move(parts.transform),
                   is_partitioned ? source_hints_of_partitions(plan) : hints, retry, delimiter);
  main.output_quota = plan.main_quota;
  main.output_quota_max = plan.main_quota * (is_partitioned ? 1 : concurrency);
  if (parts.backup_sink) {
    add(Lane::Kind::backup, std::move(parts.backup_sink), nullptr, parts.backup_options.buffering,
        parts.backup_options.retry, put_delimiter);
  }
  const std::string error_delimiter = embedded_delimiter(parts.error_sink.record_delimiter());
  Lane& error =
      add(Lane::Kind::error, std::move(parts.error_sink), std::make_unique<DeadLetterStage>(),
          parts.error_options.buffering, parts.error_options.retry, error_delimiter);
  error.output_quota = plan.error_quota;
  error.output_quota_max = plan.error_quota;
  return lanes;
}

inline std::string explain_partitions(const PartitionOptions& options) {
  return "each gathers on its own; at most " + std::to_string(options.active_max) +
         " at once, then " +
         (options.when_full == WhenPartitionsFull::close_one ? "the stalest is closed"
                                                             : "records go to the error output");
}

/// One line of `explain`.
inline std::string explain_line(std::string_view name, const std::string& text) {
  constexpr std::size_t width = 22;
  return "  " + std::string(name) +
         std::string(name.size() < width ? width - name.size() : 1, ' ') + text + "\n";
}

}  // namespace hydrant::detail
