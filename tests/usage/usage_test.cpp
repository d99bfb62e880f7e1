// SPDX-License-Identifier: MIT
//
// What the README shows, compiled and run: each of its blocks of code stands here
// or in an example, word for word (tests/readme).
#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/zstd.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_sink.hpp>
#include <hydrant/testing/scripted_sink.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "scratch_directory.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::literals;

struct Request {
  std::string path;
  int status;
};

void on_request(hydrant::Producer log, const Request& request) {
  if (auto room = log.reserve(request.path.size() + 16)) {  // format straight into the buffer
    const int used =
        std::snprintf(room.data(), room.size(), "GET %s %d", request.path.c_str(), request.status);
    if (auto put = room.commit(static_cast<std::size_t>(used)); !put) {
      std::fprintf(stderr, "%s\n", put.reason().data());
    }
  }
}

TEST_CASE("usage: format a record straight into the stream's buffer", "[usage]") {
  hydrant::testing::ManualEnv env;
  hydrant::testing::MemorySink sink;
  hydrant::DeliveryStream stream{hydrant::StreamOptions{.name = "requests"}, hydrant::identity,
                                 sink, env};
  on_request(stream.producer(), {"/index.html", 200});
  REQUIRE(stream.close(1s).complete);
  REQUIRE(sink.records() == std::vector<std::string>{"GET /index.html 200"});
}

TEST_CASE("usage: objects by partition", "[usage]") {
  const hydrant::tests::ScratchDirectory scratch;
  const std::string directory = scratch.path;
  const auto region_of = [](std::string_view line) { return line.substr(0, line.find(' ')); };
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "orders"}, hydrant::identity,
      hydrant::ObjectSink{
          hydrant::DirectoryStore{directory}, hydrant::Lines{}, hydrant::in_format,
          hydrant::Key{{.prefix = "orders/region=!{partitionKeyFromQuery:region}/",
                        .error_output_prefix = "errors/!{firehose:error-output-type}/"}}},
      hydrant::partition_by("region", region_of)};  // each region gathers on its own
  REQUIRE(stream.put("emea order 1"));
  REQUIRE(stream.put("apac order 2"));
  REQUIRE(stream.put("emea order 3"));
  REQUIRE(stream.close(60s).complete);
  REQUIRE(std::filesystem::exists(directory + "/orders/region=emea"));
  REQUIRE(std::filesystem::exists(directory + "/orders/region=apac"));
}

TEST_CASE("usage: transforms are chained", "[usage]") {
  hydrant::testing::ManualEnv env;
  hydrant::testing::MemorySink sink;
  const auto is_wanted = [](const hydrant::RecordView& record) {
    return !record.text().starts_with("DEBUG");
  };
  const auto as_json = [](const hydrant::RecordView& record) {
    std::string json = "{\"message\":";
    hydrant::append_json_string(json, record.text());
    return json + "}";
  };
  hydrant::DeliveryStream stream{hydrant::StreamOptions{.name = "messages"},
                                 hydrant::filter(is_wanted) | hydrant::map(as_json), sink, env};
  REQUIRE(stream.put("DEBUG x=1"));
  REQUIRE(stream.put("disk is \"full\""));
  const hydrant::DeliveryReport report = stream.close(1s);
  REQUIRE(report.ledger.delivered == 1);
  REQUIRE(report.ledger.dropped == 1);
  REQUIRE(sink.records() == std::vector<std::string>{R"({"message":"disk is \"full\""})"});
}

struct Telemetry {
  static constexpr std::string_view name = "telemetry";
  static constexpr hydrant::SinkLimits limits{};
  static constexpr bool never_waits = true;

  hydrant::DeliveryResult deliver(const hydrant::Batch& batch, hydrant::Attempt&) {
    received += batch.count();
    return hydrant::delivered;
  }

  std::size_t received = 0;
};

TEST_CASE("usage: lose nothing in a crash", "[usage]") {
  const hydrant::tests::ScratchDirectory scratch;
  const std::string directory = scratch.path;
  const std::string order = "order 1";
  hydrant::testing::MemorySink sink;

  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{
          .name = "orders",
          .overflow = hydrant::Overflow::spill,  // an outage goes to the disk, not into memory
          .journal = {.directory = directory,
                      .durability = hydrant::Durability::power_loss_window{100ms}}},
      hydrant::identity, sink};

  REQUIRE(stream.put(order));               // survives kill -9 from here on, a power cut in 100 ms
  REQUIRE(stream.put_durable(order, 10s));  // survives a power cut from here on

  REQUIRE(stream.close(10s).ledger.delivered == 2);
}

TEST_CASE("usage: no threads, a budget", "[usage]") {
  hydrant::DeliveryStream telemetry{
      hydrant::StreamOptions{
          .name = "telemetry", .memory_limit = 16_MiB, .overflow = hydrant::Overflow::drop_oldest},
      hydrant::identity, Telemetry{}, hydrant::pumped};

  for (int tick = 0; tick < 60; ++tick) {
    for (int event = 0; event < 1000; ++event) {
      if (auto put = telemetry.put("position 1.0 2.0 3.0"); !put) {
        FAIL(put.reason());
      }
    }
    telemetry.pump(200us);  // transform, send, retry: no longer than this
  }
  REQUIRE(telemetry.close(1s).ledger.delivered == 60'000);
}

TEST_CASE("usage: test your own code without sleeps and without a network", "[usage]") {
  using namespace hydrant::testing;
  ManualEnv env;
  ScriptedSink sink{{hang(5s), reject("poison", 1), deliver}};
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "orders", .buffering = {.interval = 60s}}, hydrant::identity,
      sink, env};

  REQUIRE(stream.put("order 1"));
  REQUIRE(stream.put("order 2"));
  env.advance(60s);  // the batch closes, and its first attempt hangs
  env.advance(60s);  // the retries

  REQUIRE(stream.ledger().delivered == 1);
  REQUIRE(stream.ledger().dead_lettered == 1);
}

TEST_CASE("usage: wrong options are named all at once", "[usage]") {
  const auto build = [] {
    hydrant::DeliveryStream stream{hydrant::StreamOptions{.name = "access-log",
                                                          .buffering = {.interval = 3600s},
                                                          .memory_limit = 4_MiB,
                                                          .retry = {.duration = 86400s}},
                                   hydrant::identity, hydrant::testing::MemorySink{}};
  };
  try {
    build();
    FAIL("no fault was found");
  } catch (const hydrant::OptionsError& error) {
    const std::string_view text = error.what();
    CAPTURE(text);
    for (const char* part : {"3 faults", "access-log", "buffering.interval", "[0 s, 900 s]",
                             "3600 s", "memory_limit", "4 MiB", "retry.duration", "86400 s"}) {
      REQUIRE(text.find(part) != std::string_view::npos);
    }
  }
}

}  // namespace
