// SPDX-License-Identifier: MIT
//
// Logs that are not whole when the power comes back: damaged, never written, or
// of a life that could not write them.
#include <hydrant/hydrant.hpp>
#include <hydrant/testing/memory_sink.hpp>

#include <filesystem>
#include <fstream>
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

TEST_CASE("what a life has delivered whose log failed is not delivered again after a power cut",
          "[delivery][journal][power_loss]") {
  const hydrant::tests::ScratchDirectory scratch;
  const Machine machine(1);
  machine.files->fails = true;
  hydrant::testing::MemorySink unused;
  hydrant::DeliveryStream stream{
      durable(scratch.path + "/before", hydrant::Durability::power_loss, 2), hydrant::identity,
      unused, machine.env};
  put_numbers(stream, 0, 3);
  REQUIRE(stream.sync(1s) == hydrant::SyncStatus::failed);
  machine.env.advance(1s);
  REQUIRE(stream.ledger().delivered == 2);
  fs::copy(scratch.path + "/before", scratch.path + "/between", fs::copy_options::recursive);
  const Machine same_machine(1);
  hydrant::testing::MemorySink unused_too;
  hydrant::DeliveryStream second{
      durable(scratch.path + "/between", hydrant::Durability::power_loss), hydrant::identity,
      unused_too, same_machine.env};
  REQUIRE(second.sync(1s) == hydrant::SyncStatus::durable);

  cut_power(scratch.path + "/between", scratch.path + "/after");
  hydrant::testing::MemorySink sink;

  REQUIRE(delivered_after(scratch.path + "/after", sink, 2) ==
          std::vector<std::string>{"record 2"});
}

}  // namespace
