// SPDX-License-Identifier: MIT
//
// How a journal lies on the disk. Everything is in the processor's byte order
// and read by the same kind of machine; a version that is not ours is set aside.
//
//   <directory>/<stream>.journal/
//     lock                    held by the process that has the stream open, unless shared
//     set-aside/              files that could not be read whole; nothing removes them
//     <epoch, 16 hex>.lock    held as long as the process lives whose spool it is
//     <epoch, 16 hex>/        a spool: one life of the stream in one process
//       manifest-0, -1        what became of the records; the later generation counts
//       segment-<6 digits>    the records
//       log-<6 digits>        what survives a power cut (commit_log.hpp)
//       over                  all has ended: the spool is being removed
//
// segment: 4,096 bytes of header, then `block_count` blocks of `block_bytes`
//
//     0  8 magic "HYDSEGM1"   8  4 version   12  4 check of bytes 16 to 39
//    16  8 epoch             24  4 block_bytes   28  4 block_count
//    32  8 boot, a digest of the boot id, 0 where unknown
//
//   A block is one chunk (core/chunk_header.hpp): header of 64 bytes, payloads
//   from the front, slots of 4 bytes from the back (core/record.hpp).
//
// manifest: 128 bytes of header, then entries, each a multiple of 8 bytes
//
//     0  8 magic "HYDMANI1"   8  4 version   12  4 complete   16  8 check of bytes 24 to 127
//    24  8 epoch             32  8 id_seed_high   40  8 id_seed_low
//    48  8 created_at (ms)   56  8 generation     64  8 flags: 1 owes_backup
//    72  8 next_number, above every batch's so far   80 48 boot id, zeros where unknown
//
//   entry: 0 4 size, written last   4 2 type   6 2 lane or track
//          8 4 check of the first 8 bytes   12 4 check of the payload   16 ... payload
//
// Invariants, for a process that is killed between any two instructions:
//   1. A record whose `put` returned is counted by its chunk's `committed`, and
//      the chunk says in_use.
//   2. A chunk is used again only when each of its records is `done` in the
//      manifest, in both tracks.
//   3. A batch is sealed in the manifest before its first attempt, and `done`
//      only after the sink has answered. So a batch that is sealed and not done
//      may have arrived; its identity (stream, seeds, lane, number, ranges) is
//      that of its first attempt.
//   4. A manifest file is written from a fresh generation on, its entries carry
//      that generation in their check, and `complete` is set when everything
//      that the older one said is in the new one.
#pragma once

#include <hydrant/core/digest.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace hydrant::detail {

inline constexpr std::uint32_t journal_version = 1;
inline constexpr std::size_t segment_header_bytes = 4096;

constexpr std::uint64_t journal_magic(const char (&text)[9]) {
  std::uint64_t magic = 0;
  for (std::size_t i = 8; i-- > 0;) {
    magic = magic << 8 | static_cast<unsigned char>(text[i]);
  }
  return magic;
}

struct SegmentHeader {
  static constexpr std::uint64_t right_magic = journal_magic("HYDSEGM1");

  std::uint64_t magic = right_magic;
  std::uint32_t version = journal_version;
  std::uint32_t check = 0;
  std::uint64_t epoch = 0;
  std::uint32_t block_bytes = 0;
  std::uint32_t block_count = 0;
  std::uint64_t boot = 0;

  std::uint32_t right_check() const {
    Digest digest;
    digest.add(epoch);
    digest.add(std::uint64_t{block_bytes} << 32 | block_count);
    digest.add(boot);
    return static_cast<std::uint32_t>(digest.value());
  }
};

struct ManifestHeader {
  static constexpr std::uint64_t right_magic = journal_magic("HYDMANI1");
  static constexpr std::uint64_t owes_backup = 1;

  std::uint64_t magic = right_magic;
  std::uint32_t version = journal_version;
  std::uint32_t complete = 0;
  std::uint64_t check = 0;
  std::uint64_t epoch = 0;
  std::uint64_t id_seed_high = 0;
  std::uint64_t id_seed_low = 0;
  std::int64_t created_at = 0;
  std::uint64_t generation = 0;
  std::uint64_t flags = 0;
  std::uint64_t next_number = 0;
  std::array<char, 48> boot_id{};

  std::uint64_t right_check() const {
    Digest digest;
    digest.add(epoch);
    digest.add(id_seed_high);
    digest.add(id_seed_low);
    digest.add(static_cast<std::uint64_t>(created_at));
    digest.add(generation);
    digest.add(flags);
    digest.add(next_number);
    digest.add(std::as_bytes(std::span(boot_id)));
    return digest.value();
  }
};

enum class EntryType : std::uint16_t {
  seal = 1,  ///< A batch, before its first attempt.
  done = 2,  ///< Records that have ended.
  part = 3,  ///< The digest of what a transform made of a part of a batch.
};

struct EntryHeader {
  std::uint32_t size = 0;  // of the whole entry
  EntryType type{};
  std::uint16_t lane = 0;
  std::uint32_t check = 0;
  std::uint32_t payload_check = 0;

  /// For an entry of that generation of the manifest.
  std::uint32_t right_check(std::uint64_t generation) const {
    Digest digest(generation);
    digest.add(std::uint64_t{size} << 32 | std::uint64_t{static_cast<std::uint16_t>(type)} << 16 |
               lane);
    return static_cast<std::uint32_t>(digest.value());
  }

  static std::uint32_t right_payload_check(std::uint64_t generation,
                                           std::span<const std::byte> payload) {
    Digest digest(generation);
    digest.add(payload);
    return static_cast<std::uint32_t>(digest.value());
  }
};

static_assert(sizeof(SegmentHeader) == 40 && sizeof(ManifestHeader) == 128);
static_assert(sizeof(EntryHeader) == 16);

/// Reads a `T` that may lie anywhere.
template <class T>

requires std::is_trivially_copyable_v<T> T read_plain(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

}  // namespace hydrant::detail
