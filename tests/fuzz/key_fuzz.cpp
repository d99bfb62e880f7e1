// SPDX-License-Identifier: MIT
//
// Any bytes as prefixes, as values of partition keys, and as the file and the
// rule of a time zone. What is taken must give short, safe keys, the same each
// time; what is refused must still break nothing.
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/key.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz_input.hpp"

namespace {

using hydrant::fuzz::expect;
using hydrant::fuzz::FuzzInput;

std::string zone_bytes;

hydrant::Result<std::string> read_zone(std::string_view name) {
  expect(name.find('.') == std::string_view::npos && !name.starts_with('/'));
  return zone_bytes;
}

/// At most so many of the bytes that are left.
std::string text(FuzzInput& input, std::size_t size_max) {
  std::string all;
  for (std::uint64_t left = input.below(size_max); left > 0 && !input.is_empty(); --left) {
    all += static_cast<char>(input.take<std::uint8_t>());
  }
  return all;
}

void append(std::string& out, std::uint64_t value, unsigned size) {
  for (unsigned i = size; i-- > 0;) {
    out += static_cast<char>(value >> (8 * i));
  }
}

/// A block whose counts are those of what follows, whatever that says.
std::string zone_block(FuzzInput& input, unsigned time_size) {
  const std::uint64_t change_count = input.below(20);
  const std::uint64_t type_count = input.below(5);
  const std::string names = text(input, 30);
  std::string block = "TZif2";
  block.append(15, '\0');
  for (const std::uint64_t count : {input.below(3), input.below(3), std::uint64_t{0}, change_count,
                                    type_count, std::uint64_t{names.size()}}) {
    append(block, count, 4);
  }
  std::uint64_t time = input.take<std::uint32_t>();
  for (std::uint64_t i = 0; i < change_count; ++i) {
    time += input.take<std::uint16_t>();
    append(block, time - 0x80000000, time_size);
  }
  for (std::uint64_t i = 0; i < change_count; ++i) {
    append(block, input.below(5), 1);
  }
  for (std::uint64_t i = 0; i < type_count; ++i) {
    append(block, input.take<std::uint16_t>() - 0x8000u, 4);
    append(block, input.below(256) << 8 | input.below(40), 2);
  }
  return block + names;
}

std::string zone_file(FuzzInput& input) {
  switch (input.below(3)) {
    case 0:
      return {reinterpret_cast<const char*>(input.rest().data()), input.rest().size()};
    case 1:
      return zone_block(input, 4).replace(4, 1, 1, '\0') + text(input, 5);
    default:
      return zone_block(input, 4) + text(input, 5) + zone_block(input, 8) + text(input, 5) + "\n" +
             text(input, 40) + "\n";
  }
}

/// With the namespaces at hand, for no fuzzer finds them soon.
std::string prefix(FuzzInput& input) {
  constexpr std::array<std::string_view, 12> pieces{"!{timestamp:",
                                                    "}",
                                                    "!{firehose:random-string}",
                                                    "!{firehose:error-output-type}/",
                                                    "!{partitionKeyFromQuery:",
                                                    "!{partitionKeyFromLambda:",
                                                    "a}",
                                                    "b}/",
                                                    "!{hydrant:host}",
                                                    "!{hydrant:stream}/",
                                                    "!{",
                                                    "yyyy/MM'T'HH"};
  std::string all;
  for (std::uint64_t left = input.below(30); left > 0; --left) {
    const std::uint64_t choice = input.below(pieces.size() + 2);
    all += choice < pieces.size() ? std::string(pieces[choice]) : text(input, 20);
  }
  return all;
}

void use(const hydrant::Key& key, FuzzInput& input, bool is_sound) {
  const std::array<std::string, 2> values{text(input, 300), text(input, 300)};
  const std::array<hydrant::PartitionKey, 2> keys{{{"a", values[0]}, {"b", values[1]}}};
  hydrant::BatchInfo batch;
  batch.stream = "stream";
  batch.request_id = "01234567-89ab-4cde-8f01-23456789abcd";
  batch.partition_keys = keys;
  for (const std::string_view type : {"", "processing-failed"}) {
    batch.error_output_type = type;
    for (const std::int64_t time :
         {INT64_MIN, std::int64_t{-1}, INT64_MAX, input.take<std::int64_t>()}) {
      batch.first_arrival = hydrant::WallTime(std::chrono::milliseconds(time));
      const std::string once = key.evaluate(batch, ".a", ".b");
      expect(once == key.evaluate(batch, ".a", ".b"));
      if (is_sound) {
        expect(once.size() <= 1024 && once.find('\0') == std::string::npos);
      }
    }
  }
  for (const std::string& value : values) {
    const std::string escaped = hydrant::escape_key_value(value);
    expect(hydrant::unescape_key_value(escaped) == value);
    expect(hydrant::DirectoryStore("lake").accepts(escaped));
    expect(escaped.find('/') == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  hydrant::KeyOptions options;
  const bool is_about_zones = input.below(2) == 0;
  if (is_about_zones) {
    options.prefix = "!{timestamp:uuuu-MM-dd'T'HH:mm:ssXXXXX VV z O}/";
    options.error_output_prefix = "!{firehose:error-output-type}/";
    options.time_zone = input.below(4) == 0 ? text(input, 60) : "Some/Where";
    zone_bytes = zone_file(input);
  } else {
    options.prefix = prefix(input);
    options.error_output_prefix = prefix(input);
    options.file_extension = text(input, 5);
  }
  const hydrant::Key key(std::move(options), {.read_zone_file = &read_zone});
  hydrant::OptionErrors errors;
  key.validate(errors);
  const std::array<std::string_view, 1> names{"a"};
  key.validate_use({.is_partitioned = true, .partition_keys = names}, errors);
  use(key, input, errors.empty());
  return 0;
}
