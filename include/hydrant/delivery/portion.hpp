// SPDX-License-Identifier: MIT
//
// What a transform makes of some neighbouring records of a batch: the outputs,
// in chunks of the stream's own pool, and for each source record what became
// of it. A portion is bounded, so a transform that makes much out of little
// costs time, not memory: what does not fit comes in the next portion.
#pragma once

#include <hydrant/delivery/delivery_host.hpp>
#include <hydrant/delivery/output_keys.hpp>
#include <hydrant/delivery/transform_stage.hpp>
#include <hydrant/metrics/snapshot.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// The outputs of some source records, and their fates.
/// Threads: distinct objects: safe; shared: unsafe.
class Portion final : public OutputWriter {
 public:
  enum class SourceFate : std::uint8_t { delivered, dropped, failed, lost };

  struct SourceFailure {
    std::uint32_t source;
    std::shared_ptr<const FailureNote> note;
  };

  Portion(DeliveryHost& host, std::string_view delimiter) : host_(&host) {
    writer_.delimiter_size = static_cast<std::uint32_t>(delimiter.size());
    delimiter.copy(writer_.delimiter, Shard::delimiter_size_max);
  }

  ~Portion() override { clear(); }

  /// From here on it is noted which partition keys the transform sets. Null: not any more.
  void note_keys_in(OutputKeys* keys) { keys_ = keys; }

  /// How a batch is cut into portions must not depend on those before it.
  void begin_batch(std::size_t quota) {
    quota_ = quota;
    writer_.record_bytes_max = static_cast<std::uint32_t>(std::min<std::size_t>(quota, 1u << 30));
    grow_class_ = grow_class_first;
  }

  /// Transforms on from `slices[slice]`, record `first`; both move on. Call it
  /// again while it returns false: it has yielded in the middle.
  bool fill(TransformStage& stage, std::span<const Slice> slices, std::size_t& slice,
            std::uint32_t& first) {
    yielded_ = false;
    while (slice < slices.size()) {
      source_ = &slices[slice];
      first = stage.run(*source_, std::max(first, source_->first), *this);
      if (full_ || yielded_) {
        return full_;
      }
      ++slice;
      first = 0;
    }
    return true;
  }

  std::vector<Slice>& outputs() { return outputs_; }

  std::uint32_t source_count() const { return static_cast<std::uint32_t>(fates_.size()); }

  SourceFate fate(std::uint32_t source) const { return fates_[source]; }

  std::uint64_t output_count() const { return source_of_output_.size(); }

  std::uint32_t source_of(std::uint64_t output) const { return source_of_output_[output]; }

  /// The failures, ordered by source record.
  std::span<const SourceFailure> failures() {
    std::stable_sort(
        failures_.begin(), failures_.end(),
        [](const SourceFailure& a, const SourceFailure& b) { return a.source < b.source; });
    return failures_;
  }

  /// An output could not be delivered: its source record fails, once.
  void fail_output(std::uint64_t output, const std::shared_ptr<const FailureNote>& note) {
    const std::uint32_t source = source_of_output_[output];
    if (fates_[source] != SourceFate::failed) {
      fates_[source] = SourceFate::failed;
      failures_.push_back({source, note});
    }
  }

  /// An output was never sent, and will not be: its source record is lost, unless it has failed.
  void lose_output(std::uint64_t output) {
    SourceFate& fate = fates_[source_of_output_[output]];
    fate = fate == SourceFate::failed ? fate : SourceFate::lost;
  }

  void lose_all_outputs() {
    for (std::uint64_t output = 0; output < source_of_output_.size(); ++output) {
      lose_output(output);
    }
  }

  /// What the transform has done, for metrics.
  TransformSnapshot counts() const {
    TransformSnapshot counts;
    counts.executed = fates_.size();
    counts.failed = failures_.size();
    counts.output_records = source_of_output_.size();
    for (const Slice& output : outputs_) {
      counts.output_bytes += output.bytes();
    }
    return counts;
  }

  void clear() {
    if (!chunks_.empty()) {
      host_->give_back_output_chunks(chunks_);
    }
    chunks_.clear();
    chunk_bytes_ = 0;
    outputs_.clear();
    source_of_output_.clear();
    fates_.clear();
    failures_.clear();
    if (keys_ != nullptr) {
      keys_->clear();
    }
    full_ = false;
    forget_chunk();
  }

  bool begin_record() override {
    constexpr std::uint32_t records_between_looks = 16;
    if (++since_look_ > records_between_looks) {
      since_look_ = 0;  // after a pause at least this many records are done
      yielded_ = host_->should_yield();
      if (yielded_) {
        return false;
      }
    }
    if (keys_ != nullptr && source_of_output_.size() >= keyed_outputs_max) {
      full_ = true;
      return false;
    }
    mark_ = {chunks_.size(), writer_.tail, writer_.count(), source_of_output_.size()};
    overflowed_ = false;
    if (keys_ != nullptr) {
      keys_->begin_record();
    }
    return true;
  }

  bool end_record(Outcome outcome) override {
    const auto source = static_cast<std::uint32_t>(fates_.size());
    if (overflowed_) {
      if (source != 0) {
        roll_back();  // the next portion has all the room there is
        full_ = true;
        return false;
      }
      outcome = Outcome::failed("outputs of one record take more than " +
                                to_text(ByteCount{quota_}) + " (see memory_limit)");
    }
    if (outcome.kind() == Outcome::Kind::failed) {
      roll_back();
      fates_.push_back(SourceFate::failed);
      failures_.push_back({source, make_note(outcome)});
      return true;
    }
    const std::size_t outputs = source_of_output_.size() - mark_.outputs;
    fates_.push_back(outputs == 0 ? SourceFate::dropped : SourceFate::delivered);
    if (outputs != 0) {
      note_outputs();
    }
    return true;
  }

 private:
  void do_emit(std::span<const std::byte> bytes) override {
    if (make_fit(bytes.size())) {
      writer_.append(bytes.data(), bytes.size());
      note_output();
    }
  }

  std::span<char> do_reserve(std::size_t size) override {
    if (!make_fit(size)) {
      overflow_scratch_.resize(size);
      return overflow_scratch_;
    }
    return {reinterpret_cast<char*>(writer_.tail), size};
  }

  void do_commit(std::size_t size) override {
    if (!overflowed_) {
      writer_.publish(size);
      note_output();
    }
  }

  void do_set_partition_key(std::string_view name, std::string_view value) override {
    if (keys_ != nullptr) {
      keys_->set(name, value);
    }
  }

  void note_output() {
    if (keys_ != nullptr) {
      keys_->note_output(source_of_output_.size());
    }
    source_of_output_.push_back(static_cast<std::uint32_t>(fates_.size()));
  }

  void forget_chunk() { writer_.write_nowhere(); }

  static constexpr std::uint32_t grow_class_first = 2;
  /// Each may have keys of its own, which nobody's account has.
  static constexpr std::uint64_t keyed_outputs_max = 16'384;

  struct Mark {
    std::size_t chunks = 0;
    std::byte* tail = nullptr;
    std::uint32_t count = 0;
    std::size_t outputs = 0;
  };

  bool make_fit(std::size_t size) {
    if (!overflowed_ && !writer_.fits(size)) {
      overflowed_ = size > quota_ || !add_chunk(size);
    }
    return !overflowed_;
  }

  /// A further chunk, as large as the last outputs made likely, within the quota.
  bool add_chunk(std::size_t size) {
    const std::uint32_t smallest = chunk_class_for(size);
    std::uint32_t size_class = std::max(smallest, grow_class_);
    while (size_class > smallest && chunk_bytes_ + chunk_bytes(size_class) > quota_) {
      --size_class;
    }
    if (chunk_bytes_ + chunk_bytes(size_class) > quota_) {
      return false;
    }
    Chunk* chunk = host_->take_output_chunk(size_class);
    if (chunk == nullptr) {
      return false;
    }
    grow_class_ = std::min(size_class + 1, chunk_class_open);
    chunk_bytes_ += chunk_bytes(size_class);
    chunk->shard = 0;  // chunks come from the pool as their last user left them
    chunk->epoch = 0;
    chunk->first_sequence = source_of_output_.size();
    chunk->delimiter_size = writer_.delimiter_size;
    chunks_.push_back(chunk);
    write_to(*chunk);
    return true;
  }

  void write_to(Chunk& chunk) {
    writer_.write_to(chunk.payload(), chunk.slots_top(), chunk.header(), chunk.first_sequence);
  }

  /// Forgets what the present record has emitted so far.
  void roll_back() {
    source_of_output_.resize(mark_.outputs);
    if (keys_ != nullptr) {
      keys_->roll_back(mark_.outputs);
    }
    if (chunks_.size() > mark_.chunks) {
      // The outputs went on into new chunks: give those back and write on where we were.
      host_->give_back_output_chunks(std::span(chunks_).subspan(mark_.chunks));
      for (std::size_t i = mark_.chunks; i < chunks_.size(); ++i) {
        chunk_bytes_ -= chunk_bytes(chunks_[i]->size_class);
      }
      chunks_.resize(mark_.chunks);
      if (chunks_.empty()) {
        forget_chunk();
        return;
      }
      write_to(*chunks_.back());
    }
    writer_.tail = mark_.tail;
    if (writer_.tail != nullptr) {
      writer_.header->committed.store(mark_.count, std::memory_order_relaxed);
    }
  }

  /// Extends the list of output slices by what the present record emitted.
  void note_outputs() {
    for (std::size_t i = mark_.chunks == 0 ? 0 : mark_.chunks - 1; i < chunks_.size(); ++i) {
      Chunk* chunk = chunks_[i];
      const std::uint32_t first = mark_.chunks != 0 && i == mark_.chunks - 1 ? mark_.count : 0;
      const std::uint32_t last = chunk->published();
      if (first == last) {
        continue;
      }
      if (!outputs_.empty() && outputs_.back().chunk == chunk && outputs_.back().last == first &&
          outputs_.back().arrival == source_->arrival) {
        outputs_.back().last = last;
        continue;
      }
      Slice slice;
      slice.chunk = chunk;
      slice.first = first;
      slice.last = last;
      slice.arrival_steady = source_->arrival_steady;
      slice.arrival = source_->arrival;
      outputs_.push_back(std::move(slice));
    }
  }

  /// Neighbours that fail for the same reason share one note: a log that is no log at all
  /// must not cost a note a line.
  std::shared_ptr<const FailureNote> make_note(const Outcome& outcome) {
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

  DeliveryHost* host_;
  OutputKeys* keys_ = nullptr;
  std::size_t quota_ = 0;
  Shard writer_;
  std::vector<Chunk*> chunks_;
  std::size_t chunk_bytes_ = 0;
  std::uint32_t grow_class_ = grow_class_first;
  std::vector<Slice> outputs_;
  std::vector<std::uint32_t> source_of_output_;
  std::vector<SourceFate> fates_;
  std::vector<SourceFailure> failures_;
  std::vector<char> overflow_scratch_;
  const Slice* source_ = nullptr;
  Mark mark_;
  std::uint32_t since_look_ = 0;
  bool overflowed_ = false;
  bool full_ = false;
  bool yielded_ = false;
};

}  // namespace hydrant::detail
