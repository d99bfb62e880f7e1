// SPDX-License-Identifier: MIT
//
// Any bytes as a spool's log, and what is built from it. The first byte says
// whether frames get right checks, so that what lies behind them is reached.
#include <hydrant/journal/rebuilding.hpp>
#include <hydrant/testing/memory_files.hpp>

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

void put(Bytes& to, const void* from, std::size_t size) {
  const auto* bytes = static_cast<const std::byte*>(from);
  to.insert(to.end(), bytes, bytes + size);
}

void put_records(Bytes& payload, FuzzInput& input) {
  RecordsHeader header;
  header.shard = static_cast<std::uint32_t>(input.below(3));
  header.delimiter_size = static_cast<std::uint32_t>(input.below(2));
  header.first_sequence = input.below(8) == 0 ? input.take<std::uint64_t>() : input.below(200);
  header.count = static_cast<std::uint32_t>(input.below(40));
  header.payload_bytes = input.below(256);
  put(payload, &header, sizeof(header));
  std::uint32_t end = 0;
  for (std::uint32_t i = 0; i < header.count; ++i) {
    const auto step = input.take<std::uint8_t>();
    end = step == 255 ? input.take<std::uint32_t>() : end + step % 16;
    put(payload, &end, sizeof(end));
  }
  payload.resize(payload.size() + input.below(256));
}

void put_item(Bytes& payload, FuzzInput& input) {
  Bytes content;
  ItemHeader item;
  switch (input.below(3)) {
    case 0: {
      item.type = static_cast<std::uint16_t>(ItemType::identity);
      ManifestHeader identity;
      identity.epoch = 7;
      put(content, &identity, input.below(8) == 0 ? input.below(128) : sizeof(identity));
      break;
    }
    case 1:
      item.type = static_cast<std::uint16_t>(ItemType::records);
      put_records(content, input);
      break;
    default:
      item.type = static_cast<std::uint16_t>(input.below(20));
      item.lane = static_cast<std::uint16_t>(input.below(4));
      for (std::uint64_t words = input.below(30); words > 0; --words) {
        const std::uint64_t word = input.take<std::uint8_t>();
        put(content, &word, sizeof(word));
      }
  }
  content.resize((content.size() + 7) / 8 * 8);
  item.bytes = input.below(32) == 0 ? input.take<std::uint64_t>() : content.size();
  put(payload, &item, sizeof(item));
  payload.insert(payload.end(), content.begin(), content.end());
}

/// Frames with right checks, whatever they say.
Bytes log_of(FuzzInput& input) {
  Bytes file;
  for (std::uint64_t frame = 1; !input.is_empty() && frame < 6; ++frame) {
    Bytes payload;
    for (std::uint64_t items = input.below(6); items > 0; --items) {
      put_item(payload, input);
    }
    FrameHeader header;
    header.epoch = 7;
    header.number = input.below(16) == 0 ? input.take<std::uint64_t>() : frame;
    header.payload_bytes = input.below(32) == 0 ? input.take<std::uint64_t>() : payload.size();
    header.check = header.right_check();
    Digest digest;
    digest.add(std::span<const std::byte>(payload));
    header.payload_digest = digest.value();
    put(file, &header, sizeof(header));
    file.insert(file.end(), payload.begin(), payload.end());
    file.resize((file.size() + FrameHeader::alignment - 1) / FrameHeader::alignment *
                FrameHeader::alignment);
  }
  file.resize(file.size() - std::min<std::size_t>(file.size(), input.below(100)));
  return file;
}

/// Builds the spool, and reads what was built.
void rebuild(const Bytes& log) {
  hydrant::testing::MemoryFiles files;
  expect(bool(files.make_directories("spool")));
  auto file = files.create(CommitLog::path_of("spool", 1));
  expect(file && file.value()->write(log));
  Rebuilding rebuilding(files, "spool");
  expect(bool(rebuilding.rebuild()));
  auto manifest = Manifest::open(files, "spool");
  if (!manifest) {
    return;
  }
  const std::vector<std::string> names = std::move(files.list("spool").value());
  for (const std::string& name : names) {
    if (name.starts_with("segment-")) {
      auto segment = Segment::open(files, "spool/" + name);
      expect(segment &&
             segment.value().fault(manifest.value()->identity().epoch) == Segment::Fault::none);
      const std::uint64_t damaged = segment.value().for_each_chunk([](const FoundChunk& chunk) {
        chunk.for_each_run([](std::uint32_t first, std::uint32_t last) { expect(first < last); });
      });
      expect(damaged == 0);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const bool is_made = input.below(4) != 0;
  const Bytes log = is_made ? log_of(input) : Bytes(input.rest().begin(), input.rest().end());
  hydrant::fuzz::ExactMapping mapping(log);
  LogCounts counts;
  std::uint64_t sum = 0;
  bool has_records = false;
  read_log_file(mapping.bytes(), 7, counts,
                [&](std::uint16_t type, std::uint16_t, std::span<const std::byte> item) {
                  has_records =
                      has_records || type == static_cast<std::uint16_t>(ItemType::records);
                  for (const std::byte byte : item) {
                    sum += static_cast<std::uint64_t>(byte);
                  }
                });
  static_cast<void>(sum);
  if (has_records) {  // else there is nothing to build that takes long
    rebuild(log);
  }
  return 0;
}
