// SPDX-License-Identifier: MIT
//
// What a log is made of: frames of items, as commit_log.hpp draws them, and the
// memory in which the next one grows.
#pragma once

#include <hydrant/journal/layout.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace hydrant::detail {

struct FrameHeader {
  static constexpr std::uint64_t right_magic = journal_magic("HYDFRAM1");
  static constexpr std::size_t alignment = 4096;

  std::uint64_t magic = right_magic;
  std::uint32_t version = journal_version;
  std::uint32_t unused = 0;
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t check = 0;
  std::uint64_t payload_digest = 0;
  std::uint64_t file_bytes = 0;

  std::uint64_t right_check() const {
    Digest digest;
    digest.add(epoch);
    digest.add(number);
    digest.add(payload_bytes);
    digest.add(file_bytes);
    return digest.value();
  }
};

enum class ItemType : std::uint16_t {
  // 1 to 3 are those of EntryType.
  identity = 16,
  records = 17,
};

struct ItemHeader {
  std::uint16_t type = 0;
  std::uint16_t lane = 0;
  std::uint32_t unused = 0;
  std::uint64_t bytes = 0;
};

struct RecordsHeader {
  std::uint32_t shard = 0;
  std::uint32_t delimiter_size = 0;
  std::uint64_t first_sequence = 0;
  std::int64_t arrival = 0;
  std::uint32_t count = 0;
  std::uint32_t unused = 0;
  std::uint64_t payload_bytes = 0;
};

static_assert(sizeof(FrameHeader) == 64 && sizeof(ItemHeader) == 16);
static_assert(sizeof(RecordsHeader) == 40);

/// Memory that grows without being filled.
class FrameBuffer {
 public:
  std::byte* extend(std::size_t bytes) {
    if (capacity_ - size_ < bytes) {
      grow(size_ + bytes);
    }
    return memory_.get() + std::exchange(size_, size_ + bytes);
  }

  void clear() { size_ = 0; }

  std::size_t size() const { return size_; }

  std::byte* data() { return memory_.get(); }

 private:
  void grow(std::size_t least) {
    const std::size_t capacity = std::max(least, std::max(capacity_ * 2, std::size_t{1} << 16));
    std::unique_ptr<std::byte[]> memory(new std::byte[capacity]);
    if (size_ != 0) {
      std::memcpy(memory.get(), memory_.get(), size_);
    }
    memory_ = std::move(memory);
    capacity_ = capacity;
  }

  std::unique_ptr<std::byte[]> memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace hydrant::detail
