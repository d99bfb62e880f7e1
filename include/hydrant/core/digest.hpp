// SPDX-License-Identifier: MIT
//
// A 64-bit digest of bytes, to find out whether they are still the same. It
// guards against accidents, not against anyone who wants two texts to be equal.
// Eight words at a time, each in a lane of its own: in one lane the processor
// would wait for each multiplication.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace hydrant::detail {

inline constexpr std::uint64_t digest_factor = 0x9fb21c651e98df25;

/// Digests a long run of bytes, piece by piece, wherever the pieces are cut.
/// Threads: distinct objects: safe; shared: unsafe.
class LongDigest {
 public:
  void add(std::span<const std::byte> bytes) {
    size_ += bytes.size();
    if (waiting_ != 0) {
      const std::size_t taken = std::min(stripe_bytes - waiting_, bytes.size());
      std::memcpy(rest_.data() + waiting_, bytes.data(), taken);
      waiting_ += taken;
      bytes = bytes.subspan(taken);
      if (waiting_ == stripe_bytes) {
        add_stripes(rest_.data(), 1);
        waiting_ = 0;
      }
    }
    add_stripes(bytes.data(), bytes.size() / stripe_bytes);
    bytes = bytes.subspan(bytes.size() / stripe_bytes * stripe_bytes);
    if (!bytes.empty()) {
      std::memcpy(rest_.data(), bytes.data(), bytes.size());
      waiting_ = bytes.size();
    }
  }

  std::uint64_t value() const {
    LongDigest last = *this;
    std::fill(last.rest_.begin() + static_cast<std::ptrdiff_t>(waiting_), last.rest_.end(),
              std::byte{0});
    last.add_stripes(last.rest_.data(), 1);
    std::uint64_t mixed = size_;
    for (const std::uint64_t lane : last.lanes_) {
      mixed = (mixed ^ lane ^ (lane >> 29)) * digest_factor;
      mixed ^= mixed >> 35;
    }
    return mixed;
  }

 private:
  static constexpr std::size_t lane_count = 8;
  static constexpr std::size_t stripe_bytes = lane_count * sizeof(std::uint64_t);

  void add_stripes(const std::byte* bytes, std::size_t count) {
    add_stripes(bytes, count, std::make_index_sequence<lane_count>());
  }

  /// Spelt out lane by lane: GCC leaves the loop in, at half the speed.
  template <std::size_t... lane>
  void add_stripes(const std::byte* bytes, std::size_t count, std::index_sequence<lane...>) {
    std::array<std::uint64_t, lane_count> lanes = lanes_;
    for (; count != 0; --count, bytes += stripe_bytes) {
      (mix(lanes[lane], bytes + lane * sizeof(std::uint64_t)), ...);
    }
    lanes_ = lanes;
  }

  static void mix(std::uint64_t& lane, const std::byte* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    lane = (lane ^ word) * digest_factor;
    lane ^= lane >> 35;
  }

  std::array<std::uint64_t, lane_count> lanes_{1, 2, 3, 4, 5, 6, 7, 8};
  std::array<std::byte, stripe_bytes> rest_;
  std::size_t waiting_ = 0;
  std::uint64_t size_ = 0;
};

/// Digests bytes, piece by piece. Where the pieces are cut makes a difference.
/// Threads: distinct objects: safe; shared: unsafe.
class Digest {
 public:
  explicit Digest(std::uint64_t seed = 0) : state_(seed ^ 0x6a09e667f3bcc909) {}

  void add(std::uint64_t word) {
    state_ = (state_ ^ word) * digest_factor;
    state_ ^= state_ >> 35;
  }

  void add(std::span<const std::byte> bytes) {
    constexpr std::size_t is_long = 256;
    if (bytes.size() >= is_long) {
      LongDigest digest;
      digest.add(bytes);
      add(digest.value());
      return;
    }
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
