// SPDX-License-Identifier: MIT
//
// The check over a chunk's header, for who reads it after a crash. Apart from
// the header itself, which every file that puts records includes.
#pragma once

#include <hydrant/core/chunk_header.hpp>
#include <hydrant/core/uuid.hpp>

#include <cstdint>

namespace hydrant::detail {

/// Over everything that stays the same while the chunk is in use.
inline std::uint32_t check_of(const ChunkHeader& header) {
  std::uint64_t check = mix64(header.epoch);
  check = mix64(check ^ header.first_sequence);
  check = mix64(check ^ static_cast<std::uint64_t>(header.opened_at));
  check = mix64(check ^ (std::uint64_t{header.capacity} << 32 | header.shard));
  check = mix64(check ^ header.delimiter_size);
  return static_cast<std::uint32_t>(check);
}

}  // namespace hydrant::detail
