// SPDX-License-Identifier: MIT
//
// An emitter that keeps what it is given, so that a transform can be tested
// without a stream.
#pragma once

#include <hydrant/transform/transform.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::tests {

inline constexpr WallTime source_arrival{std::chrono::milliseconds(1'795'256'130'123)};
inline constexpr RecordId source_id{.epoch = 3, .shard = 5, .sequence = 8};

/// `text` as a record that came in at `source_arrival` under `source_id`.
inline RecordView source_record(std::string_view text) {
  return {std::as_bytes(std::span(text.data(), text.size())), source_arrival, source_id};
}

class CollectingEmitter final : public Emitter {
 public:
  const std::vector<std::string>& records() const { return records_; }

 private:
  void do_emit(std::span<const std::byte> record) override {
    records_.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
  }

  std::span<char> do_reserve(std::size_t size) override {
    room_.assign(size, '?');
    return room_;
  }

  void do_commit(std::size_t size) override { records_.push_back(room_.substr(0, size)); }

  std::vector<std::string> records_;
  std::string room_;
};

/// What a transform made of one record.
struct Ran {
  Outcome outcome;
  std::vector<std::string> records;
};

template <Transform T>
Ran run(T transform, std::string_view text) {
  CollectingEmitter out;
  Outcome outcome = transform(source_record(text), out);
  return {std::move(outcome), out.records()};
}

using Texts = std::vector<std::string>;

}  // namespace hydrant::tests
