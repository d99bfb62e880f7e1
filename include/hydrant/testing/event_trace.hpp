// SPDX-License-Identifier: MIT
//
// What happened in a simulation, in order: a number that two runs share only if
// everything happened alike, and the last events in words.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/time.hpp>
#include <hydrant/core/uuid.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::testing {

/// The events of a simulation.
/// Threads: shared: safe.
class EventTrace {
 public:
  /// Keeps the words of the last `lines_max` events.
  explicit EventTrace(std::size_t lines_max = 64)
      : lines_max_(std::max<std::size_t>(lines_max, 1)) {}

  /// From here on, events happen at this time after the beginning.
  void set_time(SteadyTime::duration since_begin) {
    std::lock_guard guard(mutex_);
    now_ = since_begin;
  }

  /// One event: what happened, to whom, and a number that belongs to it. `what` is a literal.
  void note(std::string_view what, std::string_view about = {}, std::uint64_t number = 0) {
    std::lock_guard guard(mutex_);
    add(static_cast<std::uint64_t>(now_.count()));
    add(what);
    add(about);
    add(number);
    if (lines_.size() < lines_max_) {
      lines_.emplace_back();
    }
    Line& line = lines_[static_cast<std::size_t>(count_++ % lines_max_)];
    line.at = now_;
    line.what = what;
    line.about.assign(about);
    line.number = number;
  }

  /// A number made of all events so far.
  std::uint64_t hash() const {
    std::lock_guard guard(mutex_);
    return hash_;
  }

  std::uint64_t count() const {
    std::lock_guard guard(mutex_);
    return count_;
  }

  /// The last events, one a line, oldest first.
  std::string text() const {
    std::lock_guard guard(mutex_);
    std::string text;
    for (std::uint64_t i = count_ - lines_.size(); i < count_; ++i) {
      const Line& line = lines_[static_cast<std::size_t>(i % lines_max_)];
      text += to_text(std::chrono::duration_cast<std::chrono::microseconds>(line.at)) + " " +
              std::string(line.what);
      text += line.about.empty() ? std::string() : " " + line.about;
      text += " " + std::to_string(line.number) + "\n";
    }
    return text;
  }

 private:
  struct Line {
    SteadyTime::duration at{};
    std::string_view what;
    std::string about;
    std::uint64_t number = 0;
  };

  void add(std::uint64_t value) { hash_ = mix64(hash_ ^ value); }

  void add(std::string_view text) {
    add(text.size());
    for (std::size_t at = 0; at < text.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, std::min(sizeof(word), text.size() - at));
      add(word);
    }
  }

  mutable std::mutex mutex_;
  const std::size_t lines_max_;
  SteadyTime::duration now_{};
  std::uint64_t hash_ = 0;
  std::uint64_t count_ = 0;
  std::vector<Line> lines_;
};

}  // namespace hydrant::testing
