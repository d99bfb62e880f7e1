// SPDX-License-Identifier: MIT
//
// One life of a stream on the disk: the segments that hold its records and the
// manifest that says what became of them. While the process lives, chunks take
// their memory here; what a dead one left is delivered from here, and when all
// of it has ended the spool is removed. The layout is in layout.hpp.
#pragma once

#include <hydrant/core/block_store.hpp>
#include <hydrant/core/bytes.hpp>
#include <hydrant/journal/manifest.hpp>
#include <hydrant/journal/segment.hpp>
#include <hydrant/journal/spool_log.hpp>
#include <hydrant/journal/spool_place.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// What was found in the spools of dead processes.
struct FoundCounts {
  std::uint64_t spools = 0;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
  std::uint64_t set_aside = 0;         // files that are not, or not wholly, readable
  std::uint64_t damaged_chunks = 0;    // records unknown
  std::uint64_t damaged_records = 0;   // of chunks that are readable otherwise
  std::uint64_t damaged_entries = 0;   // of manifests
  std::uint64_t untrusted_chunks = 0;  // from before the operating system was started
};

/// One life of a stream on the disk.
/// Threads: shared: safe for make_blocks and free_block; the manifest is its owner's to guard.
class Spool final : public BlockStore {
 public:
  using Place = SpoolPlace;

  Spool(Place place, std::unique_ptr<FileLock> lock, std::unique_ptr<Manifest> manifest)
      : place_(std::move(place)), lock_(std::move(lock)), manifest_(std::move(manifest)) {}

  Manifest& manifest() { return *manifest_; }

  const SpoolIdentity& identity() const { return manifest_->identity(); }

  const std::string& name() const { return place_.name; }

  // --- memory for chunks ----------------------------------------------------------------------

  Blocks make_blocks(std::size_t bytes, std::size_t count) noexcept override {
    const std::uint64_t size = segment_header_bytes + std::uint64_t{bytes} * count;
    if (!place_.budget->take(size)) {
      note_trouble("disk_limit of the journal is reached");
      return {};
    }
    const Blocks blocks = make_segment(bytes, count);
    if (blocks.memory == nullptr) {
      place_.budget->give_back(size);
    }
    return blocks;
  }

  void free_block(std::byte* memory, std::size_t) noexcept override {
    const std::lock_guard guard(mutex_);
    auto at = segments_.upper_bound(memory);
    if (at == segments_.begin()) {
      return;
    }
    --at;
    Held& held = at->second;
    if (--held.live != 0) {
      held.segment.page_out(memory);  // its disk space goes with the file
      return;
    }
    if (!held.is_damaged) {
      drop(held.segment);
    }
    segments_.erase(at);
  }

  void page_out(std::byte* memory, std::size_t) noexcept override {
    const std::lock_guard guard(mutex_);
    if (auto at = segments_.upper_bound(memory); at != segments_.begin()) {
      (--at)->second.segment.page_out(memory);
    }
  }

  /// Why blocks could not be made since it was last asked, if so.
  std::string take_trouble() {
    const std::lock_guard guard(mutex_);
    return std::exchange(trouble_, {});
  }

  // --- what survives a power cut --------------------------------------------------------------

  /// From here on entries of the manifest gather for the next commit. Once, by its owner.
  void start_log(std::uint32_t last_file, std::uint64_t file_bytes) {
    log_ = std::make_unique<SpoolLog>(*place_.files, place_.directory(), *manifest_, last_file,
                                      file_bytes);
  }

  /// Null where the spool does not survive a power cut.
  SpoolLog* log() { return log_.get(); }

  // --- what a dead process left ---------------------------------------------------------------

  /// Looks at every segment. Calls `visit(const FoundChunk&)` for each chunk that can be trusted;
  /// its block is to be given back by `free_block`. Calls `after_segment()` after each segment.
  /// What cannot be understood is set aside in the end. Fails, having visited none, when a file
  /// cannot be opened: that may go another time.
  template <class Visit, class AfterSegment>
  Status read(FoundCounts& counts, Visit visit, AfterSegment after_segment) {
    Result<std::vector<std::string>> names = place_.files->list(place_.directory());
    if (!names) {
      return names.failure();
    }
    std::sort(names.value().begin(), names.value().end());
    std::vector<Segment> segments;
    for (const std::string& name : names.value()) {
      if (name.starts_with("segment-")) {
        Result<Segment> opened = Segment::open(*place_.files, place_.directory() + "/" + name);
        if (!opened) {
          return opened.failure();
        }
        segments.push_back(std::move(opened.value()));
      }
    }
    const std::uint64_t boot = boot_of(place_.files->boot_id());
    if (boot == 0 && !identity().boot_id.empty()) {
      return Failure{"the system does not say when it was started"};
    }
    ++counts.spools;
    counts.damaged_entries += manifest_->damaged_entries();
    for (Segment& segment : segments) {
      ++counts.segments;
      counts.bytes += segment.size();
      const Segment::Fault fault = segment.fault(identity().epoch);
      if (fault == Segment::Fault::none) {
        read_segment(segment, boot, counts, visit);
      } else if (fault != Segment::Fault::unborn) {
        set_aside(segment.path(), counts);
      }
      after_segment();
    }
    return success();
  }

  /// Calls `visit(shard, first, last)` for each run of records that the spool's log has on stable
  /// storage. Fails when a file cannot be opened.
  template <class Visit>
  Status for_each_logged(Visit visit) {
    Result<std::vector<std::string>> names = place_.files->list(place_.directory());
    if (!names) {
      return names.failure();
    }
    for (const std::string& name : names.value()) {
      if (!name.starts_with("log-")) {
        continue;
      }
      Result<std::unique_ptr<Mapping>> file = place_.files->map(place_.directory() + "/" + name);
      if (!file) {
        return file.failure();
      }
      for_each_logged_in(file.value()->bytes(), identity().epoch, visit);
    }
    return success();
  }

  // --- the end --------------------------------------------------------------------------------

  /// Every record has ended: removes the spool's files, but what could not be read. The memory
  /// stays as long as the object: some thread may be about to find out that the stream is closed.
  void remove() {
    const std::lock_guard guard(mutex_);
    SpoolRemoval(place_, set_aside_, log_ != nullptr).remove();
    lock_.reset();
  }

  /// Whether the spool's files are where they were made.
  bool is_in_place() { return lock_ == nullptr || lock_->is_in_place(); }

  /// Somebody has removed the spool: makes it again, for records to come. Those that it held stay
  /// in memory, and in no file.
  Status restore() {
    if (Status made = place_.files->make_directories(place_.directory()); !made) {
      return made;
    }
    if (Status restored = manifest_->restore(); !restored) {
      return restored;
    }
    Result<std::unique_ptr<FileLock>> lock = place_.files->lock(place_.directory() + ".lock");
    if (!lock) {
      return lock.failure();
    }
    lock_ = std::move(lock.value());
    return success();
  }

  /// Lets others take the spool over.
  void unlock() { lock_.reset(); }

  /// The spool never came to hold records: removes it.
  void remove_if_empty() {
    Result<std::vector<std::string>> names = place_.files->list(place_.directory());
    const auto is_segment = [](const std::string& name) { return name.starts_with("segment-"); };
    if (!names || std::none_of(names.value().begin(), names.value().end(), is_segment)) {
      remove();
    }
  }

  /// In a forked child: the spool is the parent's.
  void forget_in_child() noexcept {
    new (&mutex_) std::mutex;
    for (auto& [memory, held] : segments_) {
      held.segment.become_private();
    }
    if (lock_ != nullptr) {
      lock_->forget();
    }
  }

  static std::uint64_t boot_of(const std::string& boot_id) {
    if (boot_id.empty()) {
      return 0;
    }
    return Digest::of_text(boot_id);
  }

 private:
  struct Held {
    Segment segment;
    std::uint32_t live;
    bool is_damaged;
  };

  std::string next_path() {
    constexpr std::size_t width = 6;
    const std::string digits = std::to_string(next_segment_.fetch_add(1));
    return place_.directory() + "/segment-" +
           std::string(digits.size() < width ? width - digits.size() : 0, '0') + digits;
  }

  Blocks make_segment(std::size_t bytes, std::size_t count) noexcept {
    try {
      SegmentHeader header;
      header.epoch = identity().epoch;
      header.block_bytes = static_cast<std::uint32_t>(bytes);
      header.block_count = static_cast<std::uint32_t>(count);
      header.boot = boot_of(identity().boot_id);
      Result<Segment> made = Segment::create(*place_.files, next_path(), header);
      if (!made) {
        note_trouble(made.failure().message.c_str());
        return {};
      }
      const std::lock_guard guard(mutex_);
      std::byte* memory = made.value().blocks();
      segments_.emplace(memory, Held{std::move(made.value()), header.block_count, false});
      return {memory, this};
    } catch (...) {  // no memory
      return {};
    }
  }

  void note_trouble(const char* text) noexcept {
    const std::lock_guard guard(mutex_);
    try {
      trouble_ = text;
    } catch (...) {  // no memory for saying so
    }
  }

  void drop(Segment& segment) {
    place_.budget->give_back(segment.size());
    static_cast<void>(place_.files->remove(segment.path()));
  }

  template <class Visit>
  void read_segment(Segment& segment, std::uint64_t boot, FoundCounts& counts, Visit& visit) {
    std::uint32_t live = 0;
    const bool is_trusted = segment.is_of_boot(boot);
    std::vector<FoundChunk> found;
    std::uint64_t damaged = segment.for_each_chunk([&](const FoundChunk& chunk) {
      if (!is_trusted) {
        ++counts.untrusted_chunks;
        return;
      }
      found.push_back(chunk);
      ++live;
    });
    counts.damaged_chunks += damaged;
    for (const FoundChunk& chunk : found) {
      const std::uint64_t records = chunk.for_each_run([](std::uint32_t, std::uint32_t) {});
      counts.damaged_records += records;
      damaged += records;
    }
    const bool keeps_file = damaged != 0 || !is_trusted;
    if (keeps_file) {
      set_aside(segment.path(), counts);
    }
    place_.budget->used.fetch_add(segment.size(), std::memory_order_relaxed);
    if (live == 0) {
      if (!keeps_file) {
        drop(segment);
      }
      return;
    }
    {
      const std::lock_guard guard(mutex_);
      std::byte* memory = segment.blocks();
      segments_.emplace(memory, Held{std::move(segment), live, keeps_file});
    }
    for (const FoundChunk& chunk : found) {
      visit(chunk);
    }
  }

  void set_aside(const std::string& path, FoundCounts& counts) {
    set_aside_.push_back(path);
    ++counts.set_aside;
  }

  const Place place_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Manifest> manifest_;
  std::unique_ptr<SpoolLog> log_;
  std::mutex mutex_;  // for what follows
  std::map<std::byte*, Held, std::less<>> segments_;
  std::string trouble_;
  std::vector<std::string> set_aside_;
  std::atomic<std::uint32_t> next_segment_{1};
};

}  // namespace hydrant::detail
