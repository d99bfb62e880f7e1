// SPDX-License-Identifier: MIT
//
// Records in slotted pages, laid out by hand as the stream lays them out, so
// that this room is tested without the one that fills pages.
#pragma once

#include <hydrant/core/batch.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::tests {

/// What belongs into an object: the records, each ended by `delimiter`, which is never doubled.
inline std::string joined(const std::vector<std::string>& records, std::string_view delimiter) {
  std::string text;
  for (const std::string& record : records) {
    text += record;
    if (record.size() < delimiter.size() ||
        record.compare(record.size() - delimiter.size(), delimiter.size(), delimiter) != 0) {
      text += delimiter;
    }
  }
  return text;
}

/// A batch's memory: add records, cut slices and pages, then look at it as a Batch.
class Pages {
 public:
  /// `delimiter` is what the stream appended at `put`.
  explicit Pages(std::string delimiter = {}) : delimiter_(std::move(delimiter)) {
    info.stream = "access-log";
    info.request_id = "01234567-89ab-4cde-8f01-23456789abcd";
    info.delimiter = delimiter_;
    // 2018-08-27 10:30:05.250 UTC, the day of the service's own examples.
    info.first_arrival = WallTime(std::chrono::milliseconds(1'535'365'805'250));
  }

  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  BatchInfo info;

  void put(std::string_view record) {
    if (open_ == nullptr) {
      pages_.push_back(std::make_unique<Page>());
      open_ = pages_.back().get();
    }
    std::uint32_t bit = 0;
    open_->payload.append(record);
    if (!delimiter_.empty() && !record.ends_with(delimiter_)) {
      open_->payload.append(delimiter_);
      bit = RecordSlice::delimited_bit;
    }
    open_->slots.push_back(static_cast<std::uint32_t>(open_->payload.size()) | bit);
    ++info.count;
  }

  /// A record that lies in the page, but is not part of the batch.
  void put_foreign(std::string_view record) {
    cut_slice();
    put(record);
    --info.count;
    open_->sliced = static_cast<std::uint32_t>(open_->slots.size());
  }

  /// Ends the slice; the next record starts another one, in the same page.
  void cut_slice() {
    if (open_ == nullptr || open_->sliced == open_->slots.size()) {
      return;
    }
    const auto count = static_cast<std::uint32_t>(open_->slots.size());
    cuts_.push_back({open_, open_->sliced, count});
    open_->sliced = count;
  }

  void cut_page() {
    cut_slice();
    open_ = nullptr;
  }

  /// Ends the page; the batch lives as long as this object and is seen whole.
  Batch batch() {
    cut_page();
    slices_.clear();
    info.bytes = 0;
    for (const Cut& cut : cuts_) {
      Page& page = *cut.page;
      page.slots_down.assign(page.slots.rbegin(), page.slots.rend());
      RecordSlice slice;
      slice.payload = reinterpret_cast<const std::byte*>(page.payload.data());
      slice.slots_top = page.slots_down.data() + page.slots_down.size();
      slice.first = cut.first;
      slice.last = cut.last;
      slice.delimiter_size = static_cast<std::uint32_t>(delimiter_.size());
      slice.arrival = info.first_arrival;
      slices_.push_back(slice);
      info.bytes += slice.bytes().size();
    }
    return Batch(info, slices_);
  }

 private:
  struct Page {
    std::string payload;
    std::vector<std::uint32_t> slots;
    std::vector<std::uint32_t> slots_down;
    std::uint32_t sliced = 0;
  };

  struct Cut {
    Page* page;
    std::uint32_t first;
    std::uint32_t last;
  };

  std::string delimiter_;
  std::vector<std::unique_ptr<Page>> pages_;
  Page* open_ = nullptr;
  std::vector<Cut> cuts_;
  std::vector<RecordSlice> slices_;
};

/// 0 to 5000 bytes, any bytes; often one that ends with the delimiter, or with part of it.
inline std::string random_record(std::mt19937_64& random, std::string_view delimiter) {
  static constexpr std::size_t sizes[] = {1, 8, 200, 5000};
  std::string record(random() % (sizes[random() % 4] + 1), '\0');
  const bool is_text = random() % 2 == 0;
  for (char& byte : record) {
    byte = is_text ? static_cast<char>('a' + random() % 4) : static_cast<char>(random());
  }
  if (random() % 3 == 0) {
    record += delimiter.substr(0, random() % (delimiter.size() + 1));
  }
  return record;
}

/// Fills `pages` with records at random, cut at random, and returns them.
inline std::vector<std::string> fill_randomly(Pages& pages, std::mt19937_64& random,
                                              std::string_view delimiter, std::size_t count) {
  std::vector<std::string> records;
  for (std::size_t i = 0; i < count; ++i) {
    records.push_back(random_record(random, delimiter));
    pages.put(records.back());
    switch (random() % 12) {
      case 0:
        pages.cut_page();
        break;
      case 1:
        pages.cut_slice();
        break;
      case 2:
        pages.put_foreign(random_record(random, delimiter));
        break;
      default:
        break;
    }
  }
  return records;
}

/// Takes the pieces of an object; answers a failure instead of the n-th one.
struct PieceCollector {
  std::string text;
  std::vector<std::span<const std::byte>> pieces;
  /// Counted from 1; 0 never fails.
  std::size_t failing_piece = 0;

  Status operator()(std::span<const std::byte> piece) {
    if (pieces.size() + 1 == failing_piece) {
      return Failure{"no room", 28};
    }
    pieces.push_back(piece);
    text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return success();
  }
};

}  // namespace hydrant::tests
