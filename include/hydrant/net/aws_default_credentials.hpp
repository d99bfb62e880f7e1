// SPDX-License-Identifier: MIT
//
// Credentials from wherever this process has been given some: each place is
// asked in AWS's order, and an error tells what every one of them said.
#pragma once

#include <hydrant/net/aws_cached_credentials.hpp>
#include <hydrant/net/aws_container_source.hpp>
#include <hydrant/net/aws_credentials_source.hpp>
#include <hydrant/net/aws_environment_source.hpp>
#include <hydrant/net/aws_instance_metadata.hpp>
#include <hydrant/net/aws_profile_source.hpp>
#include <hydrant/net/aws_web_identity_source.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hydrant {

/// The first of several sources that somebody has set up. If it fails the others are not asked:
/// they would be somebody else's credentials.
/// Threads: shared: safe.
class AwsCredentialsChain final : public AwsCredentialsSource {
 public:
  explicit AwsCredentialsChain(std::vector<std::unique_ptr<AwsCredentialsSource>> sources)
      : sources_(std::move(sources)) {}

  std::string name() const override { return "AWS credentials"; }

  std::optional<std::string> absence() override {
    for (const auto& source : sources_) {
      if (!source->absence()) {
        return std::nullopt;
      }
    }
    return "no place has any";
  }

  Result<AwsCredentials> fetch(const Cancelled& cancelled) override {
    std::string said;
    const auto note = [&said](const std::string& what) {
      said += (said.empty() ? "" : "; ") + what;
    };
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (const std::optional<std::string> absence = sources_[i]->absence()) {
        note(sources_[i]->name() + ": " + *absence);
        continue;
      }
      Result<AwsCredentials> found = sources_[i]->fetch(cancelled);
      if (found) {
        return found;
      }
      note(found.failure().message);
      for (++i; i < sources_.size(); ++i) {
        note(sources_[i]->name() + ": not asked");
      }
    }
    return Failure{name() + ": none found: " + said};
  }

 private:
  std::vector<std::unique_ptr<AwsCredentialsSource>> sources_;
};

/// Variables, web identity, profile, container, instance: what AWS's own libraries look through.
inline std::unique_ptr<AwsCredentialsSource> default_aws_source(const AwsWorld& world) {
  std::vector<std::unique_ptr<AwsCredentialsSource>> sources;
  sources.push_back(std::make_unique<AwsEnvironmentSource>(world));
  sources.push_back(std::make_unique<AwsWebIdentitySource>(world));
  sources.push_back(std::make_unique<AwsProfileSource>(world));
  sources.push_back(std::make_unique<AwsContainerSource>(world));
  sources.push_back(std::make_unique<AwsInstanceSource>(world));
  return std::make_unique<AwsCredentialsChain>(std::move(sources));
}

/// The same, kept and fetched anew in time: what most programs want.
///
/// @code
/// auto credentials = default_aws_credentials(
///     {make_world(SystemEnv{}), transport, system_process_environment()});
/// @endcode
///
/// Errors: OptionsError.
inline std::shared_ptr<AwsCredentialsProvider> default_aws_credentials(
    const AwsWorld& world, const AwsRefreshOptions& options = {}) {
  return std::make_shared<CachedAwsCredentials>(world.world, default_aws_source(world), options);
}

}  // namespace hydrant
