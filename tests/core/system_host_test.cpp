// SPDX-License-Identifier: MIT
#include <hydrant/core/system_host.hpp>

#include <cstdint>
#include <string>

#include "test.hpp"
#include <unistd.h>

TEST_CASE("system process knows its number and its host's name", "[core][system_host]") {
  REQUIRE(hydrant::system_process_id() == static_cast<std::uint64_t>(::getpid()));
  REQUIRE_FALSE(hydrant::system_host_name().empty());
  REQUIRE(hydrant::system_host_name() == hydrant::system_host_name());
}
