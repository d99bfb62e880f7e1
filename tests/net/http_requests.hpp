// SPDX-License-Identifier: MIT
//
// Requests as tests write them, in one line.
#pragma once

#include <hydrant/net/http.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant::tests {

inline constexpr auto never = [] { return false; };

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline HttpRequest request_to(std::string url, std::string method = "GET") {
  HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  return request;
}

/// The text of the failure that must come.
inline std::string failure_of(HttpTransport& transport, HttpRequest request) {
  Result<HttpResponse> result = perform(transport, std::move(request), never);
  return result ? "no failure, status " + std::to_string(result.value().status)
                : result.failure().message;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace hydrant::tests
