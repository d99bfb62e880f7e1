// SPDX-License-Identifier: MIT
//
// What is written down of a batch before its first attempt: enough to make the
// same batch again, record for record, and to give it the same identity.
#pragma once

#include <hydrant/core/batch.hpp>
#include <hydrant/core/failure_note.hpp>
#include <hydrant/journal/layout.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::detail {

/// The deliveries that each record must see the end of, one by one. What failed for good is the
/// error output's, and still on the main track.
enum class Track : std::uint8_t { main, backup };

inline constexpr std::size_t track_count = 2;

/// Neighbouring records of one shard.
struct SealedRange {
  std::uint32_t shard = 0;
  std::uint32_t note = 0;  // which of the seal's notes, from 1; 0: none
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::int64_t arrival = 0;  // wall clock, ms

  friend bool operator==(const SealedRange&, const SealedRange&) = default;
};

/// A batch as it was when it was closed.
struct Seal {
  std::uint16_t lane = 0;
  CloseReason reason = CloseReason::size;
  std::uint64_t number = 0;
  std::int64_t first_arrival = 0;  // wall clock, ms
  /// What else decides the batch's names and parts: the stream's version, and how much a
  /// transform's outputs may take at once.
  std::uint32_t version = 0;
  std::uint64_t output_quota = 0;
  std::vector<SealedRange> ranges;
  std::vector<std::shared_ptr<const FailureNote>> notes;

  /// Adds records behind those that are there.
  void add(const SealedRange& range) {
    if (!ranges.empty()) {
      SealedRange& back = ranges.back();
      if (back.shard == range.shard && back.note == range.note && back.last == range.first &&
          back.arrival == range.arrival) {
        back.last = range.last;
        return;
      }
    }
    ranges.push_back(range);
  }

  /// The number of the note among the seal's own.
  std::uint32_t number_of(const std::shared_ptr<const FailureNote>& note) {
    if (note == nullptr) {
      return 0;
    }
    if (notes.empty() || notes.back() != note) {
      notes.push_back(note);
    }
    return static_cast<std::uint32_t>(notes.size());
  }
};

/// Bytes of an entry's payload, taken one field after the other; never past the end.
class EntryReader {
 public:
  explicit EntryReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class T>
  T take() {
    T value{};
    if (bytes_.size() < sizeof(T)) {
      is_whole_ = false;
      return value;
    }
    value = read_plain<T>(bytes_.data());
    bytes_ = bytes_.subspan(sizeof(T));
    return value;
  }

  std::string take_text(std::size_t size) {
    if (bytes_.size() < size) {
      is_whole_ = false;
      return {};
    }
    std::string text(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    return text;
  }

  std::size_t left() const { return bytes_.size(); }

  /// Whether everything asked for was there.
  bool is_whole() const { return is_whole_; }

 private:
  std::span<const std::byte> bytes_;
  bool is_whole_ = true;
};

/// Bytes of an entry's payload, put one field after the other.
class EntryWriter {
 public:
  void clear() { bytes_.clear(); }

  template <class T>
  void put(const T& value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof(T));
  }

  /// Fills up to a multiple of 8 bytes.
  void pad() { bytes_.resize((bytes_.size() + 7) / 8 * 8); }

  void put_text(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Longer reasons are cut off in the journal, never in what is delivered meanwhile.
inline constexpr std::size_t sealed_text_bytes_max = 4096;

inline void encode(const Seal& seal, EntryWriter& out) {
  const auto cut = [](const std::string& text) {
    return std::string_view(text).substr(0, sealed_text_bytes_max);
  };
  out.put(seal.number);
  out.put(seal.first_arrival);
  out.put(seal.output_quota);
  out.put(std::uint64_t{seal.version});
  out.put(static_cast<std::uint32_t>(seal.ranges.size()));
  out.put(static_cast<std::uint32_t>(seal.notes.size()));
  out.put(static_cast<std::uint64_t>(seal.reason));
  for (const SealedRange& range : seal.ranges) {
    out.put(range);
  }
  for (const auto& note : seal.notes) {
    out.put(static_cast<std::int64_t>(note->ended_at.time_since_epoch().count()));
    out.put(note->attempts);
    for (const std::string* text : {&note->error_output_type, &note->code, &note->message}) {
      out.put(static_cast<std::uint32_t>(cut(*text).size()));
      out.put_text(cut(*text));
    }
  }
}

/// Returns: nothing, when the bytes are no seal.
inline std::optional<Seal> decode_seal(std::uint16_t lane, std::span<const std::byte> payload) {
  EntryReader in(payload);
  Seal seal;
  seal.lane = lane;
  seal.number = in.take<std::uint64_t>();
  seal.first_arrival = in.take<std::int64_t>();
  seal.output_quota = in.take<std::uint64_t>();
  seal.version = static_cast<std::uint32_t>(in.take<std::uint64_t>());
  const auto range_count = in.take<std::uint32_t>();
  const auto note_count = in.take<std::uint32_t>();
  const auto reason = in.take<std::uint64_t>();
  if (reason > static_cast<std::uint64_t>(CloseReason::partitions)) {
    return std::nullopt;
  }
  seal.reason = static_cast<CloseReason>(reason);
  if (!in.is_whole() || range_count > in.left() / sizeof(SealedRange)) {
    return std::nullopt;
  }
  for (std::uint32_t i = 0; i < range_count; ++i) {
    const auto range = in.take<SealedRange>();
    if (range.first >= range.last || range.note > note_count) {
      return std::nullopt;
    }
    seal.ranges.push_back(range);
  }
  for (std::uint32_t i = 0; i < note_count && in.is_whole(); ++i) {
    auto note = std::make_shared<FailureNote>();
    note->ended_at = WallTime(std::chrono::milliseconds(in.take<std::int64_t>()));
    note->attempts = in.take<std::uint32_t>();
    for (std::string* text : {&note->error_output_type, &note->code, &note->message}) {
      *text = in.take_text(in.take<std::uint32_t>());
    }
    seal.notes.push_back(std::move(note));
  }
  return in.is_whole() ? std::optional(std::move(seal)) : std::nullopt;
}

}  // namespace hydrant::detail
