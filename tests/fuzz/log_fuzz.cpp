// SPDX-License-Identifier: MIT
//
// Any bytes as a log, and as the payload of a frame whose checks are right: a
// spool is made again of it, and read. Nothing may be looked at that is not there.
#include <hydrant/journal/rebuilding.hpp>
#include <hydrant/testing/memory_files.hpp>

#include <memory>
#include <string>
#include <vector>

#include "fuzz_input.hpp"

namespace {

using namespace hydrant::detail;

std::vector<std::byte> framed(std::span<const std::byte> payload) {
  std::vector<std::byte> file(sizeof(FrameHeader) + payload.size());
  std::copy(payload.begin(), payload.end(), file.begin() + sizeof(FrameHeader));
  FrameHeader header;
  header.epoch = 7;
  header.number = 1;
  header.payload_bytes = payload.size();
  header.check = header.right_check();
  Digest digest;
  digest.add(payload);
  header.payload_digest = digest.value();
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hydrant::fuzz::FuzzInput input(data, size);
  const bool is_raw = input.below(4) == 0;
  const bool has_identity = input.below(4) != 0;
  hydrant::testing::MemoryFiles files;
  hydrant::fuzz::expect(bool(files.make_directories("spool")));
  std::vector<std::byte> payload;
  if (has_identity) {  // without it nothing of a log is believed
    const ManifestHeader identity{.epoch = 7};
    const ItemHeader item{static_cast<std::uint16_t>(ItemType::identity), 0, 0, sizeof(identity)};
    const auto* front = reinterpret_cast<const std::byte*>(&item);
    payload.insert(payload.end(), front, front + sizeof(item));
    front = reinterpret_cast<const std::byte*>(&identity);
    payload.insert(payload.end(), front, front + sizeof(identity));
  }
  payload.insert(payload.end(), input.rest().begin(), input.rest().end());
  auto file = files.create("spool/log-000001");
  hydrant::fuzz::expect(bool(file));
  hydrant::fuzz::expect(bool(file.value()->write(is_raw ? payload : framed(payload))));
  file.value() = nullptr;

  Rebuilding rebuilding(files, "spool");
  hydrant::fuzz::expect(bool(rebuilding.rebuild()));

  std::uint64_t records = 0;
  const auto names = files.list("spool");
  for (const std::string& name :
       const_cast<hydrant::Result<std::vector<std::string>>&>(names).value()) {
    if (name.starts_with("segment-")) {
      auto segment = Segment::open(files, "spool/" + name);
      hydrant::fuzz::expect(bool(segment) && segment.value().fault(7) == Segment::Fault::none);
      hydrant::fuzz::expect(segment.value().for_each_chunk([&](const FoundChunk& chunk) {
        chunk.for_each_run(
            [&](std::uint32_t first, std::uint32_t last) { records += last - first; });
      }) == 0);
    }
  }
  hydrant::fuzz::expect(records <= size);
  return 0;
}
