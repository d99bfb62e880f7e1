// SPDX-License-Identifier: MIT
//
// Chunks filled by hand, as a producer fills them.
#pragma once

#include <hydrant/ingest/chunk_pool.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hydrant::tests {

/// Points `shard` at an empty chunk.
inline void open_chunk(detail::Shard& shard, detail::Chunk& chunk, std::uint64_t first_sequence) {
  chunk.first_sequence = first_sequence;
  chunk.delimiter_size = shard.delimiter_size;
  shard.write_to(chunk.payload(), chunk.slots_top(), chunk.header(), first_sequence);
}

/// A producer's end, without a stream around it.
inline detail::Shard make_shard(std::uint32_t record_bytes_max, std::string_view delimiter = {}) {
  detail::Shard shard;
  shard.record_bytes_max = record_bytes_max;
  shard.delimiter_size = static_cast<std::uint32_t>(delimiter.size());
  delimiter.copy(shard.delimiter, detail::Shard::delimiter_size_max);
  return shard;
}

}  // namespace hydrant::tests
