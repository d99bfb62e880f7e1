// SPDX-License-Identifier: MIT
//
// The region in which this process has been set up to work, or in which it runs.
#pragma once

#include <hydrant/net/aws_credentials_source.hpp>
#include <hydrant/net/aws_instance_metadata.hpp>
#include <hydrant/net/aws_profiles.hpp>
#include <hydrant/net/aws_sts.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace hydrant {

/// AWS_REGION, AWS_DEFAULT_REGION, the chosen profile's, the instance's: the first that there is.
/// Returns: it, or what each of them said.
/// Blocks: until the instance has answered, or until `cancelled`.
inline Result<std::string> find_aws_region(const AwsWorld& world, const Cancelled& cancelled) {
  const auto accepted = [](std::string region, const std::string& from) -> Result<std::string> {
    if (!detail::is_region(region)) {
      return Failure{"AWS region: " + from + " has one with other characters than a-z, 0-9, '-'"};
    }
    return region;
  };
  std::string said;
  for (const char* const variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = world.process.value_of(variable); !region.empty()) {
      return accepted(std::move(region), variable);
    }
    said += std::string(variable) + ": not set; ";
  }
  const std::string name = "profile \"" + chosen_aws_profile(world) + "\"";
  Result<AwsProfiles> profiles = AwsProfiles::load(world);
  if (!profiles) {
    return Failure{"AWS region: " + said + name + ": " + profiles.failure().message};
  }
  const AwsProfile* const profile = profiles.value().find(chosen_aws_profile(world));
  if (profile != nullptr && profile->has("region")) {
    return accepted((*profile)["region"], name);
  }
  said += name + (profile == nullptr ? ": there is none; " : ": it has no region; ");
  const AwsInstanceMetadata metadata(world);
  Result<std::string> token = metadata.token(cancelled);
  if (!token) {
    return Failure{"AWS region: " + said + "instance metadata: " + token.failure().message};
  }
  auto region = metadata.get("/latest/meta-data/placement/region", token.value(), cancelled);
  if (!region || !region.value()) {
    return Failure{"AWS region: " + said + "instance metadata: " +
                   (region ? "it has no region" : region.failure().message)};
  }
  return accepted(std::move(*region.value()), "instance metadata");
}

}  // namespace hydrant
