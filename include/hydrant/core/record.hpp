// SPDX-License-Identifier: MIT
//
// How records lie in memory, and how they are looked at. A slotted page holds
// payloads that grow up from the front, one after the other, and one 32-bit
// slot a record that grows down from the back:
//
//     | payload 0 | payload 1 | payload 2 | ... free ... | slot 2 | slot 1 | slot 0 |
//                                                                                  ^ top
//
// A slot is the end offset of its payload; its highest bit says that the
// stream's delimiter was appended to it. So the bytes of records i..k are one
// contiguous piece of memory, delimiters included.
#pragma once

#include <hydrant/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hydrant {

/// Names a record for good: unique in its stream and epoch, the same on every
/// attempt, so that idempotent sinks can use it.
struct RecordId {
  std::uint64_t epoch = 0;
  std::uint32_t shard = 0;
  std::uint64_t sequence = 0;

  friend constexpr bool operator==(const RecordId&, const RecordId&) = default;
};

/// One record, looked at in place. It lives as long as the call it is given to.
/// Threads: a plain value; the bytes are immutable.
class RecordView {
 public:
  constexpr RecordView(std::span<const std::byte> bytes, WallTime arrival, RecordId id = {})
      : bytes_(bytes), arrival_(arrival), id_(id) {}

  /// The record as it was put, without the delimiter.
  constexpr std::span<const std::byte> bytes() const { return bytes_; }

  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

  constexpr std::size_t size() const { return bytes_.size(); }

  /// When the record came in, within one collector tick. Firehose's approximateArrivalTimestamp.
  constexpr WallTime arrival() const { return arrival_; }

  constexpr const RecordId& id() const { return id_; }

 private:
  std::span<const std::byte> bytes_;
  WallTime arrival_;
  RecordId id_;
};

/// A run of neighbouring records of one page: `[first, last)`.
struct RecordSlice {
  static constexpr std::uint32_t delimited_bit = 0x8000'0000u;

  const std::byte* payload = nullptr;
  const std::uint32_t* slots_top = nullptr;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t delimiter_size = 0;
  std::uint32_t shard = 0;
  std::uint64_t epoch = 0;
  /// The sequence number of the page's record 0.
  std::uint64_t page_sequence = 0;
  WallTime arrival{};

  std::uint32_t count() const { return last - first; }

  /// Where record `index` starts; for `index == last`, where the slice ends.
  std::uint32_t begin_of(std::uint32_t index) const {
    return index == 0 ? 0 : slots_top[-static_cast<std::ptrdiff_t>(index)] & ~delimited_bit;
  }

  /// All bytes of the slice, delimiters included, as they lie in memory.
  std::span<const std::byte> bytes() const {
    const std::uint32_t begin = begin_of(first);
    return {payload + begin, begin_of(last) - begin};
  }

  /// Record `index` of the page, without its delimiter.
  RecordView record(std::uint32_t index) const {
    const std::uint32_t slot = slots_top[-static_cast<std::ptrdiff_t>(index) - 1];
    const std::uint32_t begin = begin_of(index);
    const std::uint32_t appended = (slot & delimited_bit) != 0 ? delimiter_size : 0;
    return {{payload + begin, (slot & ~delimited_bit) - appended - begin},
            arrival,
            {epoch, shard, page_sequence + index}};
  }
};

}  // namespace hydrant
