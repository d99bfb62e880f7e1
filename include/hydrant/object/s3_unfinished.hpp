// SPDX-License-Identifier: MIT
//
// Uploads that an attempt could neither complete nor take back: for the next
// attempt to go on with, or, if there is none, to be taken back later. Parts of
// an upload that nobody completes are kept, and paid for, for ever.
#pragma once

#include <hydrant/core/time.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace hydrant::detail {

/// An upload that is not finished.
struct S3UnfinishedUpload {
  std::string key;
  std::string upload_id;
  SteadyTime since{};
  /// A child of the process has nothing to do with its parent's.
  pid_t owner = ::getpid();
};

/// Without a lock, for a process may fork at any moment.
/// Threads: shared: safe.
class S3Unfinished {
 public:
  static constexpr std::size_t count_max = 64;
  /// No retry lasts longer: Firehose's longest retry duration.
  static constexpr std::chrono::hours age_max{2};

  S3Unfinished() = default;
  S3Unfinished(const S3Unfinished&) = delete;
  S3Unfinished& operator=(const S3Unfinished&) = delete;

  ~S3Unfinished() {
    for (auto& place : places_) {
      delete place.load();
    }
  }

  /// Returns: false where there are too many.
  bool remember(S3UnfinishedUpload upload) {
    return put(std::make_unique<S3UnfinishedUpload>(std::move(upload)));
  }

  /// Returns: the id of the upload of that key, which is then forgotten; empty when there is none.
  std::string take(std::string_view key) {
    const auto found =
        take_if([key](const S3UnfinishedUpload& upload) { return upload.key == key; });
    return found ? found->upload_id : std::string();
  }

  /// Returns: one that nobody has gone on with for long, which is then forgotten.
  std::optional<S3UnfinishedUpload> take_old(SteadyTime now) {
    return take_if(
        [now](const S3UnfinishedUpload& upload) { return now - upload.since >= age_max; });
  }

 private:
  bool put(std::unique_ptr<S3UnfinishedUpload> upload) {
    for (auto& place : places_) {
      S3UnfinishedUpload* nothing = nullptr;
      if (place.compare_exchange_strong(nothing, upload.get(), std::memory_order_acq_rel)) {
        static_cast<void>(upload.release());
        return true;
      }
    }
    return false;
  }

  template <class Wanted>
  std::optional<S3UnfinishedUpload> take_if(const Wanted& is_wanted) {
    for (auto& place : places_) {
      if (place.load(std::memory_order_relaxed) == nullptr) {
        continue;
      }
      // Nobody else may look at it while we do.
      std::unique_ptr<S3UnfinishedUpload> upload(
          place.exchange(nullptr, std::memory_order_acq_rel));
      if (upload == nullptr || upload->owner != ::getpid()) {
        continue;
      }
      if (is_wanted(std::as_const(*upload))) {
        return std::move(*upload);
      }
      // Its place is free, or another is: no more are kept than there are places.
      static_cast<void>(put(std::move(upload)));
    }
    return std::nullopt;
  }

  std::array<std::atomic<S3UnfinishedUpload*>, count_max> places_{};
};

}  // namespace hydrant::detail
