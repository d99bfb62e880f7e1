// SPDX-License-Identifier: MIT
#include <hydrant/net/aws_default_credentials.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aws_rig.hpp"
#include "test.hpp"

using namespace hydrant;
using hydrant::tests::answer_of;
using hydrant::tests::AwsRig;
using hydrant::tests::container_json;
using hydrant::tests::message_of;
using hydrant::tests::never;
using hydrant::tests::SentRequest;
using hydrant::tests::sts_xml;

namespace {

/// A machine on which every place has credentials of its own.
struct EverywhereRig : AwsRig {
  EverywhereRig() {
    variables = {{"AWS_ACCESS_KEY_ID", "environment"},
                 {"AWS_SECRET_ACCESS_KEY", "s"},
                 {"AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token"},
                 {"AWS_ROLE_ARN", "arn"},
                 {"HOME", "/home/me"},
                 {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/container"}};
    write("/run/token", "t0ken");
    write("/home/me/.aws/credentials",
          "[default]\naws_access_key_id = profile\naws_secret_access_key = s\n");
    transport->answer = [this](const SentRequest& sent) -> std::optional<Result<HttpResponse>> {
      const std::string& url = sent.request.url;
      if (is_down) {
        return Result<HttpResponse>(Failure{"no route"});
      }
      const std::string expires = "2026-01-01T01:00:00Z";
      if (url.find("sts") != std::string::npos) {
        return answer_of(200, sts_xml("AssumeRoleWithWebIdentity", "web", "s", "t", expires));
      }
      if (url.ends_with("/container")) {
        return answer_of(200, container_json("container", "s", "t", expires));
      }
      if (url.ends_with("/token")) {
        return answer_of(200, "session");
      }
      return answer_of(
          200, url.ends_with("/role") ? container_json("instance", "s", "t", expires) : "role");
    };
  }

  std::string ask() {
    Result<AwsCredentials> found = default_aws_source(aws)->fetch(never);
    return found ? found.value().access_key_id : found.failure().message;
  }

  bool is_down = false;
};

}  // namespace

TEST_CASE("credentials come from the first place that has some", "[net][aws_default]") {
  EverywhereRig rig;
  REQUIRE(rig.ask() == "environment");
  rig.variables.erase("AWS_ACCESS_KEY_ID");
  rig.variables.erase("AWS_SECRET_ACCESS_KEY");
  REQUIRE(rig.ask() == "web");
  rig.variables.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  REQUIRE(rig.ask() == "profile");
  rig.variables.erase("HOME");
  REQUIRE(rig.ask() == "container");
  rig.variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  REQUIRE(rig.ask() == "instance");
}

TEST_CASE("a place that fails is not stood in for by another", "[net][aws_default]") {
  EverywhereRig rig;
  rig.variables.erase("AWS_SECRET_ACCESS_KEY");
  REQUIRE(rig.ask() ==
          "AWS credentials: none found: environment variables: AWS_SECRET_ACCESS_KEY is not set; "
          "web identity: not asked; profile \"default\": not asked; container: not asked; instance "
          "metadata: not asked");
  REQUIRE(rig.transport->requests.empty());
  rig.variables.erase("AWS_ACCESS_KEY_ID");
  rig.is_down = true;
  REQUIRE(rig.ask() ==
          "AWS credentials: none found: environment variables: AWS_ACCESS_KEY_ID is not set; web "
          "identity: AssumeRoleWithWebIdentity at https://sts.amazonaws.com/: no route; profile "
          "\"default\": not asked; container: not asked; instance metadata: not asked");
}

TEST_CASE("a machine without credentials is told by what every place said", "[net][aws_default]") {
  AwsRig rig;
  rig.variables = {{"HOME", "/home/me"}, {"AWS_EC2_METADATA_DISABLED", "true"}};
  const auto source = default_aws_source(rig.aws);
  REQUIRE(message_of(source->fetch(never)) ==
          "AWS credentials: none found: environment variables: AWS_ACCESS_KEY_ID is not set; web "
          "identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; profile \"default\": there is no "
          "profile \"default\" in /home/me/.aws/config and /home/me/.aws/credentials; container: "
          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not "
          "set; instance metadata: AWS_EC2_METADATA_DISABLED is true");
  REQUIRE(source->absence() == "no place has any");
  rig.variables.erase("AWS_EC2_METADATA_DISABLED");
  REQUIRE_FALSE(source->absence().has_value());
}

TEST_CASE("the default credentials are kept and fetched anew", "[net][aws_default]") {
  EverywhereRig rig;
  rig.variables.clear();
  const auto provider = default_aws_credentials(rig.aws, {.jitter = std::chrono::seconds(0)});
  Attempt attempt = rig.attempt();
  REQUIRE(provider->credentials(attempt).value().access_key_id == "instance");
  REQUIRE(provider->credentials(attempt).value().access_key_id == "instance");
  REQUIRE(rig.transport->requests.size() == 3);
  rig.env.advance(std::chrono::minutes(55));
  rig.is_down = true;
  REQUIRE(provider->credentials(attempt).value().access_key_id == "instance");
  REQUIRE(rig.transport->requests.size() == 4);
  rig.env.advance(std::chrono::minutes(5));
  REQUIRE_FALSE(static_cast<bool>(provider->credentials(attempt)));
}
