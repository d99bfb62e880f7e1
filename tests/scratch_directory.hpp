// SPDX-License-Identifier: MIT
//
// A directory on the real disk that goes with the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hydrant::tests {

struct ScratchDirectory {
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hydrant-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }

  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  ~ScratchDirectory() { std::filesystem::remove_all(path); }

  std::string path;
};

}  // namespace hydrant::tests
