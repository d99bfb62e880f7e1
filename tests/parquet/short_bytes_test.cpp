// SPDX-License-Identifier: MIT
//
// Comparing short texts: as the standard library does, whatever their length and
// wherever they differ.
#include <hydrant/object/parquet/short_bytes.hpp>

#include <cstddef>
#include <string>

#include "test.hpp"

using hydrant::detail::parquet::equal_bytes;
using hydrant::detail::parquet::hash_bytes;

TEST_CASE("short texts are equal when every byte is", "[parquet]") {
  for (std::size_t size = 0; size <= 70; ++size) {
    CAPTURE(size);
    std::string one;
    for (std::size_t i = 0; i < size; ++i) {
      one += static_cast<char>(7 * i + size);
    }
    const std::string same = one;
    REQUIRE(equal_bytes(one, same));
    REQUIRE(hash_bytes(one.data(), size) == hash_bytes(same.data(), size));
    REQUIRE_FALSE(equal_bytes(one, one + '\0'));
    for (std::size_t at = 0; at < size; ++at) {
      for (const int bit : {0, 3, 7}) {
        std::string other = one;
        other[at] = static_cast<char>(other[at] ^ (1 << bit));
        REQUIRE_FALSE(equal_bytes(one, other));
        REQUIRE_FALSE(equal_bytes(other, one));
      }
    }
  }
}
