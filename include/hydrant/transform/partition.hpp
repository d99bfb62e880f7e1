// SPDX-License-Identifier: MIT
//
// How a stream is told to deliver by partition: a function that names, for each
// record as it leaves the transform, the keys whose values it shares with its
// neighbours in the destination; and how many partitions may gather at once.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/core/partition.hpp>
#include <hydrant/transform/transform.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hydrant {

/// What becomes of a record of a new partition when as many are active as may be.
enum class WhenPartitionsFull : std::uint8_t {
  /// The partition that has waited longest for a record is closed, and delivered, to make room.
  close_one,
  /// The record goes to the error output, as `activePartitionExceeded`. What Firehose does.
  error_output,
};

/// How records gather by partition.
///
/// @code
/// hydrant::PartitionOptions{.active_max = 500,
///                           .when_full = hydrant::WhenPartitionsFull::error_output}
/// @endcode
///
/// Threads: a plain value; copies are independent.
struct PartitionOptions {
  /// How many partitions gather records at once. Each has a buffer of its own, with the stream's
  /// size and interval, and takes 4 KiB at least. It is active from its first record until its
  /// batch is closed.
  /// Default 10,000. Range [1, 1,000,000].
  /// Source: Firehose guide, dynamic partitioning: 500, by request 5,000.
  std::uint32_t active_max = 10'000;

  WhenPartitionsFull when_full = WhenPartitionsFull::close_one;

  /// Adds one fault to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(active_max >= 1 && active_max <= 1'000'000, "partition_by.active_max",
                 "must be within [1, 1000000]", std::to_string(active_max));
  }

  friend bool operator==(const PartitionOptions&, const PartitionOptions&) = default;
};

/// What `partition_by` makes, to be given to a stream after the sink.
template <class F>
struct PartitionBy {
  F function;
  PartitionOptions options;
};

namespace detail {

template <class F>
concept PartitionerCalled = requires(F& function, const RecordView& record, PartitionKeys& keys) {
  function(record, keys);
};

template <class F>
concept PartitionerReturnsOutcome = requires(F& function, const RecordView& record,
                                             PartitionKeys& keys) {
  { function(record, keys) } -> std::convertible_to<Outcome>;
};

/// Says beforehand which keys it sets.
template <class F>
concept PartitionerNamesKeys = requires(const F& function) {
  { function.partition_keys() } -> std::same_as<std::vector<std::string>>;
};

/// Says in English what a function lacks to be a partitioner.
template <class F>
struct CheckPartitioner {
  static_assert(std::move_constructible<F>, "hydrant: a partitioner must be movable.");
  static_assert(PartitionerCalled<F>,
                "hydrant: partition_by needs a function that is callable as `hydrant::Outcome "
                "operator()(const hydrant::RecordView&, hydrant::PartitionKeys&)`.");
  static_assert(!PartitionerCalled<F> || PartitionerReturnsOutcome<F>,
                "hydrant: the function of partition_by must return hydrant::Outcome.");
  static constexpr bool ok =
      std::move_constructible<F> && PartitionerCalled<F> && PartitionerReturnsOutcome<F>;
};

/// Text, or nothing.
template <class T>
concept PartitionValue = std::convertible_to<T, std::string_view> || requires(const T& value) {
  { *value } -> std::convertible_to<std::string_view>;
  { value.has_value() } -> std::same_as<bool>;
};

template <class F>
struct CheckPartitionValue {
  static_assert(TakesRecord<F>,
                "hydrant: partition_by(name, ...) needs a function that takes a "
                "hydrant::RecordView or a std::string_view.");
  static constexpr bool ok = [] {
    if constexpr (TakesRecord<F>) {
      static_assert(PartitionValue<std::remove_cvref_t<RecordResult<F>>>,
                    "hydrant: the function of partition_by(name, ...) must return text "
                    "(std::string, std::string_view), or a std::optional of it.");
    }
    return true;
  }();
};

/// One key, whose value a function tells.
template <class F>
class PartitionByValue {
 public:
  PartitionByValue(std::string name, F function)
      : name_(std::move(name)), function_(std::move(function)) {}

  Outcome operator()(const RecordView& record, PartitionKeys& keys) {
    const auto& value = call_with_record(function_, record);
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_pointer_v<Value>) {
      keys.set(name_, value == nullptr ? std::string_view() : std::string_view(value));
    } else if constexpr (std::convertible_to<Value, std::string_view>) {
      keys.set(name_, value);
    } else {
      keys.set(name_, value.has_value() ? std::string_view(*value) : std::string_view());
    }
    return Outcome::ok();
  }

  std::vector<std::string> partition_keys() const { return {name_}; }

 private:
  std::string name_;
  [[no_unique_address]] F function_;
};

/// Leaves the keys as the transform has set them.
struct PartitionByTransform {
  Outcome operator()(const RecordView&, PartitionKeys&) const { return Outcome::ok(); }
};

}  // namespace detail

/// Partitions a stream by the keys that `function` sets for each record, as the transform has
/// made it. Keys that the transform has set (`Emitter::set_partition_key`) are there already.
///
/// @code
/// hydrant::partition_by([](const hydrant::RecordView& record, hydrant::PartitionKeys& keys) {
///   keys.set("customer", field(record.text(), 0));
///   keys.set("device", field(record.text(), 1));
///   return hydrant::Outcome::ok();
/// })
/// @endcode
///
/// A function that fails or throws, and a value that is empty, cost their record alone: it goes
/// to the error output, with DynamicPartitioning.MetadataExtractionFailed. The function is called
/// from one thread at a time; after a crash it is run again and must say the same.
///
/// A function object with `std::vector<std::string> partition_keys() const` tells which keys it
/// sets: then an object's key that names another `!{partitionKeyFromQuery:...}`, or leaves one
/// out, is refused when the stream is built, and not found out from the objects.
template <class F>
auto partition_by(F function, PartitionOptions options = PartitionOptions()) {
  static_assert(detail::CheckPartitioner<F>::ok);
  return PartitionBy<F>{std::move(function), options};
}

/// Partitions a stream by one key. The function takes a RecordView or a std::string_view and
/// returns text, or an optional of it.
///
/// @code
/// hydrant::partition_by("level", [](std::string_view line) { return line.substr(0, 5); })
/// @endcode
template <class F>
auto partition_by(std::string name, F function, PartitionOptions options = PartitionOptions()) {
  static_assert(detail::CheckPartitionValue<F>::ok);
  return PartitionBy<detail::PartitionByValue<F>>{
      detail::PartitionByValue<F>(std::move(name), std::move(function)), options};
}

/// Partitions a stream by the keys that its transform sets, and no others.
inline auto partition_by(PartitionOptions options = PartitionOptions()) {
  return PartitionBy<detail::PartitionByTransform>{{}, options};
}

}  // namespace hydrant
