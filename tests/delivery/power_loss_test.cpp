// SPDX-License-Identifier: MIT
//
// A power cut as the worst disk would have it: of everything that was mapped
// nothing is left but noise, and of the log what was synced.
#include <hydrant/hydrant.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_sink.hpp>
#include <hydrant/testing/scripted_sink.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "scratch_directory.hpp"
#include "test.hpp"

namespace {

using namespace std::chrono_literals;
using namespace hydrant::literals;
namespace fs = std::filesystem;

/// The system's files on a machine that was started for the n-th time.
class RestartedFiles final : public hydrant::Files {
 public:
  explicit RestartedFiles(int boot) : boot_(boot) {}

  hydrant::Result<std::unique_ptr<hydrant::File>> create(const std::string& path) override {
    return files_.create(path);
  }

  hydrant::Status rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }

  hydrant::Status remove(const std::string& path) override { return files_.remove(path); }

  hydrant::Status make_directories(const std::string& path) override {
    return files_.make_directories(path);
  }

  hydrant::Status sync_directory(const std::string& path) override {
    return files_.sync_directory(path);
  }

  hydrant::Result<std::vector<std::string>> list(const std::string& path) override {
    return files_.list(path);
  }

  hydrant::Status remove_directory(const std::string& path) override {
    return files_.remove_directory(path);
  }

  hydrant::Result<std::unique_ptr<hydrant::Mapping>> create_mapped(const std::string& path,
                                                                   std::uint64_t size) override {
    return files_.create_mapped(path, size);
  }

  hydrant::Result<std::unique_ptr<hydrant::Mapping>> map(const std::string& path) override {
    return files_.map(path);
  }

  hydrant::Result<std::unique_ptr<hydrant::LogFile>> create_log(const std::string& path,
                                                                std::uint64_t size) override {
    return fails ? hydrant::Failure{"no log", 5} : files_.create_log(path, size);
  }

  hydrant::Result<std::unique_ptr<hydrant::FileLock>> lock(const std::string& path) override {
    return files_.lock(path);
  }

  std::string boot_id() override { return "boot " + std::to_string(boot_); }

  bool fails = false;

 private:
  hydrant::SystemFiles files_;
  const int boot_;
};

struct Machine {
  explicit Machine(int boot)
      : files(std::make_shared<RestartedFiles>(boot)),
        env(static_cast<std::uint64_t>(boot), files) {}

  std::shared_ptr<RestartedFiles> files;
  hydrant::testing::ManualEnv env;
};

/// What a disk has after the power was cut.
void cut_power(const fs::path& before, const fs::path& after) {
  fs::copy(before, after, fs::copy_options::recursive);
  std::mt19937 dice(1);
  for (const auto& entry : fs::recursive_directory_iterator(after)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("segment-") || name.starts_with("manifest-")) {
      std::string noise(fs::file_size(entry.path()), '\0');
      for (char& byte : noise) {
        byte = static_cast<char>(dice());
      }
      std::ofstream(entry.path(), std::ios::binary) << noise;
    }
  }
}

hydrant::StreamOptions durable(const std::string& directory, hydrant::Durability durability,
                               std::uint32_t count = 0) {
  hydrant::StreamOptions options;
  options.name = "orders";
  options.buffering.size = 1_MiB;
  options.buffering.interval = 60s;
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

std::vector<std::string> delivered_after(const std::string& directory,
                                         hydrant::testing::MemorySink& sink, int boot) {
  Machine machine(boot);
  hydrant::DeliveryStream stream{durable(directory, hydrant::Durability::power_loss),
                                 hydrant::identity, sink, machine.env};
  REQUIRE(stream.close(60s).complete);
  std::vector<std::string> all;
  for (const auto& batch : sink.batches()) {
    all.insert(all.end(), batch.records.begin(), batch.records.end());
  }
  return all;
}

TEST_CASE("records that were synced survive a power cut", "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  Machine machine(1);
  hydrant::testing::MemorySink unused;
  hydrant::DeliveryStream stream{durable(scratch.path + "/before", hydrant::Durability::power_loss),
                                 hydrant::identity, unused, machine.env};
  put_numbers(stream, 0, 5000);
  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::durable);
  REQUIRE(stream.put_durable("record 5000", 1s));
  put_numbers(stream, 5001, 5100);  // not synced

  cut_power(scratch.path + "/before", scratch.path + "/after");
  hydrant::testing::MemorySink sink;
  const std::vector<std::string> all = delivered_after(scratch.path + "/after", sink, 2);

  REQUIRE(all.size() == 5001);
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(all[i] == "record " + std::to_string(i));
  }
}

TEST_CASE("records older than the window survive a power cut", "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  Machine machine(1);
  hydrant::testing::MemorySink unused;
  hydrant::DeliveryStream stream{
      durable(scratch.path + "/before", hydrant::Durability::power_loss_window{200ms}),
      hydrant::identity, unused, machine.env};
  put_numbers(stream, 0, 1000);
  machine.env.advance(200ms + 100ms);  // and a tick
  put_numbers(stream, 1000, 1100);

  cut_power(scratch.path + "/before", scratch.path + "/after");
  hydrant::testing::MemorySink sink;

  REQUIRE(delivered_after(scratch.path + "/after", sink, 2).size() == 1000);
}

TEST_CASE("a batch whose delivery a power cut has interrupted keeps its identity",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  Machine machine(1);
  std::string id_before;
  auto sink_before = hydrant::CallbackSink{[&](const hydrant::Batch& batch) {
    if (id_before.empty()) {
      id_before = batch.request_id();
      cut_power(scratch.path + "/before", scratch.path + "/after");  // it has arrived, and then
    }
  }};
  hydrant::DeliveryStream stream{
      durable(scratch.path + "/before", hydrant::Durability::power_loss_window{200ms}, 300),
      hydrant::identity, std::move(sink_before), machine.env};
  put_numbers(stream, 0, 1000);
  machine.env.advance(61s);

  hydrant::testing::MemorySink sink;
  const std::vector<std::string> all = delivered_after(scratch.path + "/after", sink, 2);

  REQUIRE(all.size() == 1000);
  REQUIRE(sink.batches()[0].records.size() == 300);
  REQUIRE(sink.batches()[0].request_id == id_before);
}

TEST_CASE("a second power cut, before the first is over, loses nothing",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  Machine machine(1);
  hydrant::testing::MemorySink unused;
  hydrant::DeliveryStream stream{durable(scratch.path + "/before", hydrant::Durability::power_loss),
                                 hydrant::identity, unused, machine.env};
  put_numbers(stream, 0, 1000);
  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::durable);

  cut_power(scratch.path + "/before", scratch.path + "/between");
  std::string id_between;
  Machine between(2);
  auto interrupted = hydrant::CallbackSink{[&](const hydrant::Batch& batch) {
    if (id_between.empty()) {
      id_between = batch.request_id();
      cut_power(scratch.path + "/between", scratch.path + "/after");
    }
  }};
  hydrant::DeliveryStream second{
      durable(scratch.path + "/between", hydrant::Durability::power_loss, 300), hydrant::identity,
      std::move(interrupted), between.env};
  between.env.advance(61s);
  hydrant::testing::MemorySink sink;
  const std::vector<std::string> all = delivered_after(scratch.path + "/after", sink, 3);

  REQUIRE(all.size() == 1000);
  REQUIRE(sink.batches()[0].records.size() == 300);
  REQUIRE(sink.batches()[0].request_id == id_between);
}

TEST_CASE(
    "a killed process whose manifests cannot be read loses no record, and delivers again only what "
    "the log does not say has ended",
    "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  Machine machine(1);
  hydrant::testing::MemorySink unused;
  hydrant::DeliveryStream stream{
      durable(scratch.path + "/before", hydrant::Durability::power_loss, 500), hydrant::identity,
      unused, machine.env};
  put_numbers(stream, 0, 1000);
  machine.env.advance(1s);  // delivered
  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::durable);
  put_numbers(stream, 1000, 1100);  // only in the segments
  fs::copy(scratch.path + "/before", scratch.path + "/after", fs::copy_options::recursive);
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path + "/after")) {
    if (entry.path().filename().string().starts_with("manifest-")) {
      std::ofstream(entry.path(), std::ios::binary) << "noise";
    }
  }

  hydrant::testing::MemorySink sink;
  const std::vector<std::string> all = delivered_after(scratch.path + "/after", sink, 1);

  REQUIRE(unused.batches().size() == 2);
  REQUIRE(all.size() == 100);
  REQUIRE(all.front() == "record 1000");
  REQUIRE(all.back() == "record 1099");
}

TEST_CASE("a log that cannot be written is reported, never believed, and stops no delivery",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  Machine machine(1);
  machine.files->fails = true;
  hydrant::testing::MemorySink sink;
  hydrant::DeliveryStream stream{durable(scratch.path, hydrant::Durability::power_loss),
                                 hydrant::identity, sink, machine.env};
  put_numbers(stream, 0, 10);

  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::failed);
  machine.files->fails = false;
  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::failed);
  REQUIRE_FALSE(stream.put_durable("one more", 1s));
  REQUIRE(stream.history().find("not a power cut") != std::string::npos);
  const hydrant::DeliveryReport report = stream.close(60s);

  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 11);
}

/// Turns a bit over in each log below the directory.
void flip_in_logs(const fs::path& directory, std::streamoff offset) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with("log-")) {
      std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
      file.seekg(offset);
      const int byte = file.get();
      file.seekp(offset);
      file.put(static_cast<char>(byte ^ 1));
    }
  }
}

TEST_CASE("a damaged frame costs only itself, be it the first of its log",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  {
    Machine machine(1);
    hydrant::testing::MemorySink unused;
    hydrant::DeliveryStream stream{
        durable(scratch.path + "/before", hydrant::Durability::power_loss), hydrant::identity,
        unused, machine.env};
    put_numbers(stream, 0, 2);
    REQUIRE(stream.sync(1s) == hydrant::SyncStatus::durable);
    put_numbers(stream, 2, 4);
    REQUIRE(stream.sync(1s) == hydrant::SyncStatus::durable);
    cut_power(scratch.path + "/before", scratch.path + "/after");
  }
  const auto byte = GENERATE(std::streamoff{0}, 8, 16, 23, 24, 32, 40, 48, 64, 100);
  CAPTURE(byte);

  flip_in_logs(scratch.path + "/after", byte);
  hydrant::testing::MemorySink sink;

  REQUIRE(delivered_after(scratch.path + "/after", sink, 2) ==
          std::vector<std::string>{"record 2", "record 3"});
}

TEST_CASE("what was cut off before its first frame was written is not kept for ever",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  const bool is_torn = GENERATE(false, true);
  const fs::path top = fs::path(scratch.path) / "journal" / "orders.journal";
  const fs::path spool = top / "0123456789abcdef";
  fs::create_directories(spool);
  std::ofstream(spool / "log-000001", std::ios::binary)
      << std::string(8192, '\0') << (is_torn ? "torn" : "");
  hydrant::testing::MemorySink sink;

  REQUIRE(delivered_after(scratch.path + "/journal", sink, 2).empty());

  REQUIRE_FALSE(fs::exists(spool));
  REQUIRE_FALSE(fs::exists(top / "0123456789abcdef.lock"));
  REQUIRE(fs::exists(top / "set-aside" / "0123456789abcdef-log-000001") == is_torn);
}

TEST_CASE("a stream without such a journal says that it cannot sync", "[delivery][power_loss]") {
  hydrant::testing::ManualEnv env;
  hydrant::testing::MemorySink sink;
  hydrant::DeliveryStream stream{hydrant::StreamOptions{.name = "plain"}, hydrant::identity, sink,
                                 env};

  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::not_configured);
}

}  // namespace

TEST_CASE("what a killed process had not yet on stable storage is there after the next life's sync",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  const Machine machine(1);
  hydrant::testing::MemorySink unused;
  hydrant::DeliveryStream stream{durable(scratch.path + "/before", hydrant::Durability::power_loss),
                                 hydrant::identity, unused, machine.env};
  put_numbers(stream, 0, 1000);
  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::durable);
  put_numbers(stream, 1000, 1100);  // only in the segments, when the process is killed
  fs::copy(scratch.path + "/before", scratch.path + "/between", fs::copy_options::recursive);
  const Machine same_machine(1);
  hydrant::testing::MemorySink unused_too;
  hydrant::DeliveryStream second{
      durable(scratch.path + "/between", hydrant::Durability::power_loss), hydrant::identity,
      unused_too, same_machine.env};
  REQUIRE(second.sync(1s) == hydrant::SyncStatus::durable);

  cut_power(scratch.path + "/between", scratch.path + "/after");
  hydrant::testing::MemorySink sink;
  const std::vector<std::string> all = delivered_after(scratch.path + "/after", sink, 2);

  REQUIRE(all.size() == 1100);
  REQUIRE(all.back() == "record 1099");
  std::uintmax_t logged = 0;
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path + "/between")) {
    if (entry.path().filename().string() == "log-000002") {
      std::ifstream log(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(log), {}};
      logged += bytes.find("record 1050") != std::string::npos ? 1u : 0u;
      logged += bytes.find("record 999record") != std::string::npos ? 100u : 0u;
    }
  }
  REQUIRE(logged == 1);  // and what was there before is not written again
}
