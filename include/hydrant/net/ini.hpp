// SPDX-License-Identifier: MIT
//
// The files that hold AWS profiles: sections of `name = value` lines, as the AWS
// command line reads them. A fault is told by its line's number, never by what
// stands there: it may be a secret.
#pragma once

#include <hydrant/core/result.hpp>
#include <hydrant/net/url.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hydrant::detail {

/// Names in lower case.
using IniSection = std::map<std::string, std::string, std::less<>>;

/// Sections by what stands in their brackets, with single spaces in it, and no quotes.
using IniFile = std::map<std::string, IniSection, std::less<>>;

/// Reads one file, line by line.
/// Threads: distinct objects: safe; shared: unsafe.
class IniReader {
 public:
  explicit IniReader(std::string_view text) : rest_(text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (rest_.starts_with(byte_order_mark)) {
      rest_.remove_prefix(byte_order_mark.size());
    }
  }

  Result<IniFile> read() {
    for (std::size_t number = 1; !rest_.empty(); ++number) {
      const std::string_view line = rest_.substr(0, rest_.find('\n'));
      rest_.remove_prefix(std::min(line.size() + 1, rest_.size()));
      if (const char* const fault = take(line)) {
        return Failure{"line " + std::to_string(number) + ": " + fault};
      }
    }
    return std::move(file_);
  }

 private:
  static constexpr std::string_view blanks = " \t\r\v\f";

  static std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
      return {};
    }
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
  }

  /// Returns: what is wrong with the line, or null.
  const char* take(std::string_view line) {
    const std::string_view text = trimmed(line);
    if (text.empty() || text[0] == '#' || text[0] == ';') {
      return nullptr;
    }
    const std::size_t indent = line.find_first_not_of(blanks);
    if (name_indent_ && indent > *name_indent_) {
      return nullptr;  // belongs to the value above it: settings within settings, none of them ours
    }
    if (text[0] == '[') {
      return take_section(text);
    }
    if (section_ == nullptr) {
      return "a setting before the first [section]";
    }
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return "neither a [section] nor `name = value`";
    }
    (*section_)[lower(trimmed(text.substr(0, equals)))] =
        without_comment(trimmed(text.substr(equals + 1)));
    name_indent_ = indent;
    return nullptr;
  }

  const char* take_section(std::string_view text) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return "a [section] without its closing bracket";
    }
    std::string name;
    bool has_gap = false;
    for (const char c : text.substr(1, end - 1)) {
      if (c == '"' || c == '\'') {
        continue;
      }
      if (blanks.find(c) != std::string_view::npos) {
        has_gap = !name.empty();
        continue;
      }
      name += has_gap ? " " : "";
      name += c;
      has_gap = false;
    }
    section_ = &file_[name];
    name_indent_.reset();
    return nullptr;
  }

  /// A comment behind a value begins with white space and a '#' or ';'.
  static std::string_view without_comment(std::string_view value) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool is_mark = value[i] == '#' || value[i] == ';';
      if (is_mark && (i == 0 || blanks.find(value[i - 1]) != std::string_view::npos)) {
        return trimmed(value.substr(0, i));
      }
    }
    return value;
  }

  std::string_view rest_;
  IniFile file_;
  IniSection* section_ = nullptr;
  /// How far the last `name = value` of this section is indented.
  std::optional<std::size_t> name_indent_;
};

inline Result<IniFile> read_ini(std::string_view text) {
  return IniReader(text).read();
}

}  // namespace hydrant::detail
