// SPDX-License-Identifier: MIT
//
// Credentials in environment variables.
#pragma once

#include <hydrant/net/aws_credentials_source.hpp>

#include <optional>
#include <string>
#include <utility>

namespace hydrant {

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION.
/// Threads: shared: safe.
class AwsEnvironmentSource final : public AwsCredentialsSource {
 public:
  explicit AwsEnvironmentSource(AwsWorld world) : world_(std::move(world)) {}

  std::string name() const override { return "environment variables"; }

  std::optional<std::string> absence() override {
    const ProcessEnvironment& process = world_.process;
    if (process.value_of("AWS_ACCESS_KEY_ID").empty() &&
        process.value_of("AWS_SECRET_ACCESS_KEY").empty()) {
      return "AWS_ACCESS_KEY_ID is not set";
    }
    return std::nullopt;
  }

  Result<AwsCredentials> fetch(const Cancelled&) override {
    const ProcessEnvironment& process = world_.process;
    const auto failed = [this](const std::string& why) { return Failure{name() + ": " + why}; };
    for (const char* const needed : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}) {
      if (process.value_of(needed).empty()) {
        return failed(std::string(needed) + " is not set");
      }
    }
    auto expires = detail::parse_expiration(process.value_of("AWS_CREDENTIAL_EXPIRATION"));
    if (!expires) {
      return failed("AWS_CREDENTIAL_EXPIRATION: " + expires.failure().message);
    }
    Result<AwsCredentials> found = detail::checked(
        {process.value_of("AWS_ACCESS_KEY_ID"), process.value_of("AWS_SECRET_ACCESS_KEY"),
         process.value_of("AWS_SESSION_TOKEN"), expires.value()});
    return found ? std::move(found) : failed(found.failure().message);
  }

 private:
  AwsWorld world_;
};

}  // namespace hydrant
