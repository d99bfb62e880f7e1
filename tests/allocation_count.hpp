// SPDX-License-Identifier: MIT
//
// Counts the allocations of a test program, for the promise that something
// takes no memory. It replaces the global operators, so exactly one file of a
// program includes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace hydrant::tests {

inline std::atomic<std::uint64_t> allocation_count{0};

inline void* allocate_counted(std::size_t size) noexcept {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace hydrant::tests

void* operator new(std::size_t size) {
  if (void* memory = hydrant::tests::allocate_counted(size)) {
    return memory;
  }
  throw std::bad_alloc();
}

void* operator new[](std::size_t size) {
  return operator new(size);
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return hydrant::tests::allocate_counted(size);
}

void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return hydrant::tests::allocate_counted(size);
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete[](void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
