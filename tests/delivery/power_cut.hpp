// SPDX-License-Identifier: MIT
//
// A power cut as the worst disk would have it: of everything that was mapped
// nothing is left but noise, and of the log what was synced.
#pragma once

#include <hydrant/hydrant.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_sink.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "test.hpp"

namespace hydrant::tests {

/// The system's files on a machine that was started for the n-th time.
class RestartedFiles final : public Files {
 public:
  explicit RestartedFiles(int boot) : boot_(boot) {}

  Result<std::unique_ptr<File>> create(const std::string& path) override {
    return files_.create(path);
  }

  Status rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }

  Status remove(const std::string& path) override { return files_.remove(path); }

  Status make_directories(const std::string& path) override {
    return files_.make_directories(path);
  }

  Status sync_directory(const std::string& path) override { return files_.sync_directory(path); }

  Result<std::vector<std::string>> list(const std::string& path) override {
    return files_.list(path);
  }

  Status remove_directory(const std::string& path) override {
    return files_.remove_directory(path);
  }

  Result<std::unique_ptr<Mapping>> create_mapped(const std::string& path,
                                                 std::uint64_t size) override {
    return files_.create_mapped(path, size);
  }

  Result<std::unique_ptr<Mapping>> map(const std::string& path) override {
    return files_.map(path);
  }

  Result<std::unique_ptr<LogFile>> create_log(const std::string& path,
                                              std::uint64_t size) override {
    return fails ? Failure{"no log", 5} : files_.create_log(path, size);
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return files_.lock(path);
  }

  std::string boot_id() override { return "boot " + std::to_string(boot_); }

  bool fails = false;

 private:
  SystemFiles files_;
  const int boot_;
};

struct Machine {
  explicit Machine(int boot)
      : files(std::make_shared<RestartedFiles>(boot)),
        env(static_cast<std::uint64_t>(boot), files) {}

  std::shared_ptr<RestartedFiles> files;
  testing::ManualEnv env;
};

/// What a disk has after the power was cut.
inline void cut_power(const std::filesystem::path& before, const std::filesystem::path& after) {
  std::filesystem::copy(before, after, std::filesystem::copy_options::recursive);
  std::mt19937 dice(1);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(after)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("segment-") || name.starts_with("manifest-")) {
      std::string noise(std::filesystem::file_size(entry.path()), '\0');
      for (char& byte : noise) {
        byte = static_cast<char>(dice());
      }
      std::ofstream(entry.path(), std::ios::binary) << noise;
    }
  }
}

inline StreamOptions durable(const std::string& directory, Durability durability,
                             std::uint32_t count = 0) {
  StreamOptions options;
  options.name = "orders";
  options.buffering.size = ByteCount{1u << 20};
  options.buffering.interval = std::chrono::seconds(60);
  options.buffering.count = count;  // what is not sealed is cut otherwise in the next life
  options.journal.directory = directory;
  options.journal.durability = durability;
  return options;
}

template <class Stream>
void put_numbers(Stream& stream, int first, int last) {
  for (int i = first; i < last; ++i) {
    REQUIRE(stream.put("record " + std::to_string(i)));
  }
}

inline std::vector<std::string> delivered_after(const std::string& directory,
                                                testing::MemorySink& sink, int boot) {
  Machine machine(boot);
  DeliveryStream stream{durable(directory, Durability::power_loss), identity, sink, machine.env};
  REQUIRE(stream.close(std::chrono::seconds(60)).complete);
  std::vector<std::string> all;
  for (const auto& batch : sink.batches()) {
    all.insert(all.end(), batch.records.begin(), batch.records.end());
  }
  return all;
}

}  // namespace hydrant::tests
