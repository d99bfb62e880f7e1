// SPDX-License-Identifier: MIT
#include <hydrant/object/s3_error.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "s3/memory_s3.hpp"
#include "s3/s3_rig.hpp"
#include "test.hpp"

using hydrant::DeliveryResult;
using hydrant::HttpResponse;
using hydrant::detail::read_s3_error;
using hydrant::tests::contains;
using hydrant::tests::numbered_text;
using hydrant::tests::s3_answer;
using hydrant::tests::s3_error;
using hydrant::tests::S3Rig;
using hydrant::tests::SeenRequest;
using Verdict = DeliveryResult::Verdict;

namespace {

/// What a put comes to when the server answers so.
DeliveryResult result_of(const HttpResponse& answer) {
  S3Rig rig;
  rig.server->before = [&](const SeenRequest&) { return answer; };
  return rig.put("text");
}

}  // namespace

TEST_CASE("an error says what was tried, what came back, and what to do", "[s3][error]") {
  HttpResponse answer = s3_answer(
      403,
      "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access &lt;Denied&gt;"
      "</Message><RequestId>X</RequestId></Error>",
      {{"x-amz-request-id", "4442587FB7D0A2F9"}});

  const DeliveryResult result = result_of(answer);

  REQUIRE(result.verdict() == Verdict::retry);
  REQUIRE(result.code() == "S3.AccessDenied");
  REQUIRE(result.reason() ==
          "put s3://lake/logs/a.zst: 403 AccessDenied: Access <Denied>, request id "
          "4442587FB7D0A2F9 (allow the credentials' owner s3:PutObject and "
          "s3:AbortMultipartUpload on it)");
}

TEST_CASE("every fault that can be mended is worth another attempt, under Firehose's name",
          "[s3][error]") {
  for (const char* code : {"AccessDenied",
                           "AccountProblem",
                           "AllAccessDisabled",
                           "InvalidPayer",
                           "NotSignedUp",
                           "NoSuchBucket",
                           "MethodNotAllowed",
                           "KMS.NotFoundException",
                           "KMS.RequestLimitExceeded",
                           "SlowDown",
                           "ServiceUnavailable",
                           "RequestTimeout",
                           "SignatureDoesNotMatch",
                           "InvalidStorageClass",
                           "BadDigest",
                           "IncompleteBody",
                           "OperationAborted",
                           "ConditionalRequestConflict",
                           "InvalidRequest",
                           "InvalidArgument"}) {
    CAPTURE(code);
    const DeliveryResult result = result_of(s3_error(400, code));

    REQUIRE(result.verdict() == Verdict::retry);
    REQUIRE(result.code() == std::string("S3.") + code);
    REQUIRE(contains(result.reason(), std::string(": 400 ") + code + ": of the server"));
  }
  REQUIRE(result_of(s3_error(500, "InternalError")).code() == "InternalError");
}

TEST_CASE("what is about the object itself will be so again", "[s3][error]") {
  for (const char* code :
       {"EntityTooLarge", "KeyTooLongError", "InvalidURI", "MetadataTooLarge", "InvalidTag"}) {
    CAPTURE(code);
    REQUIRE(result_of(s3_error(400, code)).verdict() == Verdict::rejected);
    REQUIRE(result_of(s3_error(400, code)).code() == std::string("S3.") + code);
  }
}

TEST_CASE("an answer that is not S3's is named by its status", "[s3][error]") {
  const std::vector<std::pair<int, std::string>> names{
      {301, "PermanentRedirect"}, {307, "TemporaryRedirect"}, {400, "Status400"},
      {403, "AccessDenied"},      {404, "NotFound"},          {405, "MethodNotAllowed"},
      {413, "Status413"},         {429, "TooManyRequests"},   {500, "InternalError"},
      {501, "NotImplemented"},    {502, "Status502"},         {503, "ServiceUnavailable"},
      {504, "Status504"}};
  for (const auto& [status, name] : names) {
    CAPTURE(status);
    for (const std::string body :
         {"", "<html><Code>x</Code></html>", "<Error><Code>a b</Code></Error>",
          "<Error><Code></Code></Error>", "<Error><Code>A"}) {
      const DeliveryResult result = result_of(s3_answer(status, body));
      REQUIRE(result.verdict() == Verdict::retry);
      REQUIRE(result.code() == (name == "InternalError" ? name : "S3." + name));
    }
  }
  REQUIRE(read_s3_error(s3_answer(400, "<Error><Code>" + std::string(64, 'c') + "</Code></Error>"))
              .code == std::string(64, 'c'));
  REQUIRE(read_s3_error(s3_answer(400, "<Error><Code>" + std::string(65, 'c') + "</Code></Error>"))
              .code == "Status400");
}

TEST_CASE("what a server says is one line of bounded length", "[s3][error]") {
  HttpResponse answer = s3_answer(503,
                                  "<Error><Code>SlowDown</Code><Message>a\nb&#0;\x1b[31m" +
                                      std::string(300, 'x') + "</Message></Error>",
                                  {{"x-amz-request-id", std::string(100, 'i')}});
  const std::string text = result_of(answer).reason();

  REQUIRE(text.find_first_of(std::string("\n\x1b\0", 3)) == std::string::npos);
  REQUIRE(contains(text, "xxx..., request id iii"));
  REQUIRE(text.size() < 500);
}

TEST_CASE("no secret is in any error, whatever the server repeats", "[s3][error]") {
  const std::string echo = "the-secret-key the-session-token the-key-id";
  const std::vector<HttpResponse> answers{
      s3_answer(403, "<Error><Code>SignatureDoesNotMatch</Code><Message>" + echo +
                         "</Message><StringToSign>" + echo + "</StringToSign></Error>"),
      s3_answer(400,
                "<Error><Code>ExpiredToken</Code><Message>" + echo + "</Message><Token-0>" + echo +
                    "</Token-0></Error>",
                {{"x-amz-request-id", "the-secret-key"}}),
      s3_answer(200, "<Error><Code>InternalError</Code><Message>" + echo + "</Message></Error>"),
      s3_answer(500, echo)};
  for (const HttpResponse& answer : answers) {
    for (const std::size_t size : {4U, 4000U}) {
      S3Rig rig;
      rig.credentials->next = rig.credentials->now;
      rig.server->before = [&](const SeenRequest&) { return answer; };
      const DeliveryResult result = rig.put(numbered_text(size));

      REQUIRE_FALSE(result.is_delivered());
      for (const char* secret : {"the-secret", "the-session", "the-key"}) {
        REQUIRE_FALSE(contains(result.reason() + result.code(), secret));
      }
    }
  }
}

TEST_CASE("how long the server asks us to wait is how long we wait, within reason", "[s3][error]") {
  const auto asked = [](const std::string& text, const std::string& date = {}) {
    return result_of(s3_error(503, "SlowDown", {{"Retry-After", text}, {"Date", date}})).after();
  };
  using std::chrono::seconds;
  REQUIRE(asked("0") == seconds(0));
  REQUIRE(asked("7") == seconds(7));
  REQUIRE(asked("3599") == seconds(3599));
  REQUIRE(asked("3600") == seconds(3600));
  REQUIRE(asked("3601") == seconds(3600));
  REQUIRE(asked("-1") == seconds(0));
  REQUIRE(asked("99999999999999999999") == seconds(0));
  REQUIRE(asked("soon") == seconds(0));
  REQUIRE(asked("Mon, 27 Aug 2018 10:30:15 GMT", "Mon, 27 Aug 2018 10:30:05 GMT") == seconds(10));
  REQUIRE(asked("Mon, 27 Aug 2018 10:30:05 GMT", "Mon, 27 Aug 2018 10:30:15 GMT") == seconds(0));
  REQUIRE(asked("Mon, 27 Aug 2018 10:30:05 GMT") == seconds(0));
}
