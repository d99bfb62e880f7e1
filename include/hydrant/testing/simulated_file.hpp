// SPDX-License-Identifier: MIT
//
// One file of a simulated disk, three times: as processes see it, as the
// operating system believes it to be on the disk, and as it is there. The three
// differ until a sync, and a sync that failed makes the last two differ for good.
#pragma once

#include <hydrant/testing/seeded_dice.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace hydrant::testing::detail {

inline constexpr std::size_t disk_page_bytes = 4096;
inline constexpr std::size_t disk_sector_bytes = 512;

/// Bytes in whole memory pages, as a mapping needs them.
class PageMemory {
 public:
  std::size_t size() const { return size_; }

  /// Bytes that come in are zero.
  void resize(std::size_t size) {
    if (size < size_) {
      std::ranges::fill(bytes().subspan(size), std::byte{0});
    }
    pages_.resize((size + disk_page_bytes - 1) / disk_page_bytes);
    size_ = size;
  }

  std::span<std::byte> bytes() {
    return {pages_.empty() ? nullptr : pages_.front().bytes.data(), size_};
  }

  /// Zeros again what was written behind the end, within the last page.
  void clear_behind_end() {
    if (!pages_.empty()) {
      std::ranges::fill(
          page(pages_.size() - 1).subspan(size_ - (pages_.size() - 1) * disk_page_bytes),
          std::byte{0});
    }
  }

  std::size_t page_count() const { return pages_.size(); }

  /// The whole page, also where the file ends within it.
  std::span<std::byte, disk_page_bytes> page(std::size_t index) { return pages_[index].bytes; }

 private:
  struct alignas(disk_page_bytes) Page {
    std::array<std::byte, disk_page_bytes> bytes{};
  };

  std::vector<Page> pages_;
  std::size_t size_ = 0;
};

/// One file of a simulated disk. It may grow only while nobody has it mapped.
/// Threads: guarded by its disk.
class SimulatedFile {
 public:
  /// What processes see; mappings hold on to it.
  const std::shared_ptr<PageMemory>& memory() const { return seen_; }

  std::span<std::byte> bytes() const { return seen_->bytes(); }

  std::size_t size() const { return seen_->size(); }

  void resize(std::size_t size) { seen_->resize(size); }

  void write(std::size_t offset, std::span<const std::byte> bytes) {
    if (offset + bytes.size() > size()) {
      resize(offset + bytes.size());
    }
    std::ranges::copy(bytes, this->bytes().subspan(offset).begin());
  }

  /// Everything reaches the disk that the system does not believe to be there already.
  void sync() {
    const std::size_t pages = seen_->page_count();
    believed_.resize(std::max(believed_.size(), size()));
    disk_.resize(size());
    for (std::size_t page = 0; page < pages; ++page) {
      if (is_dirty(page)) {
        std::ranges::copy(seen_->page(page), disk_.page(page).begin());
        std::ranges::copy(seen_->page(page), believed_.page(page).begin());
      }
    }
    believed_.resize(size());
  }

  /// Some of it reaches the disk, and the rest is forgotten: no later sync will write it.
  /// Source: the kernel's handling of a failed write-back: pages are marked clean.
  void fail_sync(SeededDice& dice) {
    believed_.resize(size());
    disk_.resize(std::max(disk_.size(), dice.chance(500) ? size() : 0));
    for (std::size_t page = 0; page < seen_->page_count(); ++page) {
      if (is_dirty(page) && dice.chance(500) && page < disk_.page_count()) {
        std::ranges::copy(seen_->page(page), disk_.page(page).begin());
      }
      std::ranges::copy(seen_->page(page), believed_.page(page).begin());
    }
  }

  /// The system writes a page back of its own accord, as it may at any time.
  void write_back_one(SeededDice& dice) {
    if (seen_->page_count() == 0) {
      return;
    }
    const std::size_t page = static_cast<std::size_t>(dice.below(seen_->page_count()));
    const std::size_t end = std::min(size(), (page + 1) * disk_page_bytes);
    believed_.resize(std::max(believed_.size(), end));
    if (is_dirty(page)) {
      disk_.resize(std::max(disk_.size(), end));
      std::ranges::copy(seen_->page(page), disk_.page(page).begin());
      std::ranges::copy(seen_->page(page), believed_.page(page).begin());
    }
  }

  /// Leaves the memory to those who have it mapped, who are dead, and goes on in a copy.
  void part_from_mappings() {
    if (seen_.use_count() != 1) {
      seen_ = std::make_shared<PageMemory>(*seen_);
    }
  }

  /// Of what was never synced, each sector is as it was or as it was to become.
  void cut_power(SeededDice& dice) {
    const std::uint64_t kept = dice.pick<std::uint64_t>({0, 200, 500, 800, 1000});
    disk_.resize(size_after_cut(dice, kept));
    for (std::size_t page = 0; page < std::min(disk_.page_count(), seen_->page_count()); ++page) {
      const std::size_t dirty_bytes = is_dirty(page) ? disk_page_bytes : 0;
      for (std::size_t at = 0; at < dirty_bytes; at += disk_sector_bytes) {
        if (dice.chance(kept)) {
          std::memcpy(disk_.page(page).data() + at, seen_->page(page).data() + at,
                      disk_sector_bytes);
        }
      }
    }
    disk_.clear_behind_end();
    believed_ = disk_;
    seen_ = std::make_shared<PageMemory>(disk_);
  }

  /// Turns one bit over, everywhere: the medium has gone bad.
  void flip_bit(std::uint64_t bit) {
    const std::size_t at = static_cast<std::size_t>(bit / 8);
    const std::byte mask{static_cast<unsigned char>(1u << bit % 8)};
    for (PageMemory* image : {seen_.get(), &believed_, &disk_}) {
      if (at < image->size()) {
        image->bytes()[at] ^= mask;
      }
    }
  }

 private:
  bool is_dirty(std::size_t page) {
    return page >= believed_.page_count() ||
           std::memcmp(seen_->page(page).data(), believed_.page(page).data(), disk_page_bytes) != 0;
  }

  std::size_t size_after_cut(SeededDice& dice, std::uint64_t kept) {
    if (disk_.size() >= size() || kept == 0) {
      return disk_.size();
    }
    if (kept == 1000) {
      return size();
    }
    const std::size_t more = size() - disk_.size();
    const std::size_t part = static_cast<std::size_t>(dice.below(more + 1));
    return disk_.size() + (dice.chance(500) ? more : part / disk_sector_bytes * disk_sector_bytes);
  }

  std::shared_ptr<PageMemory> seen_ = std::make_shared<PageMemory>();
  PageMemory believed_;
  PageMemory disk_;
};

}  // namespace hydrant::testing::detail
