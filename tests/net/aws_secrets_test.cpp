// SPDX-License-Identifier: MIT
//
// No secret, and no piece of one, is in any text that this room gives out,
// whatever breaks: random secrets, planted everywhere, and random damage.
#include <hydrant/net/aws_default_credentials.hpp>
#include <hydrant/net/aws_region.hpp>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
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
using hydrant::tests::sts_error;
using hydrant::tests::sts_xml;

namespace {

/// A machine full of secrets, on which anything may break.
class LeakyRig : public AwsRig {
 public:
  explicit LeakyRig(std::uint64_t seed) : random_(seed) {
    variables = {{"AWS_ACCESS_KEY_ID", "id"},
                 {"AWS_SECRET_ACCESS_KEY", secret()},
                 {"AWS_SESSION_TOKEN", secret()},
                 {"AWS_CREDENTIAL_EXPIRATION", maybe("2027-01-01T00:00:00Z")},
                 {"AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token"},
                 {"AWS_ROLE_ARN", maybe("arn")},
                 {"HOME", "/home/me"},
                 {"AWS_PROFILE", one_of({"keys", "role", "program", "web", "self", "none"})},
                 {"AWS_CONTAINER_CREDENTIALS_FULL_URI",
                  one_of({"http://localhost/", "http://evil/", "x"}) + secret() + "?" + secret()},
                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN", maybe(secret())},
                 {"AWS_REGION", one_of({"", "", "eu-west-1", "E"})}};
    for (auto variable = variables.begin(); variable != variables.end();) {
      variable = random_() % 8 == 0 ? variables.erase(variable) : std::next(variable);
    }
    write("/run/token", maybe(secret()));
    write("/home/me/.aws/config",
          broken("[profile role]\nrole_arn = a\nsource_profile = keys\nexternal_id = " + secret() +
                 "\n[profile program]\ncredential_process = get --password " + secret() +
                 "\n[profile web]\nrole_arn = a\nweb_identity_token_file = /run/token\n" +
                 "[profile self]\nrole_arn = a\nsource_profile = program\n"));
    write("/home/me/.aws/credentials",
          broken("[keys]\naws_access_key_id = id\n"
                 "aws_secret_access_key = " +
                 secret() + "\naws_session_token = " + secret() + "\n"));
    program = [this](const std::string& command) -> Result<std::string> {
      if (random_() % 3 == 0) {
        return Failure{"it failed: " + command};
      }
      return broken("{\"Version\": 1, " + container_json("id", secret(), "", "").substr(1));
    };
    transport->answer = [this](const SentRequest& sent) { return answer(sent); };
  }

  /// Fails when there is any of the secrets in the text, or eight characters of one.
  void check(const std::string& text) {
    CAPTURE(text);
    bool is_told = false;
    for (std::size_t at = 0; at + piece_size <= text.size(); ++at) {
      is_told = is_told || pieces_.count(text.substr(at, piece_size)) != 0;
    }
    REQUIRE_FALSE(is_told);
  }

 private:
  static constexpr std::size_t piece_size = 8;

  std::string secret() {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string made(20 + random_() % 100, '\0');
    for (char& c : made) {
      c = letters[random_() % letters.size()];
    }
    for (std::size_t i = 0; i < made.size(); i += 8) {
      made[i] = static_cast<char>('0' + random_() % 10);  // as every one has some
    }
    for (std::size_t at = 0; at + piece_size <= made.size(); ++at) {
      pieces_.insert(made.substr(at, piece_size));
    }
    return made;
  }

  std::string one_of(const std::vector<std::string>& choices) {
    return choices[random_() % choices.size()];
  }

  std::string maybe(const std::string& text) { return random_() % 4 == 0 ? broken(text) : text; }

  /// Something is missing, or more than there was, or all is well.
  std::string broken(std::string text) {
    for (std::uint64_t faults = random_() % 3; faults > 0 && !text.empty(); --faults) {
      const std::size_t at = random_() % text.size();
      switch (random_() % 4) {
        case 0:
          text.resize(at);
          break;
        case 1:
          text.erase(at, random_() % 20);
          break;
        case 2:
          text[at] = static_cast<char>(random_());
          break;
        default:
          text.insert(at, one_of({"\n", "\"", "=", "<", "[", "{", " "}));
      }
    }
    return text;
  }

  std::optional<Result<HttpResponse>> answer(const SentRequest& sent) {
    const std::string& url = sent.request.url;
    if (random_() % 6 == 0) {
      // A transport that has never heard of secrets.
      return Failure{sent.request.method + " " + url + ": " + echo(sent)};
    }
    const int status = std::stoi(one_of({"200", "200", "200", "200", "403", "500", "404"}));
    if (url.find("sts.") != std::string::npos) {
      const std::string action =
          sent.header("Authorization").empty() ? "AssumeRoleWithWebIdentity" : "AssumeRole";
      return answer_of(status,
                       broken(status == 200 ? sts_xml(action, "id", secret(), secret(), expiry())
                                            : sts_error(one_of({"Expired", secret()}),
                                                        broken("no: " + echo(sent)))));
    }
    if (url.ends_with("/latest/api/token")) {
      return answer_of(status, maybe(secret()));
    }
    if (url.ends_with("/security-credentials/")) {
      return answer_of(status, "role");
    }
    if (url.ends_with("/region")) {
      return answer_of(status, one_of({"eu-west-1", secret()}));
    }
    return answer_of(
        status, broken(random_() % 4 == 0 ? "{\"Code\":\"" + secret() + "\",\"code\":\"" +
                                                secret() + "\",\"message\":\"" + secret() + "\"}"
                                          : container_json("id", secret(), secret(), expiry())));
  }

  std::string expiry() { return one_of({"2027-01-01T00:00:00Z", secret(), ""}); }

  /// Everything that was sent, in clear.
  static std::string echo(const SentRequest& sent) {
    std::string text = percent_decode(sent.body);
    for (const HttpHeader& field : sent.request.headers) {
      text += " " + field.value;
    }
    return text;
  }

  std::mt19937_64 random_;
  std::unordered_set<std::string> pieces_;
};

}  // namespace

TEST_CASE("no text of any place that credentials come from has a secret in it",
          "[net][aws_secrets]") {
  std::size_t failures = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    LeakyRig rig(seed);
    std::vector<std::unique_ptr<AwsCredentialsSource>> sources;
    sources.push_back(std::make_unique<AwsEnvironmentSource>(rig.aws));
    sources.push_back(std::make_unique<AwsWebIdentitySource>(rig.aws));
    sources.push_back(std::make_unique<AwsProfileSource>(rig.aws));
    sources.push_back(std::make_unique<AwsContainerSource>(rig.aws));
    sources.push_back(std::make_unique<AwsInstanceSource>(rig.aws));
    sources.push_back(default_aws_source(rig.aws));
    for (auto& source : sources) {
      rig.check(source->name() + source->absence().value_or(""));
      Result<AwsCredentials> found = source->fetch(never);
      rig.check(message_of(found));
      failures += found ? 0u : 1u;
      if (found) {
        try {
          found.value().secret_access_key += "\n";
          const StaticAwsCredentials provider(found.value());
        } catch (const OptionsError& error) {
          rig.check(error.what());
        }
      }
      CachedAwsCredentials cache(rig.aws.world, std::move(source));
      for (int hour = 0; hour < 3; ++hour) {
        Attempt attempt = rig.attempt();
        rig.check(message_of(cache.credentials(attempt)));
        rig.check(cache.describe());
        cache.invalidate();
        rig.env.advance(std::chrono::hours(1));
      }
    }
    rig.check(message_of(find_aws_region(rig.aws, never)));
  }
  REQUIRE(failures > 500);
}

TEST_CASE("a message is told without secrets and pieces of them", "[net][aws_secrets]") {
  using detail::redacted;
  REQUIRE(redacted("a secret-key b secret-key", {"secret-key"}) == "a *** b ***");
  REQUIRE(redacted("cut secret-k", {"secret-key"}) == "cut ***");
  REQUIRE(redacted("cut ecret-key!", {"secret-key"}) == "cut ***!");
  REQUIRE(redacted("short secret-", {"secret-key"}) == "short secret-");
  REQUIRE(redacted("abcd abc", {"abcd", "abc", ""}) == "*** abc");
  REQUIRE(redacted("one and two-words", {"one and ", "two-words"}) == "******");
  REQUIRE(redacted("", {"secret"}).empty());
}
