// SPDX-License-Identifier: MIT
//
// The distinct values of a column, in the order in which they first came, laid
// out as the dictionary page has them. Values can be forgotten again, latest
// first, when the record that brought them turns out to be a bad one.
#pragma once

#include <hydrant/object/parquet/byte_buffer.hpp>
#include <hydrant/object/parquet/short_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hydrant::detail::parquet {

/// Numbers distinct values from 0 on.
/// Threads: distinct objects: safe; shared: unsafe.
class ValueDictionary {
 public:
  /// `width` bytes a value; 0 for values of differing size, which are kept with their length.
  explicit ValueDictionary(std::uint32_t width) : width_(width) { clear(); }

  std::uint32_t size() const { return static_cast<std::uint32_t>(first_uses_.size()); }

  /// The values as a dictionary page has them.
  const ByteBuffer& page() const { return page_; }

  /// Bytes of memory in use.
  std::size_t memory() const {
    return page_.size() + slots_.size() * sizeof(Slot) + first_uses_.size() * sizeof(FirstUse) +
           begins_.size() * sizeof(std::uint32_t);
  }

  std::string_view value(std::uint32_t index) const {
    if (width_ != 0) {
      return {page_.data() + std::size_t{index} * width_, width_};
    }
    const std::uint32_t begin = begins_[index];
    const std::size_t end = index + 1 == size() ? page_.size() : begins_[index + 1];
    return {page_.data() + begin + length_size, end - begin - length_size};
  }

  /// The number of a value that stands at place `position` of its column.
  std::uint32_t find_or_add(std::string_view bytes, std::uint64_t position) {
    const std::uint32_t hash = hash_bytes(bytes.data(), bytes.size());
    std::size_t at = hash & mask_;
    while (slots_[at].index != none) {
      if (slots_[at].hash == hash && equal_bytes(value(slots_[at].index), bytes)) {
        return slots_[at].index;
      }
      at = (at + 1) & mask_;
    }
    const std::uint32_t index = size();
    slots_[at] = {hash, index};
    first_uses_.push_back({position, hash});
    if (width_ == 0) {
      begins_.push_back(static_cast<std::uint32_t>(page_.size()));
      page_.append_value(static_cast<std::uint32_t>(bytes.size()));
    }
    page_.append(bytes);
    if (std::size_t{size()} * 2 > slots_.size()) {
      grow();
    }
    return index;
  }

  /// Forgets the values that first came at place `position` or later.
  void forget_from(std::uint64_t position) {
    while (!first_uses_.empty() && first_uses_.back().position >= position) {
      // Whatever was put behind it in its chain of slots is forgotten already.
      const std::uint32_t index = size() - 1;
      std::size_t at = first_uses_.back().hash & mask_;
      while (slots_[at].index != index) {
        at = (at + 1) & mask_;
      }
      slots_[at].index = none;
      first_uses_.pop_back();
      if (width_ != 0) {
        page_.truncate(page_.size() - width_);
      } else {
        page_.truncate(begins_.back());
        begins_.pop_back();
      }
    }
  }

  void clear() {
    slots_.assign(slots_min, Slot());
    mask_ = slots_min - 1;
    first_uses_.clear();
    begins_.clear();
    page_.clear();
  }

 private:
  static constexpr std::uint32_t none = 0xffff'ffff;
  static constexpr std::size_t slots_min = 256;
  static constexpr std::size_t length_size = sizeof(std::uint32_t);

  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t index = none;
  };

  struct FirstUse {
    std::uint64_t position;
    std::uint32_t hash;
  };

  /// Puts the values in again in their order, so that the latest can still go first.
  void grow() {
    slots_.assign(slots_.size() * 2, Slot());
    mask_ = slots_.size() - 1;
    for (std::uint32_t index = 0; index < size(); ++index) {
      const std::uint32_t hash = first_uses_[index].hash;
      std::size_t at = hash & mask_;
      while (slots_[at].index != none) {
        at = (at + 1) & mask_;
      }
      slots_[at] = {hash, index};
    }
  }

  std::uint32_t width_;
  std::size_t mask_ = 0;
  std::vector<Slot> slots_;
  std::vector<FirstUse> first_uses_;
  std::vector<std::uint32_t> begins_;
  ByteBuffer page_;
};

}  // namespace hydrant::detail::parquet
