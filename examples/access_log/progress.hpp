// SPDX-License-Identifier: MIT
//
// One line on standard error that says how far things are, rewritten ten times
// a second while somebody watches; nothing at all when nobody does.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

namespace access_log {

/// Shows what `describe` says for as long as it lives.
class Progress {
 public:
  explicit Progress(std::function<std::string()> describe) {
    if (::isatty(STDERR_FILENO) == 1) {
      thread_ = std::jthread(
          [describe = std::move(describe)](std::stop_token stop) { show(stop, describe); });
    }
  }

  /// "[=====>    ]  52 %"
  static std::string bar(double fraction) {
    constexpr int width = 30;
    const int filled = static_cast<int>(fraction * width);
    std::string text = "[";
    for (int column = 0; column < width; ++column) {
      text += column < filled ? '=' : column == filled ? '>' : ' ';
    }
    return text + "] " + std::to_string(static_cast<int>(fraction * 100)) + " %";
  }

 private:
  static void show(const std::stop_token& stop, const std::function<std::string()>& describe) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      std::cerr << '\r' << describe() << "\x1b[K" << std::flush;
      wake.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
    }
    std::cerr << "\r\x1b[K" << std::flush;
  }

  std::jthread thread_;
};

}  // namespace access_log
