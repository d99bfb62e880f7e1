// SPDX-License-Identifier: MIT
//
// One file of chunks. While its process lives it is nothing but memory; what a
// dead process left in it is read here, and nothing is believed that does not
// hold together. The layout is in layout.hpp.
#pragma once

#include <hydrant/core/chunk_check.hpp>
#include <hydrant/core/files.hpp>
#include <hydrant/core/record.hpp>
#include <hydrant/journal/layout.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// A chunk that a dead process left, and how many records it says it holds.
struct FoundChunk {
  std::byte* memory = nullptr;
  std::size_t bytes = 0;
  std::uint64_t first_sequence = 0;
  std::uint32_t shard = 0;
  std::uint32_t delimiter_size = 0;
  std::int64_t opened_at = 0;  // wall clock, ms
  std::uint32_t count = 0;

  /// Calls `visit(first, last)` for each run of records that lie within the chunk, one behind the
  /// other. Of two slots that contradict each other either may be wrong.
  /// Returns: how many records are not visited.
  template <class Visit>
  std::uint64_t for_each_run(Visit visit) const {
    const auto* top = reinterpret_cast<const std::uint32_t*>(memory + bytes);
    const std::size_t room = bytes - sizeof(ChunkHeader) - count * sizeof(std::uint32_t);
    std::uint64_t damaged = 0;
    std::uint32_t begin = 0;
    bool begin_is_known = true;
    std::uint32_t run = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t slot = top[-static_cast<std::ptrdiff_t>(i) - 1];
      const std::uint32_t end = slot & ~RecordSlice::delimited_bit;
      const std::uint32_t appended = slot != end ? delimiter_size : 0;
      const bool is_within = end <= room;
      if (!begin_is_known || !is_within || begin > end || end - begin < appended) {
        const std::uint32_t run_end = begin_is_known && is_within && run != i ? i - 1 : i;
        if (run != run_end) {
          visit(run, run_end);
        }
        damaged += i + 1 - run_end;
        run = i + 1;
        begin_is_known = !begin_is_known && is_within;
      }
      begin = end;
    }
    if (run != count) {
      visit(run, count);
    }
    return damaged;
  }
};

/// A file of blocks of one size.
/// Threads: distinct objects: safe; shared: unsafe.
class Segment {
 public:
  /// What is wrong with a file that is no segment of this spool. An unborn one has never been
  /// written to: its process ended in making it.
  enum class Fault : std::uint8_t { none, unborn, damaged, foreign, newer };

  static Result<Segment> create(Files& files, std::string path, SegmentHeader header) {
    Result<std::unique_ptr<Mapping>> file = files.create_mapped(
        path, segment_header_bytes + std::uint64_t{header.block_bytes} * header.block_count);
    if (!file) {
      return file.failure();
    }
    header.check = header.right_check();
    const std::span<std::byte> bytes = file.value()->bytes();
    std::memcpy(bytes.data(), &header, sizeof(header));
    constexpr std::size_t page = 4096;
    for (std::size_t at = segment_header_bytes; at < bytes.size(); at += page) {
      bytes[at] = std::byte{0};
    }
    return Segment(std::move(path), std::move(file.value()), header);
  }

  /// A file that a dead process left.
  static Result<Segment> open(Files& files, std::string path) {
    Result<std::unique_ptr<Mapping>> file = files.map(path);
    if (!file) {
      return file.failure();
    }
    const std::span<const std::byte> bytes = file.value()->bytes();
    SegmentHeader header{};
    if (bytes.size() >= segment_header_bytes) {
      header = read_plain<SegmentHeader>(bytes.data());
    } else {
      header.magic = 0;
    }
    return Segment(std::move(path), std::move(file.value()), header);
  }

  Fault fault(std::uint64_t epoch) const {
    if (header_.magic != SegmentHeader::right_magic) {
      const std::span<const std::byte> bytes = mapping_->bytes();
      const bool is_blank = std::all_of(bytes.begin(), bytes.end(),
                                        [](std::byte byte) { return byte == std::byte{0}; });
      return is_blank ? Fault::unborn : Fault::damaged;
    }
    if (header_.version != journal_version) {
      return Fault::newer;
    }
    constexpr std::uint32_t block_bytes_min = 4096;
    if (header_.check != header_.right_check() || header_.block_bytes < block_bytes_min ||
        !std::has_single_bit(header_.block_bytes)) {
      return Fault::damaged;
    }
    return header_.epoch == epoch ? Fault::none : Fault::foreign;
  }

  /// Whether it was written since the operating system has started, as far as that was known then.
  bool is_of_boot(std::uint64_t boot) const { return header_.boot == 0 || header_.boot == boot; }

  /// Calls `visit(const FoundChunk&)` for each chunk that holds records, as far as the file goes.
  /// Returns: how many chunks cannot be read, or are missing.
  template <class Visit>
  std::uint64_t for_each_chunk(Visit visit) const {
    std::uint64_t damaged = 0;
    const std::size_t size = mapping_->bytes().size();
    for (std::uint64_t i = 0; i < header_.block_count; ++i) {
      const std::uint64_t offset = segment_header_bytes + i * header_.block_bytes;
      if (offset + header_.block_bytes > size) {
        return damaged + (header_.block_count - i);
      }
      std::byte* memory = mapping_->bytes().data() + offset;
      const auto* chunk = reinterpret_cast<const ChunkHeader*>(memory);
      const std::uint32_t in_use = chunk->in_use.load(std::memory_order_relaxed);
      if (in_use == 0) {
        continue;
      }
      const std::uint32_t count = chunk->committed.load(std::memory_order_relaxed);
      if (in_use != chunk_in_use || chunk->check != check_of(*chunk) ||
          chunk->epoch != header_.epoch || chunk->capacity != header_.block_bytes ||
          count > (header_.block_bytes - sizeof(ChunkHeader)) / sizeof(std::uint32_t)) {
        ++damaged;
        continue;
      }
      if (count != 0) {
        visit(FoundChunk{memory, header_.block_bytes, chunk->first_sequence, chunk->shard,
                         chunk->delimiter_size, chunk->opened_at, count});
      }
    }
    return damaged;
  }

  std::byte* blocks() const { return mapping_->bytes().data() + segment_header_bytes; }

  bool holds(const std::byte* memory) const {
    return memory >= blocks() && memory < mapping_->bytes().data() + mapping_->bytes().size();
  }

  void page_out(const std::byte* memory) noexcept {
    mapping_->page_out(static_cast<std::size_t>(memory - mapping_->bytes().data()),
                       header_.block_bytes);
  }

  void become_private() noexcept { mapping_->become_private(); }

  std::uint64_t epoch() const { return header_.epoch; }

  /// Size on the disk.
  std::uint64_t size() const { return mapping_->bytes().size(); }

  std::uint32_t block_count() const { return header_.block_count; }

  const std::string& path() const { return path_; }

 private:
  Segment(std::string path, std::unique_ptr<Mapping> mapping, const SegmentHeader& header)
      : path_(std::move(path)), mapping_(std::move(mapping)), header_(header) {}

  std::string path_;
  std::unique_ptr<Mapping> mapping_;
  SegmentHeader header_;
};

}  // namespace hydrant::detail
