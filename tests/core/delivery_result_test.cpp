// SPDX-License-Identifier: MIT
#include <hydrant/core/delivery_result.hpp>

#include <chrono>
#include <utility>
#include <vector>

#include "test.hpp"

using hydrant::DeliveryResult;
using hydrant::RecordFailure;
using Verdict = hydrant::DeliveryResult::Verdict;
using namespace std::chrono_literals;

TEST_CASE("delivered names no failure, no reason and no wait", "[core][delivery_result]") {
  const DeliveryResult result = hydrant::delivered;

  CHECK(result.is_delivered());
  CHECK(result.verdict() == Verdict::delivered);
  CHECK(result.reason().empty());
  CHECK(result.code().empty());
  CHECK(result.after() == 0ns);
  CHECK(result.failures().empty());
}

TEST_CASE("retry carries the reason and the wait asked for", "[core][delivery_result]") {
  const DeliveryResult result = hydrant::retry("503 SlowDown", 1600ms);

  CHECK_FALSE(result.is_delivered());
  CHECK(result.verdict() == Verdict::retry);
  CHECK(result.reason() == "503 SlowDown");
  CHECK(result.after() == 1600ms);
}

TEST_CASE("retry without a wait asks for none", "[core][delivery_result]") {
  CHECK(hydrant::retry("connection reset").after() == 0ns);
}

TEST_CASE("rejected carries the reason", "[core][delivery_result]") {
  const DeliveryResult result = hydrant::rejected("400 mapper_parsing_exception");

  CHECK(result.verdict() == Verdict::rejected);
  CHECK(result.reason() == "400 mapper_parsing_exception");
  CHECK(result.failures().empty());
}

TEST_CASE("partial keeps every failure in order", "[core][delivery_result]") {
  std::vector<RecordFailure> failures{{3, "too old", false}, {7, "throttled", true}};

  const DeliveryResult result = hydrant::partial(std::move(failures));

  CHECK(result.verdict() == Verdict::partial);
  CHECK(result.reason() == "too old");
  REQUIRE(result.failures().size() == 2);
  CHECK(result.failures()[0].index == 3);
  CHECK_FALSE(result.failures()[0].retryable);
  CHECK(result.failures()[1].index == 7);
  CHECK(result.failures()[1].retryable);
}

TEST_CASE("partial without failures is delivered", "[core][delivery_result]") {
  CHECK(hydrant::partial({}).is_delivered());
}

TEST_CASE("a code is added without losing the rest", "[core][delivery_result]") {
  const DeliveryResult result =
      hydrant::retry("timeout", 2s).with_code("HttpEndpoint.DestinationException");

  CHECK(result.code() == "HttpEndpoint.DestinationException");
  CHECK(result.verdict() == Verdict::retry);
  CHECK(result.reason() == "timeout");
  CHECK(result.after() == 2s);
}
