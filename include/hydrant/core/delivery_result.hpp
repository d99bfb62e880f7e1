// SPDX-License-Identifier: MIT
//
// What a sink says of an attempt. The sink classifies; the engine waits,
// retries, splits, and gives up. Permanent means: the same records will be
// refused again, however often they are sent.
#pragma once

#include <hydrant/core/wait_status.hpp>  // before `delivered`, whose name it uses

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// One record that an attempt did not deliver, by its place in the batch.
struct RecordFailure {
  std::uint32_t index = 0;
  std::string reason;
  /// False when sending this record again cannot help.
  bool retryable = true;
  /// A short stable name; empty where the result's own says it.
  std::string code{};
  /// Where the error output puts it, such as "format-conversion-failed"; empty for the sink's own.
  std::string error_output_type{};
};

/// What became of one attempt to deliver a batch.
///
/// Without failing indices all records are delivered; with indices exactly
/// those failed and the others are done. There is no "maybe": a sink that does
/// not know answers `retry`.
///
/// Threads: distinct objects: safe; shared: unsafe.
class [[nodiscard]] DeliveryResult {
 public:
  enum class Verdict : std::uint8_t { delivered, retry, rejected, partial };

  Verdict verdict() const { return verdict_; }

  bool is_delivered() const { return verdict_ == Verdict::delivered; }

  /// What came back, for people; empty when delivered.
  const std::string& reason() const { return reason_; }

  /// A short stable name such as "HttpEndpoint.DestinationException"; may be empty.
  const std::string& code() const { return code_; }

  /// How long the destination asked us to wait; 0 when it did not.
  std::chrono::nanoseconds after() const { return after_; }

  /// The records that a partial result names.
  const std::vector<RecordFailure>& failures() const { return failures_; }

  /// The same result under a short stable name.
  DeliveryResult with_code(std::string code) && {
    code_ = std::move(code);
    return std::move(*this);
  }

  static DeliveryResult make_delivered() { return DeliveryResult(Verdict::delivered); }

  static DeliveryResult make(Verdict verdict, std::string reason,
                             std::chrono::nanoseconds after = {}) {
    DeliveryResult result(verdict);
    result.reason_ = reason.empty() ? std::string(no_reason) : std::move(reason);
    result.after_ = after;
    return result;
  }

  static DeliveryResult make_partial(std::vector<RecordFailure> failures) {
    if (failures.empty()) {
      return make_delivered();
    }
    for (RecordFailure& failure : failures) {
      if (failure.reason.empty()) {
        failure.reason = no_reason;
      }
    }
    DeliveryResult result(Verdict::partial);
    result.reason_ = failures.front().reason;
    result.failures_ = std::move(failures);
    return result;
  }

 private:
  static constexpr std::string_view no_reason = "the sink gave no reason";

  explicit DeliveryResult(Verdict verdict) : verdict_(verdict) {}

  Verdict verdict_;
  std::chrono::nanoseconds after_{};
  std::string reason_;
  std::string code_;
  std::vector<RecordFailure> failures_;
};

namespace detail {
struct Delivered {
  operator DeliveryResult() const { return DeliveryResult::make_delivered(); }
};
}  // namespace detail

/// Every record of the batch is safely at its destination.
inline constexpr detail::Delivered delivered{};

/// Nothing is known to be delivered; the same batch may be tried again, not before `after`.
inline DeliveryResult retry(std::string reason, std::chrono::nanoseconds after = {}) {
  return DeliveryResult::make(DeliveryResult::Verdict::retry, std::move(reason), after);
}

/// The destination refuses these records for good. The engine splits the
/// batch, so that only the records that are to blame fail.
inline DeliveryResult rejected(std::string reason) {
  return DeliveryResult::make(DeliveryResult::Verdict::rejected, std::move(reason));
}

/// All records are delivered but the ones named.
inline DeliveryResult partial(std::vector<RecordFailure> failures) {
  return DeliveryResult::make_partial(std::move(failures));
}

}  // namespace hydrant
