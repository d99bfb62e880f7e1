// SPDX-License-Identifier: MIT
#include <hydrant/core/bytes.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "test.hpp"

using hydrant::ByteCount;
using hydrant::to_text;
using namespace hydrant::literals;

TEST_CASE("byte literals count in powers of 1024", "[core][bytes]") {
  STATIC_REQUIRE(7_B == ByteCount{7});
  STATIC_REQUIRE(1_KiB == ByteCount{1024});
  STATIC_REQUIRE(5_MiB == ByteCount{5u * 1024 * 1024});
  STATIC_REQUIRE(3_GiB == ByteCount{3ull * 1024 * 1024 * 1024});
}

TEST_CASE("byte counts add, scale and compare", "[core][bytes]") {
  STATIC_REQUIRE(1_MiB + 1_B == ByteCount{(1u << 20) + 1});
  STATIC_REQUIRE(2 * 5_MiB == 10_MiB);
  STATIC_REQUIRE(10_MiB / 4 == ByteCount{2621440});
  STATIC_REQUIRE(1023_KiB < 1_MiB);
}

TEST_CASE("byte count text is the shortest exact spelling", "[core][bytes]") {
  const std::array<std::pair<ByteCount, std::string>, 12> cases{{
      {0_B, "0 bytes"},
      {1_B, "1 byte"},
      {2_B, "2 bytes"},
      {1023_B, "1023 bytes"},
      {1024_B, "1 KiB"},
      {1025_B, "1025 bytes"},
      {1000_KiB, "1000 KiB"},
      {1024_KiB, "1 MiB"},
      {1_MiB + 1_KiB, "1025 KiB"},
      {1024_MiB, "1 GiB"},
      {5_GiB + 1_B, "5368709121 bytes"},
      {128_MiB, "128 MiB"},
  }};

  for (const auto& [bytes, text] : cases) {
    CHECK(to_text(bytes) == text);
  }
}

TEST_CASE("byte count text reads back as the same amount", "[core][bytes]") {
  std::mt19937_64 random{20260101};

  for (int round = 0; round < 2000; ++round) {
    const ByteCount bytes{(random() >> (random() % 64)) << (random() % 3 * 10)};
    const std::string text = to_text(bytes);
    std::size_t unit_at = 0;
    const std::uint64_t number = std::stoull(text, &unit_at);
    const std::string unit = text.substr(unit_at + 1);
    const std::uint64_t factor = unit == "GiB"   ? 1ull << 30
                                 : unit == "MiB" ? 1ull << 20
                                 : unit == "KiB" ? 1ull << 10
                                                 : 1;

    INFO(text);
    REQUIRE(number * factor == bytes.value);
  }
}

TEST_CASE("duration text is the shortest exact spelling", "[core][bytes]") {
  CHECK(to_text(0ns) == "0 s");
  CHECK(to_text(300s) == "300 s");
  CHECK(to_text(5min) == "300 s");
  CHECK(to_text(1s - 1ns) == "999999999 ns");
  CHECK(to_text(250ms) == "250 ms");
  CHECK(to_text(40us) == "40 us");
  CHECK(to_text(7ns) == "7 ns");
  CHECK(to_text(-3s) == "-3 s");
}
