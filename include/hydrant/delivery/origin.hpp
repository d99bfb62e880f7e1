// SPDX-License-Identifier: MIT
//
// Where the records of partitions come from: some neighbouring source records,
// whose outputs have gone to as many partitions as they have keys. When the last
// of the outputs has ended, wherever it went, the source records end, in runs as
// they were put: so the books never know of partitions.
#pragma once

#include <hydrant/delivery/delivery_host.hpp>
#include <hydrant/delivery/piece.hpp>
#include <hydrant/delivery/portion.hpp>
#include <hydrant/ingest/chunk.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// Some source records, and what is left to happen to their outputs. Outputs are numbered by
/// partition, and within a partition in order.
/// Threads: distinct objects: safe; shared: unsafe.
struct Origin {
  using SourceFate = Portion::SourceFate;
  using SourceFailure = Portion::SourceFailure;

  std::vector<Slice> sources;  // each with a ref
  std::vector<SourceFate> fates;
  std::vector<SourceFailure> failures;
  std::vector<std::uint32_t> source_of;  // by output
  std::vector<std::uint64_t> buffers;    // numbers of those in which outputs of it are, or were
  std::uint64_t open = 0;                // outputs that are in a buffer and have not ended
  std::uint64_t source_bytes = 0;
  bool is_filling = true;  // outputs are still to come
  Origin* older = nullptr;
  Origin* newer = nullptr;

  bool has_ended() const { return open == 0 && !is_filling; }

  SteadyTime first_arrival() const { return sources.front().arrival_steady; }

  /// An output failed for good: so has its source record, once.
  void fail_output(std::uint32_t output, const std::shared_ptr<const FailureNote>& note) {
    fail_source(source_of[output], note);
  }

  void fail_source(std::uint32_t source, const std::shared_ptr<const FailureNote>& note) {
    if (fates[source] != SourceFate::failed) {
      fates[source] = SourceFate::failed;
      failures.push_back({source, note});
    }
  }

  /// An output will never be sent: its source record is lost, unless it has failed.
  void lose_output(std::uint32_t output) {
    SourceFate& fate = fates[source_of[output]];
    fate = fate == SourceFate::failed ? fate : SourceFate::lost;
  }

  /// What it takes in memory beside the records.
  std::size_t overhead() const {
    return sizeof(Origin) + sources.size() * sizeof(Slice) + fates.size() +
           source_of.size() * sizeof(std::uint32_t);
  }

  /// Calls `visit(const Slice&, SourceFate, note)` for each run of source records with one fate,
  /// in order; the note is that of failed ones.
  template <class Visit>
  void for_each_end(Visit visit) {
    std::stable_sort(
        failures.begin(), failures.end(),
        [](const SourceFailure& a, const SourceFailure& b) { return a.source < b.source; });
    SourceWalk walk(sources, 0, 0);
    auto failure = failures.begin();
    const auto count = static_cast<std::uint32_t>(fates.size());
    for (std::uint32_t source = 0; source < count;) {
      const SourceFate fate = fates[source];
      const bool failed = fate == SourceFate::failed;
      const auto first_failure = failure;
      std::uint32_t end = source;
      while (end < count && fates[end] == fate &&
             (!failed || failure->note == first_failure->note)) {
        ++end;
        failure += failed ? 1 : 0;
      }
      while (source < end) {
        const Slice run = walk.take(end - source);
        source += run.count();
        visit(run, fate, failed ? first_failure->note : nullptr);
      }
    }
  }
};

}  // namespace hydrant::detail
