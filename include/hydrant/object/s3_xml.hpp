// SPDX-License-Identifier: MIT
//
// As much XML as the answers of S3 have: elements and their text. Read in
// place, without recursion, from whatever a server sends; what is not well
// formed has no elements.
#pragma once

#include <hydrant/core/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hydrant::detail {

/// An element: its name, without a name space, and what is between its tags, as it stands there.
struct XmlElement {
  std::string_view name;
  std::string_view content;
};

/// The elements of a text, one after the other; those inside them belong to their content.
/// Threads: distinct objects: safe; shared: unsafe.
class XmlElements {
 public:
  explicit XmlElements(std::string_view text) : rest_(text) {}

  /// Returns: the next, or none when there is no more, or the rest is not well formed.
  std::optional<XmlElement> next() {
    Tag tag;
    if (!next_tag(tag) || tag.kind == Kind::close) {
      rest_ = {};
      return std::nullopt;
    }
    XmlElement element{tag.name, {}};
    if (tag.kind == Kind::empty) {
      return element;
    }
    const char* const start = rest_.data();
    for (std::size_t depth = 1; depth != 0;) {
      if (!next_tag(tag)) {
        rest_ = {};
        return std::nullopt;
      }
      if (tag.kind == Kind::open) {
        ++depth;
      } else if (tag.kind == Kind::close && --depth == 0) {
        element.content = {start, static_cast<std::size_t>(tag.start - start)};
      }
    }
    if (tag.name != element.name) {
      rest_ = {};
      return std::nullopt;
    }
    return element;
  }

 private:
  enum class Kind : std::uint8_t { open, close, empty };

  struct Tag {
    Kind kind = Kind::open;
    std::string_view name;
    const char* start = nullptr;
  };

  /// Goes past the next tag. Text, comments and instructions before it are skipped.
  bool next_tag(Tag& tag) {
    for (;;) {
      const std::size_t at = rest_.find('<');
      if (at == std::string_view::npos) {
        return false;
      }
      rest_.remove_prefix(at);
      if (rest_.starts_with("<!--")) {
        if (!skip_past("-->", 4)) {
          return false;
        }
      } else if (rest_.starts_with("<![CDATA[")) {
        if (!skip_past("]]>", 9)) {
          return false;
        }
      } else if (rest_.starts_with("<?")) {
        if (!skip_past("?>", 2)) {
          return false;
        }
      } else {
        return !rest_.starts_with("<!") && take_tag(tag);  // no answer of S3 declares entities
      }
    }
  }

  bool skip_past(std::string_view end, std::size_t from) {
    const std::size_t at = rest_.find(end, from);
    if (at == std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(at + end.size());
    return true;
  }

  /// `rest_` starts with '<'.
  bool take_tag(Tag& tag) {
    char quote = '\0';
    std::size_t end = 1;
    for (; end < rest_.size() && (quote != '\0' || rest_[end] != '>'); ++end) {
      if (quote != '\0') {
        quote = rest_[end] == quote ? '\0' : quote;
      } else if (rest_[end] == '"' || rest_[end] == '\'') {
        quote = rest_[end];
      }
    }
    if (end >= rest_.size()) {
      return false;
    }
    std::string_view inside = rest_.substr(1, end - 1);
    tag.start = rest_.data();
    tag.kind = Kind::open;
    rest_.remove_prefix(end + 1);
    if (inside.starts_with('/')) {
      tag.kind = Kind::close;
      inside.remove_prefix(1);
    } else if (inside.ends_with('/')) {
      tag.kind = Kind::empty;
      inside.remove_suffix(1);
    }
    tag.name = inside.substr(0, inside.find_first_of(" \t\r\n"));
    tag.name.remove_prefix(tag.name.rfind(':') + 1);
    return !tag.name.empty();
  }

  std::string_view rest_;
};

/// The content of the first element of that name.
inline std::optional<std::string_view> xml_child(std::string_view text, std::string_view name) {
  XmlElements elements(text);
  while (const std::optional<XmlElement> element = elements.next()) {
    if (element->name == name) {
      return element->content;
    }
  }
  return std::nullopt;
}

/// What "&name;" stands for, appended. Returns: false when it stands for nothing.
inline bool append_entity(std::string& text, std::string_view name) {
  constexpr struct {
    std::string_view name;
    char character;
  } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

  for (const auto& entity : known) {
    if (name == entity.name) {
      text += entity.character;
      return true;
    }
  }
  const bool is_hex = name.starts_with("#x");
  if (!name.starts_with('#') || name.size() < 2) {
    return false;
  }
  std::uint32_t code = 0;
  for (const char c : name.substr(is_hex ? 2 : 1)) {
    const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
    if (digit == std::string_view::npos || (!is_hex && digit > 9)) {
      return false;
    }
    code = code * (is_hex ? 16 : 10) + static_cast<std::uint32_t>(digit > 15 ? digit - 6 : digit);
  }
  append_utf8(text, code);
  return true;
}

/// The text of a content that has no elements: entities are what they stand for.
inline std::string xml_text(std::string_view content) {
  std::string text;
  while (!content.empty()) {
    if (content.starts_with("<![CDATA[")) {
      const std::size_t end = content.find("]]>");
      text += content.substr(9, end == std::string_view::npos ? end : end - 9);
      content.remove_prefix(end == std::string_view::npos ? content.size() : end + 3);
      continue;
    }
    // "&#1114111;" is the longest.
    const std::size_t end =
        content.starts_with('&') ? content.substr(0, 10).find(';') : std::string_view::npos;
    if (end != std::string_view::npos && append_entity(text, content.substr(1, end - 1))) {
      content.remove_prefix(end + 1);
    } else {
      text += content.front();
      content.remove_prefix(1);
    }
  }
  return text;
}

/// The text of the first element of that name; empty when there is none.
inline std::string xml_child_text(std::string_view text, std::string_view name) {
  const std::optional<std::string_view> content = xml_child(text, name);
  return content ? xml_text(*content) : std::string();
}

/// Appends `text` as XML writes it.
inline void append_xml_text(std::string& xml, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        xml += "&amp;";
        break;
      case '<':
        xml += "&lt;";
        break;
      case '>':
        xml += "&gt;";
        break;
      default:
        xml += c;
    }
  }
}

}  // namespace hydrant::detail
