// SPDX-License-Identifier: MIT
//
// After a power cut only the log of a spool can be believed. From it the spool
// is made again as its process would have left it, had it been killed: segments
// with the records that have not ended, and a manifest with what is known of
// batches. The log stays: the power may be cut again. Where the power was not
// cut, and only the manifest cannot be read, that alone is made again.
#pragma once

#include <hydrant/core/chunk_check.hpp>
#include <hydrant/journal/commit_log.hpp>
#include <hydrant/journal/manifest.hpp>
#include <hydrant/journal/segment.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// Makes one spool again from its log.
/// Threads: distinct objects: safe; shared: unsafe.
class Rebuilding {
 public:
  enum class What : std::uint8_t { manifest, everything };

  /// How the files are called that records are written into.
  static constexpr std::string_view segment_prefix = "segment-r";

  /// `lives_to_skip`: what a life has written may be lost that was made from a log like this one,
  /// and the batches that it has named must not be mistaken for those of the next.
  Rebuilding(Files& files, std::string directory, What what = What::everything,
             std::uint64_t lives_to_skip = 0)
      : files_(&files),
        directory_(std::move(directory)),
        what_(what),
        lives_to_skip_(lives_to_skip) {}

  /// Fails when a file cannot be opened, written or removed; it can be tried again.
  Status rebuild() {
    Result<std::vector<std::string>> names = files_->list(directory_);
    if (!names) {
      return names.failure();
    }
    std::sort(names.value().begin(), names.value().end());
    Status status = success();
    for (const std::string& name : names.value()) {
      if (!status) {
        return status;
      }
      if (what_ == What::everything &&
          (name.starts_with("segment-") || name.starts_with("manifest-"))) {
        status = files_->remove(directory_ + "/" + name);
      } else if (name.starts_with("log-")) {
        Result<std::unique_ptr<Mapping>> log = files_->map(directory_ + "/" + name);
        if (!log) {
          return log.failure();
        }
        logs_.push_back({name, std::move(log.value())});
      }
    }
    if (!status) {
      return status;
    }
    read_entries();
    if (!manifest_) {
      return success();  // the power went before anything was written
    }
    if (what_ == What::everything) {
      status = write_records();
    }
    return status ? write_manifest() : status;
  }

  const LogCounts& counts() const { return counts_; }

  /// The names of log files in which something was written.
  std::vector<std::string> written_logs() const {
    std::vector<std::string> names;
    for (const Log& log : logs_) {
      const std::span<const std::byte> file = log.file->bytes();
      if (std::any_of(file.begin(), file.end(), [](std::byte b) { return b != std::byte{0}; })) {
        names.push_back(log.name);
      }
    }
    return names;
  }

 private:
  struct Log {
    std::string name;
    std::unique_ptr<Mapping> file;
  };

  static constexpr std::uint32_t block_bytes_usual = 256u << 10;
  static constexpr std::uint32_t blocks_a_segment = 8;

  template <class Visit>
  void for_each_item(Visit visit) {
    LogCounts counts;
    for (const Log& log : logs_) {
      const std::span<const std::byte> file = log.file->bytes();
      read_log_file(file, epoch_of(file), counts, visit);
    }
    counts_ = counts;
  }

  /// What the first frame says whose header is right: all of a file are of one spool.
  static std::uint64_t epoch_of(std::span<const std::byte> file) {
    for (std::size_t at = 0; at + sizeof(FrameHeader) <= file.size();
         at += FrameHeader::alignment) {
      const auto header = read_plain<FrameHeader>(file.data() + at);
      if (header.magic == FrameHeader::right_magic && header.check == header.right_check()) {
        return header.epoch;
      }
    }
    return 0;
  }

  void read_entries() {
    for_each_item([this](std::uint16_t type, std::uint16_t lane, std::span<const std::byte> item) {
      if (type == static_cast<std::uint16_t>(ItemType::identity)) {
        if (manifest_ == nullptr && item.size() >= sizeof(ManifestHeader)) {
          manifest_ = Manifest::from_log(read_plain<ManifestHeader>(item.data()));
        }
      } else if (manifest_ != nullptr && type <= static_cast<std::uint16_t>(EntryType::part)) {
        manifest_->replay_entry(static_cast<EntryType>(type), lane, item);
      }
    });
  }

  Status write_manifest() {
    manifest_->set_boot(files_->boot_id());
    manifest_->skip_lives(lives_to_skip_);
    return manifest_->write_into(*files_, directory_);
  }

  Status write_records() {
    boot_ = Digest::of_text(files_->boot_id());
    Status status = success();
    for_each_item([&](std::uint16_t type, std::uint16_t, std::span<const std::byte> item) {
      if (status && type == static_cast<std::uint16_t>(ItemType::records)) {
        status = write_item(item);
      }
    });
    return status;
  }

  /// Fits the item's records, as they are, into blocks.
  Status write_item(std::span<const std::byte> item) {
    if (item.size() < sizeof(RecordsHeader)) {
      return success();
    }
    const auto header = read_plain<RecordsHeader>(item.data());
    const std::size_t slots = std::size_t{header.count} * sizeof(std::uint32_t);
    const std::size_t room = item.size() - sizeof(header);
    if (slots > room || header.payload_bytes > room - slots) {
      return success();
    }
    const std::span<const std::byte> ends = item.subspan(sizeof(header), slots);
    const std::span<const std::byte> payload =
        item.subspan(sizeof(header) + slots, header.payload_bytes);
    std::uint32_t begin = 0;
    for (std::uint32_t i = 0; i < header.count; ++i) {
      const auto slot = read_plain<std::uint32_t>(ends.data() + i * sizeof(std::uint32_t));
      const std::uint32_t end = slot & ~RecordSlice::delimited_bit;
      if (end < begin || end > payload.size()) {
        return success();
      }
      if (Status written = append(header, header.first_sequence + i,
                                  payload.subspan(begin, end - begin), slot != end);
          !written) {
        return written;
      }
      begin = end;
    }
    return success();
  }

  /// Appends one record to the open chunk, or to a new one where it does not follow or not fit.
  Status append(const RecordsHeader& header, std::uint64_t sequence,
                std::span<const std::byte> record, bool is_delimited) {
    const bool follows = chunk_ != nullptr && chunk_->shard == header.shard &&
                         chunk_->opened_at == header.arrival &&
                         chunk_->delimiter_size == header.delimiter_size &&
                         chunk_->first_sequence + count_ == sequence;
    if (!follows || chunk_->capacity - sizeof(ChunkHeader) - end_ <
                        record.size() + (count_ + 1) * sizeof(std::uint32_t)) {
      if (Status begun = begin_chunk(header, sequence, record.size()); !begun) {
        return begun;
      }
    }
    auto* memory = reinterpret_cast<std::byte*>(chunk_);
    if (!record.empty()) {
      std::memcpy(memory + sizeof(ChunkHeader) + end_, record.data(), record.size());
    }
    end_ += static_cast<std::uint32_t>(record.size());
    auto* top = reinterpret_cast<std::uint32_t*>(memory + chunk_->capacity);
    top[-static_cast<std::ptrdiff_t>(count_) - 1] =
        end_ | (is_delimited ? RecordSlice::delimited_bit : 0);
    chunk_->committed.store(++count_, std::memory_order_relaxed);
    return success();
  }

  Status begin_chunk(const RecordsHeader& header, std::uint64_t sequence, std::size_t size) {
    // As large as a chunk of the stream would be: a power of two of pages.
    std::uint32_t bytes = block_bytes_usual;
    while (bytes < size + sizeof(ChunkHeader) + sizeof(std::uint32_t)) {
      bytes *= 2;
    }
    if (segment_ == nullptr || bytes != segment_bytes_ || next_block_ == segment_->block_count()) {
      SegmentHeader made;
      made.epoch = manifest_->identity().epoch;
      made.block_bytes = bytes;
      made.block_count = bytes == block_bytes_usual ? blocks_a_segment : 1;
      made.boot = boot_;
      Result<Segment> segment = Segment::create(
          *files_, directory_ + "/" + std::string(segment_prefix) + std::to_string(segments_++),
          made);
      if (!segment) {
        return segment.failure();
      }
      segment_ = std::make_unique<Segment>(std::move(segment.value()));
      segment_bytes_ = bytes;
      next_block_ = 0;
    }
    std::byte* memory = segment_->blocks() + std::size_t{next_block_++} * bytes;
    chunk_ = new (memory) ChunkHeader;
    chunk_->capacity = bytes;
    chunk_->first_sequence = sequence;
    chunk_->shard = header.shard;
    chunk_->delimiter_size = header.delimiter_size;
    chunk_->epoch = manifest_->identity().epoch;
    chunk_->opened_at = header.arrival;
    chunk_->check = check_of(*chunk_);
    chunk_->in_use.store(chunk_in_use, std::memory_order_relaxed);
    count_ = 0;
    end_ = 0;
    return success();
  }

  Files* files_;
  const std::string directory_;
  const What what_;
  const std::uint64_t lives_to_skip_;
  std::vector<Log> logs_;
  std::unique_ptr<Manifest> manifest_;
  LogCounts counts_;
  std::uint64_t boot_ = 0;
  std::unique_ptr<Segment> segment_;
  std::uint32_t segment_bytes_ = 0;
  std::uint32_t next_block_ = 0;
  std::uint32_t segments_ = 1;
  ChunkHeader* chunk_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace hydrant::detail
