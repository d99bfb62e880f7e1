// SPDX-License-Identifier: MIT
//
// AWS's own test suite of the signature, where a copy of it lies beside the
// repository: canonical request, text to sign and Authorization of each case.
#include <hydrant/net/sigv4.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

namespace {

using namespace hydrant;
namespace fs = std::filesystem;

/// Beside the repository, or where HYDRANT_SIGV4_VECTORS says.
fs::path vectors() {
  if (const char* const chosen = std::getenv("HYDRANT_SIGV4_VECTORS")) {
    return chosen;
  }
  return fs::path(__FILE__).parent_path() / "../../../shared/data/sigv4";
}

/// The file beside the case's request that ends so.
std::string part(fs::path request, const char* ending) {
  std::ifstream in(request.replace_extension(ending), std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  std::erase(text, '\r');
  return text;
}

/// The request that a text of HTTP is.
struct RawRequest {
  HttpRequest request;
  std::string body;

  explicit RawRequest(const std::string& text) {
    const std::size_t end = text.find("\n\n");
    body = end == std::string::npos ? "" : text.substr(end + 2);
    std::string_view head = std::string_view(text).substr(0, end);
    const std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(line.size());
    request.method = line.substr(0, line.find(' '));
    const std::size_t target = request.method.size() + 1;
    const std::string_view path = line.substr(target, line.rfind(" HTTP/") - target);
    while (!head.empty()) {
      head.remove_prefix(1);
      const std::string_view field = head.substr(0, head.find('\n'));
      head.remove_prefix(field.size());
      if (field.empty()) {
        continue;  // the text ends with its headers
      }
      if (field.starts_with(' ')) {
        request.headers.back().value += field;  // goes on from the line above
      } else {
        const std::size_t colon = field.find(':');
        request.headers.push_back(
            {std::string(field.substr(0, colon)), std::string(field.substr(colon + 1))});
      }
    }
    request.url = "https://example.amazonaws.com" + std::string(path);
  }
};

}  // namespace

TEST_CASE("the signer passes AWS's test suite", "[integration][sigv4]") {
  if (!fs::is_directory(vectors())) {
    HYDRANT_SKIP("no test suite of AWS Signature Version 4 beside the repository");
  }
  const AwsCredentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "",
                                   std::nullopt};
  const SigningScope scope{"us-east-1", "service"};
  const std::string date = "20150830T123600Z";
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(vectors())) {
    const fs::path path = entry.path();
    if (path.extension() != ".req") {
      continue;
    }
    CAPTURE(path);
    RawRequest raw(part(path, ".req"));
    const std::string expected = part(path, ".creq");
    const std::string token_name = "\nx-amz-security-token:";
    if (const std::size_t token = expected.find(token_name); token != std::string::npos) {
      const std::size_t start = token + token_name.size();
      detail::set_header(raw.request.headers, "x-amz-security-token",
                         expected.substr(start, expected.find('\n', start) - start));
    }

    const Url url = detail::split_url(raw.request.url).value();
    const std::string canonical = detail::canonical_request(
        raw.request.method, detail::signed_path(url.path, scope.service),
        canonical_query(url.query),
        detail::SignedHeaders(detail::host_header(url), raw.request.headers), sha256_hex(raw.body));

    CHECK(canonical == expected);
    CHECK(detail::string_to_sign(date, scope, canonical) == part(path, ".sts"));
    CHECK(detail::authorization(raw.request, credentials, scope, sha256_hex(raw.body), date) ==
          part(path, ".authz"));
    ++count;
  }
  REQUIRE(count >= 30);
}
