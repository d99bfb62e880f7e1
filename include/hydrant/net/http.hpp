// SPDX-License-Identifier: MIT
//
// An HTTP request on its way, as sinks see it: started, then stepped without
// ever waiting, or waited for; given up by being destroyed. What carries it is
// behind an interface, so that only one header needs a network library, and a
// test can answer in its stead.
#pragma once

#include <hydrant/core/result.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// One header field of a request or an answer.
struct HttpHeader {
  std::string name;
  std::string value;

  friend bool operator==(const HttpHeader&, const HttpHeader&) = default;
};

namespace detail {

/// Whether two headers have the same name, whatever its case.
inline bool is_same_header_name(std::string_view a, std::string_view b) {
  constexpr auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace detail

/// How long each phase of a request may take. The attempt's deadline holds beside them.
struct HttpTimeouts {
  /// Name resolution, connection and TLS handshake. Default 10 s.
  std::chrono::milliseconds connect{10'000};
  /// From the last byte of the request to the first of the answer. Default 60 s.
  std::chrono::milliseconds first_byte{60'000};
  /// How long no byte may move in either direction before the connection is given up. Default 30 s.
  std::chrono::milliseconds stall{30'000};
};

/// What is asked of a server.
struct HttpRequest {
  std::string method = "GET";
  /// Absolute, and percent-encoded already: sent as it stands, dots and all.
  std::string url;
  /// In the order in which they are sent. Host, Content-Length and Connection are the transport's.
  std::vector<HttpHeader> headers;
  /// The body, piece by piece. The memory belongs to the caller, and stays until the exchange ends.
  std::vector<std::span<const std::byte>> body;
  HttpTimeouts timeouts;
  /// An answer with a longer body is a failure. Default 1 MiB.
  std::size_t response_bytes_max = std::size_t{1} << 20;

  std::uint64_t body_bytes() const {
    std::uint64_t bytes = 0;
    for (const std::span<const std::byte> piece : body) {
      bytes += piece.size();
    }
    return bytes;
  }
};

/// A request as errors name it: the method and where to, without credentials, query and fragment.
inline std::string to_text(const HttpRequest& request) {
  constexpr std::size_t size_max = 512;
  const std::string_view url = request.url;
  const std::size_t scheme = url.find("://");
  const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::string text = request.method + " " + std::string(url.substr(0, start));
  const std::size_t path = std::min(url.find_first_of("/?#", start), url.size());
  std::string_view server = url.substr(start, path - start);
  server.remove_prefix(server.rfind('@') + 1);
  const std::size_t port = server.find_first_not_of("0123456789", server.rfind(':') + 1);
  if (server.rfind(':') != std::string_view::npos && port != std::string_view::npos &&
      !server.starts_with('[')) {
    return text + "...";  // what stands there may be part of a password
  }
  const std::string_view place = url.substr(path, url.find_first_of("?#", path) - path);
  return text + std::string(server) + std::string(place.substr(0, size_max)) +
         (place.size() > size_max ? "..." : "");
}

/// What a server answered, whatever its status.
struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;

  /// The value of the first header of that name, whatever its case; empty when there is none.
  std::string_view header(std::string_view name) const {
    for (const HttpHeader& field : headers) {
      if (detail::is_same_header_name(field.name, name)) {
        return field.value;
      }
    }
    return {};
  }
};

/// One request on its way. Destroying it gives it up: the body's memory is free at once.
/// Threads: distinct objects: safe; shared: unsafe.
class HttpExchange {
 public:
  HttpExchange() = default;
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;
  virtual ~HttpExchange() = default;

  /// Moves it on, as far as that goes without waiting.
  /// Returns: nothing yet; or, once, the answer, or why there is none: what was tried (without
  /// query or credentials) and what came back.
  virtual std::optional<Result<HttpResponse>> step() = 0;

  /// Returns as soon as a step would lead on, or after `at_most`.
  virtual void wait(std::chrono::milliseconds at_most) = 0;
};

/// What carries requests: connections, kept open between them, and TLS.
/// Threads: shared: safe.
class HttpTransport {
 public:
  HttpTransport() = default;
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;
  virtual ~HttpTransport() = default;

  /// Starts a request. Never waits, never fails: why it could not be sent is the first step's
  /// result.
  virtual std::unique_ptr<HttpExchange> start(HttpRequest request) = 0;

  /// Returns as soon as a step of one of the exchanges would lead on, or after `at_most`. They are
  /// this transport's, at least one, and all held by the calling thread.
  virtual void wait(std::span<HttpExchange* const> exchanges, std::chrono::milliseconds at_most) {
    // A transport that cannot watch several watches one, and looks at the others often.
    constexpr std::chrono::milliseconds turn{5};
    exchanges.front()->wait(exchanges.size() == 1 || at_most < turn ? at_most : turn);
  }
};

/// Carries out one request, and waits for it.
/// `cancelled`, a `bool()`, is asked ten times a second whether to give up.
/// Returns: the answer, or why there is none.
/// Blocks: until then.
template <class Cancelled>
Result<HttpResponse> perform(HttpTransport& transport, HttpRequest request,
                             const Cancelled& cancelled) {
  constexpr std::chrono::milliseconds turn{100};
  const std::string what = to_text(request);
  const std::unique_ptr<HttpExchange> exchange = transport.start(std::move(request));
  while (true) {
    if (std::optional<Result<HttpResponse>> result = exchange->step()) {
      return std::move(*result);
    }
    if (cancelled()) {
      return Failure{what + ": given up: the attempt's time is over"};
    }
    exchange->wait(turn);
  }
}

}  // namespace hydrant
