// SPDX-License-Identifier: MIT
#include <hydrant/net/aws_instance_metadata.hpp>
#include <hydrant/net/aws_region.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "aws_rig.hpp"
#include "test.hpp"

using namespace hydrant;
using hydrant::tests::answer_of;
using hydrant::tests::AwsRig;
using hydrant::tests::container_json;
using hydrant::tests::message_of;
using hydrant::tests::never;
using hydrant::tests::SentRequest;

namespace {

const WallTime expiry{std::chrono::seconds(1'798'761'600)};  // 2027-01-01 00:00:00 UTC
const std::string roles = "/latest/meta-data/iam/security-credentials/";

/// An instance with a role, in a region.
struct InstanceRig : AwsRig {
  InstanceRig() {
    pages[roles] = answer_of(200, "the role\nanother\n");
    pages[roles + "the%20role"] =
        answer_of(200, container_json("id", "secret", "token", "2027-01-01T00:00:00Z"));
    pages["/latest/meta-data/placement/region"] = answer_of(200, "eu-west-1");
    transport->answer = [this](const SentRequest& sent) -> std::optional<Result<HttpResponse>> {
      const std::string path = sent.request.url.substr(sent.request.url.find("/latest"));
      if (path == "/latest/api/token" && sent.request.method == "PUT" &&
          !sent.header("X-aws-ec2-metadata-token-ttl-seconds").empty()) {
        return token;
      }
      if (sent.header("X-aws-ec2-metadata-token") != "session-token") {
        return answer_of(401, "");
      }
      const auto page = pages.find(path);
      return page == pages.end() ? answer_of(404, "") : page->second;
    };
  }

  std::string said() { return message_of(AwsInstanceSource(aws).fetch(never)); }

  Result<HttpResponse> token = answer_of(200, "session-token");
  std::map<std::string, HttpResponse> pages;
};

}  // namespace

TEST_CASE("an instance gives its role's credentials", "[net][aws_instance]") {
  InstanceRig rig;
  AwsInstanceSource source(rig.aws);
  REQUIRE_FALSE(source.absence().has_value());

  REQUIRE(source.fetch(never).value() == AwsCredentials{"id", "secret", "token", expiry});

  REQUIRE(rig.transport->requests.size() == 3);
  REQUIRE(rig.transport->requests[0].request.url == "http://169.254.169.254/latest/api/token");
  REQUIRE(rig.transport->requests[0].request.timeouts.connect == std::chrono::seconds(1));
}

TEST_CASE("an instance is asked where the variables say", "[net][aws_instance]") {
  InstanceRig rig;
  const auto asked = [&] {
    REQUIRE(static_cast<bool>(AwsInstanceSource(rig.aws).fetch(never)));
    return rig.transport->requests.back().request.url;
  };
  rig.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  REQUIRE(asked() == "http://[fd00:ec2::254]" + roles + "the%20role");
  rig.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://localhost:1338/";
  REQUIRE(asked() == "http://localhost:1338" + roles + "the%20role");
  rig.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "localhost";
  REQUIRE(
      rig.said().starts_with("instance metadata: AWS_EC2_METADATA_SERVICE_ENDPOINT is not an "
                             "http or https URL"));
}

TEST_CASE("an instance that must not be asked is not", "[net][aws_instance]") {
  InstanceRig rig;
  for (const char* const value : {"true", "TRUE", "True"}) {
    rig.variables["AWS_EC2_METADATA_DISABLED"] = value;
    REQUIRE(AwsInstanceSource(rig.aws).absence() == "AWS_EC2_METADATA_DISABLED is true");
    REQUIRE(rig.said().starts_with("instance metadata: AWS_EC2_METADATA_DISABLED is true"));
  }
  REQUIRE(rig.transport->requests.empty());
  rig.variables["AWS_EC2_METADATA_DISABLED"] = "false";
  REQUIRE_FALSE(AwsInstanceSource(rig.aws).absence().has_value());
}

TEST_CASE("an instance that has nothing to give is told", "[net][aws_instance]") {
  const std::string at = "http://169.254.169.254";
  const std::string advice =
      " (no EC2 instance? In a container on one, raise its metadata hop limit to 2)";
  {
    InstanceRig rig;
    rig.token = Failure{"no route"};
    REQUIRE(rig.said() == "instance metadata: PUT " + at + "/latest/api/token: no route" + advice);
    rig.token = answer_of(403, "");
    REQUIRE(rig.said() ==
            "instance metadata: PUT " + at + "/latest/api/token: HTTP status 403" + advice);
    for (const char* const token : {"", "a\r\nb"}) {
      rig.token = answer_of(200, token);
      REQUIRE(rig.said() == "instance metadata: the answer to the request for a token is none");
    }
  }
  InstanceRig rig;
  rig.pages[roles] = answer_of(500, "");
  REQUIRE(rig.said() == "instance metadata: GET " + at + roles + ": HTTP status 500");
  rig.pages[roles] = answer_of(200, "\n");
  REQUIRE(rig.said() == "instance metadata: the instance has no role (attach an instance profile)");
  rig.pages.erase(roles);
  REQUIRE(rig.said() == "instance metadata: the instance has no role (attach an instance profile)");
  rig.pages[roles] = answer_of(200, "gone");
  REQUIRE(rig.said() == "instance metadata: the instance has lost its role");
  rig.pages[roles + "gone"] = answer_of(200, "secret");
  REQUIRE(rig.said() == "instance metadata: the answer is not a JSON object");
  rig.pages[roles + "gone"] = answer_of(200, R"({"Code": "AssumeRoleUnauthorizedAccess"})");
  REQUIRE(rig.said() == "instance metadata: the role's credentials: AssumeRoleUnauthorizedAccess");
  rig.pages[roles + "gone"] = answer_of(200, R"({"Code": "Success"})");
  REQUIRE(rig.said() == "instance metadata: there is no access key id");
}

TEST_CASE("the region is looked for in variables, profile and instance", "[net][aws_region]") {
  InstanceRig rig;
  const auto region = [&] {
    auto found = find_aws_region(rig.aws, never);
    return found ? found.value() : found.failure().message;
  };
  REQUIRE(region() == "eu-west-1");
  rig.variables["HOME"] = "/home/me";
  rig.write("/home/me/.aws/config", "[default]\nregion = eu-west-2\n[profile b]\n");
  REQUIRE(region() == "eu-west-2");
  rig.variables["AWS_DEFAULT_REGION"] = "eu-west-3";
  REQUIRE(region() == "eu-west-3");
  rig.variables["AWS_REGION"] = "eu-west-4";
  REQUIRE(region() == "eu-west-4");
  rig.variables["AWS_REGION"] = "EU";
  REQUIRE(region() == "AWS region: AWS_REGION has one with other characters than a-z, 0-9, '-'");
}

TEST_CASE("a region that nobody knows is told by what each said", "[net][aws_region]") {
  InstanceRig rig;
  const auto said = [&] { return message_of(find_aws_region(rig.aws, never)); };
  const std::string unset = "AWS region: AWS_REGION: not set; AWS_DEFAULT_REGION: not set; ";
  rig.pages.erase("/latest/meta-data/placement/region");
  REQUIRE(said() ==
          unset + "profile \"default\": there is none; instance metadata: it has no region");
  rig.pages["/latest/meta-data/placement/region"] = answer_of(200, "<html>");
  REQUIRE(said() ==
          "AWS region: instance metadata has one with other characters than a-z, 0-9, '-'");
  rig.pages["/latest/meta-data/placement/region"] = answer_of(503, "");
  REQUIRE(said() ==
          unset +
              "profile \"default\": there is none; instance metadata: GET "
              "http://169.254.169.254/latest/meta-data/placement/region: HTTP status 503");
  rig.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  rig.variables["HOME"] = "/home/me";
  rig.variables["AWS_PROFILE"] = "b";
  rig.write("/home/me/.aws/config", "[profile b]");
  REQUIRE(said().starts_with(unset + "profile \"b\": it has no region; instance metadata: "
                                     "AWS_EC2_METADATA_DISABLED is true"));
  rig.write("/home/me/.aws/config", "x");
  REQUIRE(said() ==
          unset +
              "profile \"b\": read /home/me/.aws/config: line 1: a setting before the first "
              "[section]");
}
