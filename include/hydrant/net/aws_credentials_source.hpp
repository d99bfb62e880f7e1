// SPDX-License-Identifier: MIT
//
// One place where credentials may be found, and what all such places share: the
// doors that they go through, how an answer is read, and what of it may be told
// to whoever reads an error.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/core/process_environment.hpp>
#include <hydrant/core/result.hpp>
#include <hydrant/net/aws_credentials.hpp>
#include <hydrant/net/http.hpp>
#include <hydrant/net/json_fields.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// The doors to the world that credentials come through.
///
/// @code
/// AwsWorld aws{make_world(SystemEnv{}), transport, system_process_environment()};
/// @endcode
///
/// Threads: shared: safe.
struct AwsWorld {
  /// Clocks, dice, files. Range: not null.
  std::shared_ptr<World> world;
  /// For places that are asked over HTTP. Null: those say that they cannot be asked.
  std::shared_ptr<HttpTransport> transport;
  /// Variables and programs. Empty: there are none.
  ProcessEnvironment process;
};

/// Asked several times a second, while something is waited for, whether to give up.
using Cancelled = std::function<bool()>;

/// One place where credentials may be found. Nothing is kept: each call looks again.
/// Threads: shared: safe.
class AwsCredentialsSource {
 public:
  AwsCredentialsSource() = default;
  AwsCredentialsSource(const AwsCredentialsSource&) = delete;
  AwsCredentialsSource& operator=(const AwsCredentialsSource&) = delete;
  virtual ~AwsCredentialsSource() = default;

  /// As errors name it: "environment variables".
  virtual std::string name() const = 0;

  /// Why nothing is to be looked for here, as nobody has set it up; nothing when somebody has.
  /// Blocks: never on the network.
  virtual std::optional<std::string> absence() = 0;

  /// Looks for credentials.
  /// Returns: them, or what was tried and what came back, never a secret.
  /// Blocks: until then, or until `cancelled`.
  virtual Result<AwsCredentials> fetch(const Cancelled& cancelled) = 0;
};

namespace detail {

/// A message without what must not be in it, whoever put it there; nor are pieces of it there that
/// are long enough to tell anything, as somebody may have cut it off.
inline std::string redacted(std::string_view message,
                            std::initializer_list<std::string_view> secrets) {
  constexpr std::size_t telling_size_min = 4;  // shorter ones are in every text
  constexpr std::size_t piece_size = 8;
  std::string shown(message);
  for (const std::string_view secret : secrets) {
    const std::size_t window = std::min(piece_size, secret.size());
    for (std::size_t at = 0; window >= telling_size_min && at + window <= shown.size(); ++at) {
      std::size_t size = window;
      std::size_t found = secret.find(std::string_view(shown).substr(at, size));
      if (found == std::string_view::npos) {
        continue;
      }
      while (at + size < shown.size() && found + size < secret.size() &&
             shown[at + size] == secret[found + size]) {
        ++size;
      }
      shown.replace(at, size, "***");
      at += 2;
    }
  }
  return shown;
}

/// A server's short name for an error, as far as it is one: no secret looks like this, for every
/// secret has digits.
inline std::string error_word(std::string_view text) {
  constexpr std::size_t size_max = 64;
  const bool is_word = text.size() <= size_max && std::all_of(text.begin(), text.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
                       });
  return is_word ? std::string(text) : "an error that is not shown";
}

/// A sentence of a server, as far as it can be printed, and without the secrets that it was sent.
inline std::string error_sentence(std::string_view text,
                                  std::initializer_list<std::string_view> secrets) {
  constexpr std::size_t size_max = 300;
  std::string shown = redacted(text.substr(0, 2 * size_max), secrets).substr(0, size_max);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

/// Credentials that can be used, or what is wrong with them.
inline Result<AwsCredentials> checked(const AwsCredentials& credentials) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Failure{credentials.access_key_id.empty() ? "there is no access key id"
                                                     : "there is no secret access key"};
  }
  if (!is_credential_text(credentials.access_key_id) ||
      !is_credential_text(credentials.secret_access_key) ||
      !is_credential_text(credentials.session_token)) {
    return Failure{"a key or the token has characters that none has"};
  }
  return credentials;
}

/// When credentials expire, as an answer says; an empty text says that they do not.
inline Result<std::optional<WallTime>> parse_expiration(std::string_view text) {
  if (text.empty()) {
    return std::optional<WallTime>();
  }
  const std::optional<WallTime> expires = parse_iso_time(text);
  if (!expires) {
    return Failure{"Expiration is not a time in the form of 2014-10-24T23:00:23Z"};
  }
  return expires;
}

/// Credentials as programs, containers and instances answer with them; only the name of the
/// token's field differs. The fields are wiped.
inline Result<AwsCredentials> parse_credentials(JsonFields& fields, std::string_view token) {
  Result<std::optional<WallTime>> expires = parse_expiration(field_of(fields, "Expiration"));
  if (!expires) {
    return expires.failure();
  }
  Result<AwsCredentials> found =
      checked({field_of(fields, "AccessKeyId"), field_of(fields, "SecretAccessKey"),
               field_of(fields, token), expires.value()});
  for (auto& [name, value] : fields) {
    wipe(value);
  }
  return found;
}

/// Asks a server that has credentials. Its answer is small.
/// Returns: the answer, whatever its status, or why there is none.
inline Result<HttpResponse> ask(const AwsWorld& world, HttpRequest request,
                                const Cancelled& cancelled) {
  constexpr std::size_t response_bytes_max = std::size_t{64} << 10;
  if (world.transport == nullptr) {
    return Failure{"it cannot be asked without an HTTP transport (give AwsWorld one)"};
  }
  request.response_bytes_max = response_bytes_max;
  return perform(*world.transport, std::move(request), cancelled);
}

/// For servers on this machine or next to it, which answer at once if they are there at all.
inline HttpTimeouts timeouts_nearby() {
  using std::chrono::milliseconds;
  return {milliseconds(1'000), milliseconds(5'000), milliseconds(5'000)};
}

/// A file's content without the white space around it: a token.
inline Result<std::string> read_token(const AwsWorld& world, const std::string& path) {
  constexpr std::size_t bytes_max = std::size_t{64} << 10;
  Result<std::string> read = world.world->files().read(path, bytes_max);
  if (!read) {
    return read;
  }
  const std::string_view blanks = " \t\r\n";
  const std::string_view text = read.value();
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) {
    return Failure{"read " + path + ": it is empty"};
  }
  return std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

}  // namespace detail
}  // namespace hydrant
