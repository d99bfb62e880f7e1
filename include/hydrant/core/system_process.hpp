// SPDX-License-Identifier: MIT
//
// The real process environment: the C library's variables, and programs run by
// the shell, in a process group of their own, so that what they started can be
// killed with them.
#pragma once

#include <hydrant/core/process_environment.hpp>
#include <hydrant/core/system_open_files.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hydrant {

namespace detail {

/// A program that runs. Destroying it kills it, and waits for its end.
/// Threads: distinct objects: safe; shared: unsafe.
class RunningProgram {
 public:
  explicit RunningProgram(pid_t process) : process_(process) {}

  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  ~RunningProgram() {
    if (!has_ended_) {
      ::kill(-process_, SIGKILL);
      while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }

  /// Whether it has ended, without waiting for it.
  bool has_ended() {
    if (!has_ended_) {
      int status = 0;
      const pid_t ended = ::waitpid(process_, &status, WNOHANG);
      if (ended == process_) {
        has_ended_ = true;
        status_ = status;
      } else if (ended < 0 && errno != EINTR) {
        // Whoever ignores SIGCHLD learns no more than this; what was written has to speak.
        has_ended_ = true;
      }
    }
    return has_ended_;
  }

  std::optional<Failure> fault() const {
    if (WIFSIGNALED(status_)) {
      return Failure{"it was killed by signal " + std::to_string(WTERMSIG(status_))};
    }
    if (WIFEXITED(status_) && WEXITSTATUS(status_) != 0) {
      return Failure{"it ended with status " + std::to_string(WEXITSTATUS(status_))};
    }
    return std::nullopt;
  }

 private:
  pid_t process_;
  bool has_ended_ = false;
  int status_ = 0;
};

/// Starts `sh -c command`: no input, its output into `output`, its errors where ours go.
/// Returns: 0, or the system's error.
inline int start_program(const std::string& command, int output, pid_t& process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string shell = "sh";
  std::string option = "-c";
  std::string line = command;
  const std::array<char*, 4> arguments{shell.data(), option.data(), line.data(), nullptr};
  const int code =
      ::posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return code;
}

/// Appends what can be read without waiting. Returns: false at the end of what there ever will be.
inline bool read_available(int from, std::string& output, std::size_t bytes_max) {
  std::array<char, 4096> block{};
  while (output.size() <= bytes_max) {
    const ssize_t size = ::read(from, block.data(), block.size());
    if (size == 0) {
      return false;
    }
    if (size > 0) {
      output.append(block.data(), static_cast<std::size_t>(size));
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
  return true;
}

inline Result<std::string> run_system_program(const std::string& command,
                                              const ProgramLimits& limits,
                                              const std::function<bool()>& cancelled) {
  constexpr int turn_ms = 20;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_failure("make", "a pipe", errno);
  }
  const Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  ::fcntl(from.number(), F_SETFL, O_NONBLOCK);
  pid_t process = 0;
  if (const int code = start_program(command, to.number(), process); code != 0) {
    return system_failure("start", "/bin/sh", code);
  }
  ::close(to.release());
  RunningProgram program(process);
  const auto end = std::chrono::steady_clock::now() + limits.time;
  std::string output;
  // The end of the program, not of its output: what it left running may keep that open.
  for (bool is_open = true;;) {
    const bool has_ended = program.has_ended();
    is_open = is_open && read_available(from.number(), output, limits.output_bytes_max);
    if (output.size() > limits.output_bytes_max) {
      return Failure{"it wrote more than " + std::to_string(limits.output_bytes_max) + " bytes"};
    }
    if (has_ended) {
      const std::optional<Failure> fault = program.fault();
      return fault ? Result<std::string>(*fault) : Result<std::string>(std::move(output));
    }
    if (cancelled && cancelled()) {
      return Failure{"given up, out of time"};
    }
    if (std::chrono::steady_clock::now() >= end) {
      return Failure{"it took longer than " + std::to_string(limits.time.count()) + " ms"};
    }
    pollfd watched{from.number(), POLLIN, 0};
    ::poll(&watched, is_open ? 1 : 0, turn_ms);
  }
}

}  // namespace detail

/// The real variables and programs.
inline ProcessEnvironment system_process_environment() {
  return {[](const std::string& name) -> std::optional<std::string> {
            // NOLINTNEXTLINE(concurrency-mt-unsafe): safe unless the program changes them meanwhile
            const char* value = std::getenv(name.c_str());
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
          },
          detail::run_system_program};
}

}  // namespace hydrant
