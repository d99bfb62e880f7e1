// SPDX-License-Identifier: MIT
//
// What stands at the front of every chunk's memory: enough for a reader of that
// memory alone to find its records. With a journal that memory is a file, and
// the reader may be another process after this one has died; so the layout is
// fixed: 64 bytes, in the processor's byte order.
//
//     offset  size
//          0     4  committed       records published, written last on each put
//          4     4  capacity        bytes of the chunk, header and slots included
//          8     8  first_sequence  the sequence number of record 0
//         16     4  shard           whose records they are
//         20     4  delimiter_size  what `put` appended to records marked so
//         24     8  epoch           which life of the stream, 0 without a journal
//         32     8  opened_at       wall clock, milliseconds since 1970, UTC
//         40     4  in_use          chunk_in_use while the chunk holds records of a shard
//         44     4  check           over bytes 4 to 39 (chunk_check.hpp)
//
// Invariants: a process that is stopped between any two instructions leaves
// in_use = 0, or a header whose other fields are whole; `committed` counts only
// records whose payload and slot are whole.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hydrant::detail {

inline constexpr std::uint32_t chunk_in_use = 0x4b4e4843;  // "CHNK"

struct alignas(64) ChunkHeader {
  std::atomic<std::uint32_t> committed{0};
  std::uint32_t capacity = 0;
  std::uint64_t first_sequence = 0;
  std::uint32_t shard = 0;
  std::uint32_t delimiter_size = 0;
  std::uint64_t epoch = 0;
  std::int64_t opened_at = 0;
  std::atomic<std::uint32_t> in_use{0};
  std::uint32_t check = 0;
};

static_assert(sizeof(ChunkHeader) == 64);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace hydrant::detail
