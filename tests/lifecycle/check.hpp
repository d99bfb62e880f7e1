// SPDX-License-Identifier: MIT
//
// For programs that test what happens around main, where no test framework
// lives any more: says what is wrong and ends the process with a failure.
#pragma once

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#define CHECK_OR_EXIT(condition)                                                   \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      ::_exit(1);                                                                  \
    }                                                                              \
  } while (false)
