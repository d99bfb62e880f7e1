// SPDX-License-Identifier: MIT
//
// URLs, as far as a client that signs its requests must know them: their parts,
// and the one spelling of paths and queries on which signer and server agree.
// What is sent is what was signed, so there is nothing left to disagree about.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// An absolute http or https URL. The parts lie in the text that was parsed.
struct Url {
  /// "http" or "https", in the letters of the text.
  std::string_view scheme;
  /// Host and port as they stand: "example.com:8080", "[::1]:80".
  std::string_view authority;
  /// Without the brackets of an IPv6 address.
  std::string_view host;
  /// 0 where the URL names none.
  std::uint16_t port = 0;
  /// From the first '/' on; empty where there is none.
  std::string_view path;
  /// Behind the '?', without it.
  std::string_view query;
};

namespace detail {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char c) { return lower(c); });
  return lowered;
}

/// RFC 3986, section 2.3: the same with and without an escape.
constexpr bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// The value of a hexadecimal digit; -1 of any other character.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char low = lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// The byte that an escape at the front of `text` stands for.
constexpr std::optional<char> escaped_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%' || hex_value(text[1]) < 0 || hex_value(text[2]) < 0) {
    return std::nullopt;
  }
  return static_cast<char>(hex_value(text[1]) << 4 | hex_value(text[2]));
}

inline void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += digits[byte >> 4];
  out += digits[byte & 0xf];
}

/// Escapes what is not escaped, and spells the escapes that are there in the one strict way. An
/// escaped '/' stays escaped: in a key of S3 it is another character than one that separates.
inline std::string respell(std::string_view text, bool keep_slash) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::optional<char> escaped = escaped_byte(text.substr(at));
    const char byte = escaped.value_or(text[at]);
    if (is_unreserved(byte) || (byte == '/' && keep_slash && !escaped)) {
      out += byte;
    } else {
      append_escape(out, byte);
    }
    at += escaped ? std::size_t{2} : 0;
  }
  return out;
}

/// Cuts a URL into its parts, whatever characters they hold. A fragment is dropped.
inline std::optional<Url> split_url(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) {
    return std::nullopt;
  }
  Url url;
  url.scheme = text.substr(0, scheme_end);
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t query_start = rest.find('?');
  if (query_start != std::string_view::npos) {
    url.query = rest.substr(query_start + 1);
    rest = rest.substr(0, query_start);
  }
  url.authority = rest.substr(0, rest.find('/'));
  url.path = rest.substr(url.authority.size());
  return url;
}

/// Finds host and port in the authority.
inline bool split_authority(Url& url) {
  std::string_view port;
  if (url.authority.starts_with('[')) {
    const std::size_t end = url.authority.find(']');
    if (end == std::string_view::npos) {
      return false;
    }
    url.host = url.authority.substr(1, end - 1);
    port = url.authority.substr(end + 1);
    const auto is_address = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
    if (!std::all_of(url.host.begin(), url.host.end(), is_address)) {
      return false;
    }
  } else {
    url.host = url.authority.substr(0, url.authority.find(':'));
    port = url.authority.substr(url.host.size());
    if (!std::all_of(url.host.begin(), url.host.end(), is_unreserved)) {
      return false;
    }
  }
  if (url.host.empty() || port.empty()) {
    return !url.host.empty();
  }
  std::uint32_t number = 0;
  for (const char c : port.substr(1)) {
    if (c < '0' || c > '9' || number > 65'535) {
      return false;
    }
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  url.port = static_cast<std::uint16_t>(number);
  return port[0] == ':' && number >= 1 && number <= 65'535;
}

}  // namespace detail

/// Escapes every byte but letters, digits and "-._~", with upper-case digits; '/' too, unless
/// `keep_slash`. So S3 spells a key, and everyone a query.
inline std::string percent_encode(std::string_view text, bool keep_slash) {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (const char c : text) {
    if (detail::is_unreserved(c) || (c == '/' && keep_slash)) {
      out += c;
    } else {
      detail::append_escape(out, c);
    }
  }
  return out;
}

/// The bytes that a text with escapes stands for. A '%' that begins none stands for itself, and so
/// does a '+'.
inline std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::optional<char> escaped = detail::escaped_byte(text.substr(at));
    out += escaped.value_or(text[at]);
    at += escaped ? std::size_t{2} : 0;
  }
  return out;
}

/// The parts of a URL that can be sent as it stands.
/// Returns: nothing unless it is http or https, with a host, a port in range if any, and only
/// characters that may stand in a URL; nor with user and password, or a fragment: neither is for
/// the server to see.
inline std::optional<Url> parse_url(std::string_view text) {
  const auto is_sendable = [](char c) { return c > ' ' && c < '\x7f' && c != '#'; };
  std::optional<Url> url = detail::split_url(text);
  if (!url || !std::all_of(text.begin(), text.end(), is_sendable)) {
    return std::nullopt;
  }
  const std::string scheme = detail::lower(url->scheme);
  if ((scheme != "http" && scheme != "https") || !detail::split_authority(*url)) {
    return std::nullopt;
  }
  return url;
}

/// A path in its strict spelling; "/" where it is empty. Dots and empty segments stay as they are:
/// to S3 they are part of the key.
inline std::string canonical_path(std::string_view path) {
  return path.empty() ? "/" : detail::respell(path, true);
}

/// A query in its strict spelling: every parameter with a '=', sorted by name and then by value.
inline std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(parameter.size() + 1, query.size()));
    if (!parameter.empty()) {
      const std::string_view name = parameter.substr(0, parameter.find('='));
      const std::string_view value = parameter.substr(std::min(name.size() + 1, parameter.size()));
      parameters.emplace_back(detail::respell(name, false), detail::respell(value, false));
    }
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    out += out.empty() ? "" : "&";
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

/// A path without empty, "." and ".." segments, as every service but S3 reads it.
inline std::string normalized_path(std::string_view path) {
  std::vector<std::string_view> segments;
  bool ends_open = true;  // the path ends in a '/', or in what comes to the same
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    ends_open = segment.size() < path.size() || segment == "." || segment == "..";
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
    if (segment == ".." && !segments.empty()) {
      segments.pop_back();
    } else if (!segment.empty() && segment != "." && segment != "..") {
      segments.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : segments) {
    out += '/';
    out += segment;
  }
  return ends_open || out.empty() ? out + "/" : out;
}

}  // namespace hydrant
