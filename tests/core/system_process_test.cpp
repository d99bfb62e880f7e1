// SPDX-License-Identifier: MIT
#include <hydrant/core/system_process.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "scratch_directory.hpp"
#include "test.hpp"
#include <sched.h>
#include <unistd.h>

using hydrant::ProcessEnvironment;
using hydrant::ProgramLimits;
using hydrant::Result;
using hydrant::system_process_environment;
using namespace std::chrono_literals;

namespace {

Result<std::string> run(const std::string& command, const ProgramLimits& limits = {},
                        const std::function<bool()>& cancelled = {}) {
  return system_process_environment().run_program(command, limits, cancelled);
}

/// The number in a file; 0 as long as there is none.
long number_in(const std::string& path) {
  std::ifstream in(path);
  std::string text;
  std::getline(in, text);
  return in.eof() ? 0 : std::atol(text.c_str());  // the line is whole with its end
}

/// Killed; whether anybody has taken note of it is another matter.
bool is_dead(long process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(in, text);
  const std::size_t state = text.rfind(") ");
  return text.empty() || state == std::string::npos || text[state + 2] == 'Z' ||
         text[state + 2] == 'X';
}

}  // namespace

TEST_CASE("the process environment has the variables of the process", "[core][system_process]") {
  ::setenv("HYDRANT_TEST_VARIABLE", "a b", 1);
  ::setenv("HYDRANT_TEST_EMPTY", "", 1);
  ::unsetenv("HYDRANT_TEST_MISSING");
  const ProcessEnvironment process = system_process_environment();

  REQUIRE(process.variable("HYDRANT_TEST_VARIABLE") == "a b");
  REQUIRE(process.variable("HYDRANT_TEST_EMPTY") == "");
  REQUIRE_FALSE(process.variable("HYDRANT_TEST_MISSING").has_value());
  REQUIRE(process.value_of("HYDRANT_TEST_VARIABLE") == "a b");
  REQUIRE(process.value_of("HYDRANT_TEST_MISSING").empty());
  REQUIRE(ProcessEnvironment{}.value_of("HYDRANT_TEST_VARIABLE").empty());
}

TEST_CASE("a program's standard output is what it gives", "[core][system_process]") {
  REQUIRE(run("printf 'a\\nb'").value() == "a\nb");
  REQUIRE(run("true").value().empty());
  REQUIRE(run("echo 'to nobody' >&2; echo x | tr x y").value() == "y\n");
  REQUIRE(run("cat").value().empty());  // it has no input
  REQUIRE(run("head -c 1000000 /dev/zero", {60s, 1'000'000}).value().size() == 1'000'000);
}

TEST_CASE("a program's output may be as large as its limit", "[core][system_process]") {
  REQUIRE(run("head -c 9999 /dev/zero", {60s, 10'000}).value().size() == 9'999);
  REQUIRE(run("head -c 10000 /dev/zero", {60s, 10'000}).value().size() == 10'000);
  REQUIRE(run("head -c 10001 /dev/zero", {60s, 10'000}).failure().message ==
          "it wrote more than 10000 bytes");
  REQUIRE(run("yes", {60s, 10'000}).failure().message == "it wrote more than 10000 bytes");
}

TEST_CASE("a program that fails is told by how it ended, not by what it said",
          "[core][system_process]") {
  REQUIRE(run("echo secret; exit 3").failure().message == "it ended with status 3");
  REQUIRE(run("kill -9 $$").failure().message == "it was killed by signal 9");
  REQUIRE(run("/no/such/program 2>/dev/null").failure().message == "it ended with status 127");
}

TEST_CASE("a program that takes too long is killed", "[core][system_process]") {
  REQUIRE(run("sleep 1000", {1ms, 10}).failure().message == "it took longer than 1 ms");
  REQUIRE(run("exec >&-; sleep 1000", {1ms, 10}).failure().message == "it took longer than 1 ms");
}

TEST_CASE("a program that nobody waits for any more is killed with all that it has started",
          "[core][system_process]") {
  const hydrant::tests::ScratchDirectory scratch;
  const std::string path = scratch.path + "/process";

  const auto given_up = run("trap '' TERM; sleep 1000 & echo $! > " + path + "; wait", {},
                            [&path] { return number_in(path) != 0; });

  REQUIRE(given_up.failure().message == "given up, out of time");
  while (!is_dead(number_in(path))) {
    ::sched_yield();
  }
}

TEST_CASE("a program's end counts, not that of what it leaves behind", "[core][system_process]") {
  const auto output = run("sleep 1000 & echo $!");  // which has the pipe, too

  REQUIRE(static_cast<bool>(output));
  const long left = std::atol(Result<std::string>(output).value().c_str());
  REQUIRE(left > 1);
  ::kill(static_cast<pid_t>(left), SIGKILL);
}

TEST_CASE("a program runs as if started afresh", "[core][system_process]") {
  struct sigaction ignore {};

  struct sigaction before {};

  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);

  const auto with_ignored = run("kill -PIPE $$");

  ::sigaction(SIGPIPE, &before, nullptr);
  REQUIRE(with_ignored.failure().message == "it was killed by signal " + std::to_string(SIGPIPE));
}

TEST_CASE("a program's output arrives where nobody learns how programs end",
          "[core][system_process]") {
  struct sigaction ignore {};

  struct sigaction before {};

  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignore, &before);

  const auto output = run("echo x; exit 1");

  ::sigaction(SIGCHLD, &before, nullptr);
  REQUIRE(Result<std::string>(output).value() == "x\n");
}

TEST_CASE("programs leave no descriptor behind, and get none", "[core][system_process]") {
  const int free_before = ::dup(0);
  ::close(free_before);
  static_cast<void>(run("true"));
  static_cast<void>(run("sleep 1000", {1ms, 10}));
  const int free_after = ::dup(0);
  ::close(free_after);
  REQUIRE(free_after == free_before);

  // The C library's way of running a program gives away nothing either.
  const std::string count = "ls /proc/self/fd < /dev/null | wc -l";
  std::FILE* const theirs = ::popen(count.c_str(), "r");
  REQUIRE(theirs != nullptr);
  std::array<char, 16> line{};
  REQUIRE(std::fgets(line.data(), line.size(), theirs) != nullptr);
  ::pclose(theirs);
  REQUIRE(run(count).value() == line.data());
}
