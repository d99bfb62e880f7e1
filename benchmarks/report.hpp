// SPDX-License-Identifier: MIT
//
// What every benchmark does with its figures: medians with their spread, for
// people on standard output and for programs as lines of JSON.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::benchmarks {

/// The middle of many rounds, and where half of them lie.
struct Spread {
  double low = 0;
  double median = 0;
  double high = 0;

  static Spread of(std::vector<double> values) {
    if (values.empty()) {
      return {};
    }
    std::sort(values.begin(), values.end());
    const auto at = [&values](double part) {
      return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
    };
    return {at(0.25), at(0.5), at(0.75)};
  }
};

/// a[i] / b[i]: rounds that ran next to each other are compared with each other.
inline std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> result;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    result.push_back(a[i] / b[i]);
  }
  return result;
}

/// Appends one line of JSON for each figure to a file; without a file, does nothing.
class Report {
 public:
  explicit Report(const char* path) : file_(path == nullptr ? nullptr : std::fopen(path, "a")) {
    if (path != nullptr && file_ == nullptr) {
      std::perror(path);
      std::exit(1);
    }
  }

  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  ~Report() {
    if (file_ != nullptr) {
      std::fclose(file_);
    }
  }

  void add(const std::string& name, const Spread& value, std::string_view unit) {
    if (file_ != nullptr) {
      std::fprintf(file_,
                   "{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"spread\":[%.6g,%.6g]}\n",
                   name.c_str(), value.median, std::string(unit).c_str(), value.low, value.high);
    }
  }

  void add(const std::string& name, double value, std::string_view unit) {
    add(name, {value, value, value}, unit);
  }

 private:
  std::FILE* file_;
};

/// The value after `name` on the command line, or `fallback`.
inline const char* argument(int argc, char** argv, std::string_view name, const char* fallback) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == name) {
      return argv[i + 1];
    }
  }
  return fallback;
}

inline bool has_flag(int argc, char** argv, std::string_view name) {
  return std::any_of(argv + 1, argv + argc, [&](const char* given) { return given == name; });
}

}  // namespace hydrant::benchmarks
