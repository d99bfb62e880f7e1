// SPDX-License-Identifier: MIT
//
// Where a spool lies on the disk, and how its files leave it: set aside, or
// removed, so that no power cut makes a part of them look like a spool that
// somebody still has to deliver.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/journal/disk_budget.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hydrant::detail {

/// Where a spool is, and what it belongs to.
struct SpoolPlace {
  Files* files = nullptr;
  std::string top;  // <directory>/<stream>.journal
  std::string name;
  std::shared_ptr<DiskBudget> budget;

  std::string directory() const { return top + "/" + name; }

  /// Moves one of the spool's files, which cannot be read, to where nothing removes it.
  Status set_aside(const std::string& file) const {
    const std::string aside = top + "/set-aside";
    if (Status made = files->make_directories(aside); !made) {
      return made;
    }
    Result<std::vector<std::string>> names = files->list(aside);
    if (!names) {
      return names.failure();
    }
    const std::string first = name + "-" + file;
    std::string free = first;
    for (std::uint64_t number = 2;
         std::find(names.value().begin(), names.value().end(), free) != names.value().end();
         ++number) {
      free = first + "-" + std::to_string(number);
    }
    return files->rename(directory() + "/" + file, aside + "/" + free);
  }
};

/// Removes a spool of which every record has ended.
///
/// After a power cut any of the removals may not have happened. So in a spool that survives one
/// a mark comes first, and goes last: a part of the log does not say which records have ended.
/// Threads: distinct objects: safe; shared: unsafe.
class SpoolRemoval {
 public:
  /// `set_aside`: paths of files that are kept, elsewhere.
  SpoolRemoval(const SpoolPlace& place, const std::vector<std::string>& set_aside,
               bool survives_power_loss)
      : place_(&place), set_aside_(&set_aside), needs_mark_(survives_power_loss) {}

  /// What fails is left to another life.
  void remove() {
    const auto is_segment = [](const std::string& name) { return name.starts_with("segment-"); };
    const auto is_not_mark = [](const std::string& name) { return name != mark_name; };
    // The manifest after the segments: without it, records that have ended would seem not to have.
    if (remove_files(is_segment) && mark() && remove_files(is_not_mark) && remove_mark() &&
        place_->files->remove_directory(place_->directory())) {
      static_cast<void>(place_->files->remove(place_->directory() + ".lock"));
    }
  }

  /// Whether a spool of these files is one that was about to be removed.
  static bool has_begun(const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), mark_name) != names.end();
  }

 private:
  /// An empty file.
  static constexpr const char* mark_name = "over";

  bool mark() {
    Result<std::vector<std::string>> names = place_->files->list(place_->directory());
    const bool is_marked = names && has_begun(names.value());
    if (names && !is_marked && needs_mark_) {
      return place_->files->create(place_->directory() + "/" + mark_name) &&
             place_->files->sync_directory(place_->directory());
    }
    needs_mark_ = is_marked;
    return bool(names);
  }

  bool remove_mark() {
    return !needs_mark_ || (place_->files->sync_directory(place_->directory()) &&
                            place_->files->remove(place_->directory() + "/" + mark_name));
  }

  /// Removes, or sets aside, every file of such a name. Returns: whether that went well.
  bool remove_files(bool (*is_meant)(const std::string&)) {
    Result<std::vector<std::string>> names = place_->files->list(place_->directory());
    bool went_well = bool(names);
    for (std::size_t i = 0; went_well && i < names.value().size(); ++i) {
      const std::string& name = names.value()[i];
      if (is_meant(name)) {
        const std::string path = place_->directory() + "/" + name;
        const bool aside =
            std::find(set_aside_->begin(), set_aside_->end(), path) != set_aside_->end();
        went_well = bool(aside ? place_->set_aside(name) : place_->files->remove(path));
      }
    }
    return went_well;
  }

  const SpoolPlace* place_;
  const std::vector<std::string>* set_aside_;
  bool needs_mark_;
};

}  // namespace hydrant::detail
