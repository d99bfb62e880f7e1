// SPDX-License-Identifier: MIT
//
// Credentials of a role for a token in a file, as Kubernetes gives pods one.
#pragma once

#include <hydrant/net/aws_credentials_source.hpp>
#include <hydrant/net/aws_sts.hpp>

#include <optional>
#include <string>
#include <utility>

namespace hydrant {

/// AssumeRoleWithWebIdentity. The token's file is read each time: it is replaced every hour or so.
/// Threads: shared: safe.
class AwsWebIdentitySource final : public AwsCredentialsSource {
 public:
  /// From AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME.
  explicit AwsWebIdentitySource(AwsWorld world) : world_(std::move(world)) {}

  AwsWebIdentitySource(AwsWorld world, std::string token_file, AwsRole role)
      : world_(std::move(world)), token_file_(std::move(token_file)), role_(std::move(role)) {}

  std::string name() const override { return "web identity"; }

  std::optional<std::string> absence() override {
    return token_file().empty()
               ? std::optional<std::string>("AWS_WEB_IDENTITY_TOKEN_FILE is not set")
               : std::nullopt;
  }

  Result<AwsCredentials> fetch(const Cancelled& cancelled) override {
    const auto failed = [this](const std::string& why) { return Failure{name() + ": " + why}; };
    AwsRole role = role_;
    if (token_file_.empty()) {
      role.role_arn = world_.process.value_of("AWS_ROLE_ARN");
      role.session_name = world_.process.value_of("AWS_ROLE_SESSION_NAME");
    }
    if (token_file().empty() || role.role_arn.empty()) {
      return failed(token_file().empty() ? "AWS_WEB_IDENTITY_TOKEN_FILE is not set"
                                         : "AWS_ROLE_ARN is not set");
    }
    Result<std::string> token = detail::read_token(world_, token_file());
    if (!token) {
      return failed(token.failure().message);
    }
    Result<AwsCredentials> found =
        assume_role_with_web_identity(world_, role, token.value(), cancelled);
    wipe(token.value());
    return found ? std::move(found) : failed(found.failure().message);
  }

 private:
  std::string token_file() const {
    return token_file_.empty() ? world_.process.value_of("AWS_WEB_IDENTITY_TOKEN_FILE")
                               : token_file_;
  }

  AwsWorld world_;
  std::string token_file_;
  AwsRole role_;
};

}  // namespace hydrant
