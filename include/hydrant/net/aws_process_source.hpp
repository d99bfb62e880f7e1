// SPDX-License-Identifier: MIT
//
// Credentials that a program prints: `credential_process` of a profile.
#pragma once

#include <hydrant/net/aws_credentials_source.hpp>

#include <optional>
#include <string>
#include <utility>

namespace hydrant {

/// Runs a command line, and reads a JSON object with "Version": 1 and the credentials from what it
/// prints. What it says to its standard error goes to ours.
/// Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
/// Threads: shared: safe.
class AwsProcessSource final : public AwsCredentialsSource {
 public:
  /// `label` is what errors call it: the command line itself may hold a secret.
  AwsProcessSource(AwsWorld world, std::string command, std::string label = "credential_process",
                   ProgramLimits limits = {})
      : world_(std::move(world)),
        command_(std::move(command)),
        label_(std::move(label)),
        limits_(limits) {}

  std::string name() const override { return label_; }

  std::optional<std::string> absence() override {
    return command_.empty() ? std::optional<std::string>("no command is given") : std::nullopt;
  }

  Result<AwsCredentials> fetch(const Cancelled& cancelled) override {
    const auto failed = [this](const std::string& why) { return Failure{label_ + ": " + why}; };
    if (!world_.process.run_program) {
      return failed("programs cannot be run here (give AwsWorld a process environment)");
    }
    Result<std::string> output = world_.process.run_program(command_, limits_, cancelled);
    if (!output) {
      return failed(detail::redacted(output.failure().message, {command_}));
    }
    auto fields = detail::read_json_fields(output.value());
    wipe(output.value());
    if (!fields) {
      return failed("what it printed is not a JSON object");
    }
    if (detail::field_of(*fields, "Version") != "1") {
      return failed("what it printed has no \"Version\": 1");
    }
    Result<AwsCredentials> found = detail::parse_credentials(*fields, "SessionToken");
    return found ? std::move(found) : failed("what it printed: " + found.failure().message);
  }

 private:
  AwsWorld world_;
  std::string command_;
  std::string label_;
  ProgramLimits limits_;
};

}  // namespace hydrant
