// SPDX-License-Identifier: MIT
//
// Where signing credentials come from, as those see it who sign: ask before
// every request, and say when a service called them expired. How they are found
// is behind the interface.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/result.hpp>
#include <hydrant/net/sigv4.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// Credentials that stay valid: whoever signs asks for them each time.
///
/// @code
/// Result<AwsCredentials> found = provider->credentials(attempt);
/// if (!found) return DeliveryResult::retry(found.failure().message);
/// sign_v4(request, found.value(), {region, "s3"}, hash, attempt.world().wall_now());
/// @endcode
///
/// Threads: shared: safe.
class AwsCredentialsProvider {
 public:
  AwsCredentialsProvider() = default;
  AwsCredentialsProvider(const AwsCredentialsProvider&) = delete;
  AwsCredentialsProvider& operator=(const AwsCredentialsProvider&) = delete;
  virtual ~AwsCredentialsProvider() = default;

  /// Credentials that are valid now; kept ones, as long as there are such. Never throws.
  /// Returns: them, or why there are none: what was tried and what came back, never a secret.
  /// Blocks: only while there are none that are valid, or while it is this caller's turn to fetch
  /// new ones ahead of the end of the old; at most until the attempt is cancelled.
  virtual Result<AwsCredentials> credentials(Attempt& attempt) = 0;

  /// To be told when a service refused the last ones as expired or unknown (ExpiredToken,
  /// InvalidAccessKeyId and the like): the next call fetches anew. Never throws, never waits.
  virtual void invalidate() {}
};

namespace detail {

/// Longer than any that AWS gives out; it goes into headers, so it is one word of plain letters.
inline bool is_credential_text(std::string_view text) {
  constexpr std::size_t size_max = 16'384;
  return text.size() <= size_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace detail

/// Credentials that are written down in the program's own configuration.
/// Threads: shared: safe.
class StaticAwsCredentials final : public AwsCredentialsProvider {
 public:
  /// Errors: OptionsError when a key is missing, or has characters that none has.
  explicit StaticAwsCredentials(const AwsCredentials& credentials) : credentials_(credentials) {
    OptionErrors errors;
    const auto check = [&errors](std::string_view field, const std::string& text, bool is_needed) {
      errors.check(!is_needed || !text.empty(), field, "must not be empty", "empty");
      errors.check(detail::is_credential_text(text), field,
                   "must be at most 16384 visible ASCII characters, no spaces",
                   std::to_string(text.size()) + " bytes that are not shown");
    };
    check("access_key_id", credentials_.access_key_id, true);
    check("secret_access_key", credentials_.secret_access_key, true);
    check("session_token", credentials_.session_token, false);
    if (!errors.empty()) {
      throw OptionsError("StaticAwsCredentials", std::move(errors));
    }
  }

  Result<AwsCredentials> credentials(Attempt&) override { return credentials_; }

 private:
  AwsCredentials credentials_;
};

}  // namespace hydrant
