// SPDX-License-Identifier: MIT
//
// A second opinion on signatures: botocore signs the same random requests.
#include <hydrant/core/json_text.hpp>
#include <hydrant/net/sigv4.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "run_program.hpp"
#include "test.hpp"

namespace {

using namespace hydrant;
using hydrant::tests::run_program;

/// One of both that has botocore; empty when none has.
std::string python_with_botocore() {
  for (const std::string program : {"python3", "/usr/bin/python3"}) {
    if (run_program(program + " -c 'import botocore'").status == 0) {
      return program;
    }
  }
  return {};
}

struct Case {
  std::string method, service, region, path, payload_hash;
  std::map<std::string, std::string> parameters;
  std::map<std::string, std::string> headers;
  AwsCredentials credentials;
  WallTime now;
  /// 0: signed in headers.
  std::uint64_t presigned_seconds = 0;

  explicit Case(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto one_of = [&random](std::vector<std::string> choices) {
      return choices[random() % choices.size()];
    };
    const auto text = [&random](std::string_view letters, std::size_t size_min,
                                std::size_t size_max) {
      std::string made(size_min + random() % (size_max - size_min + 1), '\0');
      for (char& c : made) {
        c = letters[random() % letters.size()];
      }
      return made;
    };
    constexpr std::string_view any = "abzAZ09-._~!'()*=&+:;,@$%/? \"<>[]{}|\\^`";
    constexpr std::string_view word = "abcdefXYZ0123456789";
    method = one_of({"GET", "PUT", "POST", "DELETE", "HEAD"});
    service = one_of({"s3", "s3", "firehose", "sts", "kinesis"});
    region = one_of({"us-east-1", "eu-central-1", "cn-north-1"});
    path = "/" + text(any, 0, 30);
    path += random() % 3 == 0 ? "/\xc3\xa9\xe2\x82\xac//./../x" : "";
    // Botocore drops the '/' before a dot at the end; RFC 3986 (5.2.4) and Java's library keep it.
    path += path.ends_with('.') ? "e" : "";
    payload_hash = random() % 2 == 0 ? std::string(unsigned_payload) : sha256_hex(path);
    for (std::uint64_t i = random() % 5; i > 0; --i) {
      parameters[text(any, 1, 8)] = text(any, 0, 8);
    }
    for (std::uint64_t i = random() % 5; i > 0; --i) {
      headers["X-Amz-Meta-" + text(word, 1, 6)] = " " + text("ab  c=,;", 0, 12);
    }
    credentials = {text(word, 16, 24), text(any, 30, 50), random() % 2 == 0 ? text(any, 1, 90) : "",
                   std::nullopt};
    now = WallTime(std::chrono::seconds(random() % 4'102'444'800));
    if (random() % 3 == 0) {
      presigned_seconds = 1 + random() % 604'800;
      headers.clear();
    }
  }

  std::string url() const {
    std::string text = "https://h.example" + percent_encode(path, true);
    for (const auto& [name, value] : parameters) {
      text += (text.find('?') == std::string::npos ? "?" : "&") + percent_encode(name, false) +
              "=" + percent_encode(value, false);
    }
    return text;
  }

  std::string ours() const {
    HttpRequest request;
    request.method = method;
    request.url = url();
    for (const auto& [name, value] : headers) {
      request.headers.push_back({name, value});
    }
    if (presigned_seconds != 0) {
      return presign_v4(request, credentials, {region, service},
                        std::chrono::seconds(presigned_seconds), now);
    }
    sign_v4(request, credentials, {region, service}, payload_hash, now);
    return request.headers.back().value;
  }

  std::string json() const {
    std::string line = "{";
    const auto add = [&line](std::string_view name, std::string_view value) {
      line += line.size() == 1 || line.back() == '{' ? "" : ",";
      append_json_string(line, name);
      line += ":";
      append_json_string(line, value);
    };
    add("method", method);
    add("service", service);
    add("region", region);
    add("origin", "https://h.example");
    add("path", path);
    add("payload_hash", payload_hash);
    add("id", credentials.access_key_id);
    add("secret", credentials.secret_access_key);
    add("token", credentials.session_token);
    add("date", amz_date(now));
    add("presign", presigned_seconds == 0 ? "" : std::to_string(presigned_seconds));
    for (const auto& [name, members] :
         {std::pair("parameters", &parameters), std::pair("headers", &headers)}) {
      line += ",\"" + std::string(name) + "\":{";
      for (const auto& [key, value] : *members) {
        add(key, value);
      }
      line += "}";
    }
    return line + "}\n";
  }
};

/// The signature, of a header or a URL.
std::string signature_of(const std::string& text) {
  return text.substr(text.find("Signature=", text.rfind("Signature=")) + 10, 64);
}

}  // namespace

TEST_CASE("the signer signs random requests as botocore does", "[integration][sigv4]") {
  const std::string python = python_with_botocore();
  if (python.empty()) {
    HYDRANT_SKIP("no botocore (Debian: python3-botocore)");
  }
  constexpr std::uint64_t cases = 2'000;
  std::string lines;
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    lines += Case(seed).json();
  }

  const std::string script = __FILE__;
  const auto theirs = run_program(
      python + " " + script.substr(0, script.rfind('/')) + "/sign_with_botocore.py", lines);

  INFO((theirs.status == 0 ? std::string() : theirs.output));
  REQUIRE(theirs.status == 0);
  std::istringstream answers(theirs.output);
  std::string answer;
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    const Case made(seed);
    INFO(made.json() + made.url());
    REQUIRE(std::getline(answers, answer));
    REQUIRE(signature_of(made.ours()) == signature_of(answer));
  }
}
