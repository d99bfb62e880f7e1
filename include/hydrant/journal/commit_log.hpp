// SPDX-License-Identifier: MIT
//
// What survives a power cut. Records and entries of the manifest are copied,
// many at a time, into a log of files that were written full of zeros before,
// so that a sync has nothing to wait for but the bytes: one write and one sync
// a commit. Mapped memory is no good for that: syncing it takes two to four
// times as long.
//
//   log-<6 digits>: frames, each from a multiple of 4,096 bytes on, so that a torn
//   one never damages another
//
//     0  8 magic "HYDFRAM1"   8  4 version   12  4 unused
//    16  8 epoch             24  8 number: the file's, shifted left by 32, and how many before
//    32  8 payload bytes     40  8 check of bytes 16 to 39 and 56 to 63
//    48  8 digest of the payload   56  8 bytes of the file   64 ... items, each a multiple of 8
//    bytes
//
//   item: 0 2 type   2 2 lane   4 4 unused   8 8 bytes that follow, padding included
//     types 1 to 3: an entry of the manifest, as in layout.hpp
//     identity: epoch, seeds, creation, flags (ManifestHeader without its boot id)
//     records: 4 shard, 4 delimiter size, 8 first sequence, 8 arrival (ms), 4 count, 4 unused,
//              8 payload bytes; then a 4-byte end offset a record as in core/record.hpp, then
//              payloads
//
// Invariants: a frame counts when its digest is right, and then wholly; after a
// write or a sync has failed nothing more is written; a file goes when all of its
// records have ended, and what it says of batches is then in a later frame.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/core/record.hpp>
#include <hydrant/journal/frame.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// Writes one spool's log.
/// Threads: distinct objects: safe; shared: unsafe.
class CommitLog {
 public:
  static constexpr std::uint64_t file_bytes_default = std::uint64_t{16} << 20;

  /// Begins with the file after `last_file`; those up to it are there already.
  CommitLog(Files& files, std::string directory, std::uint64_t epoch, std::uint32_t last_file,
            std::uint64_t file_bytes)
      : files_(&files),
        directory_(std::move(directory)),
        epoch_(epoch),
        file_bytes_(file_bytes),
        file_number_(last_file) {
    begin_frame();
  }

  /// Adds records to the next commit. Until then their memory stays as it is.
  void add_records(const RecordSlice& slice) {
    RecordsHeader header;
    header.shard = slice.shard;
    header.delimiter_size = slice.delimiter_size;
    header.first_sequence = slice.page_sequence + slice.first;
    header.arrival = slice.arrival.time_since_epoch().count();
    header.count = slice.count();
    const std::span<const std::byte> payload = slice.bytes();
    header.payload_bytes = payload.size();
    const std::size_t slots = slice.count() * sizeof(std::uint32_t);
    std::byte* at = add_header(static_cast<std::uint16_t>(ItemType::records), 0,
                               sizeof(header) + slots + payload.size(), sizeof(header) + slots);
    std::memcpy(at, &header, sizeof(header));
    at += sizeof(header);
    const std::uint32_t base = slice.begin_of(slice.first);
    for (std::uint32_t index = slice.first; index < slice.last; ++index) {
      const std::uint32_t slot =
          slice.slots_top[-static_cast<std::ptrdiff_t>(index) - 1] - base;  // the high bit stays
      std::memcpy(at, &slot, sizeof(slot));
      at += sizeof(slot);
    }
    add_payload(payload);
    pad(sizeof(header) + slots + payload.size());
  }

  /// Adds an entry of the manifest, or the identity, to the next commit.
  void add_entry(std::uint16_t type, std::uint16_t lane, std::span<const std::byte> payload) {
    std::byte* at = add_header(type, lane, payload.size(), payload.size());
    if (!payload.empty()) {
      std::memcpy(at, payload.data(), payload.size());
    }
    pad(payload.size());
  }

  /// Writes what was added, whole or not at all, and returns when it is on stable storage.
  /// Fails for good: whatever is asked afterwards, the first failure is the answer.
  Status commit() {
    if (!status_) {
      return status_;
    }
    if (pending_bytes() == 0) {
      return success();
    }
    status_ = write_frame();
    begin_frame();
    return status_;
  }

  /// Makes the next file ahead of time, where it is not there yet.
  Status prepare() {
    if (next_ == nullptr && status_) {
      Result<std::unique_ptr<LogFile>> made =
          files_->create_log(path_of(directory_, file_number_ + 1), file_bytes_);
      if (!made) {
        return made.failure();
      }
      next_ = std::move(made.value());
      next_bytes_ = file_bytes_;
    }
    return success();
  }

  /// The number of the file that was written to last.
  std::uint32_t file_number() const { return file_number_; }

  std::size_t pending_bytes() const { return frame_bytes() - sizeof(FrameHeader); }

  static std::string path_of(const std::string& directory, std::uint32_t number) {
    constexpr std::size_t width = 6;
    const std::string digits = std::to_string(number);
    return directory + "/log-" +
           std::string(digits.size() < width ? width - digits.size() : 0, '0') + digits;
  }

 private:
  static std::size_t aligned(std::size_t bytes) {
    return (bytes + FrameHeader::alignment - 1) / FrameHeader::alignment * FrameHeader::alignment;
  }

  /// A part of the frame: of `buffer_`, from `begin` on, or where it lay before.
  struct Piece {
    const std::byte* elsewhere;
    std::size_t begin;
    std::size_t size;
  };

  void begin_frame() {
    buffer_.clear();
    buffer_.extend(sizeof(FrameHeader));
    pieces_.clear();
    piece_begin_ = 0;
    elsewhere_bytes_ = 0;
  }

  std::size_t frame_bytes() const { return buffer_.size() + elsewhere_bytes_; }

  void end_piece() {
    if (buffer_.size() != piece_begin_) {
      pieces_.push_back({nullptr, piece_begin_, buffer_.size() - piece_begin_});
      piece_begin_ = buffer_.size();
    }
  }

  /// A large one is written from where it is.
  void add_payload(std::span<const std::byte> payload) {
    constexpr std::size_t worth_a_piece = 4096;
    if (payload.size() >= worth_a_piece) {
      end_piece();
      pieces_.push_back({payload.data(), 0, payload.size()});
      elsewhere_bytes_ += payload.size();
    } else if (!payload.empty()) {
      std::memcpy(buffer_.extend(payload.size()), payload.data(), payload.size());
    }
  }

  void pad(std::size_t bytes) {
    const std::size_t missing = (bytes + 7) / 8 * 8 - bytes;
    std::memset(buffer_.extend(missing), 0, missing);
  }

  /// The front of an item of so many bytes. Returns: room for the first of them.
  std::byte* add_header(std::uint16_t type, std::uint16_t lane, std::size_t bytes,
                        std::size_t room) {
    ItemHeader header;
    header.type = type;
    header.lane = lane;
    header.bytes = (bytes + 7) / 8 * 8;
    std::byte* at = buffer_.extend(sizeof(header) + room);
    std::memcpy(at, &header, sizeof(header));
    return at + sizeof(header);
  }

  Status write_frame() {
    const std::size_t whole = frame_bytes();
    const std::size_t padded = aligned(whole);
    if (file_ == nullptr || bytes_ - end_ < padded) {
      if (Status turned = turn_to_next_file(padded); !turned) {
        return turned;
      }
    }
    std::memset(buffer_.extend(padded - whole), 0, padded - whole);
    end_piece();
    spans_.clear();
    for (const Piece& piece : pieces_) {
      spans_.emplace_back(
          piece.elsewhere == nullptr ? buffer_.data() + piece.begin : piece.elsewhere, piece.size);
    }
    FrameHeader header;
    header.epoch = epoch_;
    header.number = std::uint64_t{file_number_} << 32 | frames_;
    header.payload_bytes = whole - sizeof(header);
    header.file_bytes = bytes_;
    header.check = header.right_check();
    header.payload_digest = payload_digest(header.payload_bytes);
    std::memcpy(buffer_.data(), &header, sizeof(header));
    if (Status written = file_->write_pieces_at(end_, spans_); !written) {
      return written;
    }
    end_ += padded;
    ++frames_;
    return file_->sync();
  }

  /// Of what stands behind the header in `spans_`, without what fills up the last page.
  std::uint64_t payload_digest(std::size_t bytes) const {
    LongDigest digest;
    std::size_t skip = sizeof(FrameHeader);
    for (std::span<const std::byte> span : spans_) {
      span = span.subspan(std::exchange(skip, 0));
      span = span.first(std::min(span.size(), bytes));
      digest.add(span);
      bytes -= span.size();
    }
    return digest.value();
  }

  Status turn_to_next_file(std::size_t least) {
    if (next_ == nullptr || next_bytes_ < least) {
      if (next_ != nullptr) {  // too small for this one frame
        next_ = nullptr;
        static_cast<void>(files_->remove(path_of(directory_, file_number_ + 1)));
      }
      const std::uint64_t bytes = std::max<std::uint64_t>(file_bytes_, least);
      Result<std::unique_ptr<LogFile>> made =
          files_->create_log(path_of(directory_, file_number_ + 1), bytes);
      if (!made) {
        return made.failure();
      }
      next_ = std::move(made.value());
      next_bytes_ = bytes;
    }
    file_ = std::move(next_);
    bytes_ = next_bytes_;
    end_ = 0;
    frames_ = 0;
    ++file_number_;
    return sync_names();
  }

  /// The file's name is durable when its directory is, and every directory that may be as new: of
  /// the spool, of the stream, and of the journal.
  Status sync_names() {
    Status synced = files_->sync_directory(directory_);
    std::string folder = directory_;
    for (int above = 1; synced && file_number_ == 1 && above <= 3; ++above) {
      const std::size_t slash = folder.rfind('/');
      folder = slash == std::string::npos ? "." : folder.substr(0, std::max<std::size_t>(slash, 1));
      Status named = files_->sync_directory(folder);
      // What holds the journal's directory was there before, mostly, and may be closed to us.
      if (!named && above != 3) {
        synced = named.failure();
      }
    }
    return synced;
  }

  Files* files_;
  const std::string directory_;
  const std::uint64_t epoch_;
  const std::uint64_t file_bytes_;
  std::unique_ptr<LogFile> file_;
  std::unique_ptr<LogFile> next_;
  std::uint64_t bytes_ = 0;
  std::uint64_t next_bytes_ = 0;
  std::uint64_t end_ = 0;
  std::uint32_t frames_ = 0;
  std::uint32_t file_number_;
  FrameBuffer buffer_;
  std::vector<Piece> pieces_;
  std::size_t piece_begin_ = 0;  // in `buffer_`, of the piece that is growing
  std::size_t elsewhere_bytes_ = 0;
  std::vector<std::span<const std::byte>> spans_;
  Status status_ = success();
};

/// What reading a log has met.
struct LogCounts {
  std::uint64_t frames = 0;
  /// Places where frames were expected and are not whole. At the end of a log it may be the one
  /// that was being written when the power went: it cannot be told from a damaged one.
  std::uint64_t damaged = 0;
};

/// Reads one file of a log: calls `visit(type, lane, payload)` for each item of each whole frame.
/// A frame that is not whole costs only itself.
template <class Visit>
void read_log_file(std::span<const std::byte> file, std::uint64_t epoch, LogCounts& counts,
                   Visit visit) {
  std::uint64_t last_number = 0;
  bool skipped = false;
  bool is_cut = false;  // somebody has taken the end of the file away
  for (std::size_t at = 0; at + sizeof(FrameHeader) <= file.size();) {
    const auto header = read_plain<FrameHeader>(file.data() + at);
    const std::size_t room = file.size() - at - sizeof(header);
    bool is_whole = header.magic == FrameHeader::right_magic && header.version == journal_version &&
                    header.epoch == epoch && header.check == header.right_check() &&
                    header.payload_bytes <= room &&
                    (last_number == 0 || header.number > last_number);
    std::span<const std::byte> payload;
    if (is_whole) {
      payload = file.subspan(at + sizeof(header), header.payload_bytes);
      LongDigest digest;
      digest.add(payload);
      is_whole = digest.value() == header.payload_digest;
    }
    if (!is_whole) {
      skipped = skipped || header.magic != 0;
      at += FrameHeader::alignment;
      continue;
    }
    counts.damaged += std::exchange(skipped, false) ? 1u : 0u;
    is_cut = header.file_bytes > file.size();
    ++counts.frames;
    last_number = header.number;
    while (payload.size() >= sizeof(ItemHeader)) {
      const auto item = read_plain<ItemHeader>(payload.data());
      payload = payload.subspan(sizeof(item));
      if (item.bytes > payload.size()) {
        break;
      }
      visit(item.type, item.lane, payload.first(item.bytes));
      payload = payload.subspan(item.bytes);
    }
    at += (sizeof(header) + header.payload_bytes + FrameHeader::alignment - 1) /
          FrameHeader::alignment * FrameHeader::alignment;
  }
  counts.damaged += skipped || is_cut ? 1u : 0u;
}

/// Calls `visit(shard, first, last)` for each run of records in one file of a log.
template <class Visit>
void for_each_logged_in(std::span<const std::byte> file, std::uint64_t epoch, Visit visit) {
  LogCounts counts;
  read_log_file(
      file, epoch, counts, [&](std::uint16_t type, std::uint16_t, std::span<const std::byte> item) {
        if (type == static_cast<std::uint16_t>(ItemType::records) &&
            item.size() >= sizeof(RecordsHeader)) {
          const auto header = read_plain<RecordsHeader>(item.data());
          visit(header.shard, header.first_sequence, header.first_sequence + header.count);
        }
      });
}

}  // namespace hydrant::detail
