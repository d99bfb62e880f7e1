// SPDX-License-Identifier: MIT
//
// What a program that uses the library includes, compiled with the consumer's
// own flags and without a word about where the library lies.
#if __has_include(<hydrant/hydrant.hpp>)
#include <hydrant/hydrant.hpp>
#endif
#include <hydrant/core/bytes.hpp>
#include <hydrant/core/config.hpp>

#include <cstdio>

int main() {
  using namespace hydrant::literals;
  std::printf("hydrant %d.%d.%d: %s\n", HYDRANT_VERSION_MAJOR, HYDRANT_VERSION_MINOR,
              HYDRANT_VERSION_PATCH, to_text(5_MiB).c_str());
  return to_text(5_MiB) == "5 MiB" ? 0 : 1;
}
