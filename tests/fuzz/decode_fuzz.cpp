// SPDX-License-Identifier: MIT
//
// Any bytes as an object of each codec. The first byte says which, the second
// whether they are wrapped first, so that what lies behind headers is reached.
#include <hydrant/object/decode_object.hpp>
#include <hydrant/object/gzip.hpp>
#include <hydrant/object/hadoop_snappy.hpp>
#include <hydrant/object/snappy.hpp>
#include <hydrant/object/zip.hpp>
#include <hydrant/object/zstd.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "fuzz_input.hpp"

namespace {

using namespace hydrant;
using fuzz::expect;
using fuzz::FuzzInput;

constexpr std::size_t limit = 100'000;

template <class Codec>
void try_object(std::span<const std::byte> object) {
  auto content = Codec::decode(object, limit);
  expect(!content || content.value().size() <= limit);
  if (content) {  // and what was read is written and read again
    auto encoder = Codec{}.encoder();
    std::vector<std::byte> again;
    auto keep = [&](std::span<const std::byte> piece) {
      again.insert(again.end(), piece.begin(), piece.end());
      return success();
    };
    expect(encoder.write(std::as_bytes(std::span<const char>(content.value())), keep) &&
           encoder.finish(keep));
    auto second = Codec::decode(again, limit);
    expect(second && second.value() == content.value());
  }
}

/// An archive whose parts are right but for what the input changes.
std::vector<std::byte> archive_of(FuzzInput& input) {
  detail::ZipEntry entry;
  entry.name = "name";
  entry.method = input.below(2) == 0 ? detail::zip_stored : detail::zip_deflated;
  entry.size = input.below(4) == 0 ? input.take<std::uint64_t>() : input.below(64);
  entry.crc = input.take<std::uint32_t>();
  const std::uint64_t change_at = input.take<std::uint16_t>();
  const auto change_to = input.take<std::uint8_t>();
  const auto data = input.rest();
  entry.compressed_size = data.size();
  std::string text = detail::zip_local_header(entry.name);
  text.append(reinterpret_cast<const char*>(data.data()), data.size());
  text += detail::zip_tail(entry);
  if (change_at < text.size()) {
    text[text.size() - 1 - change_at] = static_cast<char>(change_to);
  }
  const auto bytes = std::as_bytes(std::span<const char>(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint64_t codec = input.below(7);
  // A copy of exactly its size, so that the sanitizer sees what is read behind it.
  std::vector<std::byte> object =
      codec == 6 ? archive_of(input)
                 : std::vector<std::byte>(input.rest().begin(), input.rest().end());
  switch (codec) {
    case 0:
      try_object<Gzip>(object);
      break;
    case 1:
      try_object<Zstd>(object);
      break;
    case 2:
    case 6:
      try_object<Zip>(object);
      break;
    case 3:
      try_object<HadoopSnappy>(object);
      break;
    case 4: {
      const auto header = std::as_bytes(std::span<const char>(Snappy::Framing::stream_header));
      object.insert(object.begin(), header.begin(), header.end());
      object.shrink_to_fit();
      try_object<Snappy>(object);
      break;
    }
    default: {
      auto content = decode_object<Gzip, Zstd, Zip, Snappy, HadoopSnappy>("", object, limit);
      expect(!content || content.value().size() <= limit);
    }
  }
  return 0;
}
