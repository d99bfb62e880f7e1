// SPDX-License-Identifier: MIT
//
// What redrive must not forget: which records of which objects are done, and
// which are in the journal of its stream. Two small files of text, each written
// whole under another name and renamed.
//
//     round   there while the journal holds all that it names: <lines> <n,n,...> <key>
//     done    the same of objects that are not done wholly
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/net/url.hpp>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace redrive {

/// Lines of an object, by their numbers.
struct Lines {
  std::uint64_t total = 0;
  std::set<std::uint64_t> numbers{};
};

/// By the object's key.
using Chosen = std::map<std::string, Lines>;

inline void require(const hydrant::Status& status) {
  if (!status) {
    throw std::runtime_error(status.failure().message);
  }
}

/// The state of one run after the other. Locked as long as it lives.
/// Errors: std::runtime_error.
class State {
 public:
  State(hydrant::Files& files, std::string directory)
      : files_(&files), directory_(std::move(directory)) {
    require(files.make_directories(directory_));
    auto lock = files.lock(directory_ + "/lock");
    if (!lock) {
      throw std::runtime_error(lock.failure().os_code == EWOULDBLOCK
                                   ? directory_ + ": another redrive is at work with this --state"
                                   : lock.failure().message);
    }
    lock_ = std::move(lock.value());
    has_round_ = read("round", round_);
    read("done", done_);
  }

  std::string journal() const { return directory_ + "/journal"; }

  /// Whether the journal holds a round that may not have been delivered.
  bool has_round() const { return has_round_; }

  const Chosen& round() const { return round_; }

  bool is_done(const std::string& key, std::uint64_t line) const {
    const auto found = done_.find(key);
    return found != done_.end() && found->second.numbers.contains(line);
  }

  /// From here on the journal answers for these.
  void begin_round(Chosen round) {
    write("round", round);
    round_ = std::move(round);
    has_round_ = true;
  }

  /// All of the round is delivered. `move(key)` is called for each object of which all lines are
  /// done; what it throws leaves the round as it is, to be ended again.
  template <class Move>
  void end_round(Move move) {
    for (const auto& [key, lines] : round_) {
      Lines& done = done_[key];
      done.total = lines.total;
      done.numbers.insert(lines.numbers.begin(), lines.numbers.end());
      if (done.numbers.size() == done.total) {
        move(key);
        done_.erase(key);
      }
    }
    write("done", done_);
    require(files_->remove(directory_ + "/round"));
    require(files_->sync_directory(directory_));
    round_.clear();
    has_round_ = false;
  }

 private:
  static constexpr std::size_t bytes_max = std::size_t{1} << 30;

  bool read(const std::string& name, Chosen& chosen) {
    auto content = files_->read(directory_ + "/" + name, bytes_max);
    if (!content && content.failure().os_code != ENOENT) {
      throw std::runtime_error(content.failure().message);
    }
    if (!content) {
      return false;
    }
    for (std::string_view rest = content.value(); !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      take_line(line, chosen);
    }
    return true;
  }

  static void take_line(std::string_view line, Chosen& chosen) {
    const char* at = line.data();
    const char* const end = line.data() + line.size();
    Lines lines;
    at = std::from_chars(at, end, lines.total).ptr;
    while (at != end && (*at == ' ' || *at == ',')) {
      std::uint64_t number = 0;
      const auto parsed = std::from_chars(at + 1, end, number);
      if (parsed.ec != std::errc()) {
        break;
      }
      lines.numbers.insert(number);
      at = parsed.ptr;
    }
    const std::size_t key = line.rfind(' ');
    if (key == std::string_view::npos || !line.substr(key).starts_with(" /") ||
        lines.numbers.empty()) {
      throw std::runtime_error("the state is damaged: \"" + std::string(line.substr(0, 80)) + "\"");
    }
    chosen[hydrant::percent_decode(line.substr(key + 2))] = std::move(lines);
  }

  void write(const std::string& name, const Chosen& chosen) {
    std::string text;
    for (const auto& [key, lines] : chosen) {
      text += std::to_string(lines.total);
      char separator = ' ';
      for (const std::uint64_t number : lines.numbers) {
        text += std::exchange(separator, ',') + std::to_string(number);
      }
      // A key that begins like a number could be read as one.
      text += " /" + hydrant::percent_encode(key, true) + "\n";
    }
    const std::string path = directory_ + "/" + name;
    static_cast<void>(files_->remove(path + ".new"));  // of a run that was killed here
    auto file = files_->create(path + ".new");
    require(file ? hydrant::success() : hydrant::Status(file.failure()));
    require(file.value()->write(std::as_bytes(std::span(text))));
    require(file.value()->sync());
    require(file.value()->close());
    require(files_->rename(path + ".new", path));
    require(files_->sync_directory(directory_));
  }

  hydrant::Files* files_;
  const std::string directory_;
  std::unique_ptr<hydrant::FileLock> lock_;
  bool has_round_ = false;
  Chosen round_;
  Chosen done_;
};

}  // namespace redrive
