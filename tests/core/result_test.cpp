// SPDX-License-Identifier: MIT
#include <hydrant/core/result.hpp>

#include <memory>
#include <string>
#include <utility>

#include "test.hpp"

using hydrant::Failure;
using hydrant::Result;
using hydrant::Status;

TEST_CASE("result of a value is true and holds it", "[core][result]") {
  Result<std::string> result(std::string("names"));

  REQUIRE(result);
  CHECK(result.value() == "names");
}

TEST_CASE("result of a failure is false and says why", "[core][result]") {
  const Result<std::string> result(Failure{"open lake/a: no space left on device", 28});

  REQUIRE_FALSE(result);
  CHECK(result.failure().message == "open lake/a: no space left on device");
  CHECK(result.failure().os_code == 28);
}

TEST_CASE("result gives away a value that can only be moved", "[core][result]") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(41));

  const std::unique_ptr<int> taken = std::move(result.value());

  REQUIRE(taken != nullptr);
  CHECK(*taken == 41);
}

TEST_CASE("result of a string is not mistaken for a failure", "[core][result]") {
  CHECK(Result<int>(0));
  CHECK(Result<std::string>(std::string()));
}

TEST_CASE("status is success or a failure", "[core][result]") {
  CHECK(hydrant::success());
  CHECK_FALSE(Status(Failure{"sync: input/output error", 5}));
}
