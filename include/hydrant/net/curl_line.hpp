// SPDX-License-Identifier: MIT
//
// A line: libcurl's handles for one request at a time, with the connections
// that they keep open. Idle lines wait in a pool without a lock, for a process
// may fork at any moment. A line belongs to the process that made it: a child
// leaves its parent's alone, or both would speak on the same connections.
#pragma once

#if !__has_include(<curl/curl.h>)
#error "hydrant/net/curl_transport.hpp needs libcurl: link hydrant::curl"
#endif

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <unistd.h>

#if LIBCURL_VERSION_NUM < 0x075000
#error "hydrant/net/curl_transport.hpp needs libcurl 7.80 or later"
#endif

namespace hydrant::detail {

/// Handles for one request at a time.
/// Threads: distinct objects: safe; shared: unsafe.
class CurlLine {
 public:
  CurlLine() : owner_(::getpid()) {
    if (is_library_ready()) {
      multi_ = curl_multi_init();
      easy_ = curl_easy_init();
    }
    if (multi_ != nullptr) {
      curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections_max);
    }
  }

  CurlLine(const CurlLine&) = delete;
  CurlLine& operator=(const CurlLine&) = delete;

  /// In a child of the process that made it: leaves all as it is. Closing would say goodbye to
  /// the server in the parent's name.
  ~CurlLine() {
    if (is_foreign()) {
      return;
    }
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
  }

  bool is_usable() const { return multi_ != nullptr && easy_ != nullptr; }

  /// Whether another process, of which this one is a child, made it.
  bool is_foreign() const { return owner_ != ::getpid(); }

  CURLM* multi() const { return multi_; }

  CURL* easy() const { return easy_; }

  /// Of the server that it last spoke to.
  std::uint64_t origin = 0;

 private:
  /// To several servers in turn, where there are more of them than lines.
  static constexpr long connections_max = 4;

  /// Never undone: other code of the process may use libcurl, too.
  static bool is_library_ready() {
    static const bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return is_ready;
  }

  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  pid_t owner_;
};

/// Lines between two requests.
/// Threads: shared: safe.
class CurlLinePool {
 public:
  explicit CurlLinePool(std::size_t count_max) : places_(count_max) {}

  CurlLinePool(const CurlLinePool&) = delete;
  CurlLinePool& operator=(const CurlLinePool&) = delete;

  ~CurlLinePool() {
    for (Place& place : places_) {
      const std::unique_ptr<CurlLine> line = take_from(place);
    }
  }

  /// Returns: a line, best one that is connected to that server.
  std::unique_ptr<CurlLine> take(std::uint64_t origin) {
    for (Place& place : places_) {
      if (place.origin.load(std::memory_order_relaxed) == origin) {
        if (std::unique_ptr<CurlLine> line = take_from(place)) {
          return line;
        }
      }
    }
    for (Place& place : places_) {
      if (std::unique_ptr<CurlLine> line = take_from(place)) {
        return line;
      }
    }
    return std::make_unique<CurlLine>();
  }

  /// Keeps the line, or closes it where there are enough.
  void give_back(std::unique_ptr<CurlLine> line) {
    for (Place& place : places_) {
      CurlLine* nothing = nullptr;
      const std::uint64_t origin = line->origin;
      if (place.line.compare_exchange_strong(nothing, line.get(), std::memory_order_acq_rel)) {
        // A hint: at worst the next one takes another line.
        place.origin.store(origin, std::memory_order_relaxed);
        static_cast<void>(line.release());
        return;
      }
    }
  }

 private:
  struct Place {
    std::atomic<CurlLine*> line{nullptr};
    std::atomic<std::uint64_t> origin{0};
  };

  static std::unique_ptr<CurlLine> take_from(Place& place) {
    std::unique_ptr<CurlLine> line(place.line.exchange(nullptr, std::memory_order_acq_rel));
    if (line != nullptr && line->is_foreign()) {
      line.reset();
    }
    return line;
  }

  std::vector<Place> places_;
};

}  // namespace hydrant::detail
