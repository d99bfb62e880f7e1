// SPDX-License-Identifier: MIT
#include <hydrant/sink/callback_sink.hpp>
#include <hydrant/sink/dead_letter_box.hpp>
#include <hydrant/sink/null_sink.hpp>
#include <hydrant/testing/memory_sink.hpp>
#include <hydrant/testing/scripted_sink.hpp>
#include <hydrant/testing/sink_conformance.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "test.hpp"

using hydrant::testing::check_sink;
using hydrant::testing::MemorySink;
using hydrant::testing::ScriptedSink;
using hydrant::testing::SinkCheck;

namespace {

using Faults = std::vector<std::string>;

/// A sink whose answer is given by a function, for sinks that are wrong on purpose.
template <class Answer>
struct WrongSink {
  static constexpr std::string_view name = "wrong";
  static constexpr hydrant::SinkLimits limits{};

  hydrant::DeliveryResult deliver(const hydrant::Batch& batch, hydrant::Attempt&) {
    return answer(batch);
  }

  Answer answer;
};

template <class Answer>
Faults faults_of(Answer answer) {
  return check_sink([answer] { return WrongSink<Answer>{answer}; });
}

struct MisnamedSink {
  static constexpr std::string_view name = "Wrong-Name";
  static constexpr hydrant::SinkLimits limits{.batch_bytes_max = 10, .record_bytes_max = 11};

  hydrant::DeliveryResult deliver(const hydrant::Batch&, hydrant::Attempt&) {
    return hydrant::delivered;
  }
};

}  // namespace

TEST_CASE("null sink conforms", "[testing][conformance]") {
  REQUIRE(check_sink([] { return hydrant::NullSink{}; }) == Faults{});
}

TEST_CASE("callback sink conforms", "[testing][conformance]") {
  REQUIRE(check_sink([] { return hydrant::CallbackSink{[](const hydrant::Batch&) {}}; }) ==
          Faults{});
}

TEST_CASE("dead letter box conforms", "[testing][conformance]") {
  std::vector<hydrant::DeadLetterBox> boxes;
  SinkCheck check;
  check.received = [&] { return boxes.back().letters(); };

  REQUIRE(check_sink([&] { return boxes.emplace_back(1 << 20); }, check) == Faults{});
}

TEST_CASE("memory sink conforms, with a delimiter and without", "[testing][conformance]") {
  const std::string delimiter = GENERATE(std::string(), std::string("\n"), std::string("\r\n"));
  std::vector<MemorySink> sinks;
  SinkCheck check;
  check.received = [&] { return sinks.back().records(); };

  REQUIRE(check_sink([&] { return sinks.emplace_back(delimiter); }, check) == Faults{});
}

TEST_CASE("scripted sink conforms when its script is a good one", "[testing][conformance]") {
  using namespace hydrant::literals;
  std::vector<ScriptedSink> sinks;
  SinkCheck check;
  check.received = [&] { return sinks.back().records(); };
  const auto make = [&] {
    return sinks.emplace_back(
        std::vector<hydrant::testing::SinkStep>{hydrant::testing::deliver_after(7ms)});
  };

  REQUIRE(check_sink(make, check) == Faults{});
}

TEST_CASE("conformance finds a sink that throws", "[testing][conformance]") {
  const Faults faults = faults_of([](const hydrant::Batch& batch) -> hydrant::DeliveryResult {
    for (const hydrant::RecordView record : batch.records()) {
      if (record.text().find('\0') != std::string_view::npos) {
        throw std::runtime_error("cannot print that");
      }
    }
    return hydrant::delivered;
  });

  REQUIRE(faults.front() == "wrong: hostile bytes: sink threw: cannot print that");
}

TEST_CASE("conformance finds a sink that names records which were not sent",
          "[testing][conformance]") {
  const Faults faults = faults_of([](const hydrant::Batch& batch) -> hydrant::DeliveryResult {
    return hydrant::partial({{batch.count(), "off by one", true}});
  });

  REQUIRE(faults.front() == "wrong: one record: names record 1 of a batch of 1");
}

TEST_CASE("conformance finds a sink that loses empty records", "[testing][conformance]") {
  std::vector<std::string> got;
  SinkCheck check;
  check.received = [&] { return got; };
  const auto answer = [&got](const hydrant::Batch& batch) -> hydrant::DeliveryResult {
    for (const hydrant::RecordView record : batch.records()) {
      if (record.size() != 0) {
        got.emplace_back(record.text());
      }
    }
    return hydrant::delivered;
  };
  const auto make = [&] {
    got.clear();
    return WrongSink<decltype(answer)>{answer};
  };

  REQUIRE(check_sink(make, check) ==
          Faults{
              "wrong: one empty record: what arrived is not what was sent",
              "wrong: many empty records: what arrived is not what was sent",
          });
}

TEST_CASE("conformance finds a sink that fails for ever after one bad batch",
          "[testing][conformance]") {
  auto is_broken = std::make_shared<bool>(false);
  const auto answer = [is_broken](const hydrant::Batch& batch) -> hydrant::DeliveryResult {
    *is_broken = *is_broken || batch.count() > 4;
    return *is_broken ? hydrant::retry("connection is closed")
                      : hydrant::DeliveryResult(hydrant::delivered);
  };

  const Faults faults = faults_of(answer);

  REQUIRE_FALSE(faults.empty());
}

TEST_CASE("conformance finds a bad name and limits that contradict each other",
          "[testing][conformance]") {
  REQUIRE(check_sink([] { return MisnamedSink{}; }) ==
          Faults{"Wrong-Name: its name must be snake_case, it stands in metrics and error types",
                 "Wrong-Name: limits.record_bytes_max must not exceed limits.batch_bytes_max"});
}
