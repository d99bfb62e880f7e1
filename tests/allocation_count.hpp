// SPDX-License-Identifier: MIT
//
// Counts the allocations of a test program, for the promise that something
// takes no memory. It replaces the global operators, so exactly one file of a
// program includes it. They are never inlined: GCC 12 takes an inlined `free` for
// one that does not match its `operator new`. The thread sanitizer brings its own
// operators: under it nothing is counted.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "sanitized.hpp"

#define HYDRANT_TESTS_COUNT_ALLOCATIONS !HYDRANT_TESTS_THREAD_SANITIZER

namespace hydrant::tests {

inline std::atomic<std::uint64_t> allocation_count{0};

/// Those of this thread alone.
inline constinit thread_local std::uint64_t allocation_count_here = 0;

inline void* allocate_counted(std::size_t size,
                              std::size_t alignment = alignof(std::max_align_t)) noexcept {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  ++allocation_count_here;
  const std::size_t whole = (std::max(size, std::size_t{1}) + alignment - 1) & ~(alignment - 1);
  return alignment <= alignof(std::max_align_t) ? std::malloc(whole)
                                                : std::aligned_alloc(alignment, whole);
}

}  // namespace hydrant::tests

#if HYDRANT_TESTS_COUNT_ALLOCATIONS

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = hydrant::tests::allocate_counted(size)) {
    return memory;
  }
  throw std::bad_alloc();
}

[[gnu::noinline]] void* operator new[](std::size_t size) {
  return operator new(size);
}

[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return hydrant::tests::allocate_counted(size);
}

[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return hydrant::tests::allocate_counted(size);
}

[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  if (void* memory = hydrant::tests::allocate_counted(size, static_cast<std::size_t>(alignment))) {
    return memory;
  }
  throw std::bad_alloc();
}

[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment,
                                     const std::nothrow_t&) noexcept {
  return hydrant::tests::allocate_counted(size, static_cast<std::size_t>(alignment));
}

[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

#endif
