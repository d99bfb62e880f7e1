// SPDX-License-Identifier: MIT
//
// One attempt at one piece, from the moment the sink is given the records until
// there is a result: what the sink sees of the batch, and until when.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/batch.hpp>
#include <hydrant/delivery/delivery_host.hpp>
#include <hydrant/delivery/partition_buffer.hpp>
#include <hydrant/delivery/piece.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <vector>

namespace hydrant::detail {

/// The attempt of a lane's delivery that is under way, if any.
/// Threads: distinct objects: safe; shared: unsafe, but for `deadline`.
class Sending {
 public:
  Sending(DeliveryHost& host, Lane& lane) : host_(&host), lane_(&lane) {}

  bool is_under_way() const { return attempt_.has_value(); }

  /// Gives the piece to the sink. Returns: the result, unless the sink wants further steps.
  std::optional<DeliveryResult> begin(Piece& piece, const ClosedBatch& batch, SteadyTime now) {
    ++piece.attempts;
    views_.clear();
    for (const Slice& slice : piece.slices) {
      views_.push_back(slice.view());
    }
    sent_.emplace(info(piece, batch), views_);
    const SteadyTime deadline =
        std::min(saturating_add(now, lane_->retry.attempt_timeout), host_->closing_deadline());
    attempt_.emplace(host_->world(), piece.attempts, deadline, host_->stop_requested());
    publish_deadline(deadline);
    return end_if(lane_->sink.begin(*sent_, *attempt_));
  }

  /// Lets the sink take a further step; ends the attempt when its time is over.
  std::optional<DeliveryResult> go_on(SteadyTime now) {
    std::optional<DeliveryResult> result = lane_->sink.step(*attempt_);
    if (!result && now >= attempt_->deadline()) {
      lane_->sink.cancel();
      result = hydrant::retry("no result within " + to_text(lane_->retry.attempt_timeout));
    }
    return end_if(std::move(result));
  }

  /// Ends the attempt, if there is one, without a result.
  void cancel() {
    if (attempt_) {
      lane_->sink.cancel();
      end_if(DeliveryResult::make_delivered());
    }
  }

  /// When the sink is to be given its next step.
  SteadyTime next_step(SteadyTime now) const {
    constexpr std::chrono::milliseconds poll_interval{1};
    return std::min(saturating_add(now, poll_interval), attempt_->deadline());
  }

  /// When the present attempt must end; SteadyTime::max() between attempts. Any thread may ask.
  SteadyTime deadline() const {
    return SteadyTime(SteadyTime::duration(deadline_.load(std::memory_order_relaxed)));
  }

 private:
  BatchInfo info(const Piece& piece, const ClosedBatch& batch) const {
    BatchInfo info;
    info.stream = host_->stream_name();
    info.version = host_->stream_version();
    info.request_id = piece.request_id;
    info.delimiter =
        has_delimiters_of_lane(batch) ? std::string_view(lane_->delimiter) : std::string_view();
    info.first_arrival = batch.first_arrival;
    info.bytes = piece.bytes;
    info.count = piece.count;
    info.close_reason = batch.reason;
    if (batch.partition != nullptr) {
      info.partition_keys = batch.partition->keys;
    }
    if (batch.slices.front().failure != nullptr) {
      info.error_output_type = batch.slices.front().failure->error_output_type;
    }
    return info;
  }

  /// An earlier life may have had another sink, and so put other delimiters, or none, into memory.
  bool has_delimiters_of_lane(const ClosedBatch& batch) const {
    if (lane_->transform != nullptr) {
      return true;
    }
    return std::all_of(batch.slices.begin(), batch.slices.end(), [this](const Slice& slice) {
      return !slice.chunk->is_found || slice.is_delimited_by(lane_->delimiter);
    });
  }

  std::optional<DeliveryResult> end_if(std::optional<DeliveryResult> result) {
    if (result) {
      attempt_.reset();
      publish_deadline(SteadyTime::max());
    }
    return result;
  }

  void publish_deadline(SteadyTime deadline) {
    deadline_.store(deadline.time_since_epoch().count(), std::memory_order_relaxed);
  }

  DeliveryHost* host_;
  Lane* lane_;
  std::vector<RecordSlice> views_;
  std::optional<Batch> sent_;
  std::optional<Attempt> attempt_;
  std::atomic<SteadyTime::rep> deadline_{SteadyTime::max().time_since_epoch().count()};
};

}  // namespace hydrant::detail
