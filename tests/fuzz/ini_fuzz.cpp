// SPDX-License-Identifier: MIT
//
// Any bytes as a file of profiles: read or refused, and what was read means the
// same when it is written out again; no refusal repeats what stands there.
#include <hydrant/net/ini.hpp>

#include <string>
#include <string_view>

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using hydrant::fuzz::expect;
  const std::string text(reinterpret_cast<const char*>(data), size);
  auto read = hydrant::detail::read_ini(text);
  if (!read) {
    const std::string& message = read.failure().message;
    expect(message.starts_with("line ") && message.size() < 80);
    return 0;
  }
  std::string written;
  for (const auto& [section, settings] : read.value()) {
    written += "[" + section + "]\n";
    for (const auto& [name, value] : settings) {
      expect(!name.empty() || text.find('=') != std::string::npos);
      expect(name.find('\n') == std::string::npos && value.find('\n') == std::string::npos);
      written += name + "=" + value + "\n";
    }
  }
  expect(written.size() <= 2 * size + 16 * (read.value().size() + 1));
  auto again = hydrant::detail::read_ini(written);
  // A name that begins with a mark of comments or sections is another line when it is written so.
  if (written.find("\n#") == std::string::npos && written.find("\n;") == std::string::npos &&
      written.find("\n[") == std::string::npos && written.find("\n=") == std::string::npos &&
      again) {
    expect(again.value().size() <= read.value().size());
  }
  return 0;
}
