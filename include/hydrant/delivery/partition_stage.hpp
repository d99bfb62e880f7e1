// SPDX-License-Identifier: MIT
//
// The partitioner as the engine calls it: once a record, without its type. Here
// is the seam at which one that throws is caught, and at which whatever is wrong
// with a record's keys gets Firehose's name.
#pragma once

#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/partition.hpp>
#include <hydrant/core/sink_limits.hpp>
#include <hydrant/transform/partition.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

class Attempt;

namespace detail {

/// A partitioner without its type.
class PartitionStage {
 public:
  static constexpr std::string_view failed_code = PartitionKeys::extraction_failed;

  PartitionStage() = default;
  PartitionStage(const PartitionStage&) = delete;
  PartitionStage& operator=(const PartitionStage&) = delete;
  virtual ~PartitionStage() = default;

  /// Sets the record's keys. Returns: ok when there are some, and nothing is wrong with them;
  /// dropped when nothing is to be delivered of the record.
  Outcome run(const RecordView& record, PartitionKeys& keys) noexcept {
    Outcome outcome = call(record, keys);
    if (outcome.is_failed()) {
      return outcome.code() == Outcome::default_code
                 ? Outcome::failed(std::string(outcome.reason()), std::string(failed_code))
                 : std::move(outcome);
    }
    if (outcome.kind() == Outcome::Kind::ok && (keys.count() == 0 || !keys.fault().empty())) {
      return Outcome::failed(keys.fault().empty() ? "partitionKeys must not be null or empty"
                                                  : std::string(keys.fault()),
                             std::string(failed_code));
    }
    return outcome;
  }

  /// The names of the keys that it sets, where it says so beforehand.
  virtual std::vector<std::string> key_names() const = 0;

 private:
  virtual Outcome call(const RecordView& record, PartitionKeys& keys) noexcept = 0;
};

template <class F>
class TypedPartitionStage final : public PartitionStage {
 public:
  explicit TypedPartitionStage(F function) : function_(std::move(function)) {}

  std::vector<std::string> key_names() const override {
    if constexpr (PartitionerNamesKeys<F>) {
      return function_.partition_keys();
    } else {
      return {};
    }
  }

 private:
  Outcome call(const RecordView& record, PartitionKeys& keys) noexcept override {
    try {
      return function_(record, keys);
    } catch (const std::exception& error) {
      return threw(error.what());
    } catch (...) {
      return threw("an exception that is no std::exception");
    }
  }

  static Outcome threw(const char* what) noexcept {
    return Outcome::failed(std::string("partition_by threw: ") + what, std::string(failed_code));
  }

  F function_;
};

/// Stands where a lane has its sink, in the lane whose records go on to partitions.
struct ToPartitions {
  static constexpr std::string_view name = "partitions";
  static constexpr SinkLimits limits{};

  static DeliveryResult deliver(const Batch&, Attempt&) { return DeliveryResult::make_delivered(); }
};

}  // namespace detail

}  // namespace hydrant
