// SPDX-License-Identifier: MIT
//
// Finds the text of one element in the XML that AWS's security token service
// answers with. It goes nowhere beyond the text, resolves nothing, and takes
// whatever a server may send.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// Walks over the tags of a document.
/// Threads: distinct objects: safe; shared: unsafe.
class StsXml {
 public:
  static constexpr std::size_t depth_max = 16;

  explicit StsXml(std::string_view text) : rest_(text) {}

  /// The text of the first element with this way to it from the root on.
  /// Returns: nothing when there is none before the document ends, or breaks.
  std::optional<std::string> text_at(std::initializer_list<std::string_view> path) {
    std::vector<std::string_view> open;
    while (const std::optional<std::string_view> tag = next_tag()) {
      if (tag->starts_with('/')) {
        if (open.empty() || open.back() != name_of(tag->substr(1))) {
          return std::nullopt;
        }
        open.pop_back();
        if (open.empty()) {
          return std::nullopt;  // what comes after the root is no part of the document
        }
      } else if (!tag->ends_with('/')) {
        open.push_back(name_of(*tag));
        if (open.size() > depth_max) {
          return std::nullopt;
        }
        if (std::equal(open.begin(), open.end(), path.begin(), path.end())) {
          return text_here();
        }
      }
    }
    return std::nullopt;
  }

 private:
  static std::string_view name_of(std::string_view tag) {
    return tag.substr(0, tag.find_first_of(" \t\r\n"));
  }

  /// What is between '<' and '>' of the next tag; declarations and comments are passed over. A
  /// document type is the end: no answer has one, and it could say anything.
  std::optional<std::string_view> next_tag() {
    for (;;) {
      rest_.remove_prefix(std::min(rest_.find('<'), rest_.size()));
      if (rest_.starts_with("<!--")) {
        if (!pass("-->")) {
          return std::nullopt;
        }
      } else if (rest_.starts_with("<?")) {
        if (!pass("?>")) {
          return std::nullopt;
        }
      } else {
        const std::size_t end = rest_.find('>');
        if (end == std::string_view::npos || rest_.starts_with("<!")) {
          return std::nullopt;
        }
        const std::string_view tag = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        return tag;
      }
    }
  }

  bool pass(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(at + end.size());
    return true;
  }

  /// Up to the element's end; nothing when it holds others, or an entity that there is not.
  std::optional<std::string> text_here() const {
    std::string_view raw = rest_.substr(0, rest_.find('<'));
    if (!rest_.substr(raw.size()).starts_with("</")) {
      return std::nullopt;
    }
    std::string text;
    while (!raw.empty()) {
      const std::size_t plain = std::min(raw.find('&'), raw.size());
      text += raw.substr(0, plain);
      raw.remove_prefix(plain);
      if (!raw.empty() && !take_entity(raw, text)) {
        return std::nullopt;
      }
    }
    return text;
  }

  static bool take_entity(std::string_view& raw, std::string& text) {
    constexpr std::array<std::pair<std::string_view, char>, 5> entities{
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    for (const auto& [name, character] : entities) {
      if (raw.starts_with(name)) {
        raw.remove_prefix(name.size());
        text += character;
        return true;
      }
    }
    return false;
  }

  std::string_view rest_;
};

inline std::optional<std::string> sts_text_at(std::string_view document,
                                              std::initializer_list<std::string_view> path) {
  return StsXml(document).text_at(path);
}

}  // namespace hydrant::detail
