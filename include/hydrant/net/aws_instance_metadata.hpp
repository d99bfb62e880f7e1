// SPDX-License-Identifier: MIT
//
// What an EC2 instance tells the programs on it: credentials of its role, and
// its region. Asked in the second version of the protocol only, whose token
// keeps out requests that somebody has tricked a server into.
#pragma once

#include <hydrant/net/aws_credentials_source.hpp>
#include <hydrant/net/url.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// Asks the instance metadata service.
/// AWS_EC2_METADATA_DISABLED=true turns it off; AWS_EC2_METADATA_SERVICE_ENDPOINT, or
/// AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6, says where else it is than at 169.254.169.254.
/// Source: EC2 User Guide, "Use the Instance Metadata Service to access instance metadata".
/// Threads: shared: safe.
class AwsInstanceMetadata {
 public:
  explicit AwsInstanceMetadata(AwsWorld world) : world_(std::move(world)) {}

  bool is_disabled() const {
    return detail::lower(world_.process.value_of("AWS_EC2_METADATA_DISABLED")) == "true";
  }

  /// A session's token.
  Result<std::string> token(const Cancelled& cancelled) const {
    HttpRequest request;
    request.method = "PUT";
    request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}};
    const std::string path = "/latest/api/token";
    Result<HttpResponse> answer = ask(std::move(request), path, cancelled);
    if (answer && answer.value().status != 200) {
      answer = unexpected("PUT", path, answer.value());
    }
    if (!answer) {
      return Failure{
          answer.failure().message +
          " (no EC2 instance? In a container on one, raise its metadata hop limit to 2)"};
    }
    std::string token = std::move(answer.value().body);
    if (token.empty() || !detail::is_credential_text(token)) {
      return Failure{"the answer to the request for a token is none"};
    }
    return token;
  }

  /// What the service has at `path`; nothing when it has nothing there.
  Result<std::optional<std::string>> get(const std::string& path, const std::string& token,
                                         const Cancelled& cancelled) const {
    constexpr int not_found = 404;
    HttpRequest request;
    request.headers = {{"X-aws-ec2-metadata-token", token}};
    Result<HttpResponse> answer = ask(std::move(request), path, cancelled);
    if (!answer) {
      return Failure{detail::redacted(answer.failure().message, {token})};
    }
    if (answer.value().status == not_found) {
      return std::optional<std::string>();
    }
    if (answer.value().status != 200) {
      return unexpected("GET", path, answer.value());
    }
    return std::optional(std::move(answer.value().body));
  }

 private:
  Result<HttpResponse> ask(HttpRequest request, const std::string& path,
                           const Cancelled& cancelled) const {
    const std::string endpoint = find_endpoint();
    if (is_disabled() || !parse_url(endpoint)) {
      return Failure{is_disabled()
                         ? "AWS_EC2_METADATA_DISABLED is true"
                         : "AWS_EC2_METADATA_SERVICE_ENDPOINT is not an http or https URL"};
    }
    request.url = endpoint + path;
    request.timeouts = detail::timeouts_nearby();
    const std::string what = request.method + " " + request.url + ": ";
    Result<HttpResponse> answer = detail::ask(world_, std::move(request), cancelled);
    if (!answer) {
      return Failure{what + answer.failure().message};
    }
    return answer;
  }

  Failure unexpected(std::string_view method, const std::string& path,
                     const HttpResponse& answer) const {
    return {std::string(method) + " " + find_endpoint() + path + ": HTTP status " +
            std::to_string(answer.status)};
  }

  std::string find_endpoint() const {
    std::string endpoint = world_.process.value_of("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (endpoint.empty()) {
      const std::string mode =
          detail::lower(world_.process.value_of("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"));
      endpoint = mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    }
    return endpoint.ends_with('/') ? endpoint.substr(0, endpoint.size() - 1) : endpoint;
  }

  AwsWorld world_;
};

/// Credentials of the role that an EC2 instance has.
/// Threads: shared: safe.
class AwsInstanceSource final : public AwsCredentialsSource {
 public:
  explicit AwsInstanceSource(AwsWorld world) : metadata_(std::move(world)) {}

  std::string name() const override { return "instance metadata"; }

  std::optional<std::string> absence() override {
    return metadata_.is_disabled() ? std::optional<std::string>("AWS_EC2_METADATA_DISABLED is true")
                                   : std::nullopt;
  }

  Result<AwsCredentials> fetch(const Cancelled& cancelled) override {
    const auto failed = [this](const std::string& why) { return Failure{name() + ": " + why}; };
    Result<std::string> token = metadata_.token(cancelled);
    if (!token) {
      return failed(token.failure().message);
    }
    const std::string roles_path = "/latest/meta-data/iam/security-credentials/";
    auto roles = metadata_.get(roles_path, token.value(), cancelled);
    if (!roles) {
      return failed(roles.failure().message);
    }
    std::string role = roles.value().value_or("");
    role.resize(std::min(role.find_first_of("\r\n"), role.size()));
    if (role.empty()) {
      return failed("the instance has no role (attach an instance profile)");
    }
    auto answer = metadata_.get(roles_path + percent_encode(role, false), token.value(), cancelled);
    if (!answer || !answer.value()) {
      return failed(answer ? "the instance has lost its role" : answer.failure().message);
    }
    Result<AwsCredentials> found = read(*answer.value());
    wipe(*answer.value());
    wipe(token.value());
    return found ? std::move(found) : failed(found.failure().message);
  }

 private:
  static Result<AwsCredentials> read(const std::string& answer) {
    auto fields = detail::read_json_fields(answer);
    if (!fields) {
      return Failure{"the answer is not a JSON object"};
    }
    const std::string code = detail::field_of(*fields, "Code");
    if (!code.empty() && code != "Success") {
      return Failure{"the role's credentials: " + detail::error_word(code)};
    }
    return detail::parse_credentials(*fields, "Token");
  }

  AwsInstanceMetadata metadata_;
};

}  // namespace hydrant
