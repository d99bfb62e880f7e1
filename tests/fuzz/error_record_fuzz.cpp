// SPDX-License-Identifier: MIT
//
// A line of an error object that anyone may have written.
#include <hydrant/object/error_record.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  auto parsed = hydrant::parse_error_record(line);
  if (parsed && parsed.value().record.size() > size) {
    std::abort();  // there cannot be more than came in
  }
  return 0;
}
