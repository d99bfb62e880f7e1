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
#include <string>
#include <string_view>
#include <vector>

#include "simulation/journal_x_ray.hpp"

namespace hydrant::tests {

/// Damages a journal while no process is there.
class JournalDamage {
 public:
  /// `segments_count`: whether the next life believes what the segments say.
  JournalDamage(testing::Simulation world, testing::Oracle& oracle, bool segments_count)
      : world_(std::move(world)), oracle_(&oracle), segments_count_(segments_count) {}

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
        tell(kind, region, damage);
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
      at = region.begin + static_cast<std::size_t>(world_.dice().below(std::max<std::size_t>(
                              1, std::min<std::size_t>(region.end - region.begin, 1u << 20))));
    } else if (world_.dice().chance(500)) {
      at %= 4096;
    }
    const std::uint64_t bit = at * 8 + world_.dice().below(8);
    if (at >= before.size() || (kind == JournalXRay::Kind::segment && !forge(path, x_ray, bit))) {
      return;
    }
    oracle_->may_repeat();
    const std::uint64_t damage = oracle_->new_damage();
    for (const JournalRegion& region : x_ray.regions()) {
      if (region.begin <= at && at < region.end) {
        tell(kind, region, region.can_be_noticed ? damage : 0);
      }
    }
    world_.disk().flip_bit(path, bit);
  }

  const JournalRegion& region_of(const JournalXRay& x_ray) const {
    return x_ray.regions()[static_cast<std::size_t>(world_.dice().below(x_ray.regions().size()))];
  }

  /// Tells the oracle what could be read then. Returns: false when that would be two records in
  /// one, which no simulated destination could tell apart.
  bool forge(const std::string& path, const JournalXRay& before, std::uint64_t bit) {
    std::string after = *world_.disk().content(path);
    after[static_cast<std::size_t>(bit / 8)] = static_cast<char>(
        static_cast<unsigned char>(after[static_cast<std::size_t>(bit / 8)]) ^ (1u << bit % 8));
    const JournalXRay x_ray(JournalXRay::Kind::segment, after);
    std::vector<std::string> forged;
    for (const std::string& text : x_ray.texts()) {
      if (before.texts().count(text) == 0) {
        if (text.find_first_of("\n#") != std::string::npos) {
          return false;
        }
        forged.push_back(text);
      }
    }
    for (const std::string& text : forged) {
      oracle_->forged(text);
      has_forged_ = true;
    }
    return true;
  }

  void tell(JournalXRay::Kind kind, const JournalRegion& region, std::uint64_t damage) {
    for (const testing::RecordName& name : region.records) {
      if (kind == JournalXRay::Kind::log) {
        oracle_->durability_damaged(name, damage);
      } else if (segments_count_) {
        oracle_->damaged(name, damage);
      }
    }
  }

  testing::Simulation world_;
  testing::Oracle* oracle_;
  bool segments_count_;
  bool has_forged_ = false;
};

}  // namespace hydrant::tests
