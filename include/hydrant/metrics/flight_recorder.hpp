// SPDX-License-Identifier: MIT
//
// The last few hundred things that changed a stream's state, in a ring of fixed
// size, for the day when someone asks what happened. Noting an event costs a
// copy of 128 bytes; records themselves never get here, nor does their content.
#pragma once

#include <hydrant/core/time.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant {

/// What changed.
enum class EventKind : std::uint8_t {
  opened,
  resumed,  ///< With a journal: batches of an earlier run were found.
  batch_closed,
  retry_scheduled,
  gave_up,
  bisected,
  parked,  ///< No records for a while: asleep, without a timer, until the next put.
  batch_finished,
  dead_lettered,
  lost,
  overflow,
  sink_overstayed,  ///< A sink did not return by its deadline and was abandoned.
  flush,
  close,
  forked,
  journal_failed,   ///< It could not take records: no disk space, no permission.
  journal_damaged,  ///< Something of an earlier life could not be read, or not be made again.
};

constexpr std::string_view to_text(EventKind kind) {
  constexpr std::array<std::string_view, 17> names{
      "opened",         "resumed",         "batch_closed",   "retry_scheduled", "gave_up",
      "bisected",       "parked",          "batch_finished", "dead_lettered",   "lost",
      "overflow",       "sink_overstayed", "flush",          "close",           "forked",
      "journal_failed", "journal_damaged"};
  const auto index = static_cast<std::size_t>(kind);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

/// One change, with as much of its text as fits.
/// Threads: a plain value; copies are independent.
struct Event {
  static constexpr std::size_t text_size_max = 226;

  SteadyTime at{};
  WallTime wall{};
  /// The batch's number within the stream; 0 where no batch is concerned.
  std::uint64_t batch = 0;
  /// How many records are concerned; 0 where it does not matter.
  std::uint32_t count = 0;
  EventKind kind = EventKind::opened;
  std::uint8_t text_size = 0;
  std::array<char, text_size_max> text_bytes{};

  std::string_view text() const { return {text_bytes.data(), text_size}; }
};

static_assert(sizeof(Event) == 256);

namespace detail {

constexpr bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// The front of `text`, of at most `size_max` bytes, without cutting a character in two.
constexpr std::string_view front_of(std::string_view text, std::size_t size_max) {
  std::size_t size = size_max;
  while (size > 0 && size_max - size < 3 && continues_character(text[size])) {
    --size;
  }
  // No character is that long: it is not UTF-8.
  return text.substr(0, continues_character(text[size]) ? size_max : size);
}

/// The back of it, likewise.
constexpr std::string_view back_of(std::string_view text, std::size_t size_max) {
  std::size_t size = size_max;
  while (size > 0 && size_max - size < 3 && continues_character(text[text.size() - size])) {
    --size;
  }
  return text.substr(text.size() -
                     (continues_character(text[text.size() - size]) ? size_max : size));
}

/// Appends "2026-11-22T10:15:30.123Z".
inline void append_utc(std::string& out, WallTime wall) {
  const auto day = std::chrono::floor<std::chrono::days>(wall);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(wall - day);
  std::array<char, 64> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
      static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
      static_cast<int>(time.subseconds().count()));
  out.append(text.data(), static_cast<std::size_t>(size));
}

}  // namespace detail

/// "2026-11-22T10:15:30.123Z batch 7 retry_scheduled (500 records): directory: put ...".
inline std::string to_text(const Event& event) {
  std::string line;
  detail::append_utc(line, event.wall);
  if (event.batch != 0) {
    line += " batch " + std::to_string(event.batch);
  }
  line += ' ';
  line += to_text(event.kind);
  if (event.count != 0) {
    line += " (" + std::to_string(event.count) + (event.count == 1 ? " record)" : " records)");
  }
  if (event.text_size != 0) {
    line += ": ";
    line += event.text();
  }
  return line;
}

/// Remembers the latest events. All memory is taken at construction.
/// Threads: distinct objects: safe; shared: unsafe.
class FlightRecorder {
 public:
  static constexpr std::size_t event_count_default = 512;

  /// Remembers the latest `event_count_max` events, of 256 bytes each; with 0, none.
  explicit FlightRecorder(std::size_t event_count_max = event_count_default)
      : ring_(event_count_max) {}

  /// Notes one event. A longer text loses its middle: what was tried stands at the front, what
  /// came back at the end. Line breaks and other control characters become spaces.
  void note(SteadyTime at, WallTime wall, EventKind kind, std::uint64_t batch = 0,
            std::uint32_t count = 0, std::string_view text = {}) noexcept {
    ++noted_;
    if (ring_.empty()) {
      return;
    }
    Event& event = ring_[next_];
    next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
    event.at = at;
    event.wall = wall;
    event.batch = batch;
    event.count = count;
    event.kind = kind;
    event.text_size = 0;
    if (text.size() <= Event::text_size_max) {
      append(event, text);
    } else {
      append(event, detail::front_of(text, front_size_max));
      append(event, gap);
      append(event, detail::back_of(text, Event::text_size_max - gap.size() - front_size_max));
    }
  }

  /// What is remembered, oldest first.
  std::vector<Event> events() const {
    std::vector<Event> ordered;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(noted_, ring_.size()));
    ordered.reserve(size);
    for (std::size_t index = 0; index < size; ++index) {
      ordered.push_back(ring_[(next_ + ring_.size() - size + index) % ring_.size()]);
    }
    return ordered;
  }

  /// How many events were noted, those that are forgotten included.
  std::uint64_t noted() const { return noted_; }

  /// One line an event, newest last. A first line says how many are forgotten, if any.
  std::string explain() const {
    const std::vector<Event> remembered = events();
    std::string text;
    if (const std::uint64_t forgotten = noted_ - remembered.size(); forgotten != 0) {
      text += "(" + std::to_string(forgotten) + " earlier events are forgotten)\n";
    }
    for (const Event& event : remembered) {
      text += to_text(event) + '\n';
    }
    return text;
  }

 private:
  static constexpr std::string_view gap = " ... ";
  static constexpr std::size_t front_size_max = 136;

  static void append(Event& event, std::string_view text) noexcept {
    std::transform(
        text.begin(), text.end(), event.text_bytes.begin() + event.text_size,
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c; });
    event.text_size = static_cast<std::uint8_t>(event.text_size + text.size());
  }

  std::vector<Event> ring_;
  std::size_t next_ = 0;
  std::uint64_t noted_ = 0;
};

}  // namespace hydrant
