// SPDX-License-Identifier: MIT
//
// A fence of which one side is free. The frequent side (every `put`) only keeps
// the compiler from reordering; the rare side (closing a stream) makes every
// running thread of the process pass a full barrier. After `heavy_fence`, each
// store that another thread made before its own `light_fence` is visible here,
// or that thread's loads after the fence see what we stored before ours.
//
// Linux has membarrier(2) for this. Where it is refused, changing the protection
// of a page makes the kernel interrupt every processor that runs this process,
// which has the same effect.
#pragma once

#include <atomic>

#include <sys/mman.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

namespace hydrant::detail {

/// Tells the processor that this thread only waits for another.
inline void spin_pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

/// The free side: orders nothing but the compiler.
inline void light_fence() noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

#if defined(__linux__)
inline bool membarrier_fence() noexcept {
  // From linux/membarrier.h, which older kernels' headers lack.
  constexpr int private_expedited = 1 << 3;
  constexpr int register_private_expedited = 1 << 4;
  if (::syscall(SYS_membarrier, private_expedited, 0) == 0) {
    return true;
  }
  return ::syscall(SYS_membarrier, register_private_expedited, 0) == 0 &&
         ::syscall(SYS_membarrier, private_expedited, 0) == 0;
}
#endif

inline void page_protection_fence() noexcept {
  void* page = ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    return;
  }
  *static_cast<volatile char*>(page) = 1;
  ::mprotect(page, 1, PROT_READ);
  ::munmap(page, 1);
}

/// The dear side: some microseconds, never on the way of `put`.
inline void heavy_fence() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
#if defined(__linux__)
  if (membarrier_fence()) {
    return;
  }
#endif
  page_protection_fence();
}

}  // namespace hydrant::detail
