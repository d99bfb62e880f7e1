// SPDX-License-Identifier: MIT
//
// Credentials of a profile: keys written down there, a program that prints
// them, or a role that is taken on with those of another profile, place or
// token.
#pragma once

#include <hydrant/net/aws_container_source.hpp>
#include <hydrant/net/aws_credentials_source.hpp>
#include <hydrant/net/aws_environment_source.hpp>
#include <hydrant/net/aws_instance_metadata.hpp>
#include <hydrant/net/aws_process_source.hpp>
#include <hydrant/net/aws_profiles.hpp>
#include <hydrant/net/aws_sts.hpp>
#include <hydrant/net/aws_web_identity_source.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// A profile of the shared files, read each time. Of its settings these count: aws_access_key_id,
/// aws_secret_access_key, aws_session_token; credential_process; role_arn with source_profile,
/// credential_source or web_identity_token_file, and role_session_name, external_id,
/// duration_seconds; region. IAM Identity Center (sso_*) and mfa_serial are told as what cannot be
/// used.
/// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
/// Threads: shared: safe.
class AwsProfileSource final : public AwsCredentialsSource {
 public:
  /// Without a name it is the profile that the environment chooses.
  explicit AwsProfileSource(AwsWorld world, std::string profile = {})
      : world_(std::move(world)), profile_(std::move(profile)) {}

  std::string name() const override { return "profile \"" + profile_name() + "\""; }

  std::optional<std::string> absence() override {
    Result<AwsProfiles> loaded = AwsProfiles::load(world_);
    if (!loaded) {
      return std::nullopt;  // somebody did set it up: fetch says what is wrong
    }
    const AwsProfiles& profiles = loaded.value();
    const AwsProfile* const profile = profiles.find(profile_name());
    if (profile == nullptr) {
      const bool is_chosen = profile_name() != "default" || !profile_.empty();
      return is_chosen ? std::nullopt : std::optional(missing(profiles, "default"));
    }
    for (const char* const setting : {"aws_access_key_id", "aws_secret_access_key", "role_arn",
                                      "credential_process", "sso_session", "sso_start_url"}) {
      if (profile->has(setting)) {
        return std::nullopt;
      }
    }
    return "it has no credentials " + profiles.where();
  }

  Result<AwsCredentials> fetch(const Cancelled& cancelled) override {
    Result<AwsProfiles> profiles = AwsProfiles::load(world_);
    if (!profiles) {
      return Failure{name() + ": " + profiles.failure().message};
    }
    std::vector<std::string> way;
    Result<AwsCredentials> found = resolve(profiles.value(), profile_name(), way, cancelled);
    if (found || found.failure().message.starts_with(name())) {
      return found;
    }
    return Failure{name() + ": " + found.failure().message};
  }

 private:
  static constexpr std::size_t way_length_max = 8;

  std::string profile_name() const {
    return profile_.empty() ? chosen_aws_profile(world_) : profile_;
  }

  static std::string missing(const AwsProfiles& profiles, const std::string& name) {
    return profiles.where().empty() ? "there are no files with profiles, for HOME is not set"
                                    : "there is no profile \"" + name + "\" " + profiles.where();
  }

  /// `way` are the profiles that led here.
  Result<AwsCredentials> resolve(const AwsProfiles& profiles, const std::string& name,
                                 std::vector<std::string>& way, const Cancelled& cancelled) {
    const AwsProfile* const profile = profiles.find(name);
    if (profile == nullptr) {
      // What stands behind source_profile in a damaged file may be anything.
      return Failure{way.empty()
                         ? missing(profiles, name)
                         : "there is no profile of its source_profile's name " + profiles.where()};
    }
    // A profile may name itself as the source: then its own keys are meant.
    const bool names_itself = !way.empty() && way.back() == name;
    const bool was_here = std::find(way.begin(), way.end(), name) != way.end();
    if (!names_itself && (was_here || way.size() == way_length_max)) {
      return Failure{"its source_profile leads in a circle, or further than " +
                     std::to_string(way_length_max) + " profiles, at \"" + name + "\""};
    }
    way.push_back(name);
    if (profile->has("role_arn") && !names_itself) {
      return take_role(profiles, *profile, way, cancelled);
    }
    if (profile->has("aws_access_key_id") || profile->has("aws_secret_access_key")) {
      return in_profile(name, detail::checked({(*profile)["aws_access_key_id"],
                                               (*profile)["aws_secret_access_key"],
                                               (*profile)["aws_session_token"], std::nullopt}));
    }
    if (profile->has("credential_process")) {
      return AwsProcessSource(world_, (*profile)["credential_process"],
                              "credential_process of profile \"" + name + "\"")
          .fetch(cancelled);
    }
    if (profile->has("sso_session") || profile->has("sso_start_url")) {
      return Failure{"profile \"" + name +
                     "\" signs in by IAM Identity Center, which is not known here (set "
                     "credential_process to `aws configure export-credentials --profile NAME`)"};
    }
    return Failure{"profile \"" + name + "\" has no credentials " + profiles.where()};
  }

  Result<AwsCredentials> take_role(const AwsProfiles& profiles, const AwsProfile& profile,
                                   std::vector<std::string>& way, const Cancelled& cancelled) {
    const std::string name = way.back();
    if (profile.has("mfa_serial")) {
      return Failure{"profile \"" + name +
                     "\" has mfa_serial: there is nobody here to ask for a code"};
    }
    Result<AwsRole> role = role_of(profile);
    if (!role) {
      return Failure{"profile \"" + name + "\": " + role.failure().message};
    }
    if (profile.has("web_identity_token_file")) {
      return in_profile(
          name, AwsWebIdentitySource(world_, profile["web_identity_token_file"], role.value())
                    .fetch(cancelled));
    }
    Result<AwsCredentials> base = profile.has("source_profile")
                                      ? resolve(profiles, profile["source_profile"], way, cancelled)
                                      : ask_source(profile["credential_source"], cancelled);
    if (!base) {
      return Failure{"for role_arn of profile \"" + name + "\": " + base.failure().message};
    }
    return in_profile(name, assume_role(world_, role.value(), base.value(), cancelled));
  }

  static Result<AwsCredentials> in_profile(const std::string& name, Result<AwsCredentials> found) {
    return found ? std::move(found)
                 : Failure{"profile \"" + name + "\": " + found.failure().message};
  }

  static Result<AwsRole> role_of(const AwsProfile& profile) {
    AwsRole role{profile["role_arn"], profile["role_session_name"], profile["external_id"],
                 std::chrono::seconds(0), profile["region"]};
    if (const std::string text = profile["duration_seconds"]; !text.empty()) {
      int seconds = 0;
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
      if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || seconds <= 0) {
        return Failure{"duration_seconds is not a number of seconds"};
      }
      role.duration = std::chrono::seconds(seconds);
    }
    return role;
  }

  Result<AwsCredentials> ask_source(const std::string& named, const Cancelled& cancelled) {
    std::unique_ptr<AwsCredentialsSource> source;
    if (named == "Environment") {
      source = std::make_unique<AwsEnvironmentSource>(world_);
    } else if (named == "EcsContainer") {
      source = std::make_unique<AwsContainerSource>(world_);
    } else if (named == "Ec2InstanceMetadata") {
      source = std::make_unique<AwsInstanceSource>(world_);
    } else {
      return Failure{named.empty() ? "neither source_profile nor credential_source is set"
                                   : "credential_source is none of Environment, EcsContainer and "
                                     "Ec2InstanceMetadata"};
    }
    if (const std::optional<std::string> absence = source->absence()) {
      return Failure{source->name() + ": " + *absence};
    }
    return source->fetch(cancelled);
  }

  AwsWorld world_;
  std::string profile_;
};

}  // namespace hydrant
