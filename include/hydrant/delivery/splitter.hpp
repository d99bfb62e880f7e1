// SPDX-License-Identifier: MIT
//
// The way of a source batch in a stream with partitions: transform, ask the
// partitioner to which partition each output belongs, copy it there. A source
// batch is small and taken soon, so it is the partitions that decide what is
// delivered together, and when.
//
// No threads, no locks, no sleeping, as in Pipeline. User code runs here, and
// never under the stream's lock.
#pragma once

#include <hydrant/delivery/batch_walk.hpp>
#include <hydrant/delivery/output_keys.hpp>
#include <hydrant/delivery/partition_stage.hpp>
#include <hydrant/delivery/portion.hpp>
#include <hydrant/delivery/split.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// One source batch on its way into partitions.
/// Threads: distinct objects: safe; shared: unsafe.
class Splitter final : public BatchWalk {
 public:
  Splitter(SplitHost& host, Lane& lane, PartitionStage& stage)
      : host_(&host), lane_(&lane), stage_(&stage), portion_(host, lane.delimiter) {
    portion_.note_keys_in(&transform_keys_);
  }

  void start(ClosedBatch batch) override {
    batch_ = std::move(batch);
    portion_.begin_batch(batch_.output_quota != 0 ? batch_.output_quota : lane_->output_quota);
    next_slice_ = 0;
    next_record_ = 0;
    first_slice_ = 0;
    first_record_ = 0;
    step_ = Step::transform;
  }

  Progress advance() override {
    for (;;) {
      if (host_->stop_requested().load(std::memory_order_relaxed)) {
        give_up();
        return Progress::finished;
      }
      switch (step_) {
        case Step::transform:
          if (next_slice_ == batch_.slices.size()) {
            return Progress::finished;
          }
          if (!transform()) {
            return Progress::yielded;
          }
          step_ = Step::sort;
          break;
        case Step::sort:
          if (!sort()) {
            return Progress::yielded;
          }
          begin_origin();
          step_ = Step::place;
          break;
        case Step::place:
          if (split_.is_done()) {
            end_origin();
            step_ = Step::transform;
            break;
          }
          if (!host_->place(split_)) {
            wake_at_ = host_->world().steady_now() + look_again_after;
            return Progress::waiting;
          }
          split_.copy();
          host_->publish(split_);
          if (host_->should_yield()) {
            return Progress::yielded;
          }
          break;
      }
    }
  }

  SteadyTime wake_at() const override { return wake_at_; }

  const ClosedBatch& batch() const override { return batch_; }

  void drop_batch() override { batch_ = {}; }

  SteadyTime attempt_deadline() const override { return SteadyTime::max(); }

 private:
  enum class Step : std::uint8_t { transform, sort, place };

  /// Without memory it waits for a delivery to end, which wakes it: this is for the rest.
  static constexpr std::chrono::milliseconds look_again_after{100};

  // --- transform ------------------------------------------------------------------------------

  /// Returns: false when others want a turn.
  bool transform() {
    if (lane_->transform == nullptr) {
      next_slice_ = batch_.slices.size();
      add_outputs(batch_.slices);
      fates_.assign(split_.outputs.size(), Origin::SourceFate::delivered);
      return true;
    }
    if (!portion_.fill(*lane_->transform, batch_.slices, next_slice_, next_record_)) {
      return false;
    }
    host_->count_transformed(portion_.counts());
    add_outputs(portion_.outputs());
    for (std::uint32_t source = 0; source < portion_.source_count(); ++source) {
      fates_.push_back(portion_.fate(source));
    }
    failures_.assign(portion_.failures().begin(), portion_.failures().end());
    return true;
  }

  void add_outputs(const std::vector<Slice>& slices) {
    for (const Slice& slice : slices) {
      for (std::uint32_t index = slice.first; index < slice.last; ++index) {
        split_.outputs.push_back({&slice, index, Split::no_group});
      }
    }
  }

  std::uint32_t source_of(std::size_t output) const {
    return lane_->transform == nullptr ? static_cast<std::uint32_t>(output)
                                       : portion_.source_of(output);
  }

  // --- sort by partition ----------------------------------------------------------------------

  /// Asks for the keys of each output. Returns: false when others want a turn.
  bool sort() {
    constexpr std::size_t outputs_between_looks = 32;
    for (std::size_t done = 1; sorted_ < split_.outputs.size(); ++sorted_, ++done) {
      if (done % outputs_between_looks == 0 && host_->should_yield()) {
        return false;
      }
      Split::Output& output = split_.outputs[sorted_];
      const std::uint32_t source = source_of(sorted_);
      if (fates_[source] == Origin::SourceFate::failed) {
        continue;
      }
      keys_ = transform_keys_.of(sorted_);
      const Outcome outcome = stage_->run(output.slice->view().record(output.index), keys_);
      if (outcome.is_failed()) {
        fates_[source] = Origin::SourceFate::failed;
        failures_.push_back({source, note_of(outcome)});
      } else if (outcome.kind() == Outcome::Kind::ok) {
        key_.clear();
        keys_.encode(key_);
        output.group = split_.groups.number_of(key_);
      }
    }
    return true;
  }

  /// Neighbours that fail for the same reason share one note.
  std::shared_ptr<const FailureNote> note_of(const Outcome& outcome) {
    if (!failures_.empty() && failures_.back().note->code == outcome.code() &&
        failures_.back().note->message == outcome.reason()) {
      return failures_.back().note;
    }
    auto note = std::make_shared<FailureNote>();
    note->error_output_type = "processing-failed";
    note->code = std::string(outcome.code());
    note->message = std::string(outcome.reason());
    note->attempts = 1;
    note->ended_at = host_->world().wall_now();
    return note;
  }

  // --- the origin -----------------------------------------------------------------------------

  void begin_origin() {
    auto origin = std::make_unique<Origin>();
    std::vector<bool> has_outputs(fates_.size());
    for (std::size_t i = 0; i < split_.outputs.size(); ++i) {
      Split::Output& output = split_.outputs[i];
      const std::uint32_t source = source_of(i);
      if (fates_[source] == Origin::SourceFate::failed) {
        output.group = Split::no_group;  // nothing is delivered of a record that fails
      }
      if (output.group != Split::no_group) {
        has_outputs[source] = true;
        ++split_.groups[output.group].end;
      }
    }
    for (std::size_t source = 0; source < fates_.size(); ++source) {
      if (fates_[source] == Origin::SourceFate::delivered && !has_outputs[source]) {
        fates_[source] = Origin::SourceFate::dropped;
      }
    }
    std::uint32_t count = 0;
    for (GroupTable::Group& group : split_.groups) {
      group.next = count;
      count += std::exchange(group.end, count);
    }
    split_.sorted.resize(count);
    origin->source_of.resize(count);
    for (std::size_t i = 0; i < split_.outputs.size(); ++i) {
      const Split::Output& output = split_.outputs[i];
      if (output.group != Split::no_group) {
        const std::uint32_t number = split_.groups[output.group].end++;
        split_.sorted[number] = {StoredRecord::of(*output.slice->chunk, output.index),
                                 output.slice};
        origin->source_of[number] = source_of(i);
      }
    }
    SourceWalk walk(batch_.slices, first_slice_, first_record_);
    for (auto left = static_cast<std::uint32_t>(fates_.size()); left != 0;) {
      origin->sources.push_back(walk.take(left));
      left -= origin->sources.back().count();
      origin->source_bytes += origin->sources.back().bytes();
    }
    origin->fates = std::move(fates_);
    origin->failures = std::move(failures_);
    split_.origin = &host_->open_origin(std::move(origin));
  }

  void end_origin() {
    host_->close_origin(split_);
    split_.clear();
    fates_.clear();
    failures_.clear();
    portion_.clear();
    transform_keys_.clear();
    sorted_ = 0;
    first_slice_ = next_slice_;
    first_record_ = next_record_;
  }

  /// The stream is out of time: every record that is left is lost.
  void give_up() {
    if (split_.origin != nullptr) {
      end_origin();
    }
    split_.clear();
    portion_.clear();
    for (; first_slice_ < batch_.slices.size(); ++first_slice_) {
      Slice rest = batch_.slices[first_slice_];
      rest.first = std::max(rest.first, std::exchange(first_record_, 0));
      if (rest.count() != 0) {
        host_->settle(*lane_, {&rest, 1}, Fate::lost);
      }
    }
    next_slice_ = batch_.slices.size();
  }

  SplitHost* host_;
  Lane* lane_;
  PartitionStage* stage_;
  ClosedBatch batch_;
  Step step_ = Step::transform;
  std::size_t next_slice_ = 0;  // of the transform
  std::uint32_t next_record_ = 0;
  std::size_t first_slice_ = 0;  // of the present origin
  std::uint32_t first_record_ = 0;
  OutputKeys transform_keys_;
  Portion portion_;
  std::vector<Origin::SourceFate> fates_;
  std::vector<Origin::SourceFailure> failures_;
  Split split_;
  std::size_t sorted_ = 0;
  PartitionKeys keys_;
  std::string key_;
  SteadyTime wake_at_{};
};

}  // namespace hydrant::detail
