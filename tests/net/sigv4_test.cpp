// SPDX-License-Identifier: MIT
#include <hydrant/net/sigv4.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <new>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

using namespace hydrant;

namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(Printable<std::string> && !Printable<AwsCredentials>,
              "credentials must not be printable by accident");

// The names, times and answers of the examples in the S3 API Reference, "Authenticating Requests
// (AWS Signature Version 4)".
const AwsCredentials example{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "",
                             std::nullopt};
const SigningScope example_scope{"us-east-1", "s3"};
const WallTime example_time{std::chrono::seconds(1'369'353'600)};  // 2013-05-24 00:00:00 UTC

HttpRequest request_of(std::string method, std::string url, std::vector<HttpHeader> headers = {}) {
  HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = std::move(headers);
  return request;
}

std::string header_of(const HttpRequest& request, std::string_view name) {
  std::string found;
  std::size_t count = 0;
  for (const HttpHeader& field : request.headers) {
    if (detail::lower(field.name) == name) {
      found = field.value;
      ++count;
    }
  }
  REQUIRE(count <= 1);
  return found;
}

std::string signature_of(const HttpRequest& request) {
  const std::string value = header_of(request, "authorization");
  return value.substr(value.rfind('=') + 1);
}

/// Signed as the examples are.
HttpRequest signed_example(HttpRequest request, std::string_view body = "") {
  sign_v4(request, example, example_scope, sha256_hex(body), example_time);
  return request;
}

const std::string example_host = "https://examplebucket.s3.amazonaws.com";

HttpRequest random_request(std::mt19937_64& random) {
  constexpr std::string_view letters = "abcXYZ019-._~/% =&+:\"\t";
  const auto text = [&](std::size_t size_max) {
    std::string made(random() % (size_max + 1), '\0');
    for (char& c : made) {
      c = letters[random() % letters.size()];
    }
    return made;
  };
  HttpRequest request =
      request_of("PUT", "https://h.example/" + percent_encode(text(20), true) + "?" +
                            percent_encode(text(9), false) + "=" + percent_encode(text(9), false));
  for (std::uint64_t i = random() % 6; i > 0; --i) {
    request.headers.push_back({"X-Amz-Meta-" + std::to_string(i), text(12)});
  }
  return request;
}

}  // namespace

TEST_CASE("the signer signs the examples of the S3 reference", "[net][sigv4]") {
  const auto get =
      signed_example(request_of("GET", example_host + "/test.txt", {{"Range", "bytes=0-9"}}));
  REQUIRE(header_of(get, "authorization") ==
          "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
          "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
          "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  REQUIRE(header_of(get, "x-amz-date") == "20130524T000000Z");
  REQUIRE(header_of(get, "x-amz-content-sha256") == sha256_hex(""));

  const auto put = signed_example(request_of("PUT", example_host + "/test%24file.text",
                                             {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                              {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}),
                                  "Welcome to Amazon S3.");
  REQUIRE(signature_of(put) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");

  REQUIRE(signature_of(signed_example(request_of("GET", example_host + "/?lifecycle"))) ==
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  REQUIRE(signature_of(signed_example(request_of("GET", example_host + "/?max-keys=2&prefix=J"))) ==
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("the signer presigns the example of the S3 reference", "[net][sigv4]") {
  REQUIRE(presign_v4(request_of("GET", example_host + "/test.txt"), example, example_scope,
                     std::chrono::seconds(86'400), example_time) ==
          "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
          "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
          "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
          "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("a presigned URL carries the query, the token and the headers' names", "[net][sigv4]") {
  AwsCredentials credentials = example;
  credentials.session_token = "a/b+c=";
  const std::string url =
      presign_v4(request_of("PUT", example_host + "/k?z=1&A", {{"x-amz-acl", "private"}}),
                 credentials, example_scope, std::chrono::seconds(60), example_time);
  REQUIRE(url.starts_with(example_host + "/k?A=&X-Amz-Algorithm="));
  REQUIRE(url.find("&X-Amz-Security-Token=a%2Fb%2Bc%3D&") != std::string::npos);
  REQUIRE(url.find("&X-Amz-SignedHeaders=host%3Bx-amz-acl&z=1&X-Amz-Signature=") !=
          std::string::npos);
}

TEST_CASE("signing again is the same as signing afresh", "[net][sigv4]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const HttpRequest request = random_request(random);
    AwsCredentials with_token = example;
    with_token.session_token = "token";
    const SigningScope scope{"eu-west-1", random() % 2 == 0 ? "s3" : "firehose"};

    HttpRequest once = request;
    sign_v4(once, example, scope, unsigned_payload, example_time);
    HttpRequest twice = request;
    sign_v4(twice, with_token, scope, "0000", example_time + std::chrono::hours(50));
    REQUIRE(header_of(twice, "x-amz-security-token") == "token");
    sign_v4(twice, example, scope, unsigned_payload, example_time);

    REQUIRE(once.url == twice.url);
    REQUIRE(once.headers == twice.headers);
  }
}

TEST_CASE("a signature does not depend on the order, the case and the blanks of headers",
          "[net][sigv4]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    HttpRequest request = random_request(random);
    HttpRequest other = request;
    std::shuffle(other.headers.begin(), other.headers.end(), random);
    for (HttpHeader& field : other.headers) {
      for (char& c : field.name) {
        c = c == 'M' && random() % 2 == 0 ? 'm' : c;
      }
      field.value = " \t" + field.value + "  ";
    }

    REQUIRE(signature_of(signed_example(request)) == signature_of(signed_example(other)));
  }
}

TEST_CASE("a signature depends on everything that is signed", "[net][sigv4]") {
  struct Case {
    HttpRequest request =
        request_of("PUT", "https://h.example/a/b?c=d", {{"X-Amz-Acl", "private"}});
    AwsCredentials credentials{"id", "secret", "token", std::nullopt};
    std::string region = "us-east-1";
    std::string service = "s3";
    std::string payload_hash = "UNSIGNED-PAYLOAD";
    WallTime now = example_time;

    std::string sign() {
      sign_v4(request, credentials, {region, service}, payload_hash, now);
      return signature_of(request);
    }
  };

  const std::vector<std::function<void(Case&)>> changes{
      [](Case& c) { c.request.method = "GET"; },
      [](Case& c) { c.request.url = "https://h.example/a/c?c=d"; },
      [](Case& c) { c.request.url = "https://h.example/a/b?c=e"; },
      [](Case& c) { c.request.url = "https://i.example/a/b?c=d"; },
      [](Case& c) { c.request.url = "https://h.example:81/a/b?c=d"; },
      [](Case& c) { c.request.headers[0].value = "public"; },
      [](Case& c) { c.request.headers[0].name = "X-Amz-Ac"; },
      [](Case& c) {
        c.request.headers.push_back({"X-Amz-Acl", "private"});
      },
      [](Case& c) {
        c.request.headers.push_back({"X-New", ""});
      },
      [](Case& c) { c.credentials.secret_access_key = "secre"; },
      [](Case& c) { c.credentials.session_token = "toke"; },
      [](Case& c) { c.credentials.session_token.clear(); },
      [](Case& c) { c.region = "us-east-2"; },
      [](Case& c) { c.service = "s3express"; },
      [](Case& c) { c.payload_hash = "0"; },
      [](Case& c) { c.now += std::chrono::seconds(1); },
      [](Case& c) { c.now += std::chrono::hours(24); },
  };
  std::vector<std::string> signatures{Case{}.sign()};
  for (const auto& change : changes) {
    Case changed;
    change(changed);
    signatures.push_back(changed.sign());
  }

  std::sort(signatures.begin(), signatures.end());
  REQUIRE(std::adjacent_find(signatures.begin(), signatures.end()) == signatures.end());
}

TEST_CASE("what may change on the way is not signed", "[net][sigv4]") {
  const auto plain = signed_example(request_of("PUT", example_host + "/k"));
  for (const char* const name : {"Connection", "Expect", "TE", "Trailer", "Transfer-Encoding",
                                 "User-Agent", "X-Amzn-Trace-Id"}) {
    CAPTURE(name);
    const auto with = signed_example(request_of("PUT", example_host + "/k", {{name, "x"}}));
    REQUIRE(signature_of(with) == signature_of(plain));
    REQUIRE(header_of(with, detail::lower(name)) == "x");
  }
}

TEST_CASE("headers of one name are signed as one, in their order", "[net][sigv4]") {
  const auto two = signed_example(
      request_of("GET", example_host, {{"x-a", " b  c "}, {"x-b", "1"}, {"X-A", "a"}}));
  const auto one =
      signed_example(request_of("GET", example_host, {{"x-a", "b c,a"}, {"x-b", "1"}}));
  const auto other =
      signed_example(request_of("GET", example_host, {{"x-a", "a,b c"}, {"x-b", "1"}}));

  REQUIRE(signature_of(two) == signature_of(one));
  REQUIRE(signature_of(two) != signature_of(other));
}

TEST_CASE("the host is signed as it is sent", "[net][sigv4]") {
  const auto sign = [](const std::string& url, std::vector<HttpHeader> headers = {}) {
    return signature_of(signed_example(request_of("GET", url, std::move(headers))));
  };
  const std::string usual = sign("https://h.example/");
  REQUIRE(sign("HTTPS://H.Example:443/") == usual);
  REQUIRE(sign("https://user@h.example/") == usual);
  REQUIRE(sign("http://h.example:80") == usual);
  REQUIRE(sign("https://elsewhere/", {{"Host", "h.example"}}) == usual);
  REQUIRE(sign("https://h.example:80/") != usual);
  REQUIRE(sign("http://h.example:443/") != usual);
}

TEST_CASE("a URL is rewritten to what was signed", "[net][sigv4]") {
  HttpRequest request = request_of("GET", "HTTPS://H.example/a//b/../year=1/%c3%A9!?b=/&a+b#x");
  sign_v4(request, example, {"r", "s3"}, unsigned_payload, example_time);
  REQUIRE(request.url == "https://h.example/a//b/../year%3D1/%C3%A9%21?a%2Bb=&b=%2F");

  request = request_of("GET", "https://h.example/a//b/../year=1?b=/&a");
  sign_v4(request, example, {"r", "firehose"}, unsigned_payload, example_time);
  REQUIRE(request.url == "https://h.example/a//b/../year=1?a=&b=%2F");

  request = request_of("GET", "no URL");
  sign_v4(request, example, {"r", "s3"}, unsigned_payload, example_time);
  REQUIRE(request.url == "no URL");
}

TEST_CASE("S3's path is signed as it stands, others' without dots and escaped again",
          "[net][sigv4]") {
  REQUIRE(detail::signed_path("/a//b/../c%20d", "s3") == "/a//b/../c%20d");
  REQUIRE(detail::signed_path("/a//b/../c%20d", "s3-outposts") == "/a//b/../c%20d");
  REQUIRE(detail::signed_path("/a//b/../c%20d", "firehose") == "/a/c%2520d");
  REQUIRE(detail::signed_path("", "sts") == "/");
}

TEST_CASE("credentials are wiped from memory when they go", "[net][sigv4]") {
  alignas(AwsCredentials) std::array<unsigned char, sizeof(AwsCredentials)> memory{};
  auto* const credentials =
      new (memory.data()) AwsCredentials{"id", "short-secret", "short-token", std::nullopt};

  credentials->~AwsCredentials();

  const std::string left(memory.begin(), memory.end());
  REQUIRE(left.find("secret") == std::string::npos);
  REQUIRE(left.find("token") == std::string::npos);
}
