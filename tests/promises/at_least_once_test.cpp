// SPDX-License-Identifier: MIT
//
// Promise 7, without a journal: at least once, and every attempt of the same
// records under the same request id.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::DeliveryResult;

namespace {

/// Takes every batch and loses every second answer on the way back.
struct ForgetfulSink {
  static constexpr std::string_view name = "forgetful";
  static constexpr hydrant::SinkLimits limits{.batch_records_max = 7};

  DeliveryResult deliver(const hydrant::Batch& batch, hydrant::Attempt& attempt) {
    const DeliveryResult taken = memory.deliver(batch, attempt);
    return attempt.number() % 2 == 0 ? hydrant::DeliveryResult(hydrant::delivered)
                                     : hydrant::retry("no answer");
  }

  MemorySink memory;
};

}  // namespace

TEST_CASE("promise 7: destination that remembers request ids gets each record exactly once",
          "[promise][at_least_once]") {
  ManualEnv env;
  MemorySink memory;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, ForgetfulSink{memory}, env};
  for (std::size_t round = 0; round < 10; ++round) {
    put_all(stream, numbered(50, round * 50));
    env.advance(60s);
  }
  REQUIRE(stream.flush(1h).complete);

  REQUIRE(memory.record_count() == 1000);  // each came twice
  std::set<std::string> ids;
  Texts once;
  for (const ReceivedBatch& batch : memory.batches()) {
    if (ids.insert(batch.request_id).second) {
      once.insert(once.end(), batch.records.begin(), batch.records.end());
    }
  }
  REQUIRE(once == numbered(500));
}

TEST_CASE("promise 7: record ids are unique and the same on every attempt",
          "[promise][at_least_once]") {
  ManualEnv env;
  MemorySink memory;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, ForgetfulSink{memory}, env};
  put_all(stream, numbered(100));
  std::thread([&] { put_all(stream, numbered(100, 100)); }).join();
  REQUIRE(stream.flush(1h).complete);

  std::map<std::string, hydrant::RecordId> id_of;
  std::set<std::pair<std::uint32_t, std::uint64_t>> all;
  for (const ReceivedBatch& batch : memory.batches()) {
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const auto [known, is_new] = id_of.emplace(batch.records[i], batch.ids[i]);
      REQUIRE(known->second == batch.ids[i]);
      all.emplace(batch.ids[i].shard, batch.ids[i].sequence);
    }
  }
  REQUIRE(all.size() == 200);
}

TEST_CASE("promise 7: batch is neither lost nor renamed over an hour of failures",
          "[promise][at_least_once]") {
  ManualEnv env;
  std::vector<SinkStep> steps(60, fail("down"));
  steps.push_back(deliver);
  ScriptedSink sink{steps};
  hydrant::StreamOptions options = minute_options();
  options.retry.duration = 7200s;
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  put_all(stream, numbered(10));

  env.advance(7200s);

  REQUIRE(sink.records() == numbered(10));
  std::set<std::string> ids;
  for (const SinkAttempt& attempt : sink.attempts()) {
    ids.insert(attempt.batch.request_id);
  }
  REQUIRE(ids.size() == 1);
}

TEST_CASE("promise 7: streams of equal seeds and names in other worlds have other ids",
          "[promise][at_least_once]") {
  std::set<std::string> ids;
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    ManualEnv env(seed);
    MemorySink sink;
    hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env};
    put_all(stream, {"same"});
    REQUIRE(stream.flush(1s).complete);
    ids.insert(sink.batches().at(0).request_id);
  }
  REQUIRE(ids.size() == 3);
}
