// SPDX-License-Identifier: MIT
//
// Exchanges credentials, or a token, for those of a role, at AWS's security
// token service.
#pragma once

#include <hydrant/net/aws_credentials_source.hpp>
#include <hydrant/net/sigv4.hpp>
#include <hydrant/net/sts_xml.hpp>
#include <hydrant/net/url.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// A role to be taken on.
struct AwsRole {
  /// For example "arn:aws:iam::123456789012:role/writer".
  std::string role_arn;
  /// As it stands in AWS's logs. Default "hydrant-" and the time.
  std::string session_name{};
  /// What the role's owner asks for. Default none.
  std::string external_id{};
  /// For how long. Default 0: as long as the service likes, an hour.
  /// Range: the service's, 15 min to 12 h.
  std::chrono::seconds duration{0};
  /// Whose service is asked. Empty: the variables AWS_REGION and AWS_DEFAULT_REGION, else the
  /// service without a region.
  std::string region{};
};

namespace detail {

/// As it stands in the name of a host.
inline bool is_region(std::string_view region) {
  constexpr std::size_t size_max = 63;
  return !region.empty() && region.size() <= size_max &&
         std::all_of(region.begin(), region.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

/// Where AWS has a region's services: "amazonaws.com", and others for other parts of the world.
inline std::string_view aws_domain(std::string_view region) {
  return region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

/// What to ask, and with which region to sign.
struct StsEndpoint {
  std::string url;
  std::string region;
};

inline Result<StsEndpoint> find_sts(const AwsWorld& world, std::string region) {
  const auto look = [&](std::string& into, const char* variable) {
    into = into.empty() ? world.process.value_of(variable) : into;
  };
  look(region, "AWS_REGION");
  look(region, "AWS_DEFAULT_REGION");
  if (!region.empty() && !is_region(region)) {
    return Failure{"the region is not one of AWS: it has other characters than a-z, 0-9 and '-'"};
  }
  std::string url;
  look(url, "AWS_ENDPOINT_URL_STS");
  look(url, "AWS_ENDPOINT_URL");
  if (!url.empty() && !parse_url(url)) {
    return Failure{"AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL is not an http or https URL"};
  }
  if (url.empty()) {
    url = "https://sts." + (region.empty() ? "" : region + ".") + std::string(aws_domain(region));
  }
  url += parse_url(url)->path.empty() ? "/" : "";
  return StsEndpoint{std::move(url), region.empty() ? "us-east-1" : region};
}

/// The fields of a form. Wiped at its end: a token may be among them.
/// Threads: distinct objects: safe; shared: unsafe.
class StsForm {
 public:
  explicit StsForm(std::string_view action) {
    text_ = "Version=2011-06-15&Action=" + std::string(action);
  }

  StsForm(const StsForm&) = delete;
  StsForm& operator=(const StsForm&) = delete;

  ~StsForm() { wipe(text_); }

  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) {
      text_ += "&" + std::string(name) + "=" + percent_encode(value, false);
    }
  }

  void add_role(const AwsRole& role, WallTime now) {
    add("RoleArn", role.role_arn);
    add("RoleSessionName", role.session_name.empty()
                               ? "hydrant-" + std::to_string(now.time_since_epoch().count())
                               : role.session_name);
    add("DurationSeconds", role.duration.count() == 0 ? "" : std::to_string(role.duration.count()));
  }

  const std::string& text() const { return text_; }

  std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span(text_.data(), text_.size()));
  }

 private:
  std::string text_;
};

/// What the service said. `result` is the element that the credentials are in.
inline Result<AwsCredentials> read_sts(const HttpResponse& answer, std::string_view action,
                                       std::initializer_list<std::string_view> secrets) {
  const std::string response = std::string(action) + "Response";
  const std::string result = std::string(action) + "Result";
  const std::string status = "HTTP status " + std::to_string(answer.status);
  if (answer.status != 200) {
    const auto code = sts_text_at(answer.body, {"ErrorResponse", "Error", "Code"});
    const auto message = sts_text_at(answer.body, {"ErrorResponse", "Error", "Message"});
    return Failure{status + (code ? ", " + error_word(*code) : "") +
                   (message ? ": " + error_sentence(*message, secrets) : "")};
  }
  const auto field = [&](std::string_view name) {
    return sts_text_at(answer.body, {response, result, "Credentials", name}).value_or("");
  };
  Result<std::optional<WallTime>> expires = parse_expiration(field("Expiration"));
  if (!expires) {
    return Failure{status + ", but " + expires.failure().message};
  }
  Result<AwsCredentials> found = checked(
      {field("AccessKeyId"), field("SecretAccessKey"), field("SessionToken"), expires.value()});
  return found ? std::move(found) : Failure{status + ", but " + found.failure().message};
}

/// Sends a form, signed with `base` unless that is null. No error has a word of `secrets`.
inline Result<AwsCredentials> ask_sts(const AwsWorld& world, const AwsRole& role,
                                      std::string_view action, const StsForm& form,
                                      const AwsCredentials* base,
                                      std::initializer_list<std::string_view> secrets,
                                      const Cancelled& cancelled) {
  Result<StsEndpoint> endpoint = find_sts(world, role.region);
  if (!endpoint) {
    return endpoint.failure();
  }
  HttpRequest request;
  request.method = "POST";
  request.url = endpoint.value().url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = {form.bytes()};
  if (base != nullptr) {
    sign_v4(request, *base, {endpoint.value().region, "sts"}, sha256_hex(form.text()),
            world.world->wall_now());
  }
  const std::string what = std::string(action) + " at " + endpoint.value().url + ": ";
  Result<HttpResponse> answer = ask(world, std::move(request), cancelled);
  if (!answer) {
    return Failure{what + redacted(answer.failure().message, secrets)};
  }
  Result<AwsCredentials> found = read_sts(answer.value(), action, secrets);
  return found ? std::move(found) : Failure{what + found.failure().message};
}

}  // namespace detail

/// Credentials of a role, for those of somebody who may take it on.
/// Returns: them, or what was tried and what came back, without a word of `base`.
/// Blocks: until the service has answered, or until `cancelled`.
inline Result<AwsCredentials> assume_role(const AwsWorld& world, const AwsRole& role,
                                          const AwsCredentials& base, const Cancelled& cancelled) {
  detail::StsForm form("AssumeRole");
  form.add_role(role, world.world->wall_now());
  form.add("ExternalId", role.external_id);
  return detail::ask_sts(world, role, "AssumeRole", form, &base,
                         {base.secret_access_key, base.session_token, role.external_id}, cancelled);
}

/// Credentials of a role, for a token of somebody whom it trusts.
/// Returns: them, or what was tried and what came back, without a word of the token.
/// Blocks: until the service has answered, or until `cancelled`.
inline Result<AwsCredentials> assume_role_with_web_identity(const AwsWorld& world,
                                                            const AwsRole& role,
                                                            const std::string& token,
                                                            const Cancelled& cancelled) {
  detail::StsForm form("AssumeRoleWithWebIdentity");
  form.add_role(role, world.world->wall_now());
  form.add("WebIdentityToken", token);
  return detail::ask_sts(world, role, "AssumeRoleWithWebIdentity", form, nullptr, {token},
                         cancelled);
}

}  // namespace hydrant
