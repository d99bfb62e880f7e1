// SPDX-License-Identifier: MIT
//
// Slices and batches against a plain vector of strings: pages are filled at
// random, cut at random, and must give back exactly what went in.
#include <hydrant/core/batch.hpp>
#include <hydrant/core/record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

using hydrant::Batch;
using hydrant::BatchInfo;
using hydrant::RecordId;
using hydrant::RecordRange;
using hydrant::RecordSlice;
using hydrant::RecordView;
using hydrant::WallTime;

namespace {

/// A slotted page written by the layout that record.hpp draws, record by record.
class Page {
 public:
  Page(std::uint32_t shard, std::uint64_t epoch, std::uint64_t sequence, WallTime arrival)
      : shard_(shard), epoch_(epoch), sequence_(sequence), arrival_(arrival) {}

  void append(std::string_view record, std::string_view delimiter) {
    payload_ += record;
    payload_ += delimiter;
    const auto end = static_cast<std::uint32_t>(payload_.size());
    slots_.insert(slots_.begin(), delimiter.empty() ? end : end | RecordSlice::delimited_bit);
    bytes_.assign(reinterpret_cast<const std::byte*>(payload_.data()),
                  reinterpret_cast<const std::byte*>(payload_.data() + payload_.size()));
  }

  RecordSlice slice(std::uint32_t first, std::uint32_t last, std::uint32_t delimiter_size) const {
    RecordSlice slice;
    slice.payload = bytes_.data();
    slice.slots_top = slots_.data() + slots_.size();
    slice.first = first;
    slice.last = last;
    slice.delimiter_size = delimiter_size;
    slice.shard = shard_;
    slice.epoch = epoch_;
    slice.page_sequence = sequence_;
    slice.arrival = arrival_;
    return slice;
  }

  std::uint32_t count() const { return static_cast<std::uint32_t>(slots_.size()); }

 private:
  std::string payload_;
  std::vector<std::byte> bytes_;
  std::vector<std::uint32_t> slots_;
  std::uint32_t shard_;
  std::uint64_t epoch_;
  std::uint64_t sequence_;
  WallTime arrival_;
};

struct ModelRecord {
  std::string text;
  WallTime arrival;
  RecordId id;
};

/// Random pages, random cuts of them, and the records that the cuts hold.
struct RandomBatch {
  std::vector<Page> pages;
  std::vector<RecordSlice> slices;
  std::vector<ModelRecord> records;
  std::string bytes;

  RandomBatch(std::uint64_t seed, std::string_view delimiter) {
    std::mt19937_64 random{seed};
    const auto below = [&random](std::uint64_t end) {
      return static_cast<std::uint32_t>(random() % end);
    };
    const std::uint32_t page_count = below(6);
    pages.reserve(page_count);
    for (std::uint32_t index = 0; index < page_count; ++index) {
      add_page(below, index, delimiter);
    }
  }

 private:
  template <class Below>
  void add_page(const Below& below, std::uint32_t shard, std::string_view delimiter) {
    const std::uint64_t epoch = below(1000);
    const std::uint64_t sequence = below(1000000);
    const WallTime arrival{std::chrono::milliseconds(below(1000000))};
    Page& page = pages.emplace_back(shard, epoch, sequence, arrival);

    std::vector<std::string> texts(below(20));
    std::vector<std::string> stored;
    for (std::string& text : texts) {
      text.assign(below(12), static_cast<char>('a' + below(26)));
      // A record that ends with the delimiter already is stored as it came.
      const bool ends_with_it = !delimiter.empty() && below(4) == 0;
      text += ends_with_it ? delimiter : "";
      page.append(text, ends_with_it ? "" : delimiter);
      stored.push_back(text + std::string(ends_with_it ? "" : delimiter));
    }

    const std::uint32_t first = below(page.count() + 1);
    const std::uint32_t last = first + below(page.count() - first + 1);
    slices.push_back(page.slice(first, last, static_cast<std::uint32_t>(delimiter.size())));
    for (std::uint32_t index = first; index < last; ++index) {
      records.push_back({texts[index], arrival, {epoch, shard, sequence + index}});
      bytes += stored[index];
    }
  }
};

std::string to_string(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("slice gives back each record without its delimiter", "[core][record]") {
  Page page(2, 9, 100, WallTime{});
  page.append("one", "\n");
  page.append("", "\n");
  page.append("three\n", "");

  const RecordSlice slice = page.slice(0, 3, 1);

  CHECK(slice.count() == 3);
  CHECK(slice.record(0).text() == "one");
  CHECK(slice.record(1).text().empty());
  CHECK(slice.record(2).text() == "three\n");
  CHECK(to_string(slice.bytes()) == "one\n\nthree\n");
  CHECK(slice.record(2).id() == RecordId{9, 2, 102});
}

TEST_CASE("slice of the middle of a page holds only the middle", "[core][record]") {
  Page page(0, 0, 0, WallTime{});
  for (const char* text : {"a", "bb", "ccc", "dddd"}) {
    page.append(text, "\r\n");
  }

  const RecordSlice slice = page.slice(1, 3, 2);

  CHECK(slice.count() == 2);
  CHECK(to_string(slice.bytes()) == "bb\r\nccc\r\n");
}

TEST_CASE("empty slice has no bytes", "[core][record]") {
  Page page(0, 0, 0, WallTime{});
  page.append("a", "");

  CHECK(page.slice(0, 0, 0).bytes().empty());
  CHECK(page.slice(1, 1, 0).bytes().empty());
}

TEST_CASE("batch of random pages reads as the plain vector", "[core][batch]") {
  const std::string delimiter = GENERATE("", "\n", "\r\n", "<record>");
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    const RandomBatch model(seed, delimiter);
    const Batch batch(BatchInfo{}, model.slices);

    std::size_t index = 0;
    for (const RecordView record : batch.records()) {
      REQUIRE(index < model.records.size());
      REQUIRE(record.text() == model.records[index].text);
      REQUIRE(record.size() == model.records[index].text.size());
      REQUIRE(record.arrival() == model.records[index].arrival);
      REQUIRE(record.id() == model.records[index].id);
      ++index;
    }
    REQUIRE(index == model.records.size());
  }
}

TEST_CASE("batch of random pages is the plain bytes, slice by slice", "[core][batch]") {
  const std::string delimiter = GENERATE("", "\n", "\r\n");
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    const RandomBatch model(seed, delimiter);

    std::string bytes;
    for (const RecordSlice& slice : Batch(BatchInfo{}, model.slices).slices()) {
      bytes += to_string(slice.bytes());
    }

    REQUIRE(bytes == model.bytes);
  }
}

TEST_CASE("record iteration can be repeated from a copy of the iterator", "[core][batch]") {
  Page page(0, 0, 0, WallTime{});
  page.append("a", "\n");
  page.append("b", "\n");
  const std::vector<RecordSlice> slices{page.slice(0, 1, 1), page.slice(1, 2, 1)};
  const RecordRange records = Batch(BatchInfo{}, slices).records();
  RecordRange::Iterator first = records.begin();

  const RecordRange::Iterator before = first++;

  CHECK((*before).text() == "a");
  CHECK((*first).text() == "b");
  CHECK(std::distance(before, records.end()) == 2);
}

TEST_CASE("batch of empty slices has no records", "[core][batch]") {
  Page page(0, 0, 0, WallTime{});
  page.append("a", "");
  const std::vector<RecordSlice> slices{page.slice(0, 0, 0), page.slice(1, 1, 0)};

  const RecordRange none = Batch(BatchInfo{}, slices).records();
  const RecordRange nothing = Batch(BatchInfo{}, {}).records();

  CHECK(none.begin() == none.end());
  CHECK(nothing.begin() == nothing.end());
}

TEST_CASE("batch answers with what its info says", "[core][batch]") {
  BatchInfo info;
  info.stream = "access-log";
  info.request_id = "b3c1";
  info.bytes = 12;
  info.count = 3;

  const Batch batch(info, {});

  CHECK(batch.stream() == "access-log");
  CHECK(batch.request_id() == "b3c1");
  CHECK(batch.bytes() == 12);
  CHECK(batch.count() == 3);
  CHECK(batch.info().close_reason == hydrant::CloseReason::size);
}
