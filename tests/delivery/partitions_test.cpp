// SPDX-License-Identifier: MIT
//
// A stream with partitions, as its user sees it: what is delivered together,
// when, under which keys, and what becomes of a record whose keys are wrong.
#include <hydrant/transform/map.hpp>
#include <hydrant/transform/pipe.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "delivery/partition_rig.hpp"
#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::CloseReason;
using hydrant::Emitter;
using hydrant::Outcome;
using hydrant::PartitionKeys;
using hydrant::PartitionOptions;
using hydrant::RecordView;
using hydrant::WaitStatus;
using hydrant::WhenPartitionsFull;

using Keys = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("every batch holds one partition, in order, and the sink sees its keys",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink("\n");
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env, by_first_field()};
  put_all(stream, {"a:1", "b:1", "a:2", "c:1", "b:2", "a:3"});

  env.advance(61s);

  REQUIRE(sink.batches().size() == 3);
  const auto partitions = by_partition(sink.batches());
  REQUIRE(partitions.at("a") == Texts{"a:1", "a:2", "a:3"});
  REQUIRE(partitions.at("b") == Texts{"b:1", "b:2"});
  REQUIRE(partitions.at("c") == Texts{"c:1"});
  REQUIRE(sink.batches()[0].partition_keys == Keys{{"k", "a"}});
  REQUIRE(sink.batches()[0].raw == "a:1\na:2\na:3\n");
  REQUIRE(sink.batches()[0].request_id != sink.batches()[1].request_id);
  REQUIRE(stream.ledger().delivered == 6);
}

TEST_CASE("keys come by name, whatever the order in which they were set",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{
      minute_options(), hydrant::identity, sink, env,
      hydrant::partition_by([](const RecordView& record, PartitionKeys& keys) {
        const bool is_first = record.text() == "1";
        keys.set(is_first ? "year" : "device", is_first ? "2026" : "mobile");
        keys.set(is_first ? "device" : "year", is_first ? "mobile" : "2026");
        return Outcome::ok();
      })};
  put_all(stream, {"1", "2"});

  env.advance(61s);

  REQUIRE(sink.batches().size() == 1);
  REQUIRE(sink.batches()[0].partition_keys == Keys{{"device", "mobile"}, {"year", "2026"}});
}

TEST_CASE("each partition has the size to itself, and never holds more", "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::StreamOptions options = small_options();
  options.buffering.size = hydrant::ByteCount{12};
  hydrant::DeliveryStream stream{options, hydrant::identity, sink, env, by_first_field()};
  put_all(stream, {"a:11", "b:11", "a:12", "a:13", "b:12", "a:14", "a:longer than the size"});

  env.advance(1s);

  const auto batches = sink.batches();
  REQUIRE(batches.size() == 3);
  REQUIRE(batches[0].records == Texts{"a:11", "a:12", "a:13"});  // 12 bytes: exactly full
  REQUIRE(batches[0].close_reason == CloseReason::size);
  REQUIRE(batches[1].records == Texts{"a:14"});
  REQUIRE(batches[2].records == Texts{"a:longer than the size"});
  env.advance(60s);
  REQUIRE(sink.batches().back().records == Texts{"b:11", "b:12"});
  REQUIRE(sink.batches().back().close_reason == CloseReason::interval);
}

TEST_CASE("each partition has the interval to itself, from its own oldest record's arrival",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env, by_first_field()};
  put_all(stream, {"a:1"});
  env.advance(20s);
  put_all(stream, {"b:1", "a:2"});

  env.advance(39s);
  REQUIRE(sink.batches().empty());
  env.advance(1s + one_tick);
  REQUIRE(sink.batches().size() == 1);
  REQUIRE(sink.batches()[0].records == Texts{"a:1", "a:2"});
  env.advance(19s);
  REQUIRE(sink.batches().size() == 1);
  env.advance(1s + one_tick);
  REQUIRE(sink.batches()[1].records == Texts{"b:1"});
}

TEST_CASE("keys are asked of what the transform makes, and one record may go to many partitions",
          "[delivery][partitions]") {
  ManualEnv env;
  ScriptedSink sink{{deliver, hang(30s), deliver}};
  const auto twice = [](const RecordView& record, Emitter& out) {
    out.emit("x:" + std::string(record.text()));
    out.emit("y:" + std::string(record.text()));
    return record.text() == "bad" ? Outcome::failed("bad") : Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), twice, sink, env, by_first_field()};
  put_all(stream, {"1", "bad", "2"});

  env.advance(61s);
  REQUIRE(sink.records() == Texts{"x:1", "x:2"});
  REQUIRE(stream.ledger().delivered == 0);  // each has an output that has not ended
  REQUIRE(stream.ledger().in_memory == 3);

  env.advance(60s);
  REQUIRE(sink.records() == Texts{"x:1", "x:2", "y:1", "y:2"});
  REQUIRE(stream.ledger().delivered == 2);
  REQUIRE(stream.ledger().dead_lettered == 1);
  REQUIRE(stream.snapshot().partitions.records_delivered == 4);
}

TEST_CASE("transform's own keys count for what it emits after them within one record",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  const auto keyed = [](const RecordView& record, Emitter& out) {
    out.emit("no key");
    out.set_partition_key("source", record.text());
    out.emit("first");
    out.emit("second");
    out.set_partition_key("source", "both");
    out.emit("third");
    return Outcome::ok();
  };
  const auto default_key = [](const RecordView&, PartitionKeys& keys) {
    if (!keys.find("source")) {
      keys.set("source", "none");
    }
    return Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), keyed, sink, env,
                                 hydrant::partition_by(default_key)};
  put_all(stream, {"a", "b"});

  env.advance(61s);

  const auto partitions = by_partition(sink.batches());
  REQUIRE(partitions.at("none") == Texts{"no key", "no key"});
  REQUIRE(partitions.at("a") == Texts{"first", "second"});
  REQUIRE(partitions.at("b") == Texts{"first", "second"});
  REQUIRE(partitions.at("both") == Texts{"third", "third"});
}

TEST_CASE("transform's keys alone make partitions, through pipes as well",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  const auto keyed = hydrant::transform([](const RecordView& record, Emitter& out) {
    out.set_partition_key("k", before_colon(record.text()));
    out.emit(record.text());
    return Outcome::ok();
  });
  const auto shout = hydrant::map([](std::string_view text) { return std::string(text) + "!"; });
  hydrant::DeliveryStream stream{minute_options(), keyed | shout, sink, env,
                                 hydrant::partition_by()};
  put_all(stream, {"a:1", "b:1", "a:2"});

  env.advance(61s);

  REQUIRE(by_partition(sink.batches()).at("a") == Texts{"a:1!", "a:2!"});
  REQUIRE(by_partition(sink.batches()).at("b") == Texts{"b:1!"});
}

TEST_CASE("record whose key is null, empty or too long goes to the error output, and no other",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  MemorySink errors;
  const auto key = [](std::string_view text) -> std::optional<std::string> {
    return text == "null"    ? std::nullopt
           : text == "empty" ? std::optional(std::string())
           : text == "long"  ? std::optional(std::string(1025, 'x'))
           : text == "most"  ? std::optional(std::string(1024, 'x'))
                             : std::optional(std::string("ok"));
  };
  hydrant::DeliveryStream stream{minute_options(),
                                 hydrant::identity,
                                 sink,
                                 env,
                                 hydrant::partition_by("k", key),
                                 hydrant::error_output(errors)};
  const auto tickets = put_all(stream, {"1", "null", "2", "empty", "long", "most"});

  REQUIRE(stream.flush(60s).complete);

  const auto partitions = by_partition(sink.batches());
  REQUIRE(partitions.at("ok") == Texts{"1", "2"});
  REQUIRE(partitions.at(std::string(1024, 'x')) == Texts{"most"});
  REQUIRE(errors.record_count() == 3);
  for (const std::string& letter : errors.records()) {
    REQUIRE(letter.find("\"errorCode\":\"DynamicPartitioning.MetadataExtractionFailed\"") !=
            std::string::npos);
  }
  REQUIRE(errors.records()[0].find("partitionKeys values must not be null or empty") !=
          std::string::npos);
  REQUIRE(errors.records()[2].find("partitionKeys values must be at most 1024 bytes") !=
          std::string::npos);
  REQUIRE(errors.batches()[0].error_output_type == "processing-failed");
  REQUIRE(errors.batches()[0].partition_keys.empty());
  REQUIRE(stream.wait(tickets[1], 0s) == WaitStatus::dead_lettered);
  REQUIRE(stream.wait(tickets[2], 0s) == WaitStatus::delivered);
}

TEST_CASE("partitioner that fails, throws, drops or sets nothing costs only its record",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{
      minute_options(), hydrant::identity, sink, env,
      hydrant::partition_by([](const RecordView& record, PartitionKeys& keys) {
        if (record.text() == "throws") {
          throw std::runtime_error("no such field");
        }
        if (record.text() == "nothing") {
          return Outcome::ok();
        }
        keys.set("k", "v");
        return record.text() == "fails"   ? Outcome::failed("cannot tell")
               : record.text() == "coded" ? Outcome::failed("cannot tell", "Mine")
               : record.text() == "drops" ? Outcome::dropped()
                                          : Outcome::ok();
      })};
  put_all(stream, {"1", "throws", "fails", "nothing", "coded", "drops", "2"});

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(sink.records() == Texts{"1", "2"});
  const hydrant::Ledger ledger = stream.ledger();
  REQUIRE(ledger.dead_lettered == 4);
  REQUIRE(ledger.dropped == 1);
  const Texts letters = stream.dead_letters();
  REQUIRE(letters.at(0).find("partition_by threw: no such field") != std::string::npos);
  REQUIRE(letters.at(1).find("MetadataExtractionFailed") != std::string::npos);
  REQUIRE(letters.at(1).find("cannot tell") != std::string::npos);
  REQUIRE(letters.at(2).find("partitionKeys must not be null or empty") != std::string::npos);
  REQUIRE(letters.at(3).find("\"errorCode\":\"Mine\"") != std::string::npos);
}

TEST_CASE("record of which one output has no keys fails as a whole, before anything is sent",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  const auto twice = [](const RecordView& record, Emitter& out) {
    out.emit("a:" + std::string(record.text()));
    out.emit(record.text() == "bad" ? "none" : "b:" + std::string(record.text()));
    return Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), twice, sink, env, by_first_field()};
  put_all(stream, {"1", "bad", "2"});

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(by_partition(sink.batches()).at("a") == Texts{"a:1", "a:2"});
  REQUIRE(by_partition(sink.batches()).at("b") == Texts{"b:1", "b:2"});
  REQUIRE(stream.ledger().dead_lettered == 1);
}

TEST_CASE("when as many partitions are active as may be, the stalest is delivered to make room",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                 by_first_field({.active_max = 2})};
  put_all(stream, {"a:1"});
  env.advance(1s);
  put_all(stream, {"b:1"});
  env.advance(1s);
  put_all(stream, {"a:2"});
  env.advance(1s);
  REQUIRE(sink.batches().empty());

  put_all(stream, {"c:1"});
  env.advance(1s);

  REQUIRE(sink.batches().size() == 1);
  REQUIRE(sink.records() == Texts{"b:1"});
  REQUIRE(sink.batches()[0].close_reason == CloseReason::partitions);
  REQUIRE(stream.snapshot().partitions.active == 2);
  REQUIRE(stream.ledger().dead_lettered == 0);
}

TEST_CASE("one partition at a time is enough for any number of them", "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity, sink, env,
                                 by_first_field({.active_max = 1})};
  put_all(stream, spread(500, 100));

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(by_partition(sink.batches()).size() == 100);
  REQUIRE(sink.record_count() == 500);
  REQUIRE(stream.ledger().delivered == 500);
}

TEST_CASE("as Firehose does, records of one partition too many go to the error output",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  MemorySink errors;
  hydrant::DeliveryStream stream{
      minute_options(),
      hydrant::identity,
      sink,
      env,
      hydrant::error_output(errors),
      by_first_field({.active_max = 2, .when_full = WhenPartitionsFull::error_output})};
  put_all(stream, {"a:1", "b:1", "c:1", "a:2", "c:2"});

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(by_partition(sink.batches()).at("a") == Texts{"a:1", "a:2"});
  REQUIRE(by_partition(sink.batches()).count("c") == 0);
  REQUIRE(errors.record_count() == 2);
  REQUIRE(errors.batches()[0].error_output_type == "activePartitionExceeded");
  REQUIRE(
      errors.records()[0].find(
          "\"errorCode\":\"DynamicPartitioning.ActivePartitionsLimitExceeded\",\"errorMessage\":"
          "\"The number of active partitions has exceeded the configured limit\"") !=
      std::string::npos);
  REQUIRE(stream.snapshot().partitions.limit_exceeded == 2);
  REQUIRE(stream.ledger().dead_lettered == 2);
  REQUIRE(stream.ledger().balanced());
}

TEST_CASE("a partition is active no more once its batch is closed", "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{
      minute_options(), hydrant::identity, sink, env,
      by_first_field({.active_max = 1, .when_full = WhenPartitionsFull::error_output})};
  put_all(stream, {"a:1"});
  env.advance(61s);
  put_all(stream, {"b:1"});
  env.advance(61s);

  REQUIRE(sink.records() == Texts{"a:1", "b:1"});
  REQUIRE(stream.ledger().dead_lettered == 0);
}

TEST_CASE("set_partition_key means nothing in a stream without partitions",
          "[delivery][partitions]") {
  ManualEnv env;
  MemorySink sink;
  const auto keyed = [](const RecordView& record, Emitter& out) {
    out.set_partition_key("k", record.text());
    out.emit(record.text());
    return Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), keyed, sink, env};
  put_all(stream, {"a", "b"});

  env.advance(61s);

  REQUIRE(sink.batches().size() == 1);
  REQUIRE(sink.batches()[0].partition_keys.empty());
}
