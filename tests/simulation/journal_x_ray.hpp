// SPDX-License-Identifier: MIT
//
// Which bytes of a journal's file which records depend on, and what can be read
// in it: told from the layout alone, and not by the code under test.
#pragma once

#include <hydrant/core/chunk_header.hpp>
#include <hydrant/testing/numbered_record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::tests {

/// Bytes [begin, end) of a file, and the records that may be gone when they are not as they were.
struct JournalRegion {
  std::size_t begin = 0;
  std::size_t end = 0;
  /// How long the file must be for them to be read at all.
  std::size_t needs = 0;
  std::vector<testing::RecordName> records{};
  /// Whether such a damage can be noticed.
  bool can_be_noticed = true;
};

/// What a file of a journal holds.
class JournalXRay {
 public:
  enum class Kind : std::uint8_t { segment, log, other };

  static Kind kind_of(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return name.starts_with("segment-") ? Kind::segment
           : name.starts_with("log-")   ? Kind::log
                                        : Kind::other;
  }

  JournalXRay(Kind kind, std::string_view file) : file_(file) {
    if (kind == Kind::segment) {
      read_segment();
    } else if (kind == Kind::log) {
      read_log();
    }
  }

  const std::vector<JournalRegion>& regions() const { return regions_; }

  /// Whether the byte is of a delimiter that `put` has appended to a record. Nothing checks those,
  /// and without one two records run together.
  bool is_delimiter(std::size_t offset) const {
    return std::any_of(delimiters_.begin(), delimiters_.end(), [offset](const auto& delimiter) {
      return delimiter.first <= offset && offset < delimiter.second;
    });
  }

  /// Everything that could be taken for a record.
  const std::multiset<std::string>& texts() const { return texts_; }

 private:
  static constexpr std::size_t page = 4096;
  static constexpr std::uint32_t delimited_bit = 1u << 31;

  template <class T>
  T at(std::size_t offset) const {
    T value{};
    if (offset + sizeof(T) <= file_.size()) {
      std::memcpy(&value, file_.data() + offset, sizeof(T));
    }
    return value;
  }

  static void add_name(std::vector<testing::RecordName>& names, std::string_view text) {
    if (const auto name = testing::RecordName::of(text)) {
      names.push_back(*name);
    }
  }

  // --- segments -------------------------------------------------------------------------------

  void read_segment() {
    constexpr std::size_t header_bytes = 40;
    const auto block_bytes = at<std::uint32_t>(24);
    const auto block_count = at<std::uint32_t>(28);
    JournalRegion header{0, header_bytes, header_bytes, {}};
    if (block_bytes >= page && block_bytes <= file_.size()) {
      for (std::size_t block = 0; block < block_count; ++block) {
        const std::size_t begin = page + block * block_bytes;
        if (begin + block_bytes <= file_.size()) {
          read_chunk(begin, block_bytes, header.records);
        }
      }
    }
    regions_.push_back(std::move(header));
  }

  void read_chunk(std::size_t begin, std::size_t bytes, std::vector<testing::RecordName>& all) {
    constexpr std::size_t header_bytes = 64;
    const auto count = at<std::uint32_t>(begin);
    const auto delimiter = at<std::uint32_t>(begin + 20);
    if (at<std::uint32_t>(begin + 40) != detail::chunk_in_use ||
        count > (bytes - header_bytes) / sizeof(std::uint32_t)) {
      return;
    }
    const std::size_t room = bytes - header_bytes - count * sizeof(std::uint32_t);
    const auto slot_at = [&](std::size_t i) {
      return begin + bytes - (i + 1) * sizeof(std::uint32_t);
    };
    std::vector<testing::RecordName> here;
    std::vector<std::vector<testing::RecordName>> by_record(count);
    std::uint32_t from = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto slot = at<std::uint32_t>(slot_at(i));
      const std::uint32_t to = slot & ~delimited_bit;
      const std::uint32_t cut = to != slot ? delimiter : 0;
      if (from <= to && to <= room && to - from >= cut) {
        const std::string_view text = file_.substr(begin + header_bytes + from, to - from - cut);
        texts_.emplace(text);
        delimiters_.emplace_back(begin + header_bytes + to - cut, begin + header_bytes + to);
        add_name(by_record[i], text);
        regions_.push_back(
            {begin + header_bytes + from, begin + header_bytes + to, begin + bytes, by_record[i]});
        here.insert(here.end(), by_record[i].begin(), by_record[i].end());
      }
      from = to;
    }
    // Of two ends that contradict each other either may be wrong.
    for (std::size_t i = 0; i < count; ++i) {
      JournalRegion slot{slot_at(i), slot_at(i) + sizeof(std::uint32_t), begin + bytes, {}};
      for (std::size_t near = i == 0 ? 0 : i - 1; near < std::min<std::size_t>(i + 3, count);
           ++near) {
        slot.records.insert(slot.records.end(), by_record[near].begin(), by_record[near].end());
      }
      regions_.push_back(std::move(slot));
    }
    // How many records there are is said once, and by nothing else.
    regions_.push_back({begin, begin + 4, begin + bytes, here, false});
    regions_.push_back({begin + 4, begin + header_bytes, begin + bytes, here});
    all.insert(all.end(), here.begin(), here.end());
  }

  // --- logs -----------------------------------------------------------------------------------

  void read_log() {
    constexpr std::size_t header_bytes = 64;
    for (std::size_t begin = 0; begin + header_bytes <= file_.size();) {
      const auto payload = at<std::uint64_t>(begin + 32);
      const std::size_t room = file_.size() - begin - header_bytes;
      if (file_.substr(begin, 8) != "HYDFRAM1" || payload > room) {
        begin += page;
        continue;
      }
      const std::size_t end = begin + header_bytes + payload;
      JournalRegion frame{begin, end, end, {}};
      for (std::size_t item = begin + header_bytes; item + 16 <= end;) {
        const auto bytes = at<std::uint64_t>(item + 8);
        if (at<std::uint16_t>(item) == 17 && bytes <= end - item - 16) {
          read_records(item + 16, bytes, frame.records);
        }
        item += 16 + static_cast<std::size_t>(std::min<std::uint64_t>(bytes, end - item));
      }
      regions_.push_back(std::move(frame));
      begin = (end + page - 1) / page * page;
    }
  }

  void read_records(std::size_t begin, std::size_t bytes,
                    std::vector<testing::RecordName>& names) const {
    constexpr std::size_t header_bytes = 40;
    const auto count = at<std::uint32_t>(begin + 24);
    const std::size_t payload = begin + header_bytes + count * sizeof(std::uint32_t);
    std::uint32_t from = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t to =
          at<std::uint32_t>(begin + header_bytes + i * sizeof(std::uint32_t)) & ~delimited_bit;
      if (from > to || payload + to > begin + bytes) {
        return;
      }
      add_name(names, file_.substr(payload + from, to - from));
      from = to;
    }
  }

  std::string_view file_;
  std::vector<JournalRegion> regions_;
  std::multiset<std::string> texts_;
  std::vector<std::pair<std::size_t, std::size_t>> delimiters_;  // [begin, end)
};

}  // namespace hydrant::tests
