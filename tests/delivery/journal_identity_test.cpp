// SPDX-License-Identifier: MIT
//
// A batch that may have arrived before the process died is made again as it was.
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "delivery/lives.hpp"
#include "stream_rig.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::tests;
using namespace std::chrono_literals;
using hydrant::testing::fail;
using hydrant::testing::MemorySink;
using hydrant::testing::ReceivedBatch;
using hydrant::testing::ScriptedSink;

/// Lives until the first batch has been tried once, and its answer was lost.
template <class Transform>
ReceivedBatch live_until_answer_is_lost(Lives& lives, const hydrant::StreamOptions& options,
                                        const Texts& records, Transform transform) {
  const auto env = lives.world();
  ScriptedSink sink{{fail("after commit")}};
  hydrant::DeliveryStream stream{options, transform, sink, env};
  put_all(stream, records);
  env.advance(61s);
  REQUIRE(sink.attempt_count() > 0);
  lives.kill();
  return sink.attempts().front().batch;
}

/// Every batch of the next life, which goes on to the end.
template <class Transform>
std::vector<ReceivedBatch> live_to_the_end(const Lives& lives,
                                           const hydrant::StreamOptions& options,
                                           Transform transform) {
  const auto env = lives.world();
  MemorySink sink;
  hydrant::DeliveryStream stream{options, transform, sink, env};
  const hydrant::DeliveryReport report = stream.close(60s);
  REQUIRE(report.complete);
  REQUIRE(report.ledger.balanced());
  return sink.batches();
}

Texts records_of(const std::vector<ReceivedBatch>& batches) {
  Texts all;
  for (const ReceivedBatch& batch : batches) {
    all.insert(all.end(), batch.records.begin(), batch.records.end());
  }
  return all;
}

/// The directory of the one spool that a life has left.
std::string spool_of(const Lives& lives) {
  for (const auto& entry :
       std::filesystem::directory_iterator(lives.directory() + "/orders.journal")) {
    if (entry.is_directory()) {
      return entry.path().string();
    }
  }
  return {};
}

}  // namespace

TEST_CASE("a batch whose answer was lost is made again with its id and its bytes",
          "[delivery][journal]") {
  Lives lives;
  const ReceivedBatch first =
      live_until_answer_is_lost(lives, lives.options(10), numbered(25), hydrant::identity);

  const auto again = live_to_the_end(lives, lives.options(10), hydrant::identity);

  REQUIRE(identity_of(again.front()) == identity_of(first));
  REQUIRE(again.front().ids == first.ids);
  REQUIRE(again.front().close_reason == first.close_reason);
  REQUIRE(records_of(again) == numbered(25));
  REQUIRE(lives.is_clean());
}

TEST_CASE("a batch is made again by the third life, too", "[delivery][journal]") {
  Lives lives;
  const ReceivedBatch first =
      live_until_answer_is_lost(lives, lives.options(10), numbered(15), hydrant::identity);
  const ReceivedBatch second =
      live_until_answer_is_lost(lives, lives.options(10), {}, hydrant::identity);

  const auto again = live_to_the_end(lives, lives.options(10), hydrant::identity);

  REQUIRE(identity_of(second) == identity_of(first));
  REQUIRE(identity_of(again.front()) == identity_of(first));
  REQUIRE(records_of(again) == numbered(15));
}

TEST_CASE("a batch is made again as it was, however the options have changed",
          "[delivery][journal]") {
  using Change = std::function<void(hydrant::StreamOptions&)>;
  const std::vector<Change> changes{
      [](hydrant::StreamOptions& options) { options.buffering.count = 3; },
      [](hydrant::StreamOptions& options) { options.buffering.size = hydrant::ByteCount{2048}; },
      [](hydrant::StreamOptions& options) { options.concurrency = 8; },
      [](hydrant::StreamOptions& options) {
        options.memory_limit = hydrant::ByteCount{16ull << 20};
        options.record_bytes_max = hydrant::ByteCount{1000};
      },
      [](hydrant::StreamOptions& options) { options.overflow = hydrant::Overflow::drop_oldest; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    Lives lives;
    const ReceivedBatch first =
        live_until_answer_is_lost(lives, lives.options(10), numbered(25), hydrant::identity);
    hydrant::StreamOptions options = lives.options(10);
    changes[i](options);

    const auto again = live_to_the_end(lives, options, hydrant::identity);

    REQUIRE(identity_of(again.front()) == identity_of(first));
    REQUIRE(records_of(again) == numbered(25));
  }
}

TEST_CASE("a batch of what a transform made is made again with its id and its bytes",
          "[delivery][journal]") {
  Lives lives;
  const auto twice = hydrant::map(
      [](hydrant::RecordView record) { return std::string(record.text()) + std::string("!"); });
  const ReceivedBatch first =
      live_until_answer_is_lost(lives, lives.options(10), numbered(20), twice);

  const auto again = live_to_the_end(lives, lives.options(10), twice);

  REQUIRE(identity_of(again.front()) == identity_of(first));
  REQUIRE(records_of(again).size() == 20);
}

TEST_CASE("what a transform makes otherwise in the next life is delivered under other ids",
          "[delivery][journal]") {
  Lives lives;
  const auto with = [](std::string life) {
    return hydrant::map(
        [life](hydrant::RecordView record) { return life + std::string(record.text()); });
  };
  const ReceivedBatch first =
      live_until_answer_is_lost(lives, lives.options(10), numbered(20), with("a "));
  const auto env = lives.world();
  MemorySink sink;
  hydrant::DeliveryStream stream{lives.options(10), with("b "), sink, env};

  put_all(stream, numbered(10, 20));
  REQUIRE(stream.close(60s).complete);

  REQUIRE(stream.history().find("the transform made something else") != std::string::npos);
  std::set<std::string> ids{first.request_id};
  for (const ReceivedBatch& batch : sink.batches()) {
    ids.insert(batch.request_id);
  }
  REQUIRE(sink.batches().size() == 3);
  REQUIRE(ids.size() == 4);
  REQUIRE(sink.records().front() == "b r0");
  REQUIRE(sink.record_count() == 30);
}

TEST_CASE("records of two producers keep their order in the next life", "[delivery][journal]") {
  Lives lives;
  {
    const auto env = lives.world();
    ScriptedSink sink{{fail("down")}};
    hydrant::DeliveryStream stream{lives.options(), hydrant::identity, sink, env};
    for (int turn = 0; turn < 20; ++turn) {
      for (const std::string name : {"a", "b"}) {
        // A thread has a shard as long as it lives; the next takes it over.
        std::thread([&] {
          for (int i = 0; i < 100; ++i) {
            static_cast<void>(stream.put(name + std::to_string(turn * 100 + i + 1000)));
          }
        }).join();
      }
      env.advance(turn == 7 ? 61s : 1s);
    }
    std::thread first([&] { static_cast<void>(stream.put(std::string("a9998"))); });
    std::thread second([&] { static_cast<void>(stream.put(std::string("b9998"))); });
    first.join();
    second.join();
    lives.kill();
  }

  const auto batches = live_to_the_end(lives, lives.options(), hydrant::identity);

  std::string last_a;
  std::string last_b;
  for (const std::string& record : records_of(batches)) {
    std::string& last = record[0] == 'a' ? last_a : last_b;
    REQUIRE(last < record);
    last = record;
  }
  REQUIRE(records_of(batches).size() == 4002);
}

TEST_CASE("drop_oldest never drops what an earlier life has left", "[delivery][journal]") {
  Lives lives;
  const std::string padding(900, 'x');
  Texts early;
  for (const std::string& number : numbered(300)) {
    early.push_back(number + padding);
  }
  live_until_answer_is_lost(lives, lives.options(100), early, hydrant::identity);
  const auto env = lives.world();
  ScriptedSink sink{{fail("down")}};
  hydrant::StreamOptions options = lives.options(100);
  options.memory_limit = hydrant::ByteCount{6ull << 20};
  options.overflow = hydrant::Overflow::drop_oldest;
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env};
  REQUIRE(stream.ledger().recovered == 300);

  for (int i = 0; i < 20'000; ++i) {
    REQUIRE(stream.put("new" + padding));
  }
  sink.play({hydrant::testing::deliver});
  const hydrant::DeliveryReport report = stream.close(600s);

  REQUIRE(report.complete);
  REQUIRE(report.ledger.balanced());
  REQUIRE(report.ledger.lost > 1000);
  Texts delivered;
  for (const std::string& record : sink.records()) {
    if (record[0] == 'r') {
      delivered.push_back(record);
    }
  }
  REQUIRE(delivered == early);
}

TEST_CASE("of two batches that have sealed the same records the later one is made again",
          "[delivery][journal]") {
  Lives lives;
  const ReceivedBatch first =
      live_until_answer_is_lost(lives, lives.options(10), numbered(25), hydrant::identity);
  {
    hydrant::SystemFiles files;
    const auto manifest =
        std::move(hydrant::detail::Manifest::open(files, spool_of(lives)).value());
    hydrant::detail::Seal seal = manifest->seals().front();
    seal.number = manifest->take_number();
    REQUIRE(manifest->seal(seal));
  }

  const auto again = live_to_the_end(lives, lives.options(10), hydrant::identity);

  REQUIRE(again.front().records == first.records);
  REQUIRE(again.front().request_id != first.request_id);
  REQUIRE(records_of(again) == numbered(25));
}

TEST_CASE("a record that the journal has twice is delivered once, and counted once",
          "[delivery][journal]") {
  Lives lives;
  const auto env = lives.world();
  ScriptedSink sink;
  hydrant::DeliveryStream stream{lives.options(), hydrant::identity, sink, env};
  put_all(stream, numbered(25));
  lives.kill();
  const std::string spool = spool_of(lives);
  std::filesystem::copy_file(spool + "/segment-000001", spool + "/segment-000099");

  REQUIRE(records_of(live_to_the_end(lives, lives.options(), hydrant::identity)) == numbered(25));
  REQUIRE(lives.is_clean());
}
