// SPDX-License-Identifier: MIT
//
// Segment files made by hand: blocks with records in them, as a dead process
// leaves them.
#pragma once

#include <hydrant/core/chunk_check.hpp>
#include <hydrant/journal/segment.hpp>
#include <hydrant/testing/memory_files.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::tests {

inline constexpr std::uint32_t block_bytes = 4096;

/// What a chunk is to say of itself.
struct ChunkText {
  std::vector<std::string> records;
  std::uint64_t first_sequence = 0;
  std::uint32_t shard = 0;
  std::string delimiter{};
  std::uint64_t epoch = 5;
};

/// A block with these records in it, each with the delimiter behind it.
inline std::string block_of(const ChunkText& text) {
  std::vector<detail::ChunkHeader> block(block_bytes / sizeof(detail::ChunkHeader));
  auto* memory = reinterpret_cast<std::byte*>(block.data());
  detail::ChunkHeader& header = block.front();
  header.capacity = block_bytes;
  header.first_sequence = text.first_sequence;
  header.shard = text.shard;
  header.delimiter_size = static_cast<std::uint32_t>(text.delimiter.size());
  header.epoch = text.epoch;
  header.opened_at = 123;
  header.check = check_of(header);
  header.in_use = detail::chunk_in_use;
  header.committed = static_cast<std::uint32_t>(text.records.size());
  std::size_t end = sizeof(header);
  std::size_t slot_at = block_bytes;
  for (const std::string& record : text.records) {
    const std::string whole = record + text.delimiter;
    std::memcpy(memory + end, whole.data(), whole.size());
    end += whole.size();
    auto slot = static_cast<std::uint32_t>(end - sizeof(header));
    slot |= text.delimiter.empty() ? 0 : RecordSlice::delimited_bit;
    slot_at -= sizeof(slot);
    std::memcpy(memory + slot_at, &slot, sizeof(slot));
  }
  return {reinterpret_cast<const char*>(memory), block_bytes};
}

/// A block that no shard uses.
inline std::string free_block() {
  return std::string(block_bytes, '\0');
}

inline std::string segment_of(const std::vector<std::string>& blocks, std::uint64_t epoch = 5,
                              std::uint64_t boot = 0) {
  detail::SegmentHeader header;
  header.epoch = epoch;
  header.block_bytes = block_bytes;
  header.block_count = static_cast<std::uint32_t>(blocks.size());
  header.boot = boot;
  header.check = header.right_check();
  std::string file(detail::segment_header_bytes, '\0');
  std::memcpy(file.data(), &header, sizeof(header));
  for (const std::string& block : blocks) {
    file += block;
  }
  return file;
}

inline void write_file(Files& files, const std::string& path, std::string_view content) {
  auto file = files.create(path);
  if (!file || !file.value()->write(std::as_bytes(std::span(content)))) {
    throw std::runtime_error("the test cannot write " + path);
  }
}

/// The records of a run, as text.
inline std::vector<std::string> texts_of(const detail::FoundChunk& chunk, std::uint32_t first,
                                         std::uint32_t last) {
  RecordSlice slice;
  slice.payload = chunk.memory + sizeof(detail::ChunkHeader);
  slice.slots_top = reinterpret_cast<const std::uint32_t*>(chunk.memory + chunk.bytes);
  slice.delimiter_size = chunk.delimiter_size;
  std::vector<std::string> texts;
  for (std::uint32_t index = first; index < last; ++index) {
    texts.emplace_back(slice.record(index).text());
  }
  return texts;
}

}  // namespace hydrant::tests
