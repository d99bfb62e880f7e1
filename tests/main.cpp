// SPDX-License-Identifier: MIT
//
// The main function of every test program, compiled once.
#define CATCH_CONFIG_RUNNER
#include "test.hpp"

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#endif

#include <cstdio>
#include <string>

namespace {
bool skipped = false;
}  // namespace

void hydrant::tests::note_skip(std::string_view reason) {
  skipped = true;
  std::printf("skipped: %s\n", std::string(reason).c_str());
}

int main(int argc, char** argv) {
  constexpr int skip_code = 77;  // as in tests/CMakeLists.txt
  if (Catch::Session().run(argc, argv) != 0) {
    return 1;
  }
  return skipped ? skip_code : 0;
}
