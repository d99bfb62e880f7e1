// SPDX-License-Identifier: MIT
//
// The tokens of a JSON text, found by simdjson's first stage: it checks UTF-8
// and where strings end, and says where every token begins, at gigabytes a
// second and without a copy of the text. The grammar above that is walked here,
// for a record goes straight to where it is wanted: there is no document between.
#pragma once

#if !__has_include(<simdjson.h>)
#error "JSON records need simdjson: link hydrant::simdjson"
#endif

#include <hydrant/core/json_text.hpp>
#include <hydrant/core/utf8.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace hydrant::detail {

constexpr bool is_json_space(char character) {
  return character == ' ' || character == '\n' || character == '\r' || character == '\t';
}

/// Appends what a JSON string's text stands for, `raw` being what lies between its quotes.
/// Half of a surrogate pair becomes U+FFFD. Returns: false at an escape that there is not.
inline bool append_unescaped(std::string& out, std::string_view raw) {
  const auto hex = [&](std::size_t at, std::uint32_t& code) {
    code = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      const char digit = i < raw.size() ? raw[i] : '\0';
      const char lower = static_cast<char>(digit | 0x20);
      if (digit >= '0' && digit <= '9') {
        code = code << 4 | static_cast<std::uint32_t>(digit - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        code = code << 4 | static_cast<std::uint32_t>(lower - 'a' + 10);
      } else {
        return false;
      }
    }
    return true;
  };
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t backslash = std::min(raw.find('\\', at), raw.size());
    out.append(raw, at, backslash - at);
    if (backslash == raw.size()) {
      return true;
    }
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const char letter = backslash + 1 < raw.size() ? raw[backslash + 1] : '\0';
    at = backslash + 2;
    if (const std::size_t place = letters.find(letter); place != std::string_view::npos) {
      out += meanings[place];
      continue;
    }
    std::uint32_t code = 0;
    if (letter != 'u' || !hex(at, code)) {
      return false;
    }
    at += 4;
    std::uint32_t low = 0;
    const bool is_high = code >= 0xd800 && code < 0xdc00;
    if (is_high && raw.substr(at).starts_with("\\u") && hex(at + 2, low) && low >= 0xdc00 &&
        low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      at += 6;
    } else if (code >= 0xd800 && code < 0xe000) {
      code = 0xfffd;
    }
    append_utf8(out, code);
  }
  return true;
}

/// Whether `text` is a JSON number and nothing else.
inline bool is_json_number(std::string_view text) {
  std::size_t at = 0;
  const auto is_digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  const auto take = [&](char a, char b) {
    const bool found = at < text.size() && (text[at] == a || text[at] == b);
    at += found ? 1 : 0;
    return found;
  };
  const auto take_digits = [&] {
    const std::size_t begin = at;
    while (is_digit()) {
      ++at;
    }
    return at != begin;
  };
  take('-', '-');
  if (!take('0', '0') && !take_digits()) {
    return false;
  }
  if (take('.', '.') && !take_digits()) {
    return false;
  }
  if (take('e', 'E')) {
    take('+', '-');
    if (!take_digits()) {
      return false;
    }
  }
  return at == text.size();
}

/// Walks over the tokens of one text after the other. A walk that answers false has met what is no
/// JSON, and is over.
/// Threads: distinct objects: safe; shared: unsafe.
class JsonTokens {
 public:
  static constexpr std::size_t depth_max = 1024;

  /// Begins a text, which must outlive the walk.
  /// Returns: false when it is not UTF-8, or a string in it has no end or holds a control
  /// character.
  bool begin(std::string_view text) {
    text_ = text.data();
    next_ = end_ = nullptr;
    if (!make_room(text.size())) {
      return false;
    }
    const simdjson::error_code error =
        stage_->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                       simdjson::stage1_mode::regular);
    if (error == simdjson::EMPTY) {
      return true;
    }
    if (error != simdjson::SUCCESS) {
      return false;
    }
    next_ = stage_->structural_indexes.get();
    end_ = next_ + stage_->n_structural_indexes;
    stage_->structural_indexes[stage_->n_structural_indexes] =
        static_cast<std::uint32_t>(text.size());
    return true;
  }

  bool at_end() const { return next_ == end_; }

  /// A place to come back to.
  const std::uint32_t* place() const { return next_; }

  void go_back(const std::uint32_t* place) { next_ = place; }

  /// The first character of the next token; NUL at the end.
  char peek() const { return at_end() ? '\0' : text_[*next_]; }

  /// Passes over the next token if it begins with `character`.
  bool take(char character) {
    if (peek() != character) {
      return false;
    }
    ++next_;
    return true;
  }

  /// Takes the token that comes next, which is there: its text without white space behind it.
  std::string_view take_token() {
    const std::size_t begin = *next_;
    std::size_t end = *++next_;
    while (is_json_space(text_[end - 1])) {
      --end;
    }
    return {text_ + begin, end - begin};
  }

  /// Takes a string. Returns: false when the next token is none.
  /// `raw` is what lies between the quotes.
  bool take_string(std::string_view& raw) {
    if (peek() != '"') {
      return false;
    }
    const std::string_view token = take_token();
    if (token.size() < 2 || token.back() != '"') {
      return false;
    }
    raw = token.substr(1, token.size() - 2);
    return true;
  }

  /// Takes a key and the colon behind it.
  bool take_key(std::string_view& raw) { return take_string(raw) && take(':'); }

  /// Passes over the comma before a further member. Returns: false when `close` came instead, and
  /// also when neither did, which `is_broken` tells.
  bool take_comma(char close, bool& is_broken) {
    if (take(',')) {
      return true;
    }
    is_broken = !take(close);
    return false;
  }

  /// Passes over a value. Returns: whether it is one.
  bool skip_value(std::size_t depth = 1) { return walk_value(nullptr, false, depth); }

  /// Appends a value as JSON text without white space; keys in lower case if asked for.
  bool append_value(std::string& out, bool lowers_keys) { return walk_value(&out, lowers_keys, 1); }

 private:
  bool make_room(std::size_t size) {
    constexpr std::size_t capacity_min = 4096;
    const std::size_t capacity = std::max(std::bit_ceil(size), capacity_min);
    if (stage_ == nullptr) {
      return simdjson::get_active_implementation()->create_dom_parser_implementation(
                 capacity, 1, stage_) == simdjson::SUCCESS;
    }
    return size <= stage_->capacity() || stage_->set_capacity(capacity) == simdjson::SUCCESS;
  }

  bool walk_value(std::string* out, bool lowers_keys, std::size_t depth) {
    switch (peek()) {
      case '\0':
        return false;
      case '{':
        return depth <= depth_max && walk_object(out, lowers_keys, depth);
      case '[':
        return depth <= depth_max && walk_array(out, lowers_keys, depth);
      default:
        const std::string_view token = take_token();
        if (out != nullptr) {
          *out += token;
        }
        return is_scalar_token(token);
    }
  }

  bool walk_object(std::string* out, bool lowers_keys, std::size_t depth) {
    take('{');
    append(out, '{');
    bool is_broken = false;
    if (!take('}')) {
      do {
        std::string_view key;
        if (!take_key(key) || !has_good_escapes(key)) {
          return false;
        }
        if (out != nullptr) {
          append_key(*out, key, lowers_keys);
        }
        if (!walk_value(out, lowers_keys, depth + 1)) {
          return false;
        }
      } while (take_comma('}', is_broken) && append(out, ','));
    }
    append(out, '}');
    return !is_broken;
  }

  bool walk_array(std::string* out, bool lowers_keys, std::size_t depth) {
    take('[');
    append(out, '[');
    bool is_broken = false;
    if (!take(']')) {
      do {
        if (!walk_value(out, lowers_keys, depth + 1)) {
          return false;
        }
      } while (take_comma(']', is_broken) && append(out, ','));
    }
    append(out, ']');
    return !is_broken;
  }

  static bool append(std::string* out, char character) {
    if (out != nullptr) {
      *out += character;
    }
    return true;
  }

  static void append_key(std::string& out, std::string_view key, bool lowers) {
    out += '"';
    for (const char character : key) {
      // Also inside of escapes: all letters that may stand there are small, or hexadecimal.
      const bool is_capital = character >= 'A' && character <= 'Z';
      out += lowers && is_capital ? static_cast<char>(character | 0x20) : character;
    }
    out += "\":";
  }

  bool is_scalar_token(std::string_view token) {
    if (token[0] == '"') {
      return token.size() >= 2 && token.back() == '"' &&
             has_good_escapes(token.substr(1, token.size() - 2));
    }
    return token == "true" || token == "false" || token == "null" || is_json_number(token);
  }

  bool has_good_escapes(std::string_view raw) {
    if (raw.empty() || std::memchr(raw.data(), '\\', raw.size()) == nullptr) {
      return true;
    }
    scratch_.clear();
    return append_unescaped(scratch_, raw);
  }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage_;
  const char* text_ = nullptr;
  const std::uint32_t* next_ = nullptr;
  const std::uint32_t* end_ = nullptr;
  std::string scratch_;
};

}  // namespace hydrant::detail
