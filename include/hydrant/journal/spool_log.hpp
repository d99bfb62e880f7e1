// SPDX-License-Identifier: MIT
//
// What a spool writes to stable storage: records and entries of the manifest
// gather here and are committed together; a file of the log goes when every
// record in it has ended.
#pragma once

#include <hydrant/journal/commit_log.hpp>
#include <hydrant/journal/manifest.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// The log of one spool, and what is in which of its files.
/// Threads: `write` by one thread at a time; the rest is the manifest's owner's to guard.
class SpoolLog {
 public:
  /// From here on entries of the manifest gather for the next commit. All that it says is written
  /// again: whoever kept it may not have come to write it, or may have failed to.
  SpoolLog(Files& files, std::string directory, Manifest& manifest, std::uint32_t last_file,
           std::uint64_t file_bytes)
      : files_(&files),
        directory_(std::move(directory)),
        manifest_(&manifest),
        log_(files, directory_, manifest.identity().epoch, last_file, file_bytes) {
    entries_ = manifest.entries();
    manifest.copy_entries_to(&entries_);
  }

  SpoolLog(const SpoolLog&) = delete;
  SpoolLog& operator=(const SpoolLog&) = delete;

  ~SpoolLog() { manifest_->copy_entries_to(nullptr); }

  /// What the next commit is to write of this spool. Guarded by the manifest's owner.
  struct Commit {
    std::vector<LoggedEntry> entries;
    std::vector<RecordSlice> records;
    ManifestHeader identity;
    std::uint32_t file = 0;         // where it was written
    std::uint32_t remove_from = 0;  // files that nobody needs when it is: [from, to)
    std::uint32_t remove_to = 0;
  };

  Commit begin_commit() {
    Commit commit;
    commit.identity = manifest_->header();
    std::size_t ended = 0;
    while (ended + 1 < logged_.size() && have_ended(logged_[ended].ranges)) {
      ++ended;
    }
    if (ended != 0) {  // what those files say that still matters goes into this one
      commit.remove_from = logged_.front().file;
      commit.remove_to = logged_[ended].file;
      logged_.erase(logged_.begin(), logged_.begin() + static_cast<std::ptrdiff_t>(ended));
      commit.entries = manifest_->entries();
    }
    std::move(entries_.begin(), entries_.end(), std::back_inserter(commit.entries));
    entries_.clear();
    return commit;
  }

  /// Writes and syncs. By one thread at a time, without the lock.
  Status write(Commit& commit) {
    log_.add_entry(static_cast<std::uint16_t>(ItemType::identity), 0,
                   std::as_bytes(std::span(&commit.identity, 1)));
    for (const RecordSlice& slice : commit.records) {
      log_.add_records(slice);
    }
    for (const LoggedEntry& entry : commit.entries) {
      log_.add_entry(static_cast<std::uint16_t>(entry.type), entry.lane, entry.payload);
    }
    Status status = log_.commit();
    commit.file = log_.file_number();
    for (std::uint32_t file = commit.remove_from; status && file < commit.remove_to; ++file) {
      static_cast<void>(files_->remove(CommitLog::path_of(directory_, file)));
    }
    return status;
  }

  /// Remembers which records are in which file. Guarded by the manifest's owner.
  void finish_commit(const Commit& commit) {
    if (logged_.empty() || logged_.back().file != commit.file) {
      logged_.push_back({commit.file, {}});
    }
    for (const RecordSlice& slice : commit.records) {
      logged_.back().ranges.push_back({.shard = slice.shard,
                                       .first = slice.page_sequence + slice.first,
                                       .last = slice.page_sequence + slice.last});
    }
  }

  bool has_entries() const { return !entries_.empty(); }

 private:
  /// A file of the log, and the records in it.
  struct Logged {
    std::uint32_t file;
    std::vector<SealedRange> ranges;
  };

  bool have_ended(const std::vector<SealedRange>& ranges) {
    const std::size_t tracks = manifest_->identity().owes_backup ? track_count : 1;
    bool ended = true;
    for (const SealedRange& range : ranges) {
      for (std::size_t track = 0; ended && track < tracks; ++track) {
        manifest_->settled_of(static_cast<Track>(track), range.shard)
            .for_each_unsettled(range.first, range.last,
                                [&](std::uint64_t, std::uint64_t) { ended = false; });
      }
    }
    return ended;
  }

  Files* files_;
  const std::string directory_;
  Manifest* manifest_;
  CommitLog log_;
  std::vector<LoggedEntry> entries_;  // for the next commit
  std::deque<Logged> logged_;
};

}  // namespace hydrant::detail
