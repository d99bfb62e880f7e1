// SPDX-License-Identifier: MIT
//
// What S3 says when it does not do what was asked, and what that means for
// delivery: nearly everything is worth trying again, for a bucket can be made,
// a policy mended, a clock set. Only what belongs to the object itself is not.
#pragma once

#include <hydrant/core/delivery_result.hpp>
#include <hydrant/net/aws_time.hpp>
#include <hydrant/net/http.hpp>
#include <hydrant/net/sigv4.hpp>
#include <hydrant/object/s3_xml.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant::detail {

/// What S3 answered instead of doing what was asked.
struct S3Error {
  int status = 0;
  /// S3's own name for it, "AccessDenied"; made of the status where the answer has none.
  std::string code;
  /// For people; may be empty.
  std::string message;
  std::string request_id;
  /// Where the bucket is, if the answer says so.
  std::string region;
  std::chrono::seconds retry_after{0};

  bool is(std::string_view other) const { return code == other; }
};

/// A number of digits only.
template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = !text.empty() && text.front() != '-' && error == std::errc() &&
                         end == text.data() + text.size();
  return is_number ? std::optional<Number>(number) : std::nullopt;
}

/// How long the server asks us to wait, in seconds or until a date; at most an hour.
inline std::chrono::seconds retry_after_of(const HttpResponse& answer) {
  constexpr std::chrono::seconds most{3600};
  const std::string_view text = answer.header("Retry-After");
  if (const auto seconds = number_of<std::uint32_t>(text)) {
    return std::min(most, std::chrono::seconds(*seconds));
  }
  const auto then = parse_http_date(text);
  const auto now = parse_http_date(answer.header("Date"));
  if (!then || !now || *then < *now) {
    return {};
  }
  return std::min(most, std::chrono::duration_cast<std::chrono::seconds>(*then - *now));
}

/// Text of a server, fit for one line of a log.
inline std::string printable(std::string_view text, std::size_t size_max) {
  std::string line(text.substr(0, size_max));
  for (char& c : line) {
    c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return text.size() > size_max ? line + "..." : line;
}

/// Names of errors are words with dots; whatever else a server says is no name.
inline bool is_error_code(std::string_view code) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
  };
  return !code.empty() && code.size() <= 64 && std::all_of(code.begin(), code.end(), is_letter);
}

/// For answers without a body: to a HEAD, or from something in between that is not S3.
inline std::string code_of_status(int status) {
  switch (status) {
    case 301:
      return "PermanentRedirect";
    case 307:
      return "TemporaryRedirect";
    case 403:
      return "AccessDenied";
    case 404:
      return "NotFound";
    case 405:
      return "MethodNotAllowed";
    case 412:
      return "PreconditionFailed";
    case 429:
      return "TooManyRequests";
    case 500:
      return "InternalError";
    case 501:
      return "NotImplemented";
    case 503:
      return "ServiceUnavailable";
    default:
      return "Status" + std::to_string(status);
  }
}

inline S3Error read_s3_error(const HttpResponse& answer) {
  const std::string_view xml = xml_child(answer.body, "Error").value_or(std::string_view());
  S3Error error;
  error.status = answer.status;
  error.code = xml_child_text(xml, "Code");
  if (!is_error_code(error.code)) {
    error.code = code_of_status(answer.status);
  }
  error.message = printable(xml_child_text(xml, "Message"), 200);
  error.request_id = printable(answer.header("x-amz-request-id"), 64);
  error.region = answer.header("x-amz-bucket-region");
  if (error.region.empty()) {
    error.region = xml_child_text(xml, "Region");
  }
  error.retry_after = retry_after_of(answer);
  return error;
}

/// A server may repeat what it was sent; what is secret in it goes no further.
inline void hide_secrets(std::string& text, const AwsCredentials& credentials) {
  for (const std::string* secret :
       {&credentials.secret_access_key, &credentials.session_token, &credentials.access_key_id}) {
    for (std::size_t at = 0; !secret->empty() && (at = text.find(*secret, at)) != text.npos;) {
      text.replace(at, secret->size(), "***");
      at += 3;
    }
  }
}

/// What whoever reads of an error may do about it; empty where nothing helps but trying again.
inline std::string_view s3_advice(std::string_view code) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 22> advice{{
      {"AccessDenied",
       "allow the credentials' owner s3:PutObject and s3:AbortMultipartUpload on it"},
      {"AccountProblem", "ask AWS about the account"},
      {"AllAccessDisabled", "ask AWS why access to it is disabled"},
      {"AuthorizationHeaderMalformed", "check s3.region"},
      {"EntityTooLarge", "make smaller batches, or larger parts"},
      {"ExpiredToken", "check what renews the credentials"},
      {"InvalidAccessKeyId", "check the access key's id"},
      {"InvalidBucketName", "check s3.bucket"},
      {"InvalidPayer", "ask AWS about the account"},
      {"InvalidStorageClass", "check s3.storage_class"},
      {"InvalidToken", "check what renews the credentials"},
      {"KeyTooLongError", "shorten the prefix"},
      {"KMS.DisabledException", "enable the KMS key"},
      {"KMS.NotFoundException", "check s3.kms_key_id"},
      {"MethodNotAllowed", "check s3.endpoint, and the bucket's policy"},
      {"NoSuchBucket", "create the bucket, or mend s3.bucket"},
      {"NotImplemented",
       "the server does not know an option: storage class, encryption, tags, ACL?"},
      {"NotSignedUp", "sign the account up for S3"},
      {"PermanentRedirect", "check s3.region and s3.endpoint"},
      {"RequestTimeTooSkewed", "set this machine's clock"},
      {"SignatureDoesNotMatch", "check the secret access key"},
      {"SlowDown", "spread the keys over more prefixes, or make larger objects"},
  }};
  const auto* const found = std::find_if(advice.begin(), advice.end(),
                                         [code](const auto& line) { return line.first == code; });
  return found == advice.end() ? std::string_view() : found->second;
}

/// Whether the same object will be refused however often it is sent.
inline bool is_about_the_object(const S3Error& error) {
  constexpr std::array<std::string_view, 6> codes{"EntityTooLarge", "KeyTooLongError",
                                                  "InvalidURI",     "MetadataTooLarge",
                                                  "InvalidTag",     "TooManyParts"};
  return std::find(codes.begin(), codes.end(), error.code) != codes.end();
}

/// Firehose's name for an error of S3.
inline std::string firehose_code(const S3Error& error) {
  return error.is("InternalError") ? error.code : "S3." + error.code;
}

/// "403 AccessDenied: Access Denied, request id 1234 (what to do)".
inline std::string describe(const S3Error& error, const AwsCredentials& credentials) {
  std::string text = std::to_string(error.status) + " " + error.code;
  text += error.message.empty() ? "" : ": " + error.message;
  text += error.request_id.empty() ? "" : ", request id " + error.request_id;
  hide_secrets(text, credentials);
  const std::string_view advice = s3_advice(error.code);
  return advice.empty() ? text : text + " (" + std::string(advice) + ")";
}

/// What an error means for the object that was put. `what` is what was tried.
inline DeliveryResult s3_failure(const std::string& what, const S3Error& error,
                                 const AwsCredentials& credentials) {
  std::string text = what + ": " + describe(error, credentials);
  DeliveryResult result = is_about_the_object(error) ? rejected(std::move(text))
                                                     : retry(std::move(text), error.retry_after);
  return std::move(result).with_code(firehose_code(error));
}

}  // namespace hydrant::detail
