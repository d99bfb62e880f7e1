# SPDX-License-Identifier: MIT
#
# Compiles SOURCE twice: as it is, which must fail with the sentence of its
# `// expect:` line in an error, and with HYDRANT_ACCEPT, which must succeed. A
# `// flags:` line adds compiler flags.
file(STRINGS ${SOURCE} head LIMIT_COUNT 3)
string(REGEX MATCH "// expect: ([^;]+)" ignored "${head}")
set(sentence "${CMAKE_MATCH_1}")
if(sentence STREQUAL "")
  message(FATAL_ERROR "  ${SOURCE}: no `// expect: <sentence>` on its second line")
endif()
string(REGEX MATCH "// flags: ([^;]+)" ignored "${head}")
separate_arguments(flags UNIX_COMMAND "${CMAKE_MATCH_1}")
list(TRANSFORM INCLUDE_DIRS PREPEND -I)

set(compile ${COMPILER} -std=c++20 -fsyntax-only ${INCLUDE_DIRS} ${flags})

execute_process(COMMAND ${compile} ${SOURCE}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "  ${SOURCE} compiles, but must be refused with:\n  ${sentence}")
endif()
string(REGEX REPLACE "([][+.*()^$?|\\])" "\\\\\\1" pattern "${sentence}")
if(NOT output MATCHES "error:[^\n]*${pattern}")
  message(FATAL_ERROR "  ${SOURCE} is refused, but without the sentence:\n  ${sentence}\n${output}")
endif()

execute_process(COMMAND ${compile} -DHYDRANT_ACCEPT ${SOURCE}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "  ${SOURCE} must compile with -DHYDRANT_ACCEPT:\n${output}")
endif()
