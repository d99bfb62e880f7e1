// SPDX-License-Identifier: MIT
//
// What a bad medium does to a journal between two lives: bits turn over, files
// lose their end. The oracle is told which records that may cost, and which
// texts nobody has put may be delivered for it, for payloads carry no check.
#pragma once

#include <hydrant/testing/oracle.hpp>
#include <hydrant/testing/simulation.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/journal_x_ray.hpp"

namespace hydrant::tests {

/// Damages a journal while no process is there.
class JournalDamage {
 public:
  /// Whether the next life reads segments, or logs.
  struct Reads {
    bool segments = true;
    bool logs = false;
  };

  JournalDamage(testing::Simulation world, testing::Oracle& oracle, Reads next)
      : world_(std::move(world)), oracle_(&oracle), next_(next) {}

  /// Does something to some of the files of all spools.
  /// Returns: whether a record may have been changed, and not only lost.
  bool strike() {
    std::vector<std::string> files;
    for (const std::string& path : world_.disk().paths()) {
      if (path.starts_with("journal/") && path.find("/set-aside/") == std::string::npos &&
          !path.ends_with("lock")) {
        files.push_back(path);
      }
    }
    for (std::uint64_t left = 1 + world_.dice().below(3); left > 0 && !files.empty(); --left) {
      const std::string& path = files[static_cast<std::size_t>(world_.dice().below(files.size()))];
      if (world_.dice().chance(250)) {
        cut_off(path);
      } else {
        flip(path);
      }
    }
    return has_forged_;
  }

 private:
  void cut_off(const std::string& path) {
    const std::string before = *world_.disk().content(path);
    if (before.empty()) {
      return;
    }
    const auto kind = JournalXRay::kind_of(path);
    const JournalXRay x_ray(kind, before);
    std::uint64_t size = world_.dice().below(before.size());
    if (!x_ray.regions().empty() && world_.dice().chance(500)) {  // where something is
      size = std::min<std::uint64_t>(size, region_of(x_ray).end);
    }
    oracle_->may_repeat();
    const std::uint64_t damage = oracle_->new_damage();
    for (const JournalRegion& region : x_ray.regions()) {
      if (region.needs > size) {
        tell(kind, region, damage, true);
      }
    }
    world_.disk().cut_off(path, size);
  }

  void flip(const std::string& path) {
    const std::string before = *world_.disk().content(path);
    if (before.empty()) {
      return;
    }
    const auto kind = JournalXRay::kind_of(path);
    const JournalXRay x_ray(kind, before);
    std::size_t at = static_cast<std::size_t>(world_.dice().below(before.size()));
    if (!x_ray.regions().empty() && world_.dice().chance(800)) {
      const JournalRegion& region = region_of(x_ray);
      at = region.begin + static_cast<std::size_t>(world_.dice().below(
                              std::max<std::size_t>(1, region.end - region.begin)));
    } else if (world_.dice().chance(500)) {
      at %= 4096;
    }
    const std::uint64_t bit = at * 8 + world_.dice().below(8);
    const std::vector<std::string> forged = forged_by(kind, before, x_ray, bit);
    const bool runs_together = std::any_of(
        forged.begin(), forged.end(),
        [](const std::string& text) { return text.find_first_of("\n#") != std::string::npos; });
    if (at >= before.size() || runs_together || x_ray.is_delimiter(at)) {
      return;  // two records in one: no simulated destination could tell them apart
    }
    if (has_twins(forged)) {
      return;  // nor could the oracle
    }
    for (const std::string& text : forged) {
      oracle_->forged(text);
      has_forged_ = true;
    }
    oracle_->may_repeat();
    const std::uint64_t damage = oracle_->new_damage();
    for (const JournalRegion& region : x_ray.regions()) {
      if (region.begin <= at && at < region.end) {
        tell(kind, region, damage, region.can_be_noticed && forged.empty());
      }
    }
    world_.disk().flip_bit(path, bit);
  }

  const JournalRegion& region_of(const JournalXRay& x_ray) const {
    return x_ray.regions()[static_cast<std::size_t>(world_.dice().below(x_ray.regions().size()))];
  }

  /// Whether two forged records would be the same, these or earlier ones.
  bool has_twins(const std::vector<std::string>& sorted) const {
    return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end() ||
           std::any_of(sorted.begin(), sorted.end(),
                       [this](const std::string& text) { return oracle_->is_forged(text); });
  }

  /// What could be read then that could not be read before, sorted.
  static std::vector<std::string> forged_by(JournalXRay::Kind kind, std::string file,
                                            const JournalXRay& before, std::uint64_t bit) {
    std::vector<std::string> forged;
    const auto at = static_cast<std::size_t>(bit / 8);
    if (kind == JournalXRay::Kind::segment && at < file.size()) {
      file[at] = static_cast<char>(static_cast<unsigned char>(file[at]) ^ (1u << bit % 8));
      const JournalXRay x_ray(kind, file);
      std::set_difference(x_ray.texts().begin(), x_ray.texts().end(), before.texts().begin(),
                          before.texts().end(), std::back_inserter(forged));
    }
    return forged;
  }

  void tell(JournalXRay::Kind kind, const JournalRegion& region, std::uint64_t damage,
            bool can_be_noticed) {
    const bool is_log = kind == JournalXRay::Kind::log;
    const bool is_read = is_log ? next_.logs : next_.segments;
    for (const testing::RecordName& name : region.records) {
      if (is_log) {
        oracle_->durability_damaged(name, damage);
      }
      if (is_read && can_be_noticed) {
        oracle_->damaged(name, damage);
      } else if (is_read) {
        oracle_->damaged_unnoticeably(name);
      }
    }
  }

  testing::Simulation world_;
  testing::Oracle* oracle_;
  Reads next_;
  bool has_forged_ = false;
};

}  // namespace hydrant::tests
