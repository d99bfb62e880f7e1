// SPDX-License-Identifier: MIT
//
// Where chunks may get their memory instead of from the system: a journal gives
// memory that outlives the process.
#pragma once

#include <cstddef>

namespace hydrant::detail {

/// Hands out blocks of memory in which chunks keep their records.
/// Threads: shared: safe.
class BlockStore {
 public:
  BlockStore() = default;
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;
  virtual ~BlockStore() = default;

  struct Blocks {
    std::byte* memory = nullptr;  // null: there are none to be had
    BlockStore* owner = nullptr;  // whom to give them back to
  };

  /// `count` blocks of `bytes` each, side by side, whole pages, every one touched.
  virtual Blocks make_blocks(std::size_t bytes, std::size_t count) noexcept = 0;

  /// Takes a block out of memory. It comes back by being looked at.
  virtual void page_out(std::byte* memory, std::size_t bytes) noexcept = 0;

  /// Takes back one block, in which no record is left that has not ended.
  virtual void free_block(std::byte* memory, std::size_t bytes) noexcept = 0;
};

}  // namespace hydrant::detail
