// SPDX-License-Identifier: MIT
//
// The smallest and the largest value of a page or a column chunk, in the order
// that the format gives to each type, and how long ones are cut short. Readers
// skip what cannot hold what they look for; a wrong bound loses rows in every
// query, silently, so this file is tested against plain sorting.
#pragma once

#include <hydrant/object/parquet/schema.hpp>
#include <hydrant/object/parquet/utf8_text.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hydrant::detail::parquet {

/// A smallest and a largest value, as the bytes of their PLAIN encoding without a length.
struct ValueBounds {
  /// Whether there is any value that is comparable.
  bool known = false;
  /// A NaN is neither small nor large: what holds one has no place in a page index.
  bool has_nan = false;
  std::string min{};
  std::string max{};
};

/// A number of PLAIN bytes.
template <class T>
T load_number(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

template <class T>
int compare_numbers(std::string_view a, std::string_view b) {
  const T left = load_number<T>(a);
  const T right = load_number<T>(b);
  return left < right ? -1 : right < left ? 1 : 0;
}

/// Big-endian numbers in two's complement, of one length.
inline int compare_fixed(std::string_view a, std::string_view b) {
  const auto first = [](std::string_view bytes) { return static_cast<signed char>(bytes[0]); };
  return first(a) != first(b) ? (first(a) < first(b) ? -1 : 1) : a.compare(b);
}

/// Below 0 when `a` comes before `b` in the order of the column's type.
inline int compare_values(ParquetPhysical physical, std::string_view a, std::string_view b) {
  switch (physical) {
    case ParquetPhysical::int32:
      return compare_numbers<std::int32_t>(a, b);
    case ParquetPhysical::int64:
      return compare_numbers<std::int64_t>(a, b);
    case ParquetPhysical::float32:
      return compare_numbers<float>(a, b);
    case ParquetPhysical::float64:
      return compare_numbers<double>(a, b);
    case ParquetPhysical::fixed:
      return compare_fixed(a, b);
    case ParquetPhysical::boolean:
    case ParquetPhysical::bytes:
      break;
  }
  return a.compare(b);  // char_traits<char> compares as unsigned
}

/// The bounds of two sets of values together.
inline ValueBounds widened(ParquetPhysical physical, ValueBounds bounds, const ValueBounds& other) {
  bounds.has_nan = bounds.has_nan || other.has_nan;
  if (!other.known) {
    return bounds;
  }
  if (!bounds.known || compare_values(physical, other.min, bounds.min) < 0) {
    bounds.min = other.min;
  }
  if (!bounds.known || compare_values(physical, other.max, bounds.max) > 0) {
    bounds.max = other.max;
  }
  bounds.known = true;
  return bounds;
}

/// Gathers the bounds of some values of one column.
/// Threads: distinct objects: safe; shared: unsafe.
class BoundsFinder {
 public:
  explicit BoundsFinder(ParquetPhysical physical) : physical_(physical) {}

  /// Takes numbers, `bytes` being a whole number of them.
  template <class T>
  void add_numbers(std::string_view bytes) {
    if (bytes.empty()) {
      return;
    }
    T min{};
    T max{};
    bool is_any = false;
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
      const T value = load_number<T>(bytes.substr(at));
      if constexpr (std::is_floating_point_v<T>) {
        if (std::isnan(value)) {
          bounds_.has_nan = true;
          continue;
        }
      }
      min = !is_any || value < min ? value : min;
      max = !is_any || max < value ? value : max;
      is_any = true;
    }
    if constexpr (std::is_floating_point_v<T>) {
      // 0 and -0 are equal, and readers may look for either.
      min = min == 0 ? -T{} : min;
      max = max == 0 ? T{} : max;
    }
    if (is_any) {
      // Not one after the other as values: 0 would not come behind -0.
      bounds_ = widened(physical_, std::move(bounds_), {true, false, bytes_of(min), bytes_of(max)});
    }
  }

  void add_value(std::string_view value) {
    if (physical_ == ParquetPhysical::bytes) {
      add_bytes(value);
    } else if (!bounds_.known) {
      start(value);
    } else {
      if (compare_values(physical_, value, bounds_.min) < 0) {
        bounds_.min = value;
      }
      if (compare_values(physical_, value, bounds_.max) > 0) {
        bounds_.max = value;
      }
    }
  }

  const ValueBounds& bounds() const { return bounds_; }

 private:
  template <class T>
  static std::string bytes_of(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof(T)};
  }

  void start(std::string_view value) {
    bounds_.known = true;
    bounds_.min = value;
    bounds_.max = value;
    min_head_ = max_head_ = head(value);
  }

  /// Most values lie between the bounds, which the first eight bytes tell.
  void add_bytes(std::string_view value) {
    if (!bounds_.known) {
      start(value);
      return;
    }
    const std::uint64_t first = head(value);
    if (first <= min_head_ && value < std::string_view(bounds_.min)) {
      bounds_.min = value;
      min_head_ = first;
    }
    if (first >= max_head_ && value > std::string_view(bounds_.max)) {
      bounds_.max = value;
      max_head_ = first;
    }
  }

  /// The first eight bytes as a number that is ordered as they are.
  static std::uint64_t head(std::string_view value) {
    if (value.size() >= sizeof(std::uint64_t)) {
      return __builtin_bswap64(load_number<std::uint64_t>(value));
    }
    std::uint64_t bytes = 0;
    for (const char byte : value) {
      bytes = bytes << 8 | static_cast<unsigned char>(byte);
    }
    return value.empty() ? 0 : bytes << (8 * (sizeof(bytes) - value.size()));
  }

  ParquetPhysical physical_;
  ValueBounds bounds_;
  std::uint64_t min_head_ = 0;
  std::uint64_t max_head_ = 0;
};

/// A bound as it is written: perhaps shorter than the value that it bounds.
struct StoredBound {
  std::string bytes;
  bool exact = true;
};

/// Longer bounds are cut.
inline constexpr std::size_t bound_size_max = 64;

/// The first bytes of `text`, at most `bound_size_max`, and no half character if it is text.
inline std::string cut_bound(std::string_view text, bool is_text) {
  std::size_t size = bound_size_max;
  while (is_text && size != 0 && is_utf8_continuation(text[size])) {
    --size;
  }
  return std::string(text.substr(0, size));
}

/// Turns the last byte into the next larger one. Returns: false at 0xff.
inline bool raise_last_byte(std::string& bytes) {
  if (static_cast<unsigned char>(bytes.back()) == 0xff) {
    return false;
  }
  bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) + 1);
  return true;
}

/// What stands in the file for a smallest value.
inline StoredBound stored_min(const ParquetLeaf& leaf, const std::string& min) {
  if (leaf.physical != ParquetPhysical::bytes || min.size() <= bound_size_max) {
    return {min, true};
  }
  return {cut_bound(min, leaf.node->kind == HiveKind::string), false};
}

/// What stands in the file for a largest value: cut, and raised so that it still is not smaller.
inline StoredBound stored_max(const ParquetLeaf& leaf, const std::string& max) {
  if (leaf.physical != ParquetPhysical::bytes || max.size() <= bound_size_max) {
    return {max, true};
  }
  const bool is_text = leaf.node->kind == HiveKind::string;
  std::string cut = cut_bound(max, is_text);
  while (!cut.empty()) {
    if (is_text ? raise_last_character(cut) : raise_last_byte(cut)) {
      return {cut, false};
    }
    cut.resize(is_text ? last_character(cut) : cut.size() - 1);
  }
  return {max, true};  // nothing shorter is larger
}

}  // namespace hydrant::detail::parquet
