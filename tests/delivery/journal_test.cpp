// SPDX-License-Identifier: MIT
#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_sink.hpp>
#include <hydrant/testing/scripted_sink.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "scratch_directory.hpp"
#include "test.hpp"

namespace {

using namespace std::chrono_literals;
using namespace hydrant::literals;

hydrant::StreamOptions journalled(const std::string& directory) {
  hydrant::StreamOptions options;
  options.name = "orders";
  options.buffering.size = 1_MiB;
  options.buffering.interval = 60s;
  options.journal.directory = directory;
  return options;
}

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
  const hydrant::tests::ScratchDirectory scratch;
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

TEST_CASE("a stream that spills takes an outage of many times its memory, and delivers all of it",
          "[delivery][journal][spill]") {
  const hydrant::tests::ScratchDirectory scratch;
  hydrant::testing::MemorySink sink;
  hydrant::testing::ManualEnv env(1, std::make_shared<hydrant::SystemFiles>());
  hydrant::StreamOptions options = journalled(scratch.path);
  options.memory_limit = 8_MiB;
  options.overflow = hydrant::Overflow::spill;
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  const std::string record(1000, 'x');

  for (int i = 0; i < 80'000; ++i) {  // ten times the memory, while no time passes
    REQUIRE(stream.put(std::to_string(i) + " " + record));
    REQUIRE(stream.snapshot().memory_used <= options.memory_limit);
  }
  REQUIRE(stream.ledger().in_memory == 80'000);
  const hydrant::DeliveryReport report = stream.close(60s);

  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 80'000);
  const std::vector<std::string> all = all_records(sink);
  REQUIRE(all.size() == 80'000);
  for (int i = 0; i < 80'000; ++i) {
    REQUIRE(all[static_cast<std::size_t>(i)] == std::to_string(i) + " " + record);
  }
  REQUIRE(stream.snapshot().memory_used <= options.memory_limit);
}

/// Of records that lie far apart in memory, and in much more than the stream may have.
hydrant::Outcome fail_some(const hydrant::RecordView& record, hydrant::Emitter& out) {
  if (record.text().starts_with("bad")) {
    return hydrant::Outcome::failed("no good");
  }
  out.emit(std::string(record.text()));
  return hydrant::Outcome::ok();
}

TEST_CASE("a stream that spills keeps the memory for what it makes of records",
          "[delivery][journal][spill]") {
  const hydrant::tests::ScratchDirectory scratch;
  hydrant::testing::MemorySink sink;
  hydrant::testing::MemorySink errors;
  hydrant::testing::ManualEnv env(1, std::make_shared<hydrant::SystemFiles>());
  hydrant::StreamOptions options = journalled(scratch.path);
  options.buffering.size = 16_KiB;
  options.memory_limit = 96_KiB;
  options.record_bytes_max = 1000_B;
  options.overflow = hydrant::Overflow::spill;
  hydrant::DeliveryStream stream{options, fail_some, sink, env, hydrant::error_output(errors)};

  for (int i = 0; i < 2000; ++i) {
    REQUIRE(stream.put((i % 20 == 0 ? "bad" : "good") + std::string(900, 'x')));
  }
  const hydrant::DeliveryReport report = stream.close(60s);

  INFO(to_text(report));
  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 1900);
  REQUIRE(report.ledger.dead_lettered == 100);
  REQUIRE(all_records(errors).size() == 100);
  for (const std::string& letter : all_records(errors)) {
    REQUIRE(letter.find("no good") != std::string::npos);
  }
}

TEST_CASE("a stream that spills refuses what the journal has no room for",
          "[delivery][journal][spill]") {
  const hydrant::tests::ScratchDirectory scratch;
  hydrant::testing::MemorySink sink;
  hydrant::testing::ManualEnv env(1, std::make_shared<hydrant::SystemFiles>());
  hydrant::StreamOptions options = journalled(scratch.path);
  options.memory_limit = 8_MiB;
  options.journal.disk_limit = 20_MiB;
  options.overflow = hydrant::Overflow::spill;
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  const std::string record(1000, 'x');

  std::uint64_t accepted = 0;
  while (stream.put(record)) {
    ++accepted;
  }

  REQUIRE(accepted > 12'000);
  REQUIRE(accepted < 20'000);
  REQUIRE(stream.ledger().refused_buffer_full == 1);
  REQUIRE(stream.close(60s).ledger.delivered == accepted);
  REQUIRE(stream.history().find("disk_limit") != std::string::npos);
}

TEST_CASE("a stream whose journal cannot be opened says why, and is not built",
          "[delivery][journal]") {
  const hydrant::tests::ScratchDirectory scratch;
  hydrant::testing::ManualEnv env(1, std::make_shared<hydrant::SystemFiles>());
  hydrant::testing::MemorySink sink;
  const auto reason_why_not = [&](const std::string& directory) -> std::string {
    try {
      hydrant::DeliveryStream stream{journalled(directory), hydrant::identity, sink, env};
      return "";
    } catch (const hydrant::OptionsError& error) {
      return error.what();
    }
  };

  REQUIRE(reason_why_not("/dev/null").find("make directory /dev/null/orders.journal: Not a") !=
          std::string::npos);

  hydrant::DeliveryStream first{journalled(scratch.path), hydrant::identity, sink, env};
  REQUIRE(reason_why_not(scratch.path).find("in use by another stream of this name") !=
          std::string::npos);
  REQUIRE(reason_why_not(scratch.path + "/").find("set journal.shared on both") !=
          std::string::npos);

  REQUIRE(first.close(std::chrono::seconds(1)).complete);
  REQUIRE(reason_why_not(scratch.path).find("in use") != std::string::npos);  // until destroyed
}

}  // namespace

TEST_CASE("a stream refuses a key that does not suit what it does", "[delivery][journal]") {
  const hydrant::tests::ScratchDirectory scratch;
  const auto fault_of = [&](const hydrant::StreamOptions& options, const char* prefix) {
    try {
      hydrant::DeliveryStream stream{
          options, hydrant::identity,
          hydrant::ObjectSink{
              hydrant::DirectoryStore{scratch.path + "/lake"}, hydrant::Lines{},
              hydrant::Uncompressed{},
              hydrant::Key{{.prefix = prefix,
                            .error_output_prefix = "errors/!{firehose:error-output-type}/"}}}};
      return std::string();
    } catch (const hydrant::OptionsError& error) {
      return std::string(error.what());
    }
  };
  hydrant::StreamOptions unjournalled;
  unjournalled.name = "orders";

  REQUIRE(fault_of(unjournalled, "!{hydrant:pid}/") == "");
  REQUIRE(fault_of(journalled(scratch.path), "!{hydrant:pid}/").find("with a journal") !=
          std::string::npos);
  REQUIRE(fault_of(unjournalled, "!{partitionKeyFromQuery:customer}/")
              .find("when Dynamic Partitioning is enabled") != std::string::npos);
}
