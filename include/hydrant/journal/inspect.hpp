// SPDX-License-Identifier: MIT
//
// Looks into a journal from outside, and changes nothing: what is in there, by
// stream, spool and batch, and what is wrong with it. Spools of living processes
// can be looked at as well; what is said of them is over by the time it is said.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/journal/manifest.hpp>
#include <hydrant/journal/segment.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// A batch that was sealed and has not ended wholly.
struct SealedBatchView {
  std::uint64_t number = 0;
  std::string_view lane;  // "delivery", "backup" or "error output"
  CloseReason reason = CloseReason::size;
  WallTime first_arrival{};
  std::uint64_t records = 0;
  std::uint64_t open = 0;  // that have not ended
};

/// One life of a stream, in one process.
struct SpoolView {
  std::string name;
  WallTime created_at{};
  bool is_alive = false;         // its process is there
  bool is_of_this_boot = false;  // written since the operating system was started
  bool has_manifest = false;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
  std::uint64_t chunks = 0;
  std::uint64_t records = 0;      // in readable chunks
  std::uint64_t open = 0;         // that the main delivery and the error output owe
  std::uint64_t open_backup = 0;  // that the source backup owes
  std::vector<SealedBatchView> batches;
  std::vector<std::string> faults;  // what cannot be read, one a line
};

/// All that a stream has in a journal's directory.
struct StreamJournalView {
  std::string stream;
  std::vector<SpoolView> spools;
  std::uint64_t set_aside = 0;  // files in set-aside/
};

namespace detail {

/// Reads one spool.
class SpoolInspector {
 public:
  SpoolInspector(Files& files, std::string directory, std::string name)
      : files_(&files), directory_(std::move(directory)) {
    view_.name = std::move(name);
  }

  SpoolView look() {
    view_.is_alive = !files_->lock(directory_ + ".lock");
    Result<std::unique_ptr<Manifest>> manifest = Manifest::open(*files_, directory_);
    if (manifest) {
      manifest_ = std::move(manifest.value());
      view_.has_manifest = true;
      view_.created_at = manifest_->identity().created_at;
      view_.is_of_this_boot = manifest_->identity().boot_id == files_->boot_id();
      if (manifest_->damaged_entries() != 0) {
        fault("manifest", std::to_string(manifest_->damaged_entries()) + " entries are damaged");
      }
    } else {
      fault("manifest", manifest.failure().message);
    }
    Result<std::vector<std::string>> names = files_->list(directory_);
    if (!names) {
      fault("spool", names.failure().message);
      return std::move(view_);
    }
    std::sort(names.value().begin(), names.value().end());
    for (const std::string& name : names.value()) {
      if (name.starts_with("segment-")) {
        look_at_segment(name);
      }
    }
    look_at_batches();
    return std::move(view_);
  }

 private:
  void fault(const std::string& where, const std::string& what) {
    view_.faults.push_back(where + ": " + what);
  }

  void look_at_segment(const std::string& name) {
    Result<Segment> opened = Segment::open(*files_, directory_ + "/" + name);
    if (!opened) {
      fault(name, opened.failure().message);
      return;
    }
    const Segment& segment = opened.value();
    ++view_.segments;
    view_.bytes += segment.size();
    switch (segment.fault(manifest_ == nullptr ? segment.epoch() : manifest_->identity().epoch)) {
      case Segment::Fault::unborn:
        return;
      case Segment::Fault::damaged:
        return fault(name, "its header is damaged");
      case Segment::Fault::foreign:
        return fault(name, "it belongs to another spool");
      case Segment::Fault::newer:
        return fault(name, "it is of another version of the format");
      case Segment::Fault::none:
        break;
    }
    const std::uint64_t damaged =
        segment.for_each_chunk([&](const FoundChunk& chunk) { look_at_chunk(name, chunk); });
    if (damaged != 0) {
      fault(name, std::to_string(damaged) + " chunks are damaged or missing");
    }
  }

  void look_at_chunk(const std::string& name, const FoundChunk& chunk) {
    ++view_.chunks;
    const std::uint64_t damaged = chunk.for_each_run([&](std::uint32_t first, std::uint32_t last) {
      view_.records += last - first;
      view_.open += open_of(Track::main, chunk, first, last);
      if (manifest_ != nullptr && manifest_->identity().owes_backup) {
        view_.open_backup += open_of(Track::backup, chunk, first, last);
      }
    });
    if (damaged != 0) {
      fault(name, std::to_string(damaged) + " records are damaged");
    }
  }

  std::uint64_t open_of(Track track, const FoundChunk& chunk, std::uint32_t first,
                        std::uint32_t last) {
    constexpr std::uint32_t shard_count_max = 1u << 20;
    if (manifest_ == nullptr || chunk.shard >= shard_count_max) {
      return last - first;
    }
    return open_between(track, chunk.shard, chunk.first_sequence + first,
                        chunk.first_sequence + last);
  }

  std::uint64_t open_between(Track track, std::uint32_t shard, std::uint64_t first,
                             std::uint64_t last) {
    std::uint64_t open = 0;
    manifest_->settled_of(track, shard)
        .for_each_unsettled(first, last,
                            [&](std::uint64_t from, std::uint64_t to) { open += to - from; });
    return open;
  }

  void look_at_batches() {
    if (manifest_ == nullptr) {
      return;
    }
    constexpr std::string_view lanes[] = {"delivery", "backup", "error output"};
    for (const Seal& seal : manifest_->seals()) {
      SealedBatchView batch;
      batch.number = seal.number;
      batch.lane = seal.lane < std::size(lanes) ? lanes[seal.lane] : std::string_view("unknown");
      batch.reason = seal.reason;
      batch.first_arrival = WallTime(std::chrono::milliseconds(seal.first_arrival));
      const Track track = batch.lane == "backup" ? Track::backup : Track::main;
      for (const SealedRange& range : seal.ranges) {
        batch.records += range.last - range.first;
        batch.open += open_between(track, range.shard, range.first, range.last);
      }
      if (batch.open != 0) {
        view_.batches.push_back(batch);
      }
    }
  }

  Files* files_;
  const std::string directory_;
  std::unique_ptr<Manifest> manifest_;
  SpoolView view_;
};

/// Looks at each spool below `top`.
inline Result<bool> look_at_stream(Files& files, const std::string& top, StreamJournalView& view) {
  constexpr std::size_t spool_name_size = 16;
  Result<std::vector<std::string>> names = files.list(top);
  if (!names) {
    return names.failure();
  }
  std::sort(names.value().begin(), names.value().end());
  for (const std::string& name : names.value()) {
    const bool is_spool = name.size() == spool_name_size && name.find('.') == std::string::npos;
    if (is_spool || name == "set-aside") {
      std::string path = top;
      path += '/';
      path += name;
      if (is_spool) {
        view.spools.push_back(SpoolInspector(files, path, name).look());
      } else if (Result<std::vector<std::string>> aside = files.list(path)) {
        view.set_aside = aside.value().size();
      }
    }
  }
  return true;
}

}  // namespace detail

/// What is in a journal's directory, streams and spools by name.
/// Fails when the directory cannot be listed.
/// Blocks: while every file in it is read.
inline Result<std::vector<StreamJournalView>> inspect_journal(Files& files,
                                                              const std::string& directory) {
  constexpr std::string_view suffix = ".journal";
  Result<std::vector<std::string>> streams = files.list(directory);
  if (!streams) {
    return streams.failure();
  }
  std::vector<StreamJournalView> views;
  std::sort(streams.value().begin(), streams.value().end());
  for (const std::string& stream : streams.value()) {
    if (!stream.ends_with(suffix)) {
      continue;
    }
    StreamJournalView& view = views.emplace_back();
    view.stream = stream.substr(0, stream.size() - suffix.size());
    std::string top = directory;
    top += '/';
    top += stream;
    Result<bool> looked = detail::look_at_stream(files, top, view);
    if (!looked) {
      return looked.failure();
    }
  }
  return views;
}

}  // namespace hydrant
