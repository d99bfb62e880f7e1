# SPDX-License-Identifier: MIT
#
# Sourced by tests/run.sh and .ci/run: steps that are timed, counted and named
# when they fail. A failing step does not stop the ones after it.

jobs=${HYDRANT_JOBS:-$(nproc)}
passed=0
failed=0
skipped=0
failures=()

# With ccache a second run compiles only what has changed.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

note_failure() {
  failed=$((failed + $2))
  failures+=("$1")
}

# run_step NAME COMMAND...: one check, which passes or fails.
run_step() {
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  if "$@"; then
    passed=$((passed + 1))
  else
    note_failure "$name" 1
  fi
  echo "== $name: $((SECONDS - start)) s"
}

# junit_count ATTRIBUTE FILE
junit_count() {
  grep -m 1 -oE "\b$1=\"[0-9]+\"" "$2" | grep -oE '[0-9]+'
}

# count_results PRESET: adds what the last ctest of this preset has found.
count_results() {
  local results=build/$1/results.xml tests failures_here skipped_here
  if [[ ! -s $results ]]; then
    note_failure "$1: no test has run" 1
    return
  fi
  tests=$(junit_count tests "$results")
  failures_here=$(junit_count failures "$results")
  skipped_here=$(junit_count skipped "$results")
  passed=$((passed + tests - failures_here - skipped_here))
  skipped=$((skipped + skipped_here))
  if ((failures_here > 0)); then
    note_failure "$1: $failures_here of $tests tests" "$failures_here"
  fi
}

# configure PRESET: quiet unless it fails.
configure() {
  if ! cmake --preset "$1" >"build/$1.log" 2>&1; then
    cat "build/$1.log"
    return 1
  fi
}

# test_preset PRESET: configures, builds, runs the tests that the preset selects.
test_preset() {
  local preset=$1 start=$SECONDS
  echo "== $preset"
  rm -f "build/$preset/results.xml"
  if configure "$preset"; then
    if cmake --build --preset "$preset" --parallel "$jobs"; then
      ctest --preset "$preset" --parallel "$jobs" --output-junit results.xml || true
    fi
  fi
  count_results "$preset"
  echo "== $preset: $((SECONDS - start)) s"
}

# summarize: the last lines of a run; fails when anything has failed.
summarize() {
  local name
  for name in ${failures[@]+"${failures[@]}"}; do
    echo "failed: $name"
  done
  if ((skipped > 0)); then
    echo "skipped: $skipped (the reasons are in the output above and in build/*/results.xml)"
    grep -hoE 'skipped: .*' build/*/results.xml | sort -u || true
  fi
  echo "$passed passed, $failed failed"
  ((failed == 0 && passed > 0))
}
