// SPDX-License-Identifier: MIT
//
// An object's bytes between being made and being sent: gathered in blocks that
// are used again and again, and cut into parts once there are too many for one
// request.
#pragma once

#include <hydrant/core/result.hpp>
#include <hydrant/object/s3_crc32c.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// Blocks of memory between two objects: fresh ones would cost a page fault every 4 KiB. Without
/// a lock, for a process may fork at any moment.
/// Threads: shared: safe. Must outlive its blocks.
class S3Blocks {
 public:
  static constexpr std::size_t block_bytes = std::size_t{256} << 10;
  /// What stays when nothing is sent: 16 MiB.
  static constexpr std::size_t idle_count_max = 64;

  struct GiveBack {
    S3Blocks* blocks;

    void operator()(std::byte* block) const { blocks->give_back(block); }
  };

  using Block = std::unique_ptr<std::byte[], GiveBack>;

  S3Blocks() = default;
  S3Blocks(const S3Blocks&) = delete;
  S3Blocks& operator=(const S3Blocks&) = delete;

  ~S3Blocks() {
    for (std::atomic<std::byte*>& place : places_) {
      delete[] place.load();
    }
  }

  Block take() {
    for (std::atomic<std::byte*>& place : places_) {
      if (place.load(std::memory_order_relaxed) != nullptr) {
        if (std::byte* block = place.exchange(nullptr, std::memory_order_acq_rel)) {
          return Block(block, GiveBack{this});
        }
      }
    }
    // Not made_unique: that would write zeros first.
    return Block(new std::byte[block_bytes], GiveBack{this});
  }

 private:
  void give_back(std::byte* block) {
    for (std::atomic<std::byte*>& place : places_) {
      std::byte* nothing = nullptr;
      if (place.load(std::memory_order_relaxed) == nullptr &&
          place.compare_exchange_strong(nothing, block, std::memory_order_acq_rel)) {
        return;
      }
    }
    delete[] block;
  }

  std::array<std::atomic<std::byte*>, idle_count_max> places_{};
};

/// Some consecutive bytes of an object.
/// Threads: distinct objects: safe; shared: unsafe.
class S3Part {
 public:
  std::uint64_t size() const { return size_; }

  /// The checksum of the bytes, made while they are in cache.
  std::uint32_t crc() const { return crc_; }

  /// Takes as much of `bytes` as there is room for below `size_max`, off their front.
  void take(S3Blocks& blocks, std::span<const std::byte>& bytes, std::uint64_t size_max) {
    while (!bytes.empty() && size_ < size_max) {
      const std::size_t used = size_ % S3Blocks::block_bytes;
      if (used == 0) {
        blocks_.push_back(blocks.take());
      }
      const auto count = static_cast<std::size_t>(
          std::min<std::uint64_t>({bytes.size(), S3Blocks::block_bytes - used, size_max - size_}));
      std::memcpy(blocks_.back().get() + used, bytes.data(), count);
      crc_ = crc32c(crc_, bytes.first(count));
      size_ += count;
      bytes = bytes.subspan(count);
    }
  }

  /// The bytes, where they lie.
  void append_to(std::vector<std::span<const std::byte>>& pieces) const {
    std::uint64_t rest = size_;
    for (const S3Blocks::Block& block : blocks_) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(rest, S3Blocks::block_bytes));
      pieces.emplace_back(block.get(), count);
      rest -= count;
    }
  }

 private:
  std::vector<S3Blocks::Block> blocks_;
  std::uint64_t size_ = 0;
  std::uint32_t crc_ = 0;
};

/// Gathers an object's pieces; once they are more than a threshold it hands them on in parts of
/// one size, of which the last may be smaller.
/// Threads: distinct objects: safe; shared: unsafe.
class S3Splitter {
 public:
  S3Splitter(S3Blocks& blocks, std::uint64_t threshold, std::uint64_t part_size)
      : blocks_(&blocks), threshold_(threshold), part_size_(part_size) {}

  /// Takes a piece. Each part that is full goes to `send`, a `Status(S3Part)`, until that fails.
  template <class Send>
  Status add(std::span<const std::byte> piece, Send&& send) {
    while (!piece.empty()) {
      if (held_.empty() || held_.back().size() == part_size_) {
        held_.emplace_back();
      }
      const std::size_t before = piece.size();
      held_.back().take(*blocks_, piece, part_size_);
      size_ += before - piece.size();
      if (size_ <= threshold_) {
        continue;
      }
      for (const std::size_t full = held_.size() - (held_.back().size() == part_size_ ? 0 : 1);
           sent_ < full; ++sent_) {
        if (Status sent = send(std::move(held_[sent_])); !sent) {
          return sent;
        }
      }
      held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(sent_));
      sent_ = 0;
    }
    return success();
  }

  /// Of all that was taken.
  std::uint64_t size() const { return size_; }

  /// Whether there are parts that were sent.
  bool is_multipart() const { return size_ > threshold_; }

  /// What has not been sent: the whole object, or its last part, which is then at most one.
  std::vector<S3Part> take_rest() { return std::exchange(held_, {}); }

 private:
  S3Blocks* blocks_;
  std::uint64_t threshold_;
  std::uint64_t part_size_;
  std::uint64_t size_ = 0;
  std::size_t sent_ = 0;
  std::vector<S3Part> held_;
};

}  // namespace hydrant::detail
