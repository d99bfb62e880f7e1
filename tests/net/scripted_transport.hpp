// SPDX-License-Identifier: MIT
//
// A transport without a network: a test's function answers, or leaves a request
// without an answer for ever.
#pragma once

#include <hydrant/net/http.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::tests {

/// A request as it was sent, its body in one piece.
struct SentRequest {
  HttpRequest request;
  std::string body;

  std::string header(std::string_view name) const {
    std::string found;
    for (const HttpHeader& field : request.headers) {
      found = field.name == name ? field.value : found;
    }
    return found;
  }
};

/// Threads: shared: safe, where only one thread sends.
class ScriptedTransport final : public HttpTransport {
 public:
  /// Nothing: no answer ever comes.
  using Answer = std::function<std::optional<Result<HttpResponse>>(const SentRequest&)>;

  std::unique_ptr<HttpExchange> start(HttpRequest request) override {
    SentRequest sent{std::move(request), {}};
    for (const auto piece : sent.request.body) {
      sent.body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
    sent.request.body.clear();  // its memory may be gone when the test looks
    requests.push_back(sent);
    return std::make_unique<Exchange>(answer ? answer(sent) : std::nullopt);
  }

  Answer answer;
  std::vector<SentRequest> requests;

 private:
  class Exchange final : public HttpExchange {
   public:
    explicit Exchange(std::optional<Result<HttpResponse>> answer) : answer_(std::move(answer)) {}

    std::optional<Result<HttpResponse>> step() override { return std::move(answer_); }

    void wait(std::chrono::milliseconds) override {}

   private:
    std::optional<Result<HttpResponse>> answer_;
  };
};

inline HttpResponse answer_of(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace hydrant::tests
