// SPDX-License-Identifier: MIT
//
// Notices the first system call of a thread, whoever makes it: the kernel sends
// a signal in its place, and the handler lets it happen. Linux since 5.11, on
// x86-64. The sanitizers make calls of their own: under them nobody watches.
#pragma once

#include <atomic>
#include <csignal>
#include <stdexcept>

#include "put_cost/lock_count.hpp"
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace hydrant::tests {

#if defined(__x86_64__) && defined(__linux__) && HYDRANT_TESTS_COUNT_LOCKS

inline constexpr bool watches_system_calls = true;

/// While one lives, the thread's system calls are watched.
class SystemCallWatch {
 public:
  SystemCallWatch() {
    first_ = none;

    struct sigaction action {};

    action.sa_sigaction = let_it_happen;
    action.sa_flags = SA_SIGINFO;
    if (::sigaction(SIGSYS, &action, nullptr) != 0 || !can_watch()) {
      throw std::runtime_error("this kernel does not watch system calls");
    }
    is_watching_ = 1;
  }

  SystemCallWatch(const SystemCallWatch&) = delete;
  SystemCallWatch& operator=(const SystemCallWatch&) = delete;

  ~SystemCallWatch() {
    is_watching_ = 0;
    ::prctl(set_dispatch, 0L, 0L, 0L, 0L);
  }

  /// Whether this kernel, and whoever confines this process, lets us watch.
  static bool can_watch() { return ::prctl(set_dispatch, 1L, 0L, 0L, &is_watching_) == 0; }

  /// The number of the first call since the construction, or `none`.
  static long first() { return first_; }

  static constexpr long none = -1;

 private:
  // From linux/prctl.h and asm/signal.h, which older systems' headers lack.
  static constexpr int set_dispatch = 59;
  static constexpr greg_t instruction_bytes = 2;

  static void let_it_happen(int, siginfo_t* info, void* context) {
    is_watching_ = 0;
    first_ = info->si_syscall;
    // Back to the instruction that asked for the call; this time nobody watches.
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] -= instruction_bytes;
  }

  static inline constinit thread_local volatile char is_watching_ = 0;  // read by the kernel
  static inline constinit thread_local volatile long first_ = none;
};

#else

inline constexpr bool watches_system_calls = false;

class SystemCallWatch {
 public:
  static bool can_watch() { return false; }

  static long first() { return none; }

  static constexpr long none = -1;
};

#endif

}  // namespace hydrant::tests
