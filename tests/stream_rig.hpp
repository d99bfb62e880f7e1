// SPDX-License-Identifier: MIT
//
// What most tests of a whole stream need: numbered records, and options small
// enough that limits are met with few of them.
#pragma once

#include <hydrant/delivery_stream.hpp>
#include <hydrant/sink/callback_sink.hpp>
#include <hydrant/testing/limited.hpp>
#include <hydrant/testing/manual_env.hpp>
#include <hydrant/testing/memory_sink.hpp>
#include <hydrant/testing/scripted_sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::tests {

using Texts = std::vector<std::string>;

/// How long the collector may take to notice something: a tenth of the interval, at most this.
inline constexpr std::chrono::milliseconds one_tick{100};

/// "r0", "r1", ...
inline Texts numbered(std::size_t count, std::size_t first = 0) {
  Texts records;
  for (std::size_t i = first; i < first + count; ++i) {
    records.push_back("r" + std::to_string(i));
  }
  return records;
}

/// Options under which a batch closes only by the interval of a minute, or a flush.
inline StreamOptions minute_options() {
  StreamOptions options;
  options.name = "rig";
  options.buffering.interval = std::chrono::seconds(60);
  return options;
}

/// Options of a stream that holds a few dozen KiB: records of at most 1,000 bytes.
inline StreamOptions small_options() {
  StreamOptions options = minute_options();
  options.record_bytes_max = ByteCount{1000};
  options.buffering.size = ByteCount{16 * 1024};
  options.memory_limit = ByteCount{128 * 1024};
  return options;
}

/// Puts every record. Returns: the tickets.
template <class Stream>
std::vector<Ticket> put_all(Stream& stream, const Texts& records) {
  std::vector<Ticket> tickets;
  for (const std::string& record : records) {
    const PutResult put = stream.put(record);
    if (!put) {
      throw std::runtime_error(std::string(put.reason()));
    }
    tickets.push_back(put.ticket());
  }
  return tickets;
}

/// The sorted copy, for comparisons where order is not the point.
inline Texts sorted(Texts texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

}  // namespace hydrant::tests
