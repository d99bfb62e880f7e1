// SPDX-License-Identifier: MIT
//
// The manifest of a spool whose process has ended, however much of it is left:
// read, made again from the spool's log, or begun anew.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/journal/rebuilding.hpp>
#include <hydrant/journal/spool.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::detail {

/// Finds out what became of the records of one spool.
/// Threads: distinct objects: safe; shared: unsafe.
class ManifestRecovery {
 public:
  /// `names`: the files of the spool's directory. `backs_up`: whether the present life makes
  /// backups: then they are owed, too, by a spool that can no longer say so.
  ManifestRecovery(World& world, const Spool::Place& place, const std::vector<std::string>& names,
                   bool backs_up)
      : world_(&world),
        files_(&world.files()),
        place_(&place),
        names_(&names),
        last_log_(last_log_of(names)),
        backs_up_(backs_up) {}

  /// Fails where it may go another time, and where the spool holds nothing.
  Result<std::unique_ptr<Manifest>> recover() {
    const std::string boot = files_->boot_id();
    Result<std::unique_ptr<Manifest>> manifest = Manifest::open(*files_, place_->directory());
    if (manifest) {
      const bool is_of_this_boot = manifest.value()->identity().boot_id == boot;
      return is_of_this_boot || !last_log_ ? std::move(manifest)
                                           : rebuild(Rebuilding::What::everything);
    }
    if (manifest.failure().os_code != 0 && manifest.failure().os_code != ENOENT) {
      return manifest;  // it may be readable another time
    }
    if (last_log_) {
      const bool is_of_this_boot = has_segments_of(Spool::boot_of(boot));
      manifest =
          rebuild(is_of_this_boot ? Rebuilding::What::manifest : Rebuilding::What::everything);
      if (manifest || !is_of_this_boot) {
        return manifest;
      }
    }
    const bool has_segments = std::any_of(names_->begin(), names_->end(), is_segment);
    holds_nothing_ = !has_segments;
    return has_segments ? begin_anew() : std::move(manifest);
  }

  /// Whether there is nothing in the spool that could be recovered, now or later.
  bool holds_nothing() const { return holds_nothing_; }

  /// The number of the spool's last log file, if it has any.
  std::optional<std::uint32_t> last_log() const { return last_log_; }

 private:
  static bool is_segment(const std::string& name) { return name.starts_with("segment-"); }

  static std::optional<std::uint32_t> last_log_of(const std::vector<std::string>& names) {
    constexpr std::string_view prefix = "log-";
    std::optional<std::uint32_t> last;
    for (const std::string& name : names) {
      std::uint32_t number = 0;
      const char* end = name.data() + name.size();
      if (name.starts_with(prefix) &&
          std::from_chars(name.data() + prefix.size(), end, number).ptr == end) {
        last = std::max(last.value_or(0), number);
      }
    }
    return last;
  }

  /// Whether there are records that no power cut has taken, and not only what was made again from
  /// the log: of that, a process that has died may have left a part.
  bool has_segments_of(std::uint64_t boot) const {
    return std::any_of(names_->begin(), names_->end(), [&](const std::string& name) {
      if (!is_segment(name) || name.starts_with(Rebuilding::segment_prefix)) {
        return false;
      }
      Result<Segment> segment = Segment::open(*files_, place_->directory() + "/" + name);
      return segment && segment.value().fault(epoch_of(place_->name)) == Segment::Fault::none &&
             segment.value().is_of_boot(boot);
    });
  }

  Result<std::unique_ptr<Manifest>> rebuild(Rebuilding::What what) {
    if (files_->boot_id().empty()) {
      return Failure{"the system does not say when it was started"};
    }
    if (what == Rebuilding::What::manifest) {
      if (Status aside = set_manifests_aside(); !aside) {
        return aside.failure();
      }
    }
    Rebuilding rebuilding(*files_, place_->directory(), what, world_->random() & lives_skipped_max);
    if (Status rebuilt = rebuilding.rebuild(); !rebuilt) {
      return rebuilt.failure();
    }
    if (what == Rebuilding::What::everything && rebuilding.counts().frames == 0) {
      return give_up(rebuilding);
    }
    Result<std::unique_ptr<Manifest>> manifest = Manifest::open(*files_, place_->directory());
    if (manifest) {
      const std::uint64_t lost =
          rebuilding.counts().damaged + (what == Rebuilding::What::manifest ? 1u : 0u);
      for (std::uint64_t i = 0; i < lost; ++i) {
        manifest.value()->note_lost();
      }
    }
    return manifest;
  }

  /// The power went before anything was on stable storage, or nothing of it can be read any more.
  Result<std::unique_ptr<Manifest>> give_up(const Rebuilding& rebuilding) {
    std::string text = "read " + place_->directory() + ": its log has nothing that is whole";
    for (const std::string& name : rebuilding.written_logs()) {
      if (Status aside = place_->set_aside(name); !aside) {
        return aside.failure();
      }
      text += "; " + name + " is set aside in " + place_->top + "/set-aside";
    }
    holds_nothing_ = true;
    return Failure{text};
  }

  /// What became of the records is not known, so all of them count as not ended.
  Result<std::unique_ptr<Manifest>> begin_anew() {
    if (Status aside = set_manifests_aside(); !aside) {
      return aside.failure();
    }
    SpoolIdentity identity;
    identity.epoch = epoch_of(place_->name);
    identity.id_seed_high = world_->random();
    identity.id_seed_low = world_->random();
    identity.boot_id = files_->boot_id();
    identity.owes_backup = backs_up_;
    Result<std::unique_ptr<Manifest>> manifest =
        Manifest::create(*files_, place_->directory(), identity);
    if (manifest) {
      manifest.value()->note_lost();
    }
    return manifest;
  }

  Status set_manifests_aside() {
    Status status = success();
    for (const std::string& name : *names_) {
      if (status && name.starts_with("manifest-")) {
        status = place_->set_aside(name);
        if (!status && status.failure().os_code == ENOENT) {
          status = success();  // that was done before
        }
      }
    }
    return status;
  }

  static std::uint64_t epoch_of(const std::string& name) {
    std::uint64_t epoch = 0;
    for (const char c : name) {
      epoch = epoch << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return epoch;
  }

  static constexpr std::uint64_t lives_skipped_max = 0xfffff;

  World* world_;
  Files* files_;
  const Spool::Place* place_;
  const std::vector<std::string>* names_;
  const std::optional<std::uint32_t> last_log_;
  const bool backs_up_;
  bool holds_nothing_ = false;
};

}  // namespace hydrant::detail
