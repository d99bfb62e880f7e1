// SPDX-License-Identifier: MIT
//
// Any bytes as a segment. The first byte says how much of it is made right
// before it is read: nothing, the segment's header, or the chunks' headers too,
// so that what lies behind the checks is reached.
#include <hydrant/journal/segment.hpp>

#include <algorithm>
#include <cstring>
#include <vector>

#include "exact_mapping.hpp"
#include "fuzz_input.hpp"

namespace {

using namespace hydrant::detail;
using hydrant::fuzz::expect;

constexpr std::uint64_t epoch = 7;
constexpr std::uint32_t block_bytes = 4096;

void put_header(std::vector<std::byte>& file, hydrant::fuzz::FuzzInput& input) {
  SegmentHeader header;
  header.epoch = epoch;
  header.block_bytes = input.below(8) == 0 ? input.take<std::uint32_t>() : block_bytes;
  header.block_count = input.below(8) == 0 ? input.take<std::uint32_t>()
                                           : static_cast<std::uint32_t>(input.below(4));
  header.check = header.right_check();
  if (!file.empty()) {
    std::memcpy(file.data(), &header, std::min(sizeof(header), file.size()));
  }
}

void put_chunk_headers(std::vector<std::byte>& file, hydrant::fuzz::FuzzInput& input) {
  for (std::size_t at = segment_header_bytes; at + block_bytes <= file.size(); at += block_bytes) {
    ChunkHeader header;
    header.capacity = block_bytes;
    header.first_sequence = input.take<std::uint64_t>();
    header.shard = input.take<std::uint32_t>();
    header.delimiter_size = input.take<std::uint8_t>();
    header.epoch = epoch;
    header.check = check_of(header);
    header.in_use = chunk_in_use;
    header.committed = input.take<std::uint16_t>() % 1100;
    std::memcpy(file.data() + at, static_cast<void*>(&header), sizeof(header));
    for (std::size_t slot_at = at + block_bytes; slot_at > at + sizeof(header) + 4;) {
      const auto slot = input.take<std::uint16_t>();
      if (input.is_empty()) {
        break;
      }
      slot_at -= sizeof(std::uint32_t);
      const std::uint32_t value = (slot & 0x7fffu) | (slot & 0x8000u) << 16;
      std::memcpy(file.data() + slot_at, &value, sizeof(value));
    }
  }
}

/// Looks at every byte of every record of a run.
std::uint64_t sum_of(const FoundChunk& chunk, std::uint32_t first, std::uint32_t last) {
  hydrant::RecordSlice slice;
  slice.payload = chunk.memory + sizeof(ChunkHeader);
  slice.slots_top = reinterpret_cast<const std::uint32_t*>(chunk.memory + chunk.bytes);
  slice.delimiter_size = chunk.delimiter_size;
  slice.first = first;
  slice.last = last;
  std::uint64_t sum = 0;
  for (std::uint32_t index = first; index < last; ++index) {
    const auto bytes = slice.record(index).bytes();
    expect(bytes.size() <= chunk.bytes);
    for (const std::byte byte : bytes) {
      sum += static_cast<std::uint64_t>(byte);
    }
  }
  expect(slice.bytes().size() <= chunk.bytes);
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hydrant::fuzz::FuzzInput input(data, size);
  const std::uint64_t depth = input.below(4);
  std::vector<std::byte> file;
  if (depth == 0) {
    file.assign(input.rest().begin(), input.rest().end());
  } else {
    file.resize(input.below(segment_header_bytes + 3 * block_bytes + 100));
    put_header(file, input);
    if (depth > 1) {
      put_chunk_headers(file, input);
    }
    for (std::uint64_t flips = depth == 3 ? input.below(8) : 0; flips > 0 && !file.empty();
         --flips) {
      file[input.below(file.size())] ^= std::byte{input.take<std::uint8_t>()};
    }
  }
  hydrant::fuzz::ExactFiles files;
  files.add("segment", file);
  auto segment = Segment::open(files, "segment");
  expect(bool(segment));
  if (segment.value().fault(epoch) != Segment::Fault::none) {
    return 0;
  }
  std::uint64_t sum = 0;
  std::uint64_t chunks = 0;
  const std::uint64_t damaged = segment.value().for_each_chunk([&](const FoundChunk& chunk) {
    ++chunks;
    std::uint64_t visited = 0;
    std::uint32_t next = 0;
    const std::uint64_t left_out = chunk.for_each_run([&](std::uint32_t first, std::uint32_t last) {
      expect(next <= first && first < last && last <= chunk.count);
      next = last;
      visited += last - first;
      sum += sum_of(chunk, first, last);
    });
    expect(visited + left_out == chunk.count);
  });
  expect(chunks + damaged <= segment.value().block_count());
  static_cast<void>(sum);
  return 0;
}
