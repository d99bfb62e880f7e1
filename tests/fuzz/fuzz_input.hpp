// SPDX-License-Identifier: MIT
//
// A fuzzer's bytes as choices. When there are no more, every choice is 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

namespace hydrant::fuzz {

/// Threads: distinct objects: safe; shared: unsafe.
class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : bytes_(reinterpret_cast<const std::byte*>(data), size) {}

  template <class T>
  T take() {
    T value{};
    const std::size_t size = bytes_.size() < sizeof(T) ? bytes_.size() : sizeof(T);
    if (size != 0) {
      std::memcpy(&value, bytes_.data(), size);
    }
    bytes_ = bytes_.subspan(size);
    return value;
  }

  /// A number below `limit`, which is not 0.
  std::uint64_t below(std::uint64_t limit) {
    return (limit <= 256 ? take<std::uint8_t>() : take<std::uint32_t>()) % limit;
  }

  std::span<const std::byte> rest() const { return bytes_; }

  bool is_empty() const { return bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
};

/// Ends the program, for the fuzzer to keep the input, where something does not hold.
inline void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace hydrant::fuzz
