// SPDX-License-Identifier: MIT
//
// Any bytes as the two files of a manifest. The first byte says how much of
// them is made right before they are read: nothing; the headers; or both files
// are written entry by entry with right checks, whatever the entries say.
#include <hydrant/journal/manifest.hpp>

#include <algorithm>
#include <cstring>
#include <vector>

#include "exact_mapping.hpp"
#include "fuzz_input.hpp"

namespace {

using namespace hydrant::detail;
using hydrant::fuzz::expect;
using hydrant::fuzz::FuzzInput;

using Bytes = std::vector<std::byte>;

void put_header(Bytes& file, FuzzInput& input) {
  ManifestHeader header;
  header.epoch = input.take<std::uint8_t>();
  header.generation = input.below(4);
  header.complete = input.below(4) == 0 ? 0 : 1;
  header.next_number = input.take<std::uint8_t>();
  std::fill(header.boot_id.begin(), header.boot_id.end(), static_cast<char>(input.below(2)));
  header.check = header.right_check();
  std::memcpy(file.data(), &header, sizeof(header));
}

/// Entries with right checks, one behind the other; sometimes with a gap, or of an older
/// generation.
void put_entries(Bytes& file, FuzzInput& input) {
  const auto generation = read_plain<ManifestHeader>(file.data()).generation;
  std::size_t at = sizeof(ManifestHeader);
  while (!input.is_empty()) {
    const std::uint64_t of_generation = input.below(16) == 0 ? generation - 1 : generation;
    EntryHeader entry;
    entry.type = static_cast<EntryType>(input.below(5));
    entry.lane = static_cast<std::uint16_t>(input.below(4));
    const std::size_t words = input.below(64);
    entry.size = static_cast<std::uint32_t>(sizeof(entry) + words * 8);
    if (at + entry.size > file.size()) {
      return;
    }
    std::byte* payload = file.data() + at + sizeof(entry);
    for (std::size_t i = 0; i < words; ++i) {
      const std::uint64_t word =
          input.below(8) == 0 ? input.take<std::uint64_t>() : input.take<std::uint8_t>();
      std::memcpy(payload + i * 8, &word, sizeof(word));
    }
    entry.check = entry.right_check(of_generation);
    entry.payload_check = EntryHeader::right_payload_check(of_generation, {payload, words * 8});
    std::memcpy(file.data() + at, &entry, sizeof(entry));
    at += entry.size + (input.below(16) == 0 ? 8 : 0);
  }
}

/// Reads everything that a stream would, then writes on.
void use(Manifest& manifest) {
  std::uint64_t sum = manifest.identity().epoch + manifest.identity().boot_id.size();
  for (const Seal& seal : manifest.seals()) {
    for (const SealedRange& range : seal.ranges) {
      expect(range.first < range.last && range.note <= seal.notes.size());
      sum += range.first;
    }
  }
  for (const Track track : {Track::main, Track::backup}) {
    std::uint64_t before = 0;
    const SettledRanges& settled = manifest.settled_of(track, 0);
    for (const SettledRanges::Range& range : settled.ranges()) {
      expect(range.first < range.last && settled.watermark() < range.first);
      expect(before == 0 || before < range.first);
      before = range.last;
    }
  }
  static_cast<void>(sum);
  Seal seal;
  seal.number = manifest.take_number();
  seal.ranges.push_back({0, 0, 1, 2, 0});
  manifest.seal(std::move(seal));
  manifest.settled_of(Track::main, 1)
      .for_each_unsettled(0, 50,
                          [&](std::uint64_t first, std::uint64_t last) { expect(first < last); });
  manifest.part(1, 1, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint64_t depth = input.below(4);
  hydrant::fuzz::ExactFiles files;
  for (std::size_t i = 0; i < 2; ++i) {
    Bytes file(depth == 0 ? input.below(hydrant::detail::ManifestFiles::bytes_min + 100)
                          : hydrant::detail::ManifestFiles::bytes_min);
    if (depth == 0) {
      const std::size_t count = std::min(file.size(), input.rest().size());
      std::copy_n(input.rest().begin(), count, file.begin());
    } else {
      put_header(file, input);
    }
    if (depth > 1 && i == 0) {
      put_entries(file, input);
    }
    if (depth == 1) {
      const std::size_t room = file.size() - sizeof(ManifestHeader);
      std::copy_n(input.rest().begin(), std::min(room, input.rest().size()),
                  file.begin() + sizeof(ManifestHeader));
    }
    files.add(hydrant::detail::ManifestFiles::name_of("spool", i), file);
  }
  auto manifest = Manifest::open(files, "spool");
  if (manifest) {
    use(*manifest.value());
  }
  return 0;
}
