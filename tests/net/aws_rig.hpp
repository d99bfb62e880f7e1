// SPDX-License-Identifier: MIT
//
// A world for credentials that a test owns: variables, files, programs, servers
// and time.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/net/aws_credentials_source.hpp>
#include <hydrant/testing/manual_env.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scripted_transport.hpp"

namespace hydrant::tests {

struct AwsRig {
  AwsRig() {
    aws.world = make_world(env);
    aws.transport = transport;
    aws.process.variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    aws.process.run_program = [this](const std::string& command, const ProgramLimits&,
                                     const std::function<bool()>&) -> Result<std::string> {
      commands.push_back(command);
      return program ? program(command) : Result<std::string>(Failure{"it ended with status 127"});
    };
  }

  AwsRig(const AwsRig&) = delete;
  AwsRig& operator=(const AwsRig&) = delete;

  /// Writes a file anew, with the directories on the way.
  void write(const std::string& path, std::string_view text) {
    testing::MemoryFiles& files = env.memory_files();
    static_cast<void>(files.remove(path));
    static_cast<void>(files.make_directories(path.substr(0, path.rfind('/'))));
    auto file = files.create(path);
    static_cast<void>(file.value()->write(std::as_bytes(std::span(text.data(), text.size()))));
  }

  /// For calls that end soon.
  Attempt attempt() { return Attempt(*aws.world, 1, SteadyTime::max(), stop); }

  testing::ManualEnv env;
  std::map<std::string, std::string> variables;
  std::function<Result<std::string>(const std::string&)> program;
  std::vector<std::string> commands;
  std::shared_ptr<ScriptedTransport> transport = std::make_shared<ScriptedTransport>();
  std::atomic<bool> stop{false};
  AwsWorld aws;
};

/// Nobody gives up.
inline bool never() {
  return false;
}

/// The message of a failure; what was found otherwise is none of the test's.
template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "it did not fail" : result.failure().message;
}

inline std::string container_json(std::string_view id, std::string_view secret,
                                  std::string_view token, std::string_view expires) {
  std::string text = "{\"Code\":\"Success\",\"AccessKeyId\":\"" + std::string(id) +
                     "\",\"SecretAccessKey\":\"" + std::string(secret) + "\"";
  text += token.empty() ? "" : ",\"Token\":\"" + std::string(token) + "\"";
  text += expires.empty() ? "" : ",\"Expiration\":\"" + std::string(expires) + "\"";
  return text + "}";
}

inline std::string sts_xml(const std::string& action, const std::string& id,
                           const std::string& secret, const std::string& token,
                           const std::string& expires) {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <" +
         action + "Result>\n <AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser>\n <Credentials>" +
         "<AccessKeyId>" + id + "</AccessKeyId>\n<SecretAccessKey>" + secret +
         "</SecretAccessKey><SessionToken>" + token + "</SessionToken><Expiration>" + expires +
         "</Expiration></Credentials></" + action + "Result></" + action + "Response>";
}

inline std::string sts_error(const std::string& code, const std::string& message) {
  return "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
         "</Type><Code>" +
         code + "</Code><Message>" + message + "</Message></Error></ErrorResponse>";
}

}  // namespace hydrant::tests
