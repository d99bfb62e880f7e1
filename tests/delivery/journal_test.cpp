// SPDX-License-Identifier: MIT
#include <hydrant/hydrant.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_sink.hpp>
#include <hydrant/testing/scripted_sink.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "test.hpp"

namespace {

using namespace std::chrono_literals;
using namespace hydrant::literals;

/// A directory that goes with the test.
struct Scratch {
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "journal-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }

  ~Scratch() { std::filesystem::remove_all(path); }

  std::string path;
};

hydrant::StreamOptions journalled(const std::string& directory) {
  hydrant::StreamOptions options;
  options.name = "orders";
  options.buffering.size = 1_MiB;
  options.buffering.interval = 60s;
  options.journal.directory = directory;
  return options;
}

struct World {
  explicit World(const std::string&) : env(7, std::make_shared<hydrant::SystemFiles>()) {}

  hydrant::testing::ManualEnv env;
};

std::vector<std::string> all_records(const hydrant::testing::MemorySink& sink) {
  std::vector<std::string> all;
  for (const auto& batch : sink.batches()) {
    for (const auto& record : batch.records) {
      all.push_back(record);
    }
  }
  return all;
}

TEST_CASE("a record that a stream could not deliver before close is delivered by the next",
          "[delivery][journal]") {
  Scratch scratch;
  hydrant::testing::MemorySink sink;
  {
    hydrant::testing::ManualEnv env(1, std::make_shared<hydrant::SystemFiles>());
    hydrant::testing::ScriptedSink failing{{hydrant::testing::fail("down")}};
    hydrant::DeliveryStream stream{journalled(scratch.path), hydrant::identity, failing, env};
    for (int i = 0; i < 1000; ++i) {
      REQUIRE(stream.put("record " + std::to_string(i)));
    }
    const hydrant::DeliveryReport report = stream.close(1s);
    REQUIRE_FALSE(report.complete);
    REQUIRE(report.ledger.in_journal == 1000);
    REQUIRE(report.ledger.lost == 0);
    REQUIRE(report.ledger.balanced());
  }
  hydrant::testing::ManualEnv env(2, std::make_shared<hydrant::SystemFiles>());
  hydrant::DeliveryStream stream{journalled(scratch.path), hydrant::identity, sink, env};
  REQUIRE(stream.ledger().recovered == 1000);
  REQUIRE(stream.put("new"));

  const hydrant::DeliveryReport report = stream.close(1s);

  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 1001);
  REQUIRE(report.ledger.balanced());
  const std::vector<std::string> all = all_records(sink);
  REQUIRE(all.size() == 1001);
  REQUIRE(all.front() == "record 0");
  REQUIRE(all.back() == "new");
}

}  // namespace
