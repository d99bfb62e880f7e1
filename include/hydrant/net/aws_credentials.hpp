// SPDX-License-Identifier: MIT
//
// Where signing credentials come from, as those see it who sign: ask before
// every request, and say when a service called them expired. How they are found
// is behind the interface.
#pragma once

#include <hydrant/core/result.hpp>
#include <hydrant/net/sigv4.hpp>

#include <functional>

namespace hydrant {

/// Asked ten times a second, while something is waited for, whether to give up.
using Cancelled = std::function<bool()>;

/// Credentials that stay valid: whoever signs asks for them each time.
///
/// @code
/// auto found = provider->credentials([&] { return attempt.cancelled(); });
/// if (!found) return DeliveryResult::retry(found.failure().message);
/// sign_v4(request, found.value(), {region, "s3"}, hash, world.wall_now());
/// @endcode
///
/// Threads: shared: safe.
class AwsCredentialsProvider {
 public:
  AwsCredentialsProvider() = default;
  AwsCredentialsProvider(const AwsCredentialsProvider&) = delete;
  AwsCredentialsProvider& operator=(const AwsCredentialsProvider&) = delete;
  virtual ~AwsCredentialsProvider() = default;

  /// Credentials that are valid now; kept ones, as long as there are such.
  /// Returns: them, or why there are none: what was tried and what came back, never a secret.
  /// Blocks: only while there are none that are valid, or while it is this caller's turn to fetch
  /// new ones ahead of the end of the old; at most until `cancelled`.
  virtual Result<AwsCredentials> credentials(const Cancelled& cancelled) noexcept = 0;

  /// To be told when a service refused `refused` as expired or unknown (ExpiredToken,
  /// InvalidAccessKeyId and the like): unless others are there already, the next call fetches anew.
  virtual void invalidate(const AwsCredentials& refused) noexcept = 0;
};

}  // namespace hydrant
