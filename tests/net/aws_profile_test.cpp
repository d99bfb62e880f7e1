// SPDX-License-Identifier: MIT
#include <hydrant/net/aws_profile_source.hpp>

#include <cerrno>
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
using hydrant::tests::sts_xml;

namespace {

const std::string files = "in /home/me/.aws/config and /home/me/.aws/credentials";

/// A home with the two files, and a token service that makes "ID" of "id", and so on.
struct ProfileRig : AwsRig {
  ProfileRig() {
    variables["HOME"] = "/home/me";
    transport->answer = [](const SentRequest& sent) {
      const std::string by = sent.header("Authorization");
      const std::size_t start = by.find("Credential=") + 11;
      const std::string id = by.empty() ? "token" : by.substr(start, by.find('/', start) - start);
      const std::string action = by.empty() ? "AssumeRoleWithWebIdentity" : "AssumeRole";
      return answer_of(200, sts_xml(action, "role-of-" + id, "s", "t", "2027-01-01T00:00:00Z"));
    };
  }

  void config(std::string_view text) { write("/home/me/.aws/config", text); }

  void credentials(std::string_view text) { write("/home/me/.aws/credentials", text); }

  /// The id that the profile gives; its failure otherwise.
  std::string ask(const std::string& profile = "") {
    Result<AwsCredentials> found = AwsProfileSource(aws, profile).fetch(never);
    return found ? found.value().access_key_id : found.failure().message;
  }

  std::string absence(const std::string& profile = "") {
    return AwsProfileSource(aws, profile).absence().value_or("");
  }
};

}  // namespace

TEST_CASE("a profile's keys come from both files, those of the credentials file first",
          "[net][aws_profile]") {
  ProfileRig rig;
  rig.config(
      "[default]\naws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\n");
  REQUIRE(AwsProfileSource(rig.aws).fetch(never).value() ==
          AwsCredentials{"a", "b", "c", std::nullopt});
  rig.credentials("[default]\naws_access_key_id = d\nAWS_SECRET_ACCESS_KEY = e\n");
  REQUIRE(AwsProfileSource(rig.aws).fetch(never).value() ==
          AwsCredentials{"d", "e", "c", std::nullopt});
  REQUIRE(AwsProfileSource(rig.aws).name() == "profile \"default\"");
}

TEST_CASE("a profile is chosen by name, by the variables, or is the default one",
          "[net][aws_profile]") {
  ProfileRig rig;
  rig.config(
      "[profile a]\naws_access_key_id=1\naws_secret_access_key=s\n"
      "[b]\naws_access_key_id=not a profile\n"
      "[profile default]\naws_access_key_id=2\naws_secret_access_key=s\n"
      "[default]\naws_access_key_id=3\n");
  rig.credentials("[b]\naws_access_key_id=4\naws_secret_access_key=s\n");
  REQUIRE(rig.ask() == "2");
  REQUIRE(rig.ask("a") == "1");
  rig.variables["AWS_DEFAULT_PROFILE"] = "b";
  REQUIRE(rig.ask() == "4");
  rig.variables["AWS_PROFILE"] = "a";
  REQUIRE(rig.ask() == "1");
}

TEST_CASE("a profile's files are where the variables say", "[net][aws_profile]") {
  ProfileRig rig;
  rig.write("/etc/aws", "[default]\naws_access_key_id=1\n");
  rig.write("/home/me/keys", "[default]\naws_secret_access_key=s\n");
  rig.variables["AWS_CONFIG_FILE"] = "/etc/aws";
  rig.variables["AWS_SHARED_CREDENTIALS_FILE"] = "~/keys";
  REQUIRE(rig.ask() == "1");
  rig.variables["AWS_CONFIG_FILE"] = "/etc/none";
  REQUIRE(rig.ask("x") ==
          "profile \"x\": there is no profile \"x\" in /etc/none and /home/me/keys");
}

TEST_CASE("a profile that nobody has set up is absent, one that somebody chose is missing",
          "[net][aws_profile]") {
  ProfileRig rig;
  REQUIRE(rig.absence() == "there is no profile \"default\" " + files);
  rig.config("[default]\nregion = a\n");
  REQUIRE(rig.absence() == "it has no credentials " + files);
  REQUIRE(rig.ask() == "profile \"default\" has no credentials " + files);
  REQUIRE(rig.absence("x").empty());
  rig.variables["AWS_PROFILE"] = "y";
  REQUIRE(rig.absence().empty());
  REQUIRE(rig.ask() == "profile \"y\": there is no profile \"y\" " + files);
  rig.variables.clear();
  REQUIRE(rig.absence() == "there are no files with profiles, for HOME is not set");
}

TEST_CASE("a file that cannot be read is told, unless nobody asked for it", "[net][aws_profile]") {
  ProfileRig rig;
  rig.config("[default]\naws_access_key_id=1\naws_secret_access_key=s\n");
  rig.env.memory_files().fail_call(1, EACCES);
  REQUIRE(rig.absence() == "there is no profile \"default\" " + files);
  rig.env.memory_files().fail_call(1, EIO);
  REQUIRE(rig.absence().empty());
  rig.env.memory_files().fail_call(1, EIO);
  REQUIRE(rig.ask() == "profile \"default\": read /home/me/.aws/config: Input/output error");
  rig.variables["AWS_CONFIG_FILE"] = "/home/me/.aws/config";
  rig.env.memory_files().fail_call(1, EACCES);
  REQUIRE(rig.ask() == "profile \"default\": read /home/me/.aws/config: Permission denied");
  rig.credentials("nothing");
  REQUIRE(rig.ask() ==
          "profile \"default\": read /home/me/.aws/credentials: line 1: a setting before the first "
          "[section]");
  rig.credentials(std::string((1 << 20) + 1, '#'));
  REQUIRE(rig.ask() ==
          "profile \"default\": read /home/me/.aws/credentials: it is larger than 1048576 bytes");
  rig.credentials(std::string(1 << 20, '#'));
  REQUIRE(rig.ask() == "1");
}

TEST_CASE("a profile runs a program", "[net][aws_profile]") {
  ProfileRig rig;
  rig.config("[profile a]\ncredential_process = get \"x y\"\n");
  REQUIRE(rig.ask("a") ==
          "profile \"a\": credential_process of profile \"a\": it ended with status 127");
  rig.program = [](const std::string&) -> Result<std::string> {
    return std::string(R"({"Version": 1, "AccessKeyId": "p", "SecretAccessKey": "s"})");
  };
  REQUIRE(rig.ask("a") == "p");
  REQUIRE(rig.commands.back() == "get \"x y\"");
}

TEST_CASE("a profile takes on a role, from another's, over and over", "[net][aws_profile]") {
  ProfileRig rig;
  rig.config(
      "[profile a]\nrole_arn = arn:a\nsource_profile = b\nregion = eu-west-1\n"
      "role_session_name = me\nexternal_id = ex\nduration_seconds = 901\n"
      "[profile b]\nrole_arn = arn:b\nsource_profile = c\n");
  rig.credentials("[c]\naws_access_key_id=id\naws_secret_access_key=s\n");
  REQUIRE(rig.ask("a") == "role-of-role-of-id");
  REQUIRE(rig.transport->requests.size() == 2);
  REQUIRE(rig.transport->requests[0].request.url == "https://sts.amazonaws.com/");
  REQUIRE(rig.transport->requests[1].request.url == "https://sts.eu-west-1.amazonaws.com/");
  REQUIRE(rig.transport->requests[1].body ==
          "Version=2011-06-15&Action=AssumeRole&RoleArn=arn%3Aa&RoleSessionName=me"
          "&DurationSeconds=901&ExternalId=ex");
}

TEST_CASE("a profile may be its own source", "[net][aws_profile]") {
  ProfileRig rig;
  rig.config(
      "[profile a]\nrole_arn = arn:a\nsource_profile = a\naws_access_key_id = id\n"
      "aws_secret_access_key = s\n");
  REQUIRE(rig.ask("a") == "role-of-id");
  rig.config("[profile a]\nrole_arn = arn:a\nsource_profile = a\n");
  REQUIRE(rig.ask("a") ==
          "profile \"a\": for role_arn of profile \"a\": profile \"a\" has no credentials " +
              files);
}

TEST_CASE("profiles that lead in a circle, or too far, are told", "[net][aws_profile]") {
  ProfileRig rig;
  rig.config(
      "[profile a]\nrole_arn = a\nsource_profile = b\n"
      "[profile b]\nrole_arn = b\nsource_profile = a\n");
  REQUIRE(rig.ask("a") ==
          "profile \"a\": for role_arn of profile \"a\": for role_arn of profile \"b\": its "
          "source_profile leads in a circle, or further than 8 profiles, at \"a\"");
  for (const int length : {7, 8, 9}) {
    std::string text;
    for (int i = 1; i < length; ++i) {
      text += "[profile p" + std::to_string(i) + "]\nrole_arn = a\nsource_profile = p" +
              std::to_string(i + 1) + "\n";
    }
    rig.config(text + "[profile p" + std::to_string(length) +
               "]\naws_access_key_id = id\naws_secret_access_key = s\n");
    CAPTURE(length);
    REQUIRE((rig.ask("p1").find("further than 8") == std::string::npos) == (length <= 8));
  }
}

TEST_CASE("a profile's role is taken on with what the process has", "[net][aws_profile]") {
  ProfileRig rig;
  const auto with = [&](const std::string& source) {
    rig.config("[profile a]\nrole_arn = a\n" + source);
    return rig.ask("a");
  };
  rig.variables["AWS_ACCESS_KEY_ID"] = "env";
  rig.variables["AWS_SECRET_ACCESS_KEY"] = "s";
  REQUIRE(with("credential_source = Environment") == "role-of-env");
  rig.variables.erase("AWS_SECRET_ACCESS_KEY");
  REQUIRE(with("credential_source = Environment") ==
          "profile \"a\": for role_arn of profile \"a\": environment variables: "
          "AWS_SECRET_ACCESS_KEY is not set");
  REQUIRE(
      with("credential_source = EcsContainer") ==
      "profile \"a\": for role_arn of profile \"a\": container: "
      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set");
  rig.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  REQUIRE(with("credential_source = Ec2InstanceMetadata")
              .starts_with("profile \"a\": for role_arn of profile \"a\": instance metadata: "));
  REQUIRE(with("credential_source = Thin air") ==
          "profile \"a\": for role_arn of profile \"a\": credential_source is none of Environment, "
          "EcsContainer and Ec2InstanceMetadata");
  REQUIRE(with("") ==
          "profile \"a\": for role_arn of profile \"a\": neither source_profile nor "
          "credential_source is set");
  rig.write("/run/token", "t0ken");
  REQUIRE(with("web_identity_token_file = /run/token") == "role-of-token");
}

TEST_CASE("a profile that says what cannot be done is told", "[net][aws_profile]") {
  ProfileRig rig;
  const auto said = [&](const std::string& text) {
    rig.config("[profile a]\n" + text);
    REQUIRE(rig.absence("a").empty());
    return rig.ask("a");
  };
  REQUIRE(said("sso_session = x") ==
          "profile \"a\" signs in by IAM Identity Center, which is not known here "
          "(set credential_process to `aws configure export-credentials --profile NAME`)");
  REQUIRE(said("role_arn = x\nmfa_serial = y") ==
          "profile \"a\" has mfa_serial: there is nobody here to ask for a code");
  for (const char* const text : {"x", "-5", "0", "900s", "99999999999"}) {
    REQUIRE(said("role_arn = x\nduration_seconds = " + std::string(text)) ==
            "profile \"a\": duration_seconds is not a number of seconds");
  }
  REQUIRE(said("aws_access_key_id = x") == "profile \"a\": there is no secret access key");
  REQUIRE(said("aws_secret_access_key = x") == "profile \"a\": there is no access key id");
  REQUIRE(said("role_arn = x\nsource_profile = none") ==
          "profile \"a\": for role_arn of profile \"a\": there is no profile of its "
          "source_profile's name " +
              files);
  rig.transport->answer = [](const SentRequest&) { return answer_of(500, ""); };
  rig.credentials("[b]\naws_access_key_id=id\naws_secret_access_key=s\n");
  REQUIRE(said("role_arn = x\nsource_profile = b") ==
          "profile \"a\": AssumeRole at https://sts.amazonaws.com/: HTTP status 500");
}
