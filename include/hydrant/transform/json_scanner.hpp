// SPDX-License-Identifier: MIT
//
// Finds out where JSON values end in bytes that anyone may have sent: exactly
// the grammar of RFC 8259, UTF-8 included, without recursion, without a tree
// and without memory of its own. What it passes over is valid JSON.
#pragma once

#include <hydrant/core/json_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hydrant::detail {

/// A string of a JSON text, between its quotes, as it was written.
struct JsonString {
  std::string_view raw;
  bool has_escapes = false;
};

/// A place in a JSON text. After the first false it stays where the fault is.
/// Threads: distinct objects: safe; shared: unsafe.
class JsonScanner {
 public:
  /// Arrays and objects within each other.
  static constexpr std::size_t depth_max = 1000;

  explicit JsonScanner(std::string_view text) : text_(text) {}

  std::size_t position() const { return at_; }

  bool is_at_end() const { return at_ == text_.size(); }

  /// The character that comes next; 0 at the end, and where there is one.
  char next() const { return is_at_end() ? '\0' : text_[at_]; }

  void skip_space() {
    while (next() == ' ' || next() == '\n' || next() == '\r' || next() == '\t') {
      ++at_;
    }
  }

  /// Passes over white space, then over `character` if that comes next. Returns: whether it did.
  bool take(char character) {
    skip_space();
    return take_exactly(character);
  }

  /// Passes over a value without white space around it. Returns: false where it is not valid.
  bool skip_value() {
    std::size_t depth = 0;
    do {
      if (next() == '{' || next() == '[') {
        if (depth == depth_max) {
          return false;
        }
        const bool is_object = next() == '{';
        ++at_;
        skip_space();
        if (!take_exactly(is_object ? '}' : ']')) {
          set_kind(depth++, is_object);
          if (is_object && !take_name()) {
            return false;
          }
          continue;  // with the first value in it
        }
      } else if (!skip_scalar()) {
        return false;
      }
      if (!leave_values(depth)) {
        return false;
      }
    } while (depth != 0);
    return true;
  }

  /// Takes a string. Returns: false where it is not valid.
  bool take_string(JsonString& string) {
    if (!take_exactly('"')) {
      return false;
    }
    const std::size_t begin = at_;
    string.has_escapes = false;
    while (!is_at_end()) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '"') {
        string.raw = text_.substr(begin, at_ - begin);
        ++at_;
        return true;
      }
      if (byte < 0x20) {
        return false;
      }
      if (byte == '\\') {
        string.has_escapes = true;
        if (!skip_escape()) {
          return false;
        }
      } else if (byte < 0x80) {
        ++at_;
      } else if (const Utf8Step step = step_utf8(text_.substr(at_)); step.valid) {
        at_ += step.size;
      } else {
        return false;
      }
    }
    return false;
  }

 private:
  bool take_exactly(char character) {
    if (is_at_end() || text_[at_] != character) {
      return false;
    }
    ++at_;
    return true;
  }

  bool is_object(std::size_t depth) const { return (kinds_[depth / 64] >> depth % 64 & 1) != 0; }

  void set_kind(std::size_t depth, bool is_object) {
    const std::uint64_t bit = std::uint64_t{1} << depth % 64;
    kinds_[depth / 64] = is_object ? kinds_[depth / 64] | bit : kinds_[depth / 64] & ~bit;
  }

  /// A name, its colon, and the white space around it.
  bool take_name() {
    JsonString name;
    if (!take_string(name) || !take(':')) {
      return false;
    }
    skip_space();
    return true;
  }

  /// Behind a value: out of all that ends with it, up to the next value.
  bool leave_values(std::size_t& depth) {
    while (depth != 0) {
      const bool in_object = is_object(depth - 1);
      if (take(',')) {
        skip_space();
        return !in_object || take_name();
      }
      if (!take_exactly(in_object ? '}' : ']')) {
        return false;
      }
      --depth;
    }
    return true;
  }

  bool skip_scalar() {
    JsonString string;
    switch (next()) {
      case '"':
        return take_string(string);
      case 't':
        return take_word("true");
      case 'f':
        return take_word("false");
      case 'n':
        return take_word("null");
      default:
        return skip_number();
    }
  }

  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) {
      return false;
    }
    at_ += word.size();
    return true;
  }

  bool skip_digits() {
    const std::size_t begin = at_;
    while (next() >= '0' && next() <= '9') {
      ++at_;
    }
    return at_ != begin;
  }

  bool skip_number() {
    take_exactly('-');
    if (!take_exactly('0') && !skip_digits()) {
      return false;
    }
    if (take_exactly('.') && !skip_digits()) {
      return false;
    }
    if (take_exactly('e') || take_exactly('E')) {
      if (!take_exactly('+')) {
        take_exactly('-');
      }
      return skip_digits();
    }
    return true;
  }

  bool skip_escape() {
    constexpr std::string_view escapes = "\"\\/bfnrt";
    ++at_;
    if (take_exactly('u')) {
      for (int digits = 0; digits < 4; ++digits) {
        const char digit = next();
        const bool is_hex = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f') ||
                            (digit >= 'A' && digit <= 'F');
        if (!is_hex) {
          return false;
        }
        ++at_;
      }
      return true;
    }
    if (is_at_end() || escapes.find(text_[at_]) == std::string_view::npos) {
      return false;
    }
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  /// One bit a level: whether it is an object. Written before it is read.
  std::array<std::uint64_t, (depth_max + 63) / 64> kinds_;
};

/// The 16 bits of a \u escape whose digits stand at the front, valid as a scanner left it.
inline std::uint32_t json_unit(std::string_view digits) {
  std::uint32_t unit = 0;
  for (const char digit : digits.substr(0, 4)) {
    const int value = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
    unit = unit << 4 | static_cast<std::uint32_t>(value);
  }
  return unit;
}

/// Writes the text that `raw` stands for, which a scanner has passed, as UTF-8. A surrogate
/// without its other half becomes U+FFFD. `to` has room for as many characters as `raw` has.
/// Returns: how many were written.
inline std::size_t unescape_json(std::string_view raw, char* to) {
  constexpr std::string_view escapes = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const char* const begin = to;
  const auto put = [&](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
  while (!raw.empty()) {
    if (raw[0] != '\\') {
      const std::string_view plain = raw.substr(0, raw.find('\\'));
      to += plain.copy(to, plain.size());
      raw.remove_prefix(plain.size());
      continue;
    }
    if (raw[1] != 'u') {
      put(static_cast<unsigned char>(meanings[escapes.find(raw[1])]));
      raw.remove_prefix(2);
      continue;
    }
    std::uint32_t point = json_unit(raw.substr(2));
    raw.remove_prefix(6);
    if (point >= 0xd800 && point <= 0xdfff) {
      const std::uint32_t low = raw.starts_with("\\u") ? json_unit(raw.substr(2)) : 0;
      if (point <= 0xdbff && low >= 0xdc00 && low <= 0xdfff) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        raw.remove_prefix(6);
      } else {
        point = 0xfffd;
      }
    }
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xc0 | point >> 6);
      put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
      put(0xe0 | point >> 12);
      put(0x80 | (point >> 6 & 0x3f));
      put(0x80 | (point & 0x3f));
    } else {
      put(0xf0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3f));
      put(0x80 | (point >> 6 & 0x3f));
      put(0x80 | (point & 0x3f));
    }
  }
  return static_cast<std::size_t>(to - begin);
}

}  // namespace hydrant::detail
