// SPDX-License-Identifier: MIT
//
// The way of one batch, from the moment it is closed to the end of each of its
// records. Read this file first:
//
//     transform  ->  fit to the sink's limits  ->  attempt
//                                                    |- delivered: into the books
//                                                    |- retry:     back off, attempt again
//                                                    |- partial:   only the failed records again
//                                                    |- rejected:  split, to find the records to
//                                                    blame
//                                                    `- given up:  to the error output
//
// No threads, no locks, no sleeping: `advance` walks as far as it can without
// waiting and says when to call it again. Whoever calls it owns the batch.
#pragma once

#include <hydrant/delivery/batch_walk.hpp>
#include <hydrant/delivery/delivery_host.hpp>
#include <hydrant/delivery/piece.hpp>
#include <hydrant/delivery/portion.hpp>
#include <hydrant/delivery/sending.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hydrant::detail {

/// One batch on its way through a lane.
/// Threads: distinct objects: safe; shared: unsafe.
class Pipeline final : public BatchWalk {
 public:
  Pipeline(DeliveryHost& host, Lane& lane)
      : portion_(host, lane.delimiter), host_(&host), lane_(&lane), sending_(host, lane) {}

  void start(ClosedBatch batch) override {
    batch_ = std::move(batch);
    portion_.begin_batch(batch_.output_quota != 0 ? batch_.output_quota : lane_->output_quota);
    next_slice_ = 0;
    next_record_ = 0;
    portion_first_slice_ = 0;
    portion_first_record_ = 0;
    part_ = 0;
  }

  Progress advance() override {
    for (;;) {
      if (pieces_.empty()) {
        const Progress progress = next_pieces();
        if (progress != Progress::waiting) {
          return progress;
        }
        continue;
      }
      if (host_->stop_requested().load(std::memory_order_relaxed)) {
        give_up_everything();
        continue;
      }
      const SteadyTime now = host_->world().steady_now();
      hurry_when_closing(pieces_.front(), now);
      wake_at_ = sending_.is_under_way() ? now : begin_no_earlier(pieces_.front(), now);
      if (now < wake_at_) {
        return Progress::waiting;
      }
      std::optional<DeliveryResult> result = sending_.is_under_way()
                                                 ? sending_.go_on(now)
                                                 : sending_.begin(pieces_.front(), batch_, now);
      if (!result) {
        wake_at_ = sending_.next_step(now);
        return Progress::waiting;
      }
      judge(std::move(*result));
      if (host_->should_yield()) {
        return Progress::yielded;
      }
    }
  }

  SteadyTime wake_at() const override { return wake_at_; }

  const ClosedBatch& batch() const override { return batch_; }

  void drop_batch() override { batch_ = {}; }

  SteadyTime attempt_deadline() const override { return sending_.deadline(); }

  /// Ends the way of every record that is left: the stream is out of time.
  void give_up_everything() {
    sending_.cancel();
    for (Piece& piece : pieces_) {
      end_piece(piece, Fate::lost);
    }
    pieces_.clear();
    if (std::exchange(filling_, false)) {
      portion_.lose_all_outputs();  // the transform was not through: none was sent
    }
    finish_portion();
    for (; next_slice_ < batch_.slices.size(); ++next_slice_) {
      Slice rest = batch_.slices[next_slice_];
      rest.first = std::max(rest.first, std::exchange(next_record_, 0));
      host_->settle(*lane_, {&rest, 1}, Fate::lost);
    }
  }

 private:
  static constexpr std::chrono::milliseconds hurried_wait_min{10};

  // --- transform, and fit to the sink's limits ------------------------------------------------

  /// Makes the next records ready to deliver. Returns: finished when the batch has
  /// ended, yielded when others want a turn, waiting when there may be pieces.
  Progress next_pieces() {
    if (!filling_) {
      finish_portion();
    }
    if (!filling_ && next_slice_ == batch_.slices.size()) {
      return Progress::finished;
    }
    if (host_->stop_requested().load(std::memory_order_relaxed)) {
      give_up_everything();
      return Progress::finished;
    }
    if (lane_->transform == nullptr) {
      next_slice_ = batch_.slices.size();
      fit(batch_.slices);
      return Progress::waiting;
    }
    filling_ = !portion_.fill(*lane_->transform, batch_.slices, next_slice_, next_record_);
    if (filling_) {
      return Progress::yielded;
    }
    if (lane_->kind == Lane::Kind::main) {
      host_->count_transformed(portion_.counts());
    }
    if (batch_.spool != nullptr) {
      host_->note_part(*lane_, batch_, part_, portion_.outputs());
    }
    fit(portion_.outputs());
    return Progress::waiting;
  }

  /// Cuts the records into pieces that the sink can take; what it can never take fails here.
  void fit(const std::vector<Slice>& slices) {
    PieceCutter cutter(lane_->sink.limits());
    cutter.cut(
        slices, [this](Piece piece) { push_piece(std::move(piece)); },
        [this](const Slice& too_large) {
          fail({&too_large, 1}, "Hydrant.RecordTooLargeForSink",
               "record is longer than the sink takes (" +
                   to_text(ByteCount{lane_->sink.limits().record_bytes_max}) + ")",
               0);
        });
  }

  void push_piece(Piece piece) {
    if (batch_.is_made_again && lane_->transform == nullptr &&
        host_->has_ended(*lane_, piece.slices)) {
      return;
    }
    name(piece);
    pieces_.push_back(std::move(piece));
  }

  void name(Piece& piece) {
    piece.request_id = host_->request_id(*lane_, batch_, part_, piece.first_shard(),
                                         piece.first_record(), piece.count);
  }

  // --- attempt (the rest is in sending.hpp) ---------------------------------------------------

  /// When the piece may be tried: after its back-off, and never once close is out of time; then
  /// whoever closes will end its way in a moment.
  SteadyTime begin_no_earlier(const Piece& piece, SteadyTime now) const {
    return now < host_->closing_deadline() ? piece.not_before
                                           : std::max(piece.not_before, now + hurried_wait_min);
  }

  // --- judge ----------------------------------------------------------------------------------

  void judge(DeliveryResult result) {
    Piece& piece = pieces_.front();
    if (const std::string lie = contradiction(piece, result); !lie.empty()) {
      result = hydrant::retry(lie).with_code("Hydrant.SinkContradictsItself");
    }
    host_->count_attempt(*lane_, !result.is_delivered());
    switch (result.verdict()) {
      case DeliveryResult::Verdict::delivered:
        end_piece(piece, Fate::delivered);
        pieces_.pop_front();
        break;
      case DeliveryResult::Verdict::retry:
        retry_or_fail(piece, result);
        break;
      case DeliveryResult::Verdict::partial:
        keep_failed_records(piece, result);
        break;
      case DeliveryResult::Verdict::rejected:
        split_or_fail(piece, result);
        break;
    }
  }

  void retry_or_fail(Piece& piece, const DeliveryResult& result) {
    const SteadyTime now = host_->world().steady_now();
    if (piece.first_failure == SteadyTime::max()) {
      piece.first_failure = now;
    }
    const std::optional<SteadyTime> next =
        next_attempt(lane_->retry, piece.attempts, piece.first_failure, now, result.after(),
                     host_->world().random());
    if (!next) {
      note(EventKind::gave_up, piece, result.reason() + ", no retry time left");
      fail(piece.slices, result.code(), result.reason(), piece.attempts);
      pieces_.pop_front();
      return;
    }
    // While the stream closes nobody waits longer than a quarter of what is left, nor so short
    // that the last moments are one long run of attempts.
    const SteadyTime end = host_->closing_deadline();
    piece.hurried = end != SteadyTime::max();
    piece.not_before =
        piece.hurried ? std::min(*next, now + std::max<std::chrono::nanoseconds>(
                                                  (end - std::min(now, end)) / 4, hurried_wait_min))
                      : *next;
    note(EventKind::retry_scheduled, piece,
         result.reason() + ", next in " +
             to_text(std::chrono::ceil<std::chrono::milliseconds>(piece.not_before - now)));
  }

  void split_or_fail(Piece& piece, const DeliveryResult& result) {
    if (piece.count == 1 || !lane_->sink.limits().splits_rejected_batches) {
      note(EventKind::gave_up, piece, result.reason());
      fail(piece.slices, result.code(), result.reason(), piece.attempts);
      pieces_.pop_front();
      return;
    }
    note(EventKind::bisected, piece, result.reason());
    Piece second = piece.split_half();
    name(piece);
    name(second);
    pieces_.insert(pieces_.begin() + 1, std::move(second));
  }

  /// Delivered records leave the piece, refused ones fail; the others are tried again under the
  /// same id.
  void keep_failed_records(Piece& piece, const DeliveryResult& result) {
    PieceSorter sorter(piece, result.failures());
    end_slices(sorter.delivered(), Fate::delivered);
    for (const PieceSorter::Refused& refused : sorter.refused()) {
      const RecordFailure& record = *refused.failure;
      fail({&refused.slice, 1}, record.code.empty() ? result.code() : record.code, record.reason,
           piece.attempts, record.error_output_type);
    }
    if (sorter.retryable().count == 0) {
      note(EventKind::gave_up, piece, result.reason());
      pieces_.pop_front();
      return;
    }
    piece.take_records_of(sorter.retryable());
    retry_or_fail(piece, result);
  }

  /// A partial result that names records which were never sent is no result at all.
  static std::string contradiction(const Piece& piece, const DeliveryResult& result) {
    for (const RecordFailure& failure : result.failures()) {
      if (failure.index >= piece.count) {
        return "sink names record " + std::to_string(failure.index) + " of a batch of " +
               std::to_string(piece.count);
      }
    }
    return {};
  }

  // --- the books ------------------------------------------------------------------------------

  void end_piece(const Piece& piece, Fate fate) { end_slices(piece.slices, fate); }

  void end_slices(std::span<const Slice> slices, Fate fate) {
    if (lane_->transform == nullptr) {
      host_->settle(*lane_, slices, fate);
      return;
    }
    // Delivered outputs need no word: their source record is settled with its portion.
    if (fate == Fate::lost) {
      for_each_output(slices, [this](std::uint64_t output) { portion_.lose_output(output); });
    }
  }

  void fail(std::span<const Slice> slices, const std::string& code, const std::string& reason,
            std::uint32_t attempts, const std::string& error_output_type = {}) {
    auto failure = std::make_shared<FailureNote>();
    failure->error_output_type =
        error_output_type.empty() ? std::string(lane_->sink.name()) + "-failed" : error_output_type;
    failure->code = code.empty() ? "Hydrant.DeliveryFailed" : code;
    failure->message = reason;
    failure->attempts = attempts;
    failure->ended_at = host_->world().wall_now();
    if (lane_->transform == nullptr) {
      host_->fail(*lane_, slices, failure);
      return;
    }
    for_each_output(slices, [&](std::uint64_t output) { portion_.fail_output(output, failure); });
  }

  template <class Visit>
  static void for_each_output(std::span<const Slice> slices, Visit visit) {
    for (const Slice& slice : slices) {
      for (std::uint32_t index = slice.first; index < slice.last; ++index) {
        visit(slice.chunk->first_sequence + index);
      }
    }
  }

  /// Every output of the portion has ended: so have its source records.
  void finish_portion() {
    if (lane_->transform == nullptr || portion_.source_count() == 0) {
      return;
    }
    SourceWalk walk(batch_.slices, portion_first_slice_, portion_first_record_);
    auto failure = portion_.failures().begin();
    for (std::uint32_t source = 0; source < portion_.source_count();) {
      const Portion::SourceFate fate = portion_.fate(source);
      const bool failed = fate == Portion::SourceFate::failed;
      const auto first_failure = failure;
      std::uint32_t end = source;
      while (end < portion_.source_count() && portion_.fate(end) == fate &&
             (!failed || failure->note == first_failure->note)) {
        ++end;
        failure += failed ? 1 : 0;
      }
      while (source < end) {
        const Slice run = walk.take(end - source);
        source += run.count();
        if (failed) {
          host_->fail(*lane_, {&run, 1}, first_failure->note);
        } else {
          host_->settle(*lane_, {&run, 1},
                        fate == Portion::SourceFate::dropped ? Fate::dropped
                        : fate == Portion::SourceFate::lost  ? Fate::lost
                                                             : Fate::delivered);
        }
      }
    }
    portion_.clear();
    portion_first_slice_ = next_slice_;
    portion_first_record_ = next_record_;
    ++part_;
  }

  /// A back-off that was fixed before the stream began to close is cut short, once.
  void hurry_when_closing(Piece& piece, SteadyTime now) {
    if (!piece.hurried && host_->closing_deadline() != SteadyTime::max()) {
      piece.hurried = true;
      piece.not_before = std::min(piece.not_before, now);
    }
  }

  void note(EventKind kind, const Piece& piece, const std::string& text) {
    host_->record(kind, batch_.number, piece.count,
                  std::string(lane_->sink.name()) + ": " + text + " (attempt " +
                      std::to_string(piece.attempts) + ")");
  }

  Portion portion_;  // first: it is aligned to a line of cache
  DeliveryHost* host_;
  Lane* lane_;
  ClosedBatch batch_;
  std::size_t next_slice_ = 0;
  std::uint32_t next_record_ = 0;
  std::uint64_t part_ = 0;
  std::size_t portion_first_slice_ = 0;
  std::uint32_t portion_first_record_ = 0;
  bool filling_ = false;  // the transform yielded in the middle of a portion
  PieceQueue pieces_;
  Sending sending_;
  SteadyTime wake_at_{};
};

}  // namespace hydrant::detail
