// SPDX-License-Identifier: MIT
//
// As much of jq's language as must be known of a query before it runs: its words,
// wherever they stand, and the names that the object at its end gives its members.
#pragma once

#include <hydrant/core/json_cursor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::detail {

/// A word of a query.
struct JqToken {
  enum class Kind : std::uint8_t { word, field, variable, string, number, symbol };

  Kind kind = Kind::symbol;
  /// Of fields and variables the name alone; of strings what stands between the quotes.
  std::string_view text{};

  bool is(Kind wanted, std::string_view wanted_text) const {
    return kind == wanted && text == wanted_text;
  }

  bool is_symbol(std::string_view wanted) const { return is(Kind::symbol, wanted); }
};

/// Takes queries apart, of a few thousand characters. What is no jq comes out as some words or
/// others: jq itself refuses it. Threads: distinct objects: safe; shared: unsafe.
class JqWords {
 public:
  explicit JqWords(std::string_view query) : text_(query) { read(tokens_, false); }

  /// The words of the query, without those inside of strings.
  const std::vector<JqToken>& tokens() const { return tokens_; }

  /// The words of queries inside of strings, "\(so)".
  const std::vector<JqToken>& inner_tokens() const { return inner_; }

 private:
  using Kind = JqToken::Kind;

  static bool is_letter(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           character == '_';
  }

  static bool is_digit(char character) { return character >= '0' && character <= '9'; }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string_view take_name() {
    const std::size_t begin = at_;
    while (is_letter(peek()) || is_digit(peek()) ||
           (peek() == ':' && peek(1) == ':' && is_letter(peek(2)))) {
      at_ += peek() == ':' ? 2u : 1u;
    }
    return text_.substr(begin, at_ - begin);
  }

  std::string_view take_number() {
    const std::size_t begin = at_;
    while (is_digit(peek()) || peek() == '.' ||
           ((peek() == 'e' || peek() == 'E') &&
            (is_digit(peek(1)) || ((peek(1) == '+' || peek(1) == '-') && is_digit(peek(2)))))) {
      at_ += is_digit(peek()) || peek() == '.' ? 1u : 2u;
    }
    return text_.substr(begin, at_ - begin);
  }

  /// Reads to the end, or to the parenthesis that closes a query inside of a string.
  void read(std::vector<JqToken>& out, bool is_inner) {
    std::size_t open = 0;
    while (at_ < text_.size()) {
      const char character = peek();
      if (character == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (is_letter(character)) {
        const std::string_view name = take_name();
        if (!out.empty() && out.back().is_symbol("$")) {
          out.back() = {Kind::variable, name};
        } else {
          out.push_back({Kind::word, name});
        }
      } else if (is_digit(character) || (character == '.' && is_digit(peek(1)))) {
        out.push_back({Kind::number, take_number()});
      } else if (character == '.' && is_letter(peek(1))) {
        ++at_;
        out.push_back({Kind::field, take_name()});
      } else if (character == '"') {
        read_string(out);
      } else if (character == ' ' || character == '\t' || character == '\n' || character == '\r') {
        ++at_;
      } else {
        open += character == '(' ? 1u : 0u;
        if (character == ')' && is_inner && open == 0) {
          return;
        }
        open -= character == ')' && open != 0 ? 1u : 0u;
        const std::size_t size = character == '|' && peek(1) == '=' ? 2 : 1;
        out.push_back({Kind::symbol, text_.substr(at_, size)});
        at_ += size;
      }
    }
  }

  void read_string(std::vector<JqToken>& out) {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\') {
        ++at_;
      } else if (peek(1) == '(') {
        at_ += 2;
        std::vector<JqToken> inner;
        read(inner, true);
        inner_.insert(inner_.end(), inner.begin(), inner.end());
        inner_.push_back({Kind::symbol, ")"});
        ++at_;
      } else {
        at_ += 2;
      }
    }
    at_ = std::min(at_, text_.size());
    out.push_back({Kind::string, text_.substr(begin, at_ - begin)});
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<JqToken> tokens_;
  std::vector<JqToken> inner_;
};

/// What of the language itself a query of keys has no use for, and what would make it endless, or
/// dependent on more than the record. Returns: the first that is in `tokens`; empty where there is
/// none.
inline std::string_view refused_jq_word(const std::vector<JqToken>& tokens) {
  using Kind = JqToken::Kind;
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    const JqToken& token = tokens[at];
    const JqToken next = at + 1 < tokens.size() ? tokens[at + 1] : JqToken();
    if (token.kind == Kind::variable && (token.text == "ENV" || token.text == "__prog_args")) {
      return token.text == "ENV" ? "$ENV" : "$__prog_args";
    }
    if (token.kind != Kind::word) {
      continue;
    }
    // As a member's name each of them is as good as any: {def: 1}, {include}.
    const bool is_directive =
        next.kind == Kind::word || next.kind == Kind::string || next.is_symbol("{");
    const bool is_private =
        (token.text.starts_with('_') || token.text.starts_with("hydrant_")) && next.is_symbol("(");
    if (is_private || (is_directive && (token.text == "def" || token.text == "import" ||
                                        token.text == "include" || token.text == "module"))) {
      return token.text;
    }
  }
  return {};
}

/// Reads the names of an object's members.
class JqMemberNames {
 public:
  /// Returns: the names, once each; none where they cannot be told from the query alone.
  static std::vector<std::string> read(const std::vector<JqToken>& tokens) {
    std::vector<std::string> names;
    std::size_t at = begin_of_object(tokens);
    if (at == tokens.size()) {
      return {};
    }
    ++at;  // the brace
    while (at < tokens.size() && !tokens[at].is_symbol("}")) {
      const std::optional<std::string> name = name_at(tokens, at);
      if (!name || at + 1 >= tokens.size() || !ends_name(tokens[at + 1])) {
        return {};
      }
      if (std::find(names.begin(), names.end(), *name) == names.end()) {
        names.push_back(*name);
      }
      if (!pass_value(tokens, ++at)) {
        return {};
      }
    }
    return at + 1 == tokens.size() ? names : std::vector<std::string>();
  }

 private:
  using Kind = JqToken::Kind;

  static bool opens(const JqToken& token) {
    return token.is_symbol("(") || token.is_symbol("[") || token.is_symbol("{");
  }

  static bool closes(const JqToken& token) {
    return token.is_symbol(")") || token.is_symbol("]") || token.is_symbol("}");
  }

  /// Where what stands behind the last pipe begins, if that is an object; the end otherwise.
  static std::size_t begin_of_object(const std::vector<JqToken>& tokens) {
    std::size_t begin = 0;
    std::size_t depth = 0;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
      depth += opens(tokens[at]) ? 1u : 0u;
      depth -= closes(tokens[at]) && depth != 0 ? 1u : 0u;
      begin = depth == 0 && tokens[at].is_symbol("|") ? at + 1 : begin;
    }
    return begin < tokens.size() && tokens[begin].is_symbol("{") ? begin : tokens.size();
  }

  static bool ends_name(const JqToken& token) {
    return token.is_symbol(":") || token.is_symbol(",") || token.is_symbol("}");
  }

  static std::optional<std::string> name_at(const std::vector<JqToken>& tokens, std::size_t at) {
    const JqToken& token = tokens[at];
    const bool has_value = at + 1 < tokens.size() && tokens[at + 1].is_symbol(":");
    if (token.kind == Kind::word || (token.kind == Kind::variable && !has_value)) {
      return std::string(token.text);
    }
    if (token.kind != Kind::string) {
      return std::nullopt;
    }
    // A query inside, "\(so)", is no escape of JSON: then there is no telling.
    const std::string quoted = "\"" + std::string(token.text) + "\"";
    JsonCursor cursor(quoted);
    return cursor.take_string();
  }

  /// Passes over a member's value and the comma behind it. Returns: false when it has no end.
  static bool pass_value(const std::vector<JqToken>& tokens, std::size_t& at) {
    std::size_t depth = 0;
    for (; at < tokens.size(); ++at) {
      const JqToken& token = tokens[at];
      const bool is_key = at + 1 < tokens.size() && tokens[at + 1].is_symbol(":");
      if (depth == 0 && token.is_symbol("}")) {
        return true;
      }
      if (depth == 0 && token.is_symbol(",")) {
        ++at;
        return true;
      }
      // The commas of a condition are its own.
      const bool begins = opens(token) || (token.is(Kind::word, "if") && !is_key);
      const bool ends = closes(token) || (token.is(Kind::word, "end") && !is_key);
      depth += begins ? 1u : 0u;
      depth -= ends && depth != 0 ? 1u : 0u;
    }
    return false;
  }
};

}  // namespace hydrant::detail
