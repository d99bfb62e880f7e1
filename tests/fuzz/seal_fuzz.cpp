// SPDX-License-Identifier: MIT
//
// Any bytes as a seal: what is read of them is written again as the same bytes.
#include <hydrant/journal/seal.hpp>

#include <algorithm>
#include <vector>

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hydrant::detail;
  // A copy, for an end that the sanitizer knows.
  const std::vector<std::uint8_t> copy(data, data + size);
  const auto payload = std::as_bytes(std::span(copy));
  const std::optional<Seal> seal = decode_seal(1, payload);
  if (!seal) {
    return 0;
  }
  for (const SealedRange& range : seal->ranges) {
    hydrant::fuzz::expect(range.first < range.last && range.note <= seal->notes.size());
  }
  hydrant::fuzz::expect(seal->reason <= hydrant::CloseReason::partitions);
  EntryWriter again;
  encode(*seal, again);
  const std::optional<Seal> second = decode_seal(1, again.bytes());
  hydrant::fuzz::expect(second && second->ranges == seal->ranges &&
                        second->notes.size() == seal->notes.size() &&
                        second->number == seal->number && second->version == seal->version &&
                        second->output_quota == seal->output_quota);
  return 0;
}
