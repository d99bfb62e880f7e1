// SPDX-License-Identifier: MIT
//
// One file of a simulated disk, three times: as processes see it, as the
// operating system believes it to be on the disk, and as it is there. The three
// differ until a sync, and a sync that failed makes the last two differ for good.
#pragma once

#include <hydrant/testing/seeded_dice.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <numeric>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace hydrant::testing::detail {

inline constexpr std::size_t disk_page_bytes = 4096;
inline constexpr std::size_t disk_sector_bytes = 512;

/// Bytes in whole memory pages, as a mapping needs them. Pages that nobody has touched cost
/// nothing.
class PageMemory {
 public:
  PageMemory() = default;

  PageMemory(const PageMemory& other) : PageMemory() {
    resize(other.size_);
    std::copy_n(other.first_, other.page_count() * disk_page_bytes, first_);
  }

  PageMemory& operator=(const PageMemory&) = delete;

  ~PageMemory() { std::free(memory_); }  // NOLINT(cppcoreguidelines-no-malloc)

  std::size_t size() const { return size_; }

  /// Bytes that come in are zero.
  void resize(std::size_t size) {
    if (size > pages_ * disk_page_bytes) {
      grow(std::max((size + disk_page_bytes - 1) / disk_page_bytes, pages_ * 2));
    }
    if (size < size_) {
      std::fill_n(first_ + size, page_count() * disk_page_bytes - size, std::byte{0});
    }
    size_ = size;
  }

  std::span<std::byte> bytes() { return {first_, size_}; }

  /// Zeros again what was written behind the end, within the last page.
  void clear_behind_end() {
    std::fill_n(first_ + size_, page_count() * disk_page_bytes - size_, std::byte{0});
  }

  std::size_t page_count() const { return (size_ + disk_page_bytes - 1) / disk_page_bytes; }

  /// The whole page, also where the file ends within it.
  std::span<std::byte, disk_page_bytes> page(std::size_t index) {
    return std::span<std::byte, disk_page_bytes>(first_ + index * disk_page_bytes, disk_page_bytes);
  }

 private:
  void grow(std::size_t pages) {
    // Of calloc, for the system gives zero pages only when they are touched; with a page to spare,
    // to begin at one.
    void* const memory = std::calloc(pages + 1, disk_page_bytes);  // NOLINT: as above
    if (memory == nullptr) {
      throw std::bad_alloc();
    }
    const std::size_t beyond = reinterpret_cast<std::uintptr_t>(memory) % disk_page_bytes;
    std::byte* const first = static_cast<std::byte*>(memory) + (disk_page_bytes - beyond);
    if (size_ != 0) {
      std::copy_n(first_, page_count() * disk_page_bytes, first);
    }
    std::free(memory_);  // NOLINT: as above
    memory_ = memory;
    first_ = first;
    pages_ = pages;
  }

  void* memory_ = nullptr;
  std::byte* first_ = nullptr;
  std::size_t pages_ = 0;
  std::size_t size_ = 0;
};

/// One file of a simulated disk. It may grow only while nobody has it mapped.
/// Threads: guarded by its disk.
class SimulatedFile {
 public:
  /// What processes see, for a mapping of this one to hold on to.
  const std::shared_ptr<PageMemory>& map(const void* process) {
    is_mapped_ = true;
    mapped_by_ = process;
    return seen_;
  }

  /// Whether that process has mapped it last.
  bool is_mapped_by(const void* process) const { return mapped_by_ == process; }

  std::span<std::byte> bytes() const { return seen_->bytes(); }

  std::size_t size() const { return seen_->size(); }

  void resize(std::size_t size) { seen_->resize(size); }

  void write(std::size_t offset, std::span<const std::byte> bytes) {
    if (bytes.empty()) {
      return;
    }
    const std::size_t end = offset + bytes.size();
    resize(std::max(size(), end));
    std::ranges::copy(bytes, this->bytes().subspan(offset).begin());
    for (std::size_t page = offset / disk_page_bytes; page <= (end - 1) / disk_page_bytes; ++page) {
      written_.insert(page);
      unsynced_.insert(page);
    }
  }

  /// Everything reaches the disk that the system does not believe to be there already.
  void sync() {
    believed_.resize(size());
    disk_.resize(size());
    for (const std::size_t page : maybe_dirty()) {
      if (is_dirty(page)) {
        write_page(page);
      }
    }
    unsynced_.clear();
  }

  /// Some of it reaches the disk, and the rest is forgotten: no later sync will write it.
  /// Source: the kernel's handling of a failed write-back: pages are marked clean.
  void fail_sync(SeededDice& dice) {
    believed_.resize(size());
    disk_.resize(std::max(disk_.size(), dice.chance(500) ? size() : 0));
    for (const std::size_t page : maybe_dirty()) {
      if (is_dirty(page) && page < disk_.page_count() && dice.chance(500)) {
        write_page(page);
      }
      std::ranges::copy(seen_->page(page), believed_.page(page).begin());
    }
    unsynced_.clear();
  }

  /// The system writes a page back of its own accord, as it may at any time.
  void write_back_one(SeededDice& dice) {
    const std::vector<std::size_t> pages = maybe_dirty();
    if (pages.empty()) {
      return;
    }
    const std::size_t page = pages[static_cast<std::size_t>(dice.below(pages.size()))];
    const std::size_t end = std::min(size(), (page + 1) * disk_page_bytes);
    believed_.resize(std::max(believed_.size(), end));
    disk_.resize(std::max(disk_.size(), end));
    if (is_dirty(page)) {
      write_page(page);
    }
  }

  /// Leaves the memory to those who have it mapped, who are dead, and goes on in a copy.
  void part_from_mappings() {
    if (seen_.use_count() != 1) {
      seen_ = std::make_shared<PageMemory>(*seen_);
    }
  }

  /// Of what was never synced, each sector is as it was or as it was to become. Nobody has the file
  /// mapped any more.
  void cut_power(SeededDice& dice) {
    const auto kept = dice.pick<std::uint64_t>({0, 200, 500, 800, 1000});
    disk_.resize(size_after_cut(dice, kept));
    for (const std::size_t page : maybe_dirty()) {
      const bool is_at_risk = page < disk_.page_count() && is_dirty(page);
      const std::size_t end = is_at_risk ? disk_page_bytes : 0;
      for (std::size_t at = 0; at < end; at += disk_sector_bytes) {
        if (dice.chance(kept)) {
          std::memcpy(disk_.page(page).data() + at, seen_->page(page).data() + at,
                      disk_sector_bytes);
        }
      }
    }
    disk_.clear_behind_end();
    const std::vector<std::size_t> pages = is_mapped_ ? maybe_dirty() : to_vector(written_);
    seen_->resize(disk_.size());
    believed_.resize(disk_.size());
    for (const std::size_t page : pages) {
      if (page < disk_.page_count()) {
        std::ranges::copy(disk_.page(page), seen_->page(page).begin());
        std::ranges::copy(disk_.page(page), believed_.page(page).begin());
      }
    }
    unsynced_.clear();
  }

  /// The end of the file is gone, everywhere. Nobody has it mapped.
  void cut_off(std::size_t size) {
    for (PageMemory* image : {seen_.get(), &believed_, &disk_}) {
      image->resize(std::min(image->size(), size));
    }
    const std::size_t pages = seen_->page_count();
    written_.erase(written_.lower_bound(pages), written_.end());
    unsynced_.erase(unsynced_.lower_bound(pages), unsynced_.end());
  }

  /// Turns one bit over, everywhere: the medium has gone bad.
  void flip_bit(std::uint64_t bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const std::byte mask{static_cast<unsigned char>(1u << bit % 8)};
    written_.insert(at / disk_page_bytes);
    for (PageMemory* image : {seen_.get(), &believed_, &disk_}) {
      if (at < image->size()) {
        image->bytes()[at] ^= mask;
      }
    }
  }

 private:
  static std::vector<std::size_t> to_vector(const std::set<std::size_t>& pages) {
    return {pages.begin(), pages.end()};
  }

  /// Stores into a mapping are seen by nobody, so there it may be any page.
  std::vector<std::size_t> maybe_dirty() const {
    if (!is_mapped_) {
      return to_vector(unsynced_);
    }
    std::vector<std::size_t> pages(seen_->page_count());
    std::iota(pages.begin(), pages.end(), std::size_t{0});
    return pages;
  }

  bool is_dirty(std::size_t page) {
    return page >= believed_.page_count() ||
           std::memcmp(seen_->page(page).data(), believed_.page(page).data(), disk_page_bytes) != 0;
  }

  void write_page(std::size_t page) {
    std::ranges::copy(seen_->page(page), disk_.page(page).begin());
    std::ranges::copy(seen_->page(page), believed_.page(page).begin());
  }

  std::size_t size_after_cut(SeededDice& dice, std::uint64_t kept) const {
    if (disk_.size() >= size() || kept == 0) {
      return disk_.size();
    }
    if (kept == 1000) {
      return size();
    }
    const std::size_t more = size() - disk_.size();
    const auto part = static_cast<std::size_t>(dice.below(more + 1));
    return disk_.size() + (dice.chance(500) ? more : part / disk_sector_bytes * disk_sector_bytes);
  }

  std::shared_ptr<PageMemory> seen_ = std::make_shared<PageMemory>();
  PageMemory believed_;
  PageMemory disk_;
  bool is_mapped_ = false;
  const void* mapped_by_ = nullptr;
  std::set<std::size_t> written_;   // pages, by calls, ever
  std::set<std::size_t> unsynced_;  // pages, by calls, since the last sync
};

}  // namespace hydrant::testing::detail
