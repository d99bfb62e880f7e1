// SPDX-License-Identifier: MIT
//
// AWS Signature Version 4. Signed here and not by curl, whose signing differs
// from release to release in what it escapes, sorts and sends. The request is
// rewritten to the spelling that was signed.
#pragma once

#include <hydrant/core/time.hpp>
#include <hydrant/net/aws_time.hpp>
#include <hydrant/net/http.hpp>
#include <hydrant/net/sha256.hpp>
#include <hydrant/net/url.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// What a request is signed with. It has no output operator on purpose, and is wiped from memory
/// when it goes.
/// Threads: a plain value; copies are independent.
struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  /// Empty with credentials that last.
  std::string session_token;
  /// Nothing: they last.
  std::optional<WallTime> expires;

  // Neither copying nor moving is declared, so that this stays an aggregate. A move is a copy.
  ~AwsCredentials() {
    wipe(secret_access_key);
    wipe(session_token);
  }

  friend bool operator==(const AwsCredentials&, const AwsCredentials&) = default;
};

/// Where a signature holds: "eu-central-1" and "s3", say.
struct SigningScope {
  std::string_view region;
  std::string_view service;
};

/// What stands in the place of the payload's hash when it was not hashed. Over TLS only: nothing
/// else then guards the body.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

namespace detail {

inline constexpr std::string_view signing_algorithm = "AWS4-HMAC-SHA256";

/// S3 takes a path as it stands; all others remove its dots, and escape the escapes.
inline bool signs_path_as_sent(std::string_view service) {
  return service.starts_with("s3");
}

inline std::string signed_path(std::string_view path, std::string_view service) {
  return signs_path_as_sent(service) ? canonical_path(path)
                                     : percent_encode(normalized_path(path), true);
}

/// Without white space around it, and one space for any inside it.
inline std::string trimmed_value(std::string_view value) {
  std::string out;
  bool has_gap = false;
  for (const char c : value) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      has_gap = !out.empty();
    } else {
      out += has_gap ? " " : "";
      out += c;
      has_gap = false;
    }
  }
  return out;
}

/// What proxies and transports change on the way is not signed.
inline bool is_signed_header(std::string_view lower_name) {
  constexpr std::array<std::string_view, 8> skipped{
      "authorization", "connection",        "expect",     "te",
      "trailer",       "transfer-encoding", "user-agent", "x-amzn-trace-id"};
  return std::find(skipped.begin(), skipped.end(), lower_name) == skipped.end();
}

/// The headers that are signed: sorted by name, those of one name merged in their order.
struct SignedHeaders {
  std::string lines;
  std::string names;

  SignedHeaders(std::string_view authority, std::span<const HttpHeader> headers) {
    std::vector<std::pair<std::string, std::string>> fields;
    bool has_host = false;
    for (const HttpHeader& header : headers) {
      std::string name = lower(header.name);
      has_host = has_host || name == "host";
      if (is_signed_header(name)) {
        fields.emplace_back(std::move(name), trimmed_value(header.value));
      }
    }
    if (!has_host) {
      fields.emplace_back("host", authority);
    }
    std::stable_sort(fields.begin(), fields.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const bool is_first = i == 0 || fields[i].first != fields[i - 1].first;
      const bool is_last = i + 1 == fields.size() || fields[i].first != fields[i + 1].first;
      if (is_first) {
        names += (names.empty() ? "" : ";") + fields[i].first;
        lines += fields[i].first + ":";
      }
      lines += fields[i].second + (is_last ? "\n" : ",");
    }
  }
};

/// The host as a transport sends it: in lower case, without a port that goes without saying.
inline std::string host_header(const Url& url) {
  std::string host = lower(url.authority.substr(url.authority.rfind('@') + 1));
  const std::string_view usual = lower(url.scheme) == "https" ? ":443" : ":80";
  if (host.ends_with(usual)) {
    host.resize(host.size() - usual.size());
  }
  return host;
}

/// The text of a request that both sides hash.
inline std::string canonical_request(std::string_view method, std::string_view path,
                                     std::string_view query, const SignedHeaders& headers,
                                     std::string_view payload_hash) {
  std::string text(method);
  for (const std::string_view part : {path, query, std::string_view(headers.lines),
                                      std::string_view(headers.names), payload_hash}) {
    text += '\n';
    text += part;
  }
  return text;
}

/// "20150830/us-east-1/service/aws4_request"
inline std::string scope_text(std::string_view date, SigningScope scope) {
  return std::string(date.substr(0, 8)) + "/" + std::string(scope.region) + "/" +
         std::string(scope.service) + "/aws4_request";
}

inline std::string string_to_sign(std::string_view date, SigningScope scope,
                                  std::string_view canonical_request) {
  return std::string(signing_algorithm) + "\n" + std::string(date) + "\n" +
         scope_text(date, scope) + "\n" + sha256_hex(canonical_request);
}

inline std::string signature(std::string_view secret, std::string_view date, SigningScope scope,
                             std::string_view text) {
  std::string start = "AWS4" + std::string(secret);
  Sha256Digest key = hmac_sha256(std::as_bytes(std::span<const char>(start)), date.substr(0, 8));
  wipe(start);
  for (const std::string_view step :
       {scope.region, scope.service, std::string_view("aws4_request")}) {
    key = hmac_sha256(key, step);
  }
  std::string result = to_hex(hmac_sha256(key, text));
  wipe(key);
  return result;
}

/// Leaves no header of that name.
inline void remove_header(std::vector<HttpHeader>& headers, std::string_view lower_name) {
  std::erase_if(headers,
                [&](const HttpHeader& header) { return lower(header.name) == lower_name; });
}

inline void set_header(std::vector<HttpHeader>& headers, std::string_view lower_name,
                       std::string_view value) {
  remove_header(headers, lower_name);
  headers.push_back({std::string(lower_name), std::string(value)});
}

/// Spells a URL in the way in which it is signed. What is not a URL stays as it is.
inline std::string canonical_url(std::string_view text, std::string_view service) {
  const std::optional<Url> url = split_url(text);
  if (!url) {
    return std::string(text);
  }
  const std::string query = canonical_query(url->query);
  return lower(url->scheme) + "://" + lower(url->authority) +
         (signs_path_as_sent(service) ? canonical_path(url->path) : std::string(url->path)) +
         (query.empty() ? "" : "?" + query);
}

/// The Authorization header of a request whose other headers are complete.
inline std::string authorization(const HttpRequest& request, const AwsCredentials& credentials,
                                 SigningScope scope, std::string_view payload_hash,
                                 std::string_view date) {
  const Url url = split_url(request.url).value_or(Url{});
  const SignedHeaders headers(host_header(url), request.headers);
  const std::string canonical =
      canonical_request(request.method, signed_path(url.path, scope.service),
                        canonical_query(url.query), headers, payload_hash);
  return std::string(signing_algorithm) + " Credential=" + credentials.access_key_id + "/" +
         scope_text(date, scope) + ", SignedHeaders=" + headers.names + ", Signature=" +
         signature(credentials.secret_access_key, date, scope,
                   string_to_sign(date, scope, canonical));
}

}  // namespace detail

/// Signs a request: adds x-amz-date, x-amz-content-sha256, x-amz-security-token with credentials
/// that have one, and Authorization; what was there from signing it before is replaced. All other
/// headers are signed too, except those that may change on the way.
/// The URL's query, and for S3 its path, are rewritten to the strict spelling that is signed.
/// `payload_hash` is the lower-case hexadecimal SHA-256 of the body, or `unsigned_payload`.
/// `now` is the wall clock, plus the server's skew where that is known (`clock_skew`).
/// Source: AWS General Reference, "Create a signed AWS API request".
inline void sign_v4(HttpRequest& request, const AwsCredentials& credentials, SigningScope scope,
                    std::string_view payload_hash, WallTime now) {
  const std::string date = amz_date(now);
  request.url = detail::canonical_url(request.url, scope.service);
  detail::remove_header(request.headers, "authorization");
  detail::remove_header(request.headers, "x-amz-security-token");
  detail::set_header(request.headers, "x-amz-date", date);
  detail::set_header(request.headers, "x-amz-content-sha256", payload_hash);
  if (!credentials.session_token.empty()) {
    detail::set_header(request.headers, "x-amz-security-token", credentials.session_token);
  }
  request.headers.push_back(
      {"Authorization", detail::authorization(request, credentials, scope, payload_hash, date)});
}

/// A URL that carries its own signature, for `valid_for` from `now` on (at most 7 days, and no
/// longer than the credentials). Headers that the request has are signed, and must be sent.
/// The body is not signed for S3; for other services it must be empty.
inline std::string presign_v4(const HttpRequest& request, const AwsCredentials& credentials,
                              SigningScope scope, std::chrono::seconds valid_for, WallTime now) {
  const std::string date = amz_date(now);
  const std::string plain = detail::canonical_url(request.url, scope.service);
  const Url url = detail::split_url(plain).value_or(Url{});
  const detail::SignedHeaders headers(detail::host_header(url), request.headers);
  const auto encoded = [](std::string_view text) { return percent_encode(text, false); };
  std::string query(url.query);
  query += query.empty() ? "" : "&";
  query += "X-Amz-Algorithm=" + std::string(detail::signing_algorithm) + "&X-Amz-Credential=" +
           encoded(credentials.access_key_id + "/" + detail::scope_text(date, scope)) +
           "&X-Amz-Date=" + date + "&X-Amz-Expires=" + std::to_string(valid_for.count()) +
           "&X-Amz-SignedHeaders=" + encoded(headers.names);
  if (!credentials.session_token.empty()) {
    query += "&X-Amz-Security-Token=" + encoded(credentials.session_token);
  }
  query = canonical_query(query);
  const std::string payload_hash =
      detail::signs_path_as_sent(scope.service) ? std::string(unsigned_payload) : sha256_hex("");
  const std::string canonical = detail::canonical_request(
      request.method, detail::signed_path(url.path, scope.service), query, headers, payload_hash);
  return plain.substr(0, plain.find('?')) + "?" + query + "&X-Amz-Signature=" +
         detail::signature(credentials.secret_access_key, date, scope,
                           detail::string_to_sign(date, scope, canonical));
}

}  // namespace hydrant
