// SPDX-License-Identifier: MIT
//
// An HTTP request on its way, as sinks see it: started, then stepped without
// ever waiting, or waited for; given up by being destroyed. What carries it is
// behind an interface, so that only one header needs a network library, and a
// test can answer in its stead.
#pragma once

#include <hydrant/core/result.hpp>

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

/// What a server answered, whatever its status.
struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;

  /// The value of the first header of that name, whatever its case; empty when there is none.
  std::string_view header(std::string_view name) const {
    for (const HttpHeader& field : headers) {
      if (has_name(field.name, name)) {
        return field.value;
      }
    }
    return {};
  }

 private:
  static bool has_name(std::string_view a, std::string_view b) {
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

  /// Starts a request. Never waits.
  virtual std::unique_ptr<HttpExchange> start(HttpRequest request) = 0;
};

/// Carries out one request, and waits for it.
/// `cancelled`, a `bool()`, is asked ten times a second whether to give up.
/// Returns: the answer, or why there is none.
/// Blocks: until then.
template <class Cancelled>
Result<HttpResponse> perform(HttpTransport& transport, HttpRequest request,
                             const Cancelled& cancelled) {
  constexpr std::chrono::milliseconds turn{100};
  const std::string what = request.method + " request";
  const std::unique_ptr<HttpExchange> exchange = transport.start(std::move(request));
  while (true) {
    if (std::optional<Result<HttpResponse>> result = exchange->step()) {
      return std::move(*result);
    }
    if (cancelled()) {
      return Failure{what + ": given up, out of time"};
    }
    exchange->wait(turn);
  }
}

}  // namespace hydrant
