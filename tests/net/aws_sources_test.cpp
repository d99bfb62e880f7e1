// SPDX-License-Identifier: MIT
//
// Credentials from variables, from a program, from a container's endpoint, and
// written down in the program.
#include <hydrant/net/aws_container_source.hpp>
#include <hydrant/net/aws_environment_source.hpp>
#include <hydrant/net/aws_process_source.hpp>

#include <chrono>
#include <string>
#include <string_view>

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

}  // namespace

TEST_CASE("static credentials are what was written down", "[net][aws_static]") {
  AwsRig rig;
  Attempt attempt = rig.attempt();
  const AwsCredentials written{"id", "secret", "token", std::nullopt};
  StaticAwsCredentials provider(written);

  REQUIRE(provider.credentials(attempt).value() == written);
  provider.invalidate();
  REQUIRE(provider.credentials(attempt).value() == written);
}

TEST_CASE("static credentials that cannot be right are refused, and not shown",
          "[net][aws_static]") {
  const auto faults = [](const AwsCredentials& credentials) -> std::string {
    try {
      const StaticAwsCredentials provider(credentials);
      return "";
    } catch (const OptionsError& error) {
      return error.what();
    }
  };
  REQUIRE(faults({"", "", "", {}}) ==
          "hydrant: 2 faults in the options of StaticAwsCredentials:\n"
          "  access_key_id       must not be empty, is empty\n"
          "  secret_access_key   must not be empty, is empty");
  REQUIRE(faults({"id", "sec\nret", "tok en", {}}) ==
          "hydrant: 2 faults in the options of StaticAwsCredentials:\n"
          "  secret_access_key   must be at most 16384 visible ASCII characters, no spaces, is 7 "
          "bytes that are not shown\n"
          "  session_token       must be at most 16384 visible ASCII characters, no spaces, is 6 "
          "bytes that are not shown");
  REQUIRE(faults({"id", "secret", std::string(16'384, 't'), {}}).empty());
  REQUIRE_FALSE(faults({"id", "secret", std::string(16'385, 't'), {}}).empty());
}

TEST_CASE("variables hold credentials", "[net][aws_environment]") {
  AwsRig rig;
  AwsEnvironmentSource source(rig.aws);
  REQUIRE(source.absence() == "AWS_ACCESS_KEY_ID is not set");
  rig.variables["AWS_ACCESS_KEY_ID"] = "id";
  REQUIRE_FALSE(source.absence().has_value());
  REQUIRE(message_of(source.fetch(never)) ==
          "environment variables: AWS_SECRET_ACCESS_KEY is not set");
  rig.variables["AWS_SECRET_ACCESS_KEY"] = "secret";
  REQUIRE(source.fetch(never).value() == AwsCredentials{"id", "secret", "", std::nullopt});
  rig.variables["AWS_SESSION_TOKEN"] = "token";
  rig.variables["AWS_CREDENTIAL_EXPIRATION"] = "2027-01-01T00:00:00Z";
  REQUIRE(source.fetch(never).value() == AwsCredentials{"id", "secret", "token", expiry});
  rig.variables["AWS_CREDENTIAL_EXPIRATION"] = "soon";
  REQUIRE(message_of(source.fetch(never)) ==
          "environment variables: AWS_CREDENTIAL_EXPIRATION: Expiration is not a time in the form "
          "of 2014-10-24T23:00:23Z");
  rig.variables.erase("AWS_CREDENTIAL_EXPIRATION");
  rig.variables["AWS_SESSION_TOKEN"] = "to\nken";
  REQUIRE(message_of(source.fetch(never)) ==
          "environment variables: a key or the token has characters that none has");
  rig.variables.erase("AWS_ACCESS_KEY_ID");
  REQUIRE_FALSE(source.absence().has_value());
  REQUIRE(message_of(source.fetch(never)) == "environment variables: AWS_ACCESS_KEY_ID is not set");
}

TEST_CASE("a program prints credentials", "[net][aws_process]") {
  AwsRig rig;
  AwsProcessSource source(rig.aws, "get --password=hunter2");
  std::string output;
  rig.program = [&output](const std::string&) { return Result<std::string>(output); };
  const auto said = [&](const std::string& text) {
    output = text;
    return message_of(source.fetch(never));
  };

  output = R"({"Version": 1, "AccessKeyId": "id", "SecretAccessKey": "secret",
               "SessionToken": "token", "Expiration": "2027-01-01T00:00:00Z"})";
  REQUIRE(source.fetch(never).value() == AwsCredentials{"id", "secret", "token", expiry});
  output = R"({"Version": 1, "AccessKeyId": "id", "SecretAccessKey": "secret"})";
  REQUIRE(source.fetch(never).value() == AwsCredentials{"id", "secret", "", std::nullopt});
  REQUIRE(rig.commands == std::vector<std::string>(2, "get --password=hunter2"));

  REQUIRE(said("secret") == "credential_process: what it printed is not a JSON object");
  REQUIRE(said("{}") == "credential_process: what it printed has no \"Version\": 1");
  REQUIRE(said(R"({"Version": 2})") == "credential_process: what it printed has no \"Version\": 1");
  REQUIRE(said(R"({"Version": 1})") ==
          "credential_process: what it printed: there is no access key id");
  REQUIRE(said(R"({"Version": 1, "AccessKeyId": "id"})") ==
          "credential_process: what it printed: there is no secret access key");
  REQUIRE(
      said(R"({"Version": 1, "AccessKeyId": "i", "SecretAccessKey": "s", "Expiration": "x"})") ==
      "credential_process: what it printed: Expiration is not a time in the form of "
      "2014-10-24T23:00:23Z");
}

TEST_CASE("a program that fails is told without its command line", "[net][aws_process]") {
  AwsRig rig;
  AwsProcessSource source(rig.aws, "get --password=hunter2", "credential_process of profile \"a\"");
  REQUIRE(source.name() == "credential_process of profile \"a\"");
  REQUIRE(message_of(source.fetch(never)) ==
          "credential_process of profile \"a\": it ended with status 127");
  rig.program = [](const std::string& command) -> Result<std::string> {
    return Failure{"cannot run " + command};
  };
  REQUIRE(message_of(source.fetch(never)) == "credential_process of profile \"a\": cannot run ***");
  REQUIRE(AwsProcessSource(rig.aws, "").absence() == "no command is given");
  REQUIRE_FALSE(source.absence().has_value());
  AwsWorld bare = rig.aws;
  bare.process = {};
  REQUIRE(message_of(AwsProcessSource(bare, "get").fetch(never)) ==
          "credential_process: programs cannot be run here (give AwsWorld a process environment)");
}

TEST_CASE("a container's endpoint gives credentials", "[net][aws_container]") {
  AwsRig rig;
  AwsContainerSource source(rig.aws);
  REQUIRE(source.absence() ==
          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not "
          "set");
  rig.transport->answer = [](const SentRequest&) {
    return answer_of(200, container_json("id", "secret", "token", "2027-01-01T00:00:00Z"));
  };
  rig.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "https://example.com/c?d";
  REQUIRE_FALSE(source.absence().has_value());
  REQUIRE(source.fetch(never).value() == AwsCredentials{"id", "secret", "token", expiry});
  REQUIRE(rig.transport->requests.back().request.url == "https://example.com/c?d");
  REQUIRE(rig.transport->requests.back().header("Authorization").empty());
  REQUIRE(rig.transport->requests.back().request.response_bytes_max == 65'536);

  rig.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1234";
  rig.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Bearer first";
  REQUIRE(static_cast<bool>(source.fetch(never)));
  REQUIRE(rig.transport->requests.back().request.url == "http://169.254.170.2/v2/credentials/1234");
  REQUIRE(rig.transport->requests.back().header("Authorization") == "Bearer first");

  rig.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/run/token";
  rig.write("/run/token", "Bearer second\n");
  REQUIRE(static_cast<bool>(source.fetch(never)));
  REQUIRE(rig.transport->requests.back().header("Authorization") == "Bearer second");
  rig.write("/run/token", "Bearer third");  // it is read each time
  REQUIRE(static_cast<bool>(source.fetch(never)));
  REQUIRE(rig.transport->requests.back().header("Authorization") == "Bearer third");
}

TEST_CASE("a container's token goes to this machine, to AWS's addresses, or encrypted",
          "[net][aws_container]") {
  for (const std::string_view url :
       {"http://localhost/", "http://LOCALHOST:80/", "http://127.0.0.1:1/x", "http://127.255.0.9",
        "http://[::1]:8080/", "http://169.254.170.2/a", "http://169.254.170.23/a",
        "http://[fd00:ec2::23]/a", "http://[FD00:EC2::23]/a", "https://example.com/",
        "HTTPS://e"}) {
    CAPTURE(url);
    REQUIRE(detail::is_container_endpoint(url));
  }
  for (const std::string_view url :
       {"http://example.com/", "http://169.254.169.254/", "http://169.254.170.22/",
        "http://127.0.0.1.evil.com/", "http://127.evil.com/", "http://128.0.0.1/", "http://127.1/",
        "http://127.0.0.256/", "http://127.0.0.1.1/", "http://127.0.0./", "http://127.0.0.0001/",
        "http://localhost.evil.com/", "http://localhost@evil.com/", "http://[::2]/", "ftp://e/",
        "http://127.0.0.1@evil.com/", "/a", "", "http://[fd00:ec2::254]/"}) {
    CAPTURE(url);
    REQUIRE_FALSE(detail::is_container_endpoint(url));
  }
}

TEST_CASE("a container's endpoint that is wrong is never asked", "[net][aws_container]") {
  AwsRig rig;
  AwsContainerSource source(rig.aws);
  auto& full = rig.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  full = "http://example.com/";
  REQUIRE(message_of(source.fetch(never)) ==
          "container: AWS_CONTAINER_CREDENTIALS_FULL_URI is refused: over http only this machine, "
          "169.254.170.2, 169.254.170.23 and [fd00:ec2::23] may be asked (use https)");
  full = "localhost";
  REQUIRE(message_of(source.fetch(never)) ==
          "container: AWS_CONTAINER_CREDENTIALS_FULL_URI is not an http or https URL");
  for (const char* const relative : {"@evil.com/", ".evil.com/", "v2", "/v 2", ":80/"}) {
    rig.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = relative;
    CAPTURE(relative);
    REQUIRE(message_of(source.fetch(never)) ==
            "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not a path that begins with a "
            "'/'");
  }
  rig.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2";
  rig.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "a\r\nHost: evil";
  REQUIRE(message_of(source.fetch(never)) ==
          "container: AWS_CONTAINER_AUTHORIZATION_TOKEN has characters that cannot be sent in a "
          "header");
  rig.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/run/token";
  REQUIRE(message_of(source.fetch(never)) ==
          "container: read /run/token: No such file or directory");
  rig.write("/run/token", " \n");
  REQUIRE(message_of(source.fetch(never)) == "container: read /run/token: it is empty");
  rig.write("/run/token", "a\nb");
  REQUIRE(message_of(source.fetch(never)) ==
          "container: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE has characters that cannot be sent in "
          "a header");
  REQUIRE(rig.transport->requests.empty());
}

TEST_CASE("a container's endpoint that fails is told, without the way to it",
          "[net][aws_container]") {
  AwsRig rig;
  AwsContainerSource source(rig.aws);
  rig.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost:9/the/way?key";
  rig.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "the-token";
  const auto said = [&](Result<HttpResponse> answer) {
    rig.transport->answer = [answer](const SentRequest&) { return answer; };
    return message_of(source.fetch(never));
  };
  REQUIRE(said(Failure{"GET http://localhost:9/the/way: the-token, key"}) ==
          "container: GET http://localhost:9***: ***, key");
  REQUIRE(said(answer_of(404, "")) == "container: http://localhost:9: HTTP status 404");
  REQUIRE(said(answer_of(400, R"({"code": "InvalidClient.Expired", "message": "m"})")) ==
          "container: http://localhost:9: HTTP status 400, InvalidClient.Expired");
  REQUIRE(said(answer_of(400, R"({"code": "s3cret", "message": "m"})")) ==
          "container: http://localhost:9: HTTP status 400, an error that is not shown");
  REQUIRE(said(answer_of(200, "secret")) ==
          "container: http://localhost:9: HTTP status 200, but no JSON object");
  REQUIRE(said(answer_of(200, "{}")) == "container: http://localhost:9: there is no access key id");
  AwsWorld bare = rig.aws;
  bare.transport = nullptr;
  REQUIRE(message_of(AwsContainerSource(bare).fetch(never)) ==
          "container: it cannot be asked without an HTTP transport (give AwsWorld one)");
  rig.transport->answer = {};  // no answer ever comes
  const std::string given_up = message_of(source.fetch([] { return true; }));
  REQUIRE(given_up.starts_with("container: GET http://"));
  REQUIRE(given_up.ends_with(": given up: the attempt's time is over"));
}
