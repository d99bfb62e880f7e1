// SPDX-License-Identifier: MIT
//
// Any bytes as an answer of the token service: an element's text is found or
// not, is no longer than the document, and stays the same when that goes on.
#include <hydrant/net/sts_xml.hpp>

#include <string>

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using hydrant::detail::sts_text_at;
  using hydrant::fuzz::expect;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto error = sts_text_at(text, {"ErrorResponse", "Error", "Code"});
  const auto id =
      sts_text_at(text, {"AssumeRoleResponse", "AssumeRoleResult", "Credentials", "AccessKeyId"});
  expect(!(error && id));  // a document has one root, and what was found ends within it
  if (const auto root = sts_text_at(text, {"A"})) {
    expect(root->size() <= size);
    expect(sts_text_at(text + "</A><B", {"A"}) == root);
  }
  return 0;
}
