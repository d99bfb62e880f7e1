// SPDX-License-Identifier: MIT
//
// What the victims of crash_program leave behind: how many records each thread
// was told are accepted, and what is in the directories that they deliver to.
#pragma once

#include <hydrant/core/base64.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace hydrant::tests {

inline constexpr std::uint64_t threads_max = 4;

/// How many records each thread of a process was told are accepted: in a file, so that it outlives
/// the process to the last instruction.
struct Counters {
  std::atomic<std::uint64_t> accepted[threads_max];
};

inline Counters& map_counters(const std::filesystem::path& dir, std::uint64_t process) {
  constexpr std::size_t bytes = 4096;
  const std::filesystem::path path = dir / ("accepted-" + std::to_string(process));
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
  if (file < 0 || ::ftruncate(file, bytes) != 0) {
    std::perror(path.c_str());
    std::exit(2);
  }
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return *static_cast<Counters*>(memory);
}

struct Verdict {
  std::uint64_t accepted = 0;
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;

  Verdict& operator+=(const Verdict& other) {
    accepted += other.accepted;
    lost += other.lost;
    doubled += other.doubled;
    return *this;
  }
};

/// Counts records by process, thread and number.
class Seen {
 public:
  void count_record(const std::string& line, const std::filesystem::path& where) {
    unsigned long process = 0;
    unsigned long thread = 0;
    unsigned long number = 0;
    if (std::sscanf(line.c_str(), "%lu %lu %lu", &process, &thread, &number) != 3) {
      std::cerr << where << ": not a record of ours: " << line.substr(0, 60) << '\n';
      std::exit(1);
    }
    std::vector<std::uint32_t>& counts = counts_[{process, thread}];
    counts.resize(std::max<std::size_t>(counts.size(), number + 1));
    ++counts[number];
  }

  /// Every line of every object below the directory.
  void count_lake(const std::filesystem::path& lake, bool is_letters) {
    if (!std::filesystem::exists(lake)) {
      return;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(lake)) {
      if (!entry.is_regular_file() || entry.path().filename().string().front() == '.') {
        continue;
      }
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        count_record(is_letters ? raw_data_of(line) : line, entry.path());
      }
    }
  }

  /// Holds what was seen against what the process's threads were told.
  Verdict judge(const std::filesystem::path& dir, std::uint64_t process) {
    const Counters& counters = map_counters(dir, process);
    Verdict verdict;
    for (std::uint64_t thread = 0; thread < threads_max; ++thread) {
      const std::uint64_t accepted = counters.accepted[thread].load();
      std::vector<std::uint32_t>& counts = counts_[{process, thread}];
      if (counts.size() > accepted + 1) {  // the last one may have been on its way out of put
        std::cerr << "process " << process << ": more records than were put\n";
        std::exit(1);
      }
      verdict.accepted += accepted;
      counts.resize(std::max<std::size_t>(counts.size(), accepted));
      for (std::size_t number = 0; number < counts.size(); ++number) {
        verdict.lost += counts[number] == 0 && number < accepted ? 1u : 0u;
        verdict.doubled += counts[number] > 1 ? counts[number] - 1 : 0;
      }
    }
    return verdict;
  }

 private:
  /// The record in a line of the error output.
  static std::string raw_data_of(const std::string& letter) {
    const std::string name = "\"rawData\":\"";
    const std::size_t begin = letter.find(name);
    const std::size_t end =
        begin == std::string::npos ? begin : letter.find('"', begin + name.size());
    if (end == std::string::npos) {
      return letter;
    }
    return hydrant::decode_base64(letter.substr(begin + name.size(), end - begin - name.size()))
        .value_or(letter);
  }

  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::uint32_t>> counts_;
};

}  // namespace hydrant::tests
