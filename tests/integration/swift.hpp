// SPDX-License-Identifier: MIT
//
// OpenStack Swift as an S3 server, which checks every signature and hash, and
// what boto3 sees there.
#pragma once

#include <hydrant/net/aws_credentials.hpp>

#include <string>
#include <utility>

#include "run_program.hpp"
#include "scratch_directory.hpp"

namespace hydrant::tests {

inline std::string beside_this_file(const std::string& name) {
  const std::string file = __FILE__;
  return file.substr(0, file.rfind('/') + 1) + name;
}

/// The server, started once, and ended with the program.
class Swift {
 public:
  static Swift& instance() {
    static Swift swift;
    return swift;
  }

  Swift(const Swift&) = delete;
  Swift& operator=(const Swift&) = delete;

  ~Swift() { run_program(script_ + " stop " + scratch_.path); }

  /// Why it cannot be used; empty when it can.
  const std::string& absence() const { return absence_; }

  const std::string& endpoint() const { return endpoint_; }

  /// What boto3 sees.
  std::string see(const std::string& action) const {
    return run_program("/usr/bin/python3 " + beside_this_file("s3_client.py") + " " + endpoint_ +
                       " " + action)
        .output;
  }

 private:
  Swift() {
    if (run_program("/usr/bin/python3 -c 'import boto3'").status != 0) {
      absence_ = "no module boto3 (python3-boto3)";
      return;
    }
    const ProgramRun run = run_program(script_ + " start " + scratch_.path);
    endpoint_ = run.output.substr(0, run.output.find('\n'));
    if (run.status != 0 || !endpoint_.starts_with("http")) {
      absence_ = "no Swift: " + endpoint_;
      return;
    }
    absence_ = see("make");
  }

  ScratchDirectory scratch_;
  std::string script_ = beside_this_file("swift_s3.sh");
  std::string endpoint_;
  std::string absence_;
};

class FixedCredentials final : public AwsCredentialsProvider {
 public:
  explicit FixedCredentials(std::string secret) : secret_(std::move(secret)) {}

  Result<AwsCredentials> credentials(Attempt&) override {
    return AwsCredentials{"test:tester", secret_, "", {}};
  }

 private:
  std::string secret_;
};

}  // namespace hydrant::tests
