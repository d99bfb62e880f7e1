// SPDX-License-Identifier: MIT
//
// What a stream promises about a power cut, and keeps.
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

#include "delivery/power_cut.hpp"
#include "scratch_directory.hpp"
#include "test.hpp"

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using hydrant::tests::cut_power;
using hydrant::tests::delivered_after;
using hydrant::tests::durable;
using hydrant::tests::Machine;
using hydrant::tests::put_numbers;

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

TEST_CASE("two lives that are made from one log give their batches other identities",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  Machine machine(1);
  hydrant::testing::MemorySink unused;
  hydrant::DeliveryStream stream{durable(scratch.path + "/before", hydrant::Durability::power_loss),
                                 hydrant::identity, unused, machine.env};
  put_numbers(stream, 0, 100);
  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::durable);
  cut_power(scratch.path + "/before", scratch.path + "/once");
  cut_power(scratch.path + "/before", scratch.path + "/again");  // and all that it wrote is lost

  hydrant::testing::MemorySink once;
  REQUIRE(delivered_after(scratch.path + "/once", once, 2).size() == 100);
  hydrant::testing::MemorySink again;
  REQUIRE(delivered_after(scratch.path + "/again", again, 3).size() == 100);

  REQUIRE(once.batches()[0].request_id != again.batches()[0].request_id);
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

TEST_CASE("a stream without such a journal says that it cannot sync", "[delivery][power_loss]") {
  hydrant::testing::ManualEnv env;
  hydrant::testing::MemorySink sink;
  hydrant::DeliveryStream stream{hydrant::StreamOptions{.name = "plain"}, hydrant::identity, sink,
                                 env};

  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::not_configured);
}

}  // namespace

TEST_CASE("a start that can read nothing of a log says so at once, though nothing is put",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  const Machine machine(1);
  hydrant::testing::MemorySink unused;
  hydrant::DeliveryStream stream{durable(scratch.path + "/before", hydrant::Durability::power_loss),
                                 hydrant::identity, unused, machine.env};
  put_numbers(stream, 0, 10);
  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::durable);
  cut_power(scratch.path + "/before", scratch.path + "/after");
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path + "/after")) {
    if (entry.path().filename().string().starts_with("log-")) {
      std::fstream(entry.path(), std::ios::binary | std::ios::in | std::ios::out).seekp(100) << '?';
    }
  }

  const Machine after(2);
  hydrant::testing::MemorySink sink;
  hydrant::DeliveryStream next{durable(scratch.path + "/after", hydrant::Durability::power_loss),
                               hydrant::identity, sink, after.env};

  REQUIRE(next.history().find("its log has nothing that is whole") != std::string::npos);
  REQUIRE(next.history().find("is set aside in " + scratch.path) != std::string::npos);
}

TEST_CASE("what a killed process had not yet on stable storage is there after the next life's sync",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  const Machine machine(1);
  hydrant::testing::MemorySink unused;
  hydrant::DeliveryStream stream{durable(scratch.path + "/before", hydrant::Durability::power_loss),
                                 hydrant::identity, unused, machine.env};
  put_numbers(stream, 0, 900);
  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::durable);
  put_numbers(stream, 900, 1000);
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
  // What the last frame had is written again, for nobody knows whether its sync was through; what
  // was there before is not.
  std::string log;
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path + "/between")) {
    if (entry.path().filename().string() == "log-000002") {
      std::ifstream file(entry.path(), std::ios::binary);
      log += std::string{std::istreambuf_iterator<char>(file), {}};
    }
  }
  REQUIRE(log.find("record 1050") != std::string::npos);
  REQUIRE(log.find("record 950") != std::string::npos);
  REQUIRE(log.find("record 850") == std::string::npos);
}
