// SPDX-License-Identifier: MIT
#include <hydrant/journal/seal.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "test.hpp"

namespace {

using hydrant::detail::decode_seal;
using hydrant::detail::EntryWriter;
using hydrant::detail::FailureNote;
using hydrant::detail::Seal;

std::shared_ptr<const FailureNote> note_of(std::string message) {
  auto note = std::make_shared<FailureNote>();
  note->error_output_type = "http-failed";
  note->code = "Hydrant.Code";
  note->message = std::move(message);
  note->attempts = 3;
  note->ended_at = hydrant::WallTime(std::chrono::milliseconds(1'234));
  return note;
}

Seal full_seal() {
  Seal seal;
  seal.lane = 2;
  seal.reason = hydrant::CloseReason::flush;
  seal.number = 77;
  seal.first_arrival = -5;
  seal.version = 9;
  seal.output_quota = 1 << 20;
  const auto first = note_of("refused");
  const auto second = note_of("");
  seal.add({.shard = 1, .note = seal.number_of(first), .first = 0, .last = 4, .arrival = 10});
  seal.add({.shard = 2, .note = seal.number_of(second), .first = 8, .last = 9, .arrival = 11});
  return seal;
}

std::vector<std::byte> encoded(const Seal& seal) {
  EntryWriter out;
  encode(seal, out);
  out.pad();
  return {out.bytes().begin(), out.bytes().end()};
}

}  // namespace

TEST_CASE("a seal is read as it was written", "[journal][seal]") {
  const Seal seal = full_seal();

  const std::optional<Seal> read = decode_seal(2, encoded(seal));

  REQUIRE(read);
  REQUIRE(read->lane == seal.lane);
  REQUIRE(read->reason == seal.reason);
  REQUIRE(read->number == seal.number);
  REQUIRE(read->first_arrival == seal.first_arrival);
  REQUIRE(read->version == seal.version);
  REQUIRE(read->output_quota == seal.output_quota);
  REQUIRE(read->ranges == seal.ranges);
  REQUIRE(read->notes.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    REQUIRE(read->notes[i]->error_output_type == seal.notes[i]->error_output_type);
    REQUIRE(read->notes[i]->code == seal.notes[i]->code);
    REQUIRE(read->notes[i]->message == seal.notes[i]->message);
    REQUIRE(read->notes[i]->attempts == seal.notes[i]->attempts);
    REQUIRE(read->notes[i]->ended_at == seal.notes[i]->ended_at);
  }
}

TEST_CASE("a seal that ends anywhere before its end is no seal", "[journal][seal]") {
  EntryWriter out;
  encode(full_seal(), out);
  const std::vector<std::byte> bytes(out.bytes().begin(), out.bytes().end());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // In memory of exactly that size, so that a sanitizer sees any look behind it.
    const std::vector<std::byte> part(bytes.begin(),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(size));
    CAPTURE(size);
    REQUIRE_FALSE(decode_seal(2, part));
  }
  REQUIRE(decode_seal(2, bytes));
}

TEST_CASE("a seal with what no writer writes is no seal", "[journal][seal]") {
  const auto refused = [](auto change) {
    Seal seal = full_seal();
    change(seal);
    return !decode_seal(2, encoded(seal));
  };

  REQUIRE_FALSE(refused([](Seal&) {}));
  REQUIRE(refused([](Seal& seal) { seal.ranges[0].last = seal.ranges[0].first; }));
  REQUIRE(refused([](Seal& seal) { seal.ranges[0].first = seal.ranges[0].last + 1; }));
  REQUIRE(refused([](Seal& seal) { seal.ranges[1].note = 3; }));
  REQUIRE_FALSE(refused([](Seal& seal) { seal.reason = hydrant::CloseReason::partitions; }));
  REQUIRE(refused([](Seal& seal) { seal.reason = static_cast<hydrant::CloseReason>(8); }));
  REQUIRE(refused([](Seal& seal) { seal.reason = static_cast<hydrant::CloseReason>(255); }));
}

TEST_CASE("a seal joins neighbouring records that came alike", "[journal][seal]") {
  Seal seal;
  seal.add({.shard = 1, .note = 0, .first = 0, .last = 4, .arrival = 10});
  seal.add({.shard = 1, .note = 0, .first = 4, .last = 6, .arrival = 10});
  REQUIRE(seal.ranges.size() == 1);
  REQUIRE(seal.ranges[0].last == 6);

  seal.add({.shard = 1, .note = 0, .first = 7, .last = 8, .arrival = 10});    // a gap
  seal.add({.shard = 1, .note = 0, .first = 8, .last = 9, .arrival = 11});    // another time
  seal.add({.shard = 2, .note = 0, .first = 9, .last = 10, .arrival = 11});   // another shard
  seal.add({.shard = 2, .note = 1, .first = 10, .last = 11, .arrival = 11});  // another fate

  REQUIRE(seal.ranges.size() == 5);
}

TEST_CASE("a seal counts a note once as long as records share it", "[journal][seal]") {
  Seal seal;
  const auto note = note_of("a");

  REQUIRE(seal.number_of(nullptr) == 0);
  REQUIRE(seal.number_of(note) == 1);
  REQUIRE(seal.number_of(note) == 1);
  REQUIRE(seal.number_of(note_of("b")) == 2);
  REQUIRE(seal.notes.size() == 2);
}

TEST_CASE("a seal cuts the text of a reason at its limit", "[journal][seal]") {
  constexpr std::size_t max = hydrant::detail::sealed_text_bytes_max;
  for (const std::size_t size : {max - 1, max, max + 1}) {
    Seal seal;
    seal.ranges.push_back({0, seal.number_of(note_of(std::string(size, 'x'))), 0, 1, 0});

    const std::optional<Seal> read = decode_seal(0, encoded(seal));

    CAPTURE(size);
    REQUIRE(read);
    REQUIRE(read->notes[0]->message.size() == std::min(size, max));
  }
}
