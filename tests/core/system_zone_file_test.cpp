// SPDX-License-Identifier: MIT
#include <hydrant/core/system_zone_file.hpp>

#include <cerrno>
#include <cstdio>
#include <string>

#include "test.hpp"

using hydrant::read_system_zone_file;

TEST_CASE("system zone file that is missing is named, with the first directory",
          "[core][system_zone_file]") {
  const auto file = read_system_zone_file("Mars/Phobos");
  REQUIRE_FALSE(file);
  REQUIRE(file.failure().os_code == ENOENT);
  REQUIRE(file.failure().message ==
          "open /usr/share/zoneinfo/Mars/Phobos: No such file or directory");
}

TEST_CASE("system zone file that is a directory cannot be read", "[core][system_zone_file]") {
  // A directory that every system has, by way of one that it may have.
  const auto file = read_system_zone_file("../../..");
  REQUIRE_FALSE(file);
  REQUIRE((file.failure().os_code == EISDIR || file.failure().os_code == ENOENT));
}

TEST_CASE("system zone file is read whole, as far as it is no longer than any zone",
          "[core][system_zone_file]") {
  // The directory is left on purpose, for a file whose length is known; names are checked
  // elsewhere.
  const std::string path = "/tmp/hydrant-zone-file-test";
  for (const std::size_t size : {std::size_t{0}, std::size_t{262'144}, std::size_t{262'145}}) {
    std::FILE* out = std::fopen(path.c_str(), "we");
    REQUIRE(out != nullptr);
    const std::string bytes(size == 262'145 ? 400'000 : size, 'z');
    REQUIRE(std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size());
    REQUIRE(std::fclose(out) == 0);
    auto file = read_system_zone_file("../../.." + path);
    if (file) {  // some systems have no time zones
      REQUIRE(file.value().size() == size);
    }
  }
  std::remove(path.c_str());
}
