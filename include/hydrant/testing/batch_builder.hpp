// SPDX-License-Identifier: MIT
//
// Batches made by hand, for tests of a sink without a stream around it.
#pragma once

#include <hydrant/core/batch.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::testing {

/// Lays records out in memory as a stream does, and hands them out as a Batch.
///
/// @code
/// hydrant::testing::BatchBuilder builder;
/// builder.page({"one", "two"}).page({"three"});
/// sink.deliver(builder.batch(), attempt);
/// @endcode
///
/// Threads: distinct objects: safe; shared: unsafe.
class BatchBuilder {
 public:
  /// `delimiter` is appended to each record that does not end with it.
  explicit BatchBuilder(std::string delimiter = {}) : delimiter_(std::move(delimiter)) {
    info_.stream = "conformance";
    info_.request_id = "00000000-0000-4000-8000-000000000001";
    info_.first_arrival = WallTime(std::chrono::milliseconds(1'767'225'600'000));
  }

  BatchBuilder(const BatchBuilder&) = delete;
  BatchBuilder& operator=(const BatchBuilder&) = delete;

  /// A further page, which becomes a slice of its own.
  BatchBuilder& page(const std::vector<std::string>& records) {
    Page& page = pages_.emplace_back();
    page.slots.resize(records.size() + 1);
    std::uint32_t* const top = page.slots.data() + page.slots.size();
    std::uint32_t index = 0;
    for (const std::string& record : records) {
      page.payload += record;
      const bool appends = !delimiter_.empty() && !record.ends_with(delimiter_);
      if (appends) {
        page.payload += delimiter_;
      }
      top[-static_cast<std::ptrdiff_t>(++index)] = static_cast<std::uint32_t>(page.payload.size()) |
                                                   (appends ? RecordSlice::delimited_bit : 0u);
    }
    RecordSlice slice;
    slice.payload = reinterpret_cast<const std::byte*>(page.payload.data());
    slice.slots_top = top;
    slice.last = index;
    slice.delimiter_size = static_cast<std::uint32_t>(delimiter_.size());
    slice.epoch = 1;
    slice.page_sequence = info_.count;
    slice.arrival = info_.first_arrival;
    slices_.push_back(slice);
    info_.bytes += page.payload.size();
    info_.count += index;
    return *this;
  }

  BatchBuilder& request_id(std::string_view id) {
    info_.request_id = id;
    return *this;
  }

  /// Valid as long as the builder, until the next page.
  Batch batch() const {
    BatchInfo info = info_;
    info.delimiter = delimiter_;
    return {info, slices_};
  }

 private:
  struct Page {
    std::string payload;
    std::vector<std::uint32_t> slots;
  };

  std::string delimiter_;
  BatchInfo info_;
  std::deque<Page> pages_;  // their addresses stay
  std::vector<RecordSlice> slices_;
};

}  // namespace hydrant::testing
