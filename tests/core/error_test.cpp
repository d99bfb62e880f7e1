// SPDX-License-Identifier: MIT
#include <hydrant/core/error.hpp>

#include <stdexcept>
#include <string>

#include "test.hpp"

using hydrant::OptionErrors;
using hydrant::OptionsError;

TEST_CASE("option errors note only the checks that do not hold", "[core][error]") {
  OptionErrors errors;

  errors.check(true, "name", "must not be empty", "\"\"");
  const bool empty_before = errors.empty();
  errors.check(false, "retry.duration", "must be within [0 s, 7200 s]", "86400 s");

  CHECK(empty_before);
  REQUIRE(errors.faults().size() == 1);
  CHECK(errors.faults()[0].field == "retry.duration");
  CHECK(errors.faults()[0].rule == "must be within [0 s, 7200 s]");
  CHECK(errors.faults()[0].value == "86400 s");
}

TEST_CASE("merged option errors carry the prefix of the outer options", "[core][error]") {
  OptionErrors nested;
  nested.check(false, "interval", "must be within [0 s, 900 s]", "3600 s");
  nested.check(false, "size", "must be within [1 MiB, 128 MiB]", "1 byte");
  OptionErrors errors;
  errors.check(false, "name", "must not be empty", "\"\"");

  errors.merge("buffering.", nested);

  REQUIRE(errors.faults().size() == 3);
  CHECK(errors.faults()[1].field == "buffering.interval");
  CHECK(errors.faults()[2].field == "buffering.size");
}

TEST_CASE("options error lists every fault in aligned lines", "[core][error]") {
  OptionErrors errors;
  errors.check(false, "buffering.interval", "must be within [0 s, 900 s]", "3600 s");
  errors.check(false, "memory_limit", "must be at least 2 x buffering.size (10 MiB)", "4 MiB");
  errors.check(false, "retry.duration", "must be within [0 s, 7200 s]", "86400 s");

  const OptionsError error("stream \"access-log\"", errors);

  CHECK(
      error.what() ==
      std::string("hydrant: 3 faults in the options of stream \"access-log\":\n"
                  "  buffering.interval   must be within [0 s, 900 s], is 3600 s\n"
                  "  memory_limit         must be at least 2 x buffering.size (10 MiB), is 4 MiB\n"
                  "  retry.duration       must be within [0 s, 7200 s], is 86400 s"));
  CHECK(error.faults().size() == 3);
}

TEST_CASE("options error counts one fault in the singular", "[core][error]") {
  OptionErrors errors;
  errors.check(false, "name", "must not be empty", "\"\"");

  const OptionsError error("stream \"\"", errors);

  CHECK(error.what() == std::string("hydrant: 1 fault in the options of stream \"\":\n"
                                    "  name   must not be empty, is \"\""));
}

TEST_CASE("options error is caught as invalid_argument", "[core][error]") {
  OptionErrors errors;
  errors.check(false, "name", "must not be empty", "\"\"");

  CHECK_THROWS_AS(throw OptionsError("stream \"x\"", errors), std::invalid_argument);
}
