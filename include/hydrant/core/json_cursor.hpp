// SPDX-License-Identifier: MIT
//
// Walks over a JSON text, value by value, for readers of small, known objects.
// It goes nowhere beyond the text, and no deeper than a bound, whatever the
// text is. For records at large there is simdjson.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hydrant::detail {

/// A place in a JSON text.
/// Threads: distinct objects: safe; shared: unsafe.
class JsonCursor {
 public:
  static constexpr std::size_t depth_max = 64;

  explicit JsonCursor(std::string_view text) : text_(text) {}

  /// Passes over white space, then over `character` if that comes next. Returns: whether it did.
  bool take(char character) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != character) {
      return false;
    }
    ++at_;
    return true;
  }

  /// The text of the string that comes next, as UTF-8; nothing when none does.
  std::optional<std::string> take_string() {
    if (!take('"')) {
      return std::nullopt;
    }
    std::string text;
    while (at_ != text_.size()) {
      const char character = text_[at_++];
      if (character == '"') {
        return text;
      }
      if (static_cast<unsigned char>(character) < 0x20) {
        return std::nullopt;
      }
      if (character != '\\') {
        text += character;
      } else if (!take_escape(text)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  /// Passes over the value that comes next. Returns: its text; nothing when it is broken.
  std::optional<std::string_view> skip_value() {
    skip_space();
    const std::size_t begin = at_;
    if (!skip(0)) {
      return std::nullopt;
    }
    return text_.substr(begin, at_ - begin);
  }

  /// Whether nothing but white space follows.
  bool is_at_end() {
    skip_space();
    return at_ == text_.size();
  }

  std::size_t position() const { return at_; }

 private:
  void skip_space() {
    while (at_ != text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool skip(std::size_t depth) {
    skip_space();
    if (at_ == text_.size() || depth == depth_max) {
      return false;
    }
    switch (text_[at_]) {
      case '"':
        return take_string().has_value();
      case '{':
        return skip_members('}', depth);
      case '[':
        return skip_members(']', depth);
      default:
        return skip_word();
    }
  }

  /// What stands between two brackets, an object's names included.
  bool skip_members(char end, std::size_t depth) {
    ++at_;
    if (take(end)) {
      return true;
    }
    do {
      if (end == '}' && !(take_string() && take(':'))) {
        return false;
      }
      if (!skip(depth + 1)) {
        return false;
      }
    } while (take(','));
    return take(end);
  }

  /// A number, true, false or null. Which, is for the reader to see.
  bool skip_word() {
    const std::size_t begin = at_;
    while (at_ != text_.size()) {
      const char character = text_[at_];
      const bool is_of_word = (character >= '0' && character <= '9') ||
                              (character >= 'a' && character <= 'z') || character == 'E' ||
                              character == '+' || character == '-' || character == '.';
      if (!is_of_word) {
        break;
      }
      ++at_;
    }
    return at_ != begin;
  }

  bool take_escape(std::string& text) {
    if (at_ == text_.size()) {
      return false;
    }
    const char escape = text_[at_++];
    constexpr std::string_view escapes = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (const std::size_t index = escapes.find(escape); index != std::string_view::npos) {
      text += meanings[index];
      return true;
    }
    if (escape != 'u') {
      return false;
    }
    const std::optional<std::uint32_t> unit = take_unit();
    if (!unit) {
      return false;
    }
    std::uint32_t point = *unit;
    if (is_high_surrogate(point) && text_.substr(at_, 2) == "\\u") {
      const std::size_t before = at_;
      at_ += 2;
      const std::optional<std::uint32_t> low = take_unit();
      if (low && *low >= 0xdc00 && *low <= 0xdfff) {
        point = 0x10000 + ((point - 0xd800) << 10) + (*low - 0xdc00);
      } else {
        at_ = before;
      }
    }
    append_utf8(text, point);
    return true;
  }

  static bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }

  std::optional<std::uint32_t> take_unit() {
    constexpr std::size_t digits = 4;
    if (text_.size() - at_ < digits) {
      return std::nullopt;
    }
    std::uint32_t unit = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char digit = text_[at_++];
      std::uint32_t value = 0;
      if (digit >= '0' && digit <= '9') {
        value = static_cast<std::uint32_t>(digit - '0');
      } else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') {
        value = static_cast<std::uint32_t>((digit | 0x20) - 'a' + 10);
      } else {
        return std::nullopt;
      }
      unit = unit << 4 | value;
    }
    return unit;
  }

  /// A surrogate without its other half becomes U+FFFD.
  static void append_utf8(std::string& text, std::uint32_t point) {
    if (point >= 0xd800 && point <= 0xdfff) {
      point = 0xfffd;
    }
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (point < 0x80) {
      add(point);
    } else if (point < 0x800) {
      add(0xc0 | point >> 6);
      add(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
      add(0xe0 | point >> 12);
      add(0x80 | (point >> 6 & 0x3f));
      add(0x80 | (point & 0x3f));
    } else {
      add(0xf0 | point >> 18);
      add(0x80 | (point >> 12 & 0x3f));
      add(0x80 | (point >> 6 & 0x3f));
      add(0x80 | (point & 0x3f));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace hydrant::detail
