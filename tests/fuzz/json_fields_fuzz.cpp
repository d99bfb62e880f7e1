// SPDX-License-Identifier: MIT
//
// Any bytes as the JSON of an answer with credentials: read or refused; what
// was read is the same when it is written out and read again.
#include <hydrant/core/json_text.hpp>
#include <hydrant/net/json_fields.hpp>

#include <string>
#include <string_view>

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hydrant::detail;
  using hydrant::fuzz::expect;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto fields = read_json_fields(text);
  if (!fields) {
    return 0;
  }
  std::string written = "{";
  std::size_t bytes = 0;
  for (const auto& [name, value] : *fields) {
    bytes += name.size() + value.size();
    written += written.size() == 1 ? "" : ",";
    hydrant::append_json_string(written, name);
    written += ":";
    hydrant::append_json_string(written, value);
  }
  expect(bytes <= 3 * size);  // an escape of six bytes is at most three
  const auto again = read_json_fields(written + "}");
  expect(again.has_value() && again->size() <= fields->size());
  return 0;
}
