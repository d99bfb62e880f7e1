// SPDX-License-Identifier: MIT
//
// Some outputs on their way into partitions: sorted by partition, each partition's
// in order. They go in steps, so that the stream's lock is held for moments only:
// places are found under the lock, records are copied without it, and what is
// full then is closed under it again.
#pragma once

#include <hydrant/delivery/group_table.hpp>
#include <hydrant/delivery/origin.hpp>
#include <hydrant/delivery/partition_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// Outputs of one origin, and how far they have got.
/// Threads: distinct objects: safe; shared: unsafe.
struct Split {
  /// An output of the transform.
  struct Output {
    const Slice* slice;
    std::uint32_t index;  // in the slice's chunk
    std::uint32_t group;
  };

  /// An output in its order: what a step has to know of it, so that steps walk straight on.
  struct Sorted {
    StoredRecord record;
    const Slice* slice;
  };

  /// Outputs that have found their place.
  struct Copy {
    Chunk* chunk;
    std::byte* tail;
    std::uint32_t first;  // in the chunk
    std::uint32_t output;
    std::uint32_t count;

    /// Whether an output that is placed there comes right behind.
    bool continues(const Chunk& next_chunk, std::uint32_t index, std::uint32_t number) const {
      return chunk == &next_chunk && first + count == index && output + count == number;
    }
  };

  /// A partition that is closed when its last outputs are copied.
  struct Closing {
    std::unique_ptr<Partition> partition;
    CloseReason reason;
  };

  static constexpr std::uint32_t no_group = GroupTable::none;

  Origin* origin = nullptr;  // null: not begun
  std::vector<Output> outputs;
  std::vector<Sorted> sorted;  // by number in the origin
  GroupTable groups;
  std::size_t next_group = 0;
  // The present step:
  std::vector<Copy> copies;
  std::vector<Partition*> held;
  std::vector<Closing> closing;
  std::size_t bytes = 0;
  std::size_t records = 0;

  /// Whether the present step may take further outputs, when it has taken so many more.
  bool is_within_step(std::size_t more_bytes = 0, std::size_t more_records = 0) const {
    constexpr std::size_t bytes_max = std::size_t{64} << 10;
    constexpr std::size_t records_max = 512;
    return bytes + more_bytes < bytes_max && records + more_records < records_max;
  }

  bool is_done() const { return next_group == groups.size(); }

  /// Outputs from `number` on have found their place.
  void copy_to(Chunk& chunk, std::byte* tail, std::uint32_t index, std::uint32_t number,
               std::uint32_t count) {
    if (!copies.empty() && copies.back().continues(chunk, index, number)) {
      copies.back().count += count;
    } else {
      copies.push_back({&chunk, tail, index, number, count});
    }
  }

  /// The second part of a step.
  void copy() {
    constexpr std::size_t ahead = 4;  // neighbours here are strangers where they come from
    for (const Copy& part : copies) {
      std::byte* tail = part.tail;
      for (std::uint32_t i = 0; i < part.count; ++i) {
        const std::size_t number = part.output + std::size_t{i};
        if (number + ahead < sorted.size()) {
          sorted[number + ahead].record.prefetch();
        }
        const StoredRecord& record = sorted[number].record;
        record.copy_to(*part.chunk, tail, part.first + i);
        tail += record.bytes;
      }
    }
    copies.clear();
  }

  /// How many outputs have found no place yet, by their numbers in the origin.
  template <class Visit>
  void for_each_left(Visit visit) const {
    for (std::size_t i = next_group; i < groups.size(); ++i) {
      for (std::uint32_t number = groups[i].next; number < groups[i].end; ++number) {
        visit(number);
      }
    }
  }

  void clear() {
    origin = nullptr;
    outputs.clear();
    sorted.clear();
    groups.clear();
    next_group = 0;
  }
};

/// The stream, as whoever sorts its records by partition sees it.
/// Threads: shared: safe.
class SplitHost : public DeliveryHost {
 public:
  /// Outputs of these source records are about to come. Takes refs of them.
  virtual Origin& open_origin(std::unique_ptr<Origin> origin) = 0;

  /// The first part of a step: finds places for some outputs. The second is `Split::copy`.
  /// Returns: false when there is no memory for any of them just now.
  virtual bool place(Split& split) = 0;

  /// The third part of a step.
  virtual void publish(Split& split) = 0;

  /// No more outputs will come; those that have found no place are lost.
  virtual void close_origin(Split& split) = 0;
};

}  // namespace hydrant::detail
