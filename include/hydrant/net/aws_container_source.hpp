// SPDX-License-Identifier: MIT
//
// Credentials from the endpoint that ECS, EKS and others give a container. The
// token that goes there is a secret: it is sent to this machine, to the two
// addresses that AWS has for it, or encrypted, and nowhere else.
#pragma once

#include <hydrant/net/aws_credentials_source.hpp>
#include <hydrant/net/url.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

namespace detail {

/// Four numbers from 0 to 255, the first of them 127. A name that begins so is none.
inline bool is_loopback_address(std::string_view host) {
  unsigned parts = 0;
  for (bool has_more = true; has_more; ++parts) {
    const std::string_view part = host.substr(0, host.find('.'));
    has_more = part.size() < host.size();
    host.remove_prefix(std::min(part.size() + 1, host.size()));
    const bool is_number =
        !part.empty() && part.size() <= 3 &&
        std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
        std::stoi(std::string(part)) <= 255;
    if (!is_number || (parts == 0 && part != "127") || parts == 4) {
      return false;
    }
  }
  return parts == 4;
}

/// Where credentials of a container may be asked for.
inline bool is_container_endpoint(std::string_view text) {
  constexpr std::array<std::string_view, 5> hosts{"localhost", "::1", "169.254.170.2",
                                                  "169.254.170.23", "fd00:ec2::23"};
  const std::optional<Url> url = parse_url(text);
  if (!url) {
    return false;
  }
  const std::string host = lower(url->host);
  return lower(url->scheme) == "https" || is_loopback_address(host) ||
         std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

}  // namespace detail

/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
/// (read each time) or AWS_CONTAINER_AUTHORIZATION_TOKEN.
/// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
/// Threads: shared: safe.
class AwsContainerSource final : public AwsCredentialsSource {
 public:
  explicit AwsContainerSource(AwsWorld world) : world_(std::move(world)) {}

  std::string name() const override { return "container"; }

  std::optional<std::string> absence() override {
    if (world_.process.value_of(relative_variable).empty() &&
        world_.process.value_of(full_variable).empty()) {
      return "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are "
             "not set";
    }
    return std::nullopt;
  }

  Result<AwsCredentials> fetch(const Cancelled& cancelled) override {
    const auto failed = [this](const std::string& why) { return Failure{name() + ": " + why}; };
    HttpRequest request;
    Result<std::string> url = find_url();
    if (!url) {
      return failed(url.failure().message);
    }
    Result<std::string> token = find_token();
    if (!token) {
      return failed(token.failure().message);
    }
    request.url = url.value();
    request.timeouts = detail::timeouts_nearby();
    request.headers.push_back({"Accept", "application/json"});
    if (!token.value().empty()) {
      request.headers.push_back({"Authorization", token.value()});
    }
    // The way to the credentials may be what keeps others from them, so it is not told.
    const Url parts = parse_url(url.value()).value_or(Url{});
    const std::string where = std::string(parts.scheme) + "://" + std::string(parts.authority);
    Result<HttpResponse> answer = detail::ask(world_, std::move(request), cancelled);
    if (!answer) {
      return failed(
          detail::redacted(answer.failure().message, {token.value(), parts.query, parts.path}));
    }
    Result<AwsCredentials> found = read(answer.value());
    return found ? std::move(found) : failed(where + ": " + found.failure().message);
  }

 private:
  static constexpr const char* relative_variable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
  static constexpr const char* full_variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

  Result<std::string> find_url() const {
    const std::string relative = world_.process.value_of(relative_variable);
    if (!relative.empty()) {
      std::string url = "http://169.254.170.2" + relative;
      // What does not begin with a '/' would become a part of the host.
      if (!relative.starts_with('/') || !parse_url(url)) {
        return Failure{std::string(relative_variable) + " is not a path that begins with a '/'"};
      }
      return url;
    }
    std::string full = world_.process.value_of(full_variable);
    if (!parse_url(full)) {
      return Failure{std::string(full_variable) + " is not an http or https URL"};
    }
    if (!detail::is_container_endpoint(full)) {
      return Failure{std::string(full_variable) +
                     " is refused: over http only this machine, 169.254.170.2, 169.254.170.23 and "
                     "[fd00:ec2::23] may be asked (use https)"};
    }
    return full;
  }

  /// Empty when none is set.
  Result<std::string> find_token() const {
    const std::string path = world_.process.value_of("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const std::string variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    Result<std::string> token = path.empty()
                                    ? Result<std::string>(world_.process.value_of(variable))
                                    : detail::read_token(world_, path);
    constexpr auto is_plain = [](char c) { return c >= ' ' && c < '\x7f'; };
    if (token && !std::all_of(token.value().begin(), token.value().end(), is_plain)) {
      return Failure{variable + (path.empty() ? "" : "_FILE") +
                     " has characters that cannot be sent in a header"};
    }
    return token;
  }

  static Result<AwsCredentials> read(const HttpResponse& answer) {
    auto fields = detail::read_json_fields(answer.body);
    const std::string status = "HTTP status " + std::to_string(answer.status);
    if (answer.status != 200) {
      const std::string code = fields ? detail::field_of(*fields, "code") : std::string();
      return Failure{code.empty() ? status : status + ", " + detail::error_word(code)};
    }
    if (!fields) {
      return Failure{status + ", but no JSON object"};
    }
    return detail::parse_credentials(*fields, "Token");
  }

  AwsWorld world_;
};

}  // namespace hydrant
