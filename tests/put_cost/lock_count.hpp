// SPDX-License-Identifier: MIT
//
// Counts what a thread does with locks: it stands between the program and the
// system's pthread functions, so exactly one file of a program includes it. The
// sanitizers stand there themselves: under them nothing is counted.
#pragma once

#include <atomic>
#include <cstdint>

#include "sanitized.hpp"
#include <dlfcn.h>
#include <pthread.h>

#define HYDRANT_TESTS_COUNT_LOCKS \
  (!HYDRANT_TESTS_THREAD_SANITIZER && !HYDRANT_TESTS_ADDRESS_SANITIZER)

namespace hydrant::tests {

inline constexpr bool counts_locks = !is_sanitized;

/// Calls of this thread to anything that takes a lock, waits, or wakes.
inline constinit thread_local std::uint64_t lock_count_here = 0;

}  // namespace hydrant::tests

#if HYDRANT_TESTS_COUNT_LOCKS

namespace hydrant::tests {

/// Counts, and calls the system's function behind one of ours. That is asked for once, before
/// main even, so without anything that could take a lock itself.
template <class... Arguments>
int counted(std::atomic<void*>& known, const char* name, Arguments... arguments) {
  ++lock_count_here;
  void* function = known.load(std::memory_order_relaxed);
  if (function == nullptr) {
    function = ::dlsym(RTLD_NEXT, name);
    known.store(function, std::memory_order_relaxed);
  }
  return reinterpret_cast<int (*)(Arguments...)>(function)(arguments...);
}

}  // namespace hydrant::tests

#define HYDRANT_TESTS_COUNTED(function, ...)          \
  static constinit std::atomic<void*> known{nullptr}; \
  return hydrant::tests::counted(known, #function, __VA_ARGS__)

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  HYDRANT_TESTS_COUNTED(pthread_mutex_lock, mutex);
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  HYDRANT_TESTS_COUNTED(pthread_mutex_trylock, mutex);
}

int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* until) noexcept {
  HYDRANT_TESTS_COUNTED(pthread_mutex_timedlock, mutex, until);
}

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  HYDRANT_TESTS_COUNTED(pthread_rwlock_rdlock, lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  HYDRANT_TESTS_COUNTED(pthread_rwlock_wrlock, lock);
}

int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
  HYDRANT_TESTS_COUNTED(pthread_spin_lock, lock);
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  HYDRANT_TESTS_COUNTED(pthread_cond_wait, condition, mutex);
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* until) {
  HYDRANT_TESTS_COUNTED(pthread_cond_timedwait, condition, mutex, until);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
  HYDRANT_TESTS_COUNTED(pthread_cond_clockwait, condition, mutex, clock, until);
}

int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  HYDRANT_TESTS_COUNTED(pthread_cond_signal, condition);
}

int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  HYDRANT_TESTS_COUNTED(pthread_cond_broadcast, condition);
}

}  // extern "C"

#undef HYDRANT_TESTS_COUNTED

#endif
