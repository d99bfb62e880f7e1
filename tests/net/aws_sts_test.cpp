// SPDX-License-Identifier: MIT
#include <hydrant/net/aws_sts.hpp>
#include <hydrant/net/aws_web_identity_source.hpp>

#include <chrono>
#include <string>

#include "aws_rig.hpp"
#include "test.hpp"

using namespace hydrant;
using hydrant::tests::answer_of;
using hydrant::tests::AwsRig;
using hydrant::tests::message_of;
using hydrant::tests::never;
using hydrant::tests::SentRequest;
using hydrant::tests::sts_error;
using hydrant::tests::sts_xml;

namespace {

const WallTime expiry{std::chrono::seconds(1'798'761'600)};  // 2027-01-01 00:00:00 UTC
const AwsCredentials base{"base-id", "base-secret", "base-token", std::nullopt};

/// A token service that gives out a role.
struct StsRig : AwsRig {
  explicit StsRig(const std::string& action) {
    transport->answer = [action](const SentRequest&) {
      return answer_of(200, sts_xml(action, "id", "secret", "token", "2027-01-01T00:00:00Z"));
    };
  }
};

}  // namespace

TEST_CASE("a role is taken on with credentials", "[net][aws_sts]") {
  StsRig rig("AssumeRole");
  AwsRole role{"arn:aws:iam::1:role/a b", "me", "shared&word", std::chrono::seconds(900),
               "eu-west-1"};

  Result<AwsCredentials> found = assume_role(rig.aws, role, base, never);

  REQUIRE(static_cast<bool>(found));
  REQUIRE(found.value() == AwsCredentials{"id", "secret", "token", expiry});
  REQUIRE(rig.transport->requests.size() == 1);
  const SentRequest& sent = rig.transport->requests[0];
  REQUIRE(sent.request.method == "POST");
  REQUIRE(sent.request.url == "https://sts.eu-west-1.amazonaws.com/");
  REQUIRE(sent.body ==
          "Version=2011-06-15&Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b"
          "&RoleSessionName=me&DurationSeconds=900&ExternalId=shared%26word");
  REQUIRE(sent.header("Content-Type") == "application/x-www-form-urlencoded; charset=utf-8");
  REQUIRE(sent.header("x-amz-security-token") == "base-token");
  REQUIRE(sent.header("x-amz-content-sha256") == sha256_hex(sent.body));
  REQUIRE(sent.header("Authorization")
              .starts_with("AWS4-HMAC-SHA256 Credential=base-id/20260101/eu-west-1/sts/"));
}

TEST_CASE("a role's session and duration need not be chosen", "[net][aws_sts]") {
  StsRig rig("AssumeRole");
  REQUIRE(static_cast<bool>(assume_role(rig.aws, {"arn"}, base, never)));
  REQUIRE(rig.transport->requests[0].body ==
          "Version=2011-06-15&Action=AssumeRole&RoleArn=arn&RoleSessionName=hydrant-1767225600000");
}

TEST_CASE("the token service is that of the region, or the chosen one", "[net][aws_sts]") {
  StsRig rig("AssumeRole");
  AwsRole role{"arn"};
  const auto asked = [&] {
    REQUIRE(static_cast<bool>(assume_role(rig.aws, role, base, never)));
    const SentRequest& sent = rig.transport->requests.back();
    const std::string signed_with = sent.header("Authorization");
    const std::size_t start = signed_with.find("/20260101/") + 10;
    return sent.request.url + " " + signed_with.substr(start, signed_with.find('/', start) - start);
  };
  REQUIRE(asked() == "https://sts.amazonaws.com/ us-east-1");
  rig.variables["AWS_DEFAULT_REGION"] = "us-west-2";
  REQUIRE(asked() == "https://sts.us-west-2.amazonaws.com/ us-west-2");
  rig.variables["AWS_REGION"] = "cn-north-1";
  REQUIRE(asked() == "https://sts.cn-north-1.amazonaws.com.cn/ cn-north-1");
  role.region = "eu-west-1";
  REQUIRE(asked() == "https://sts.eu-west-1.amazonaws.com/ eu-west-1");
  rig.variables["AWS_ENDPOINT_URL"] = "http://localhost:1/all";
  REQUIRE(asked() == "http://localhost:1/all eu-west-1");
  rig.variables["AWS_ENDPOINT_URL_STS"] = "http://localhost:2";
  REQUIRE(asked() == "http://localhost:2/ eu-west-1");
}

TEST_CASE("the token service is not asked where it cannot be", "[net][aws_sts]") {
  StsRig rig("AssumeRole");
  REQUIRE(
      message_of(assume_role(rig.aws, {.role_arn = "arn", .region = "evil.com/"}, base, never)) ==
      "the region is not one of AWS: it has other characters than a-z, 0-9 and '-'");
  rig.variables["AWS_ENDPOINT_URL"] = "evil";
  REQUIRE(message_of(assume_role(rig.aws, {"arn"}, base, never)) ==
          "AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL is not an http or https URL");
  REQUIRE(rig.transport->requests.empty());
}

TEST_CASE("what the token service says is told, without what it was sent", "[net][aws_sts]") {
  AwsRig rig;
  const auto said = [&](Result<HttpResponse> answer) {
    rig.transport->answer = [answer](const SentRequest&) { return answer; };
    return message_of(
        assume_role(rig.aws, {.role_arn = "arn", .external_id = "shared-word"}, base, never));
  };
  const std::string at = "AssumeRole at https://sts.amazonaws.com/: ";
  REQUIRE(said(answer_of(
              403, sts_error("AccessDenied", "User base-secret &amp; shared-word\nmay not"))) ==
          at + "HTTP status 403, AccessDenied: User *** & ***?may not");
  REQUIRE(said(answer_of(403, sts_error("A9", std::string(301, 'm')))) ==
          at + "HTTP status 403, an error that is not shown: " + std::string(300, 'm'));
  REQUIRE(said(answer_of(500, "base-secret")) == at + "HTTP status 500");
  REQUIRE(said(answer_of(200, "secret")) == at + "HTTP status 200, but there is no access key id");
  REQUIRE(said(answer_of(200, sts_xml("AssumeRole", "id", "secret", "t", "then"))) ==
          at + "HTTP status 200, but Expiration is not a time in the form of 2014-10-24T23:00:23Z");
  REQUIRE(said(Failure{"no connection with base-token"}) == at + "no connection with ***");
}

TEST_CASE("a role is taken on with a token that is read each time", "[net][aws_web_identity]") {
  StsRig rig("AssumeRoleWithWebIdentity");
  AwsWebIdentitySource source(rig.aws);
  REQUIRE(source.absence() == "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
  REQUIRE(message_of(source.fetch(never)) ==
          "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
  rig.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/run/token";
  REQUIRE_FALSE(source.absence().has_value());
  REQUIRE(message_of(source.fetch(never)) == "web identity: AWS_ROLE_ARN is not set");
  rig.variables["AWS_ROLE_ARN"] = "arn";
  REQUIRE(message_of(source.fetch(never)) ==
          "web identity: read /run/token: No such file or directory");
  rig.write("/run/token", "first.token\n");
  rig.variables["AWS_ROLE_SESSION_NAME"] = "me";

  REQUIRE(source.fetch(never).value() == AwsCredentials{"id", "secret", "token", expiry});
  REQUIRE(rig.transport->requests.back().body ==
          "Version=2011-06-15&Action=AssumeRoleWithWebIdentity&RoleArn=arn&RoleSessionName=me"
          "&WebIdentityToken=first.token");
  REQUIRE(rig.transport->requests.back().header("Authorization").empty());
  rig.write("/run/token", "second.token");
  REQUIRE(static_cast<bool>(source.fetch(never)));
  REQUIRE(rig.transport->requests.back().body.ends_with("&WebIdentityToken=second.token"));

  rig.transport->answer = [](const SentRequest&) {
    return answer_of(400, sts_error("ExpiredTokenException", "Token second.token expired"));
  };
  REQUIRE(message_of(source.fetch(never)) ==
          "web identity: AssumeRoleWithWebIdentity at https://sts.amazonaws.com/: HTTP status 400, "
          "ExpiredTokenException: Token *** expired");
}

TEST_CASE("a token's file and role can be handed in", "[net][aws_web_identity]") {
  StsRig rig("AssumeRoleWithWebIdentity");
  rig.write("/run/token", "token");
  rig.variables["AWS_ROLE_ARN"] = "another";
  AwsWebIdentitySource source(rig.aws, "/run/token", {.role_arn = "arn", .session_name = "s"});
  REQUIRE_FALSE(source.absence().has_value());
  REQUIRE(static_cast<bool>(source.fetch(never)));
  REQUIRE(rig.transport->requests[0].body.find("&RoleArn=arn&") != std::string::npos);
}
