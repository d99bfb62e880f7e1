// SPDX-License-Identifier: MIT
//
// One line of a web server's access log, in the "common" or the "combined"
// format that Apache and nginx write by default, taken apart and written as
// JSON. One pass over the line, no regular expressions, no recursion: a hostile
// line costs no more than its length.
#pragma once

#include <hydrant/core/json_text.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace access_log {

/// What a line says. Views point into the line; quoted texts are still escaped.
struct Entry {
  std::string_view host;
  std::string_view ident;
  std::string_view user;
  std::string time;  // ISO 8601
  std::string_view request;
  std::uint64_t status = 0;
  std::optional<std::uint64_t> bytes;
  std::string_view referer;
  std::string_view user_agent;
};

/// An entry, or, where `fault` is not empty, why the line is none.
struct Parsed {
  Entry entry;
  std::string_view fault;
};

/// Takes a line apart from the left. After the first part that is missing it
/// gives nothing more, so that `parse` can ask once, in the end.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  /// The text before `delimiter`, which is skipped.
  std::string_view until(std::string_view delimiter, std::string_view fault) {
    const std::size_t end = rest_.find(delimiter);
    if (end == std::string_view::npos || end == 0) {
      fail(fault);
      return {};
    }
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + delimiter.size());
    return text;
  }

  /// The inside of a "quoted text", in which a backslash guards the next character.
  std::string_view quoted(std::string_view fault) {
    if (!rest_.starts_with('"')) {
      fail(fault);
      return {};
    }
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '\\') {
        ++at;
      } else if (rest_[at] == '"') {
        const std::string_view text = rest_.substr(1, at - 1);
        rest_.remove_prefix(at + 1);
        return text;
      }
    }
    fail(fault);
    return {};
  }

  void skip(std::string_view text, std::string_view fault) {
    if (rest_.starts_with(text)) {
      rest_.remove_prefix(text.size());
    } else {
      fail(fault);
    }
  }

  void fail(std::string_view fault) {
    if (fault_.empty()) {
      fault_ = fault;
    }
    rest_ = {};
  }

  bool at_end() const { return rest_.empty(); }

  std::string_view rest() const { return rest_; }

  std::string_view fault() const { return fault_; }

 private:
  std::string_view rest_;
  std::string_view fault_;
};

/// The whole of `text` as a decimal number of at most `max`.
inline std::optional<std::uint64_t> to_number(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value > max) {
    return std::nullopt;
  }
  return value;
}

/// "17/May/2015:10:05:03 +0200" as "2015-05-17T10:05:03+02:00"; empty when it is no time.
inline std::string to_iso_time(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::string_view shape = "dd/MMM/dddd:dd:dd:dd sdddd";
  if (text.size() != shape.size()) {
    return {};
  }
  for (std::size_t at = 0; at < shape.size(); ++at) {
    const char c = text[at];
    const bool fits = shape[at] == 'd'   ? c >= '0' && c <= '9'
                      : shape[at] == 'M' ? c >= 'A' && c <= 'z'
                      : shape[at] == 's' ? c == '+' || c == '-'
                                         : c == shape[at];
    if (!fits) {
      return {};
    }
  }
  std::size_t month = 0;
  while (month < months.size() && months[month] != text.substr(3, 3)) {
    ++month;
  }
  const auto within = [text](std::size_t at, std::uint64_t min, std::uint64_t max) {
    const auto number = to_number(text.substr(at, 2), max);
    return number && *number >= min;
  };
  if (month == months.size() || !within(0, 1, 31) || !within(12, 0, 23) || !within(15, 0, 59) ||
      !within(18, 0, 60) || !within(22, 0, 23) || !within(24, 0, 59)) {
    return {};
  }
  std::string iso(text.substr(7, 4));
  iso += month < 9 ? "-0" : "-";
  iso += std::to_string(month + 1);
  iso.append("-").append(text.substr(0, 2));
  iso.append("T").append(text.substr(12, 8));
  iso.append(text.substr(21, 3)).append(":").append(text.substr(24, 2));
  return iso;
}

/// Reads one line, without its new line.
inline Parsed parse(std::string_view line) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  Parsed parsed;
  Entry& entry = parsed.entry;
  LineReader reader(line);
  if (line.empty()) {
    reader.fail("the line is empty");
  }
  entry.host = reader.until(" ", "no host");
  entry.ident = reader.until(" ", "no ident");
  entry.user = reader.until(" [", "no user before a [time]");
  entry.time = to_iso_time(reader.until("] ", "no end of the [time]"));
  if (entry.time.empty()) {
    reader.fail("the time is not like 17/May/2015:10:05:03 +0000");
  }
  entry.request = reader.quoted("no \"request\"");
  reader.skip(" ", "nothing after the request");

  const auto status = to_number(reader.until(" ", "no status"), 999);
  if (!status) {
    reader.fail("the status is no number up to 999");
  }
  entry.status = status.value_or(0);

  const std::size_t space = reader.rest().find(' ');
  const std::string_view bytes = reader.rest().substr(0, space);
  reader.skip(bytes, {});
  entry.bytes = to_number(bytes, UINT64_MAX);
  if (!entry.bytes && bytes != "-") {
    reader.fail("the size is neither a number nor -");
  }
  if (!reader.at_end()) {  // the combined format
    reader.skip(" ", {});
    entry.referer = reader.quoted("no \"referer\"");
    reader.skip(" ", "nothing after the referer");
    entry.user_agent = reader.quoted("no \"user agent\"");
    if (!reader.at_end()) {
      reader.fail("something follows the user agent");
    }
  }
  parsed.fault = reader.fault();
  return parsed;
}

/// Undoes the escapes of Apache (\" \\ \n \t \xhh) and nginx (\xhh). What is no
/// escape stays as it is.
inline std::string unescaped(std::string_view text) {
  constexpr std::string_view names = "\"\\nrtbvf";
  constexpr std::string_view meanings = "\"\\\n\r\t\b\v\f";
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      plain += text[at];
      continue;
    }
    const char name = text[at + 1];
    unsigned char byte = 0;
    if (const std::size_t index = names.find(name); index != std::string_view::npos) {
      plain += meanings[index];
      at += 1;
    } else if (const std::string_view hex = text.substr(at + 2, 2);
               name == 'x' && hex.size() == 2 &&
               std::from_chars(hex.data(), hex.data() + 2, byte, 16).ptr == hex.data() + 2) {
      plain += static_cast<char>(byte);
      at += 3;
    } else {
      plain += '\\';
    }
  }
  return plain;
}

/// Appends `"name":"text",`; null where the log says that there is nothing.
inline void append_member(std::string& json, std::string_view name, std::string_view text) {
  hydrant::append_json_string(json, name);
  json += ':';
  if (text.empty() || text == "-") {
    json += "null";
  } else {
    hydrant::append_json_string(json, text);
  }
  json += ',';
}

/// Appends the entry as one JSON object on one line: valid JSON, whatever the log held.
inline void append_json(std::string& json, const Entry& entry) {
  json += '{';
  append_member(json, "host", entry.host);
  append_member(json, "ident", entry.ident);
  append_member(json, "user", entry.user);
  append_member(json, "time", entry.time);

  const std::string request = unescaped(entry.request);
  append_member(json, "request", request);
  // "GET /path HTTP/1.1"; anything else is a request that no method made.
  const std::string_view view = request;
  const std::size_t first = view.find(' ');
  const std::size_t last = view.rfind(' ');
  const bool is_http = first != last && view.substr(last + 1).starts_with("HTTP/");
  append_member(json, "method", is_http ? view.substr(0, first) : std::string_view());
  append_member(json, "path",
                is_http ? view.substr(first + 1, last - first - 1) : std::string_view());
  append_member(json, "protocol", is_http ? view.substr(last + 1) : std::string_view());

  json += "\"status\":" + std::to_string(entry.status);
  json += ",\"bytes\":" + (entry.bytes ? std::to_string(*entry.bytes) : std::string("null")) + ',';
  append_member(json, "referer", unescaped(entry.referer));
  append_member(json, "user_agent", unescaped(entry.user_agent));
  json.back() = '}';
}

}  // namespace access_log
