// SPDX-License-Identifier: MIT
//
// Runs a program that no one here wrote: text in, text out.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <unistd.h>

namespace hydrant::tests {

struct ProgramRun {
  /// 0 when it was found and was content.
  int status = -1;
  std::string output;
};

/// Runs a shell command with `input` as its standard input.
inline ProgramRun run_program(const std::string& command, std::string_view input = {}) {
  std::string path = "/tmp/hydrant-input-XXXXXX";
  const int file = ::mkstemp(path.data());
  if (file < 0) {
    return {};
  }
  for (std::string_view rest = input; !rest.empty();) {
    const auto written = ::write(file, rest.data(), rest.size());
    if (written <= 0) {
      break;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(file);
  ProgramRun run;
  if (std::FILE* out = ::popen(("{ " + command + "; } 2>&1 < " + path).c_str(), "r")) {
    std::array<char, 4096> block{};
    while (const std::size_t size = std::fread(block.data(), 1, block.size(), out)) {
      run.output.append(block.data(), size);
    }
    run.status = ::pclose(out);
  }
  ::unlink(path.c_str());
  return run;
}

}  // namespace hydrant::tests
