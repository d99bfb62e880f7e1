// SPDX-License-Identifier: MIT
//
// A 64-bit digest of bytes, to find out whether they are still the same. It
// guards against accidents, not against anyone who wants two texts to be equal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace hydrant::detail {

/// Digests bytes, piece by piece. Where the pieces are cut makes a difference.
/// Threads: distinct objects: safe; shared: unsafe.
class Digest {
 public:
  explicit Digest(std::uint64_t seed = 0) : state_(seed ^ 0x6a09e667f3bcc909) {}

  void add(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9fb21c651e98df25;
    state_ ^= state_ >> 35;
  }

  void add(std::span<const std::byte> bytes) {
    const std::size_t size = bytes.size();
    std::size_t at = 0;
    for (; at + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data() + at, sizeof(word));
      add(word);
    }
    std::uint64_t rest = 0;
    if (at != size) {
      std::memcpy(&rest, bytes.data() + at, size - at);
    }
    add(rest);
    add(std::uint64_t{size});
  }

  static std::uint64_t of_text(std::string_view text) {
    Digest digest;
    digest.add(std::as_bytes(std::span(text)));
    return digest.value();
  }

  std::uint64_t value() const {
    const std::uint64_t mixed = (state_ ^ (state_ >> 29)) * 0xbf58476d1ce4e5b9;
    return mixed ^ (mixed >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace hydrant::detail
