// SPDX-License-Identifier: MIT
//
// Lives of a stream with a journal, one after the other. A life ends by a copy
// of its directory: that is what a killed process leaves, and no lock is on it.
#pragma once

#include <hydrant/hydrant.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_sink.hpp>
#include <hydrant/testing/scripted_sink.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "scratch_directory.hpp"

namespace hydrant::tests {

/// The directories of one stream's lives.
class Lives {
 public:
  /// Where the present life has its journal.
  std::string directory() const { return scratch_.path + "/" + std::to_string(number_); }

  /// The present life is killed at this instant. What is left of it goes on working, elsewhere.
  void kill() {
    const std::string before = directory();
    ++number_;
    std::filesystem::copy(before, directory(), std::filesystem::copy_options::recursive);
  }

  /// A world for the present life: no two lives throw the same dice.
  testing::ManualEnv world() const {
    return testing::ManualEnv(number_, std::make_shared<SystemFiles>());
  }

  /// Batches close by `count`, or after a minute.
  StreamOptions options(std::uint32_t count = 0) const {
    StreamOptions options;
    options.name = "orders";
    options.buffering.size = ByteCount{1 << 20};
    options.buffering.interval = std::chrono::seconds(60);
    options.buffering.count = count;
    options.retry.duration = std::chrono::seconds(3600);
    options.journal.directory = directory();
    return options;
  }

  /// Whether every life but the present one has left nothing.
  bool is_clean() const {
    for (const auto& entry : std::filesystem::directory_iterator(directory() + "/orders.journal")) {
      if (entry.path().filename() != "lock") {
        return false;
      }
    }
    return true;
  }

 private:
  ScratchDirectory scratch_;
  std::uint64_t number_ = 1;
};

/// Everything that makes a batch the same batch.
inline std::string identity_of(const testing::ReceivedBatch& batch) {
  return batch.request_id + " " + batch.stream + " " + std::to_string(batch.version) + " " +
         batch.error_output_type + " " +
         std::to_string(batch.first_arrival.time_since_epoch().count()) + " " +
         std::to_string(batch.count) + " " + std::to_string(batch.bytes) + " " + batch.raw;
}

}  // namespace hydrant::tests
