// SPDX-License-Identifier: MIT
//
// The values of the page under way, without nulls: plain, or as numbers of a
// dictionary's values while that is smaller. Whether it is shows after some
// thousand values, so a column of ids costs no dictionary for long.
#pragma once

#include <hydrant/object/parquet/delta_encoder.hpp>
#include <hydrant/object/parquet/page_header.hpp>
#include <hydrant/object/parquet/schema.hpp>
#include <hydrant/object/parquet/value_bounds.hpp>
#include <hydrant/object/parquet/value_dictionary.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace hydrant::detail::parquet {

/// The values of one column, from one page to the next.
/// Threads: distinct objects: safe; shared: unsafe.
class PageValues {
 public:
  PageValues(ParquetPhysical physical, std::uint32_t width, bool version_2)
      : physical_(physical), width_(width), version_2_(version_2), dictionary_(width) {}

  /// Begins a column chunk.
  void begin_chunk(bool with_dictionary) {
    has_dictionary_ = with_dictionary && physical_ != ParquetPhysical::boolean;
    is_reviewed_ = false;
    first_ = 0;
    dictionary_.clear();
    clear();
  }

  /// Begins a page of the same chunk.
  void begin_page() {
    first_ += size();
    clear();
  }

  template <class T>
  void append_number(T value) {
    if (has_dictionary_) {
      append_index({reinterpret_cast<const char*>(&value), sizeof(T)});
    } else {
      plain_.append_value(value);
    }
  }

  void append_bytes(std::string_view bytes) {
    if (has_dictionary_) {
      append_index(bytes);
    } else {
      append_plain(bytes);
    }
  }

  std::size_t size() const {
    if (has_dictionary_) {
      return indexes_.size();
    }
    return width_ == 0 ? ends_.size() : plain_.size() / width_;
  }

  /// Drops all but the first `count` values of the page.
  void truncate(std::size_t count) {
    if (has_dictionary_) {
      indexes_.resize(count);
      dictionary_.forget_from(first_ + count);
    } else if (width_ != 0) {
      plain_.truncate(count * width_);
    } else {
      ends_.resize(count);
      plain_.truncate(count == 0 ? 0 : ends_.back());
    }
  }

  bool has_dictionary() const { return has_dictionary_; }

  const ValueDictionary& dictionary() const { return dictionary_; }

  /// What the page is going to take, about.
  std::size_t bytes() const {
    return has_dictionary_ ? indexes_.size() * index_width() / 8 : plain_.size();
  }

  /// Gives the dictionary up if it is no smaller than the values themselves. Only while no page
  /// refers to it: `is_unused`.
  void review_dictionary(bool is_unused, bool is_last_chance) {
    constexpr std::size_t count_min = 16'384;
    if (!has_dictionary_ || is_reviewed_ || !is_unused ||
        (!is_last_chance && indexes_.size() < count_min)) {
      return;
    }
    is_reviewed_ = true;
    std::size_t plain_bytes = indexes_.size() * (width_ == 0 ? sizeof(std::uint32_t) : width_);
    if (width_ == 0) {
      for (const std::uint32_t index : indexes_) {
        plain_bytes += dictionary_.value(index).size();
      }
    }
    if (dictionary_.page().size() + bytes() < plain_bytes) {
      return;
    }
    for (const std::uint32_t index : indexes_) {
      append_plain(dictionary_.value(index));
    }
    indexes_.clear();
    dictionary_.clear();
    has_dictionary_ = false;
  }

  /// From the next page on values stand for themselves; the page has just begun.
  void stop_dictionary() { has_dictionary_ = false; }

  /// How values are encoded that are in no dictionary.
  ParquetEncoding other_encoding() const {
    if (!version_2_) {
      return ParquetEncoding::plain;
    }
    switch (physical_) {
      case ParquetPhysical::boolean:
        return ParquetEncoding::rle;
      case ParquetPhysical::int32:
      case ParquetPhysical::int64:
        return ParquetEncoding::delta_binary_packed;
      case ParquetPhysical::bytes:
        return ParquetEncoding::delta_byte_array;
      default:
        return ParquetEncoding::plain;
    }
  }

  /// Appends the page's values. Returns: how they are encoded; a page of nulls refers to no
  /// dictionary, which might never get a value.
  ParquetEncoding append_to(ByteBuffer& out) const {
    if (has_dictionary_ && !indexes_.empty()) {
      const unsigned width = index_width();
      out.append_byte(width);
      append_hybrid(out, std::span<const std::uint32_t>(indexes_), width);
      return ParquetEncoding::rle_dictionary;
    }
    const ParquetEncoding encoding = other_encoding();
    switch (encoding) {
      case ParquetEncoding::rle:
        append_with_length(out, [&] { append_hybrid(out, numbers<std::uint8_t>(), 1); });
        break;
      case ParquetEncoding::delta_binary_packed:
        if (physical_ == ParquetPhysical::int32) {
          append_delta(out, numbers<std::int32_t>());
        } else {
          append_delta(out, numbers<std::int64_t>());
        }
        break;
      case ParquetEncoding::delta_byte_array:
        append_delta_bytes(out, texts());
        break;
      default:
        if (physical_ == ParquetPhysical::boolean) {
          append_bit_packed(out, numbers<std::uint8_t>(), 1);
        } else {
          out.append(plain_.text());
        }
    }
    return encoding;
  }

  /// The bounds of the page's values.
  ValueBounds bounds() const {
    BoundsFinder finder(physical_);
    if (has_dictionary_) {
      std::vector<bool> is_used(dictionary_.size());
      for (const std::uint32_t index : indexes_) {
        is_used[index] = true;
      }
      for (std::uint32_t index = 0; index < dictionary_.size(); ++index) {
        if (is_used[index]) {
          add_bounds_of(dictionary_.value(index), finder);
        }
      }
    } else if (width_ == 0) {
      for (const std::string_view text : texts()) {
        finder.add_value(text);
      }
    } else if (physical_ == ParquetPhysical::fixed || physical_ == ParquetPhysical::boolean) {
      for (std::size_t at = 0; at < plain_.size(); at += width_) {
        finder.add_value(plain_.text().substr(at, width_));
      }
    } else {
      add_bounds_of(plain_.text(), finder);
    }
    return finder.bounds();
  }

 private:
  void clear() {
    indexes_.clear();
    ends_.clear();
    plain_.clear();
  }

  void append_index(std::string_view bytes) {
    indexes_.push_back(dictionary_.find_or_add(bytes, first_ + indexes_.size()));
  }

  void append_plain(std::string_view bytes) {
    if (width_ == 0) {
      plain_.append_value(static_cast<std::uint32_t>(bytes.size()));
      plain_.append(bytes);
      ends_.push_back(static_cast<std::uint32_t>(plain_.size()));
    } else {
      plain_.append(bytes);
    }
  }

  unsigned index_width() const {
    return dictionary_.size() < 2 ? 1 : bits_for(dictionary_.size() - 1);
  }

  /// PLAIN numbers lie as an array does; operator new aligns the first.
  template <class T>
  std::span<const T> numbers() const {
    return {reinterpret_cast<const T*>(plain_.data()), plain_.size() / sizeof(T)};
  }

  std::vector<std::string_view> texts() const {
    std::vector<std::string_view> texts;
    texts.reserve(ends_.size());
    std::size_t begin = 0;
    for (const std::uint32_t end : ends_) {
      begin += sizeof(end);
      texts.push_back(plain_.text().substr(begin, end - begin));
      begin = end;
    }
    return texts;
  }

  void add_bounds_of(std::string_view values, BoundsFinder& finder) const {
    switch (physical_) {
      case ParquetPhysical::int32:
        return finder.add_numbers<std::int32_t>(values);
      case ParquetPhysical::int64:
        return finder.add_numbers<std::int64_t>(values);
      case ParquetPhysical::float32:
        return finder.add_numbers<float>(values);
      case ParquetPhysical::float64:
        return finder.add_numbers<double>(values);
      default:
        finder.add_value(values);
    }
  }

  ParquetPhysical physical_;
  std::uint32_t width_;
  bool version_2_;
  bool has_dictionary_ = false;
  bool is_reviewed_ = false;
  ValueDictionary dictionary_;
  /// Values of the chunk before this page.
  std::uint64_t first_ = 0;
  std::vector<std::uint32_t> indexes_;  // while there is a dictionary
  ByteBuffer plain_;                    // otherwise: the values in PLAIN encoding
  std::vector<std::uint32_t> ends_;     // and where each ends, if they differ in size
};

}  // namespace hydrant::detail::parquet
