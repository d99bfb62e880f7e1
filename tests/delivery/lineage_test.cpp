// SPDX-License-Identifier: MIT
//
// Transforms inside a stream: what becomes of a record that turns into none,
// one or many, and of one that the transform cannot take.
#include <stdexcept>
#include <string>
#include <vector>

#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::Emitter;
using hydrant::Outcome;
using hydrant::RecordView;
using hydrant::SinkLimits;

namespace {

/// "a:3" becomes "a0", "a1", "a2"; "a:x" fails; "a:!" throws.
Outcome unfold(const RecordView& record, Emitter& out) {
  const std::string text(record.text());
  const std::size_t colon = text.find(':');
  const std::string wish = text.substr(colon + 1);
  if (wish == "x") {
    out.emit("never to be seen");
    return Outcome::failed("cannot unfold", "Test.CannotUnfold");
  }
  if (wish == "!") {
    out.emit("never to be seen");
    throw std::runtime_error("unfold broke");
  }
  for (int i = 0; i < std::stoi(wish); ++i) {
    out.emit(text.substr(0, colon) + std::to_string(i));
  }
  return Outcome::ok();
}

}  // namespace

TEST_CASE("transform turns a record into none, one or many, in order", "[delivery][lineage]") {
  ManualEnv env;
  MemorySink sink("\n");
  hydrant::DeliveryStream stream{minute_options(), unfold, sink, env};
  put_all(stream, {"a:1", "b:0", "c:3", "d:0", "e:2"});

  env.advance(61s);

  REQUIRE(sink.records() == Texts{"a0", "c0", "c1", "c2", "e0", "e1"});
  REQUIRE(sink.batches().at(0).raw == "a0\nc0\nc1\nc2\ne0\ne1\n");
  REQUIRE(stream.ledger().delivered == 3);
  REQUIRE(stream.ledger().dropped == 2);
  REQUIRE(stream.snapshot().transform.output_records == 6);
}

TEST_CASE("transform that fails or throws costs only its record, and its outputs are discarded",
          "[delivery][lineage]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), unfold, sink, env};
  put_all(stream, {"a:1", "b:x", "c:2", "d:!", "e:1"});

  env.advance(61s);

  REQUIRE(sink.records() == Texts{"a0", "c0", "c1", "e0"});
  REQUIRE(stream.ledger().delivered == 3);
  REQUIRE(stream.ledger().dead_lettered == 2);
  const Texts letters = stream.dead_letters();
  REQUIRE(letters.at(0).find("\"errorCode\":\"Test.CannotUnfold\"") != std::string::npos);
  REQUIRE(letters.at(1).find("transform threw: unfold broke") != std::string::npos);
}

TEST_CASE("record is delivered when the last of its outputs is", "[delivery][lineage]") {
  ManualEnv env;
  ScriptedSink sink{{deliver, hang(30s), deliver}};
  hydrant::DeliveryStream stream{minute_options(), unfold,
                                 Limited<ScriptedSink, SinkLimits{.batch_records_max = 2}>{sink},
                                 env};
  put_all(stream, {"a:3"});

  env.advance(61s);
  REQUIRE(sink.records() == Texts{"a0", "a1"});
  REQUIRE(stream.ledger().delivered == 0);
  REQUIRE(stream.ledger().in_memory == 1);

  env.advance(60s);
  REQUIRE(stream.ledger().delivered == 1);
}

TEST_CASE("record is dead-lettered once, as it was put, when one of its outputs is refused",
          "[delivery][lineage]") {
  ManualEnv env;
  ScriptedSink sink = ScriptedSink::when(
      [](const RecordView& record) { return record.text() == "b1" || record.text() == "b2"; });
  MemorySink errors;
  hydrant::DeliveryStream stream{minute_options(), unfold, sink, env,
                                 hydrant::error_output(errors)};
  put_all(stream, {"a:2", "b:4", "c:1"});

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(sink.records() == Texts{"a0", "a1", "b0", "b3", "c0"});
  REQUIRE(stream.ledger().delivered == 2);
  REQUIRE(stream.ledger().dead_lettered == 1);
  REQUIRE(errors.record_count() == 1);
  REQUIRE(errors.records()[0].find("\"rawData\":\"Yjo0\"") != std::string::npos);  // "b:4"
}

TEST_CASE("transform that makes much out of little works within the memory limit",
          "[delivery][lineage]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::StreamOptions options = small_options();
  options.memory_limit = 256_KiB;
  const auto blow_up = [](const RecordView& record, Emitter& out) {
    for (int i = 0; i < 20; ++i) {
      out.emit(std::string(record.text()) + std::string(1000, '.'));
    }
    return Outcome::ok();
  };
  hydrant::DeliveryStream stream{options, blow_up, sink, env};
  put_all(stream, numbered(200));

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(sink.record_count() == 4000);
  REQUIRE(stream.ledger().delivered == 200);
  REQUIRE(stream.snapshot().memory_used <= stream.snapshot().memory_limit);
}

TEST_CASE("record whose outputs exceed the memory of a delivery fails alone",
          "[delivery][lineage]") {
  ManualEnv env;
  MemorySink sink;
  hydrant::StreamOptions options = small_options();
  options.memory_limit = 256_KiB;
  const auto burst = [](const RecordView& record, Emitter& out) {
    const int count = record.text() == "r3" ? 1000 : 1;
    for (int i = 0; i < count; ++i) {
      out.emit(std::string(1000, '.'));
    }
    return Outcome::ok();
  };
  hydrant::DeliveryStream stream{options, burst, sink, env};
  put_all(stream, numbered(6));

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(sink.record_count() == 5);
  REQUIRE(stream.ledger().dead_lettered == 1);
  REQUIRE(stream.dead_letters().at(0).find("outputs of one record take more") != std::string::npos);
}

TEST_CASE("transform that is interrupted at every look gives the same outputs",
          "[delivery][lineage]") {
  ManualEnv env;
  env.yield_each(1);
  MemorySink sink;
  hydrant::DeliveryStream stream{minute_options(), unfold, sink, env};
  Texts put;
  Texts expected;
  for (int i = 0; i < 500; ++i) {
    put.push_back("p" + std::to_string(i) + "-:" + std::to_string(i % 4));
    for (int k = 0; k < i % 4; ++k) {
      expected.push_back("p" + std::to_string(i) + "-" + std::to_string(k));
    }
  }
  put_all(stream, put);

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(sink.records() == expected);
  REQUIRE(stream.ledger().delivered == 375);
  REQUIRE(stream.ledger().dropped == 125);
}

TEST_CASE("transform formats straight into the output, and an abandoned room leaves nothing",
          "[delivery][lineage]") {
  ManualEnv env;
  MemorySink sink("\n");
  const auto format = [](const RecordView& record, Emitter& out) {
    static_cast<void>(out.reserve(100));  // given up
    const std::span<char> room = out.reserve(record.size() + 50);
    const std::string text = "<" + std::string(record.text()) + ">";
    text.copy(room.data(), text.size());
    out.commit(text.size());
    return Outcome::ok();
  };
  hydrant::DeliveryStream stream{minute_options(), format, sink, env};
  put_all(stream, numbered(3));

  REQUIRE(stream.flush(60s).complete);

  REQUIRE(sink.batches().at(0).raw == "<r0>\n<r1>\n<r2>\n");
}
