// SPDX-License-Identifier: MIT
//
// Any bytes as the answer of an S3 server, read in every way in which answers
// are read.
#include <hydrant/object/s3_error.hpp>
#include <hydrant/object/s3_parts.hpp>
#include <hydrant/object/s3_xml.hpp>

#include <string>
#include <string_view>

#include "fuzz_input.hpp"

namespace {

using namespace hydrant::detail;
using hydrant::fuzz::expect;
using hydrant::fuzz::FuzzInput;

/// Every element lies inside what it was found in, and its text is no longer than that.
std::size_t read_all(std::string_view xml, std::size_t depth) {
  std::size_t count = 0;
  XmlElements elements(xml);
  while (const std::optional<XmlElement> element = elements.next()) {
    const std::string_view content = element->content;
    expect(content.empty() || (content.data() >= xml.data() &&
                               content.data() + content.size() <= xml.data() + xml.size()));
    expect(!element->name.empty());
    expect(xml_text(content).size() <= content.size());
    count += 1 + (depth < 4 ? read_all(content, depth + 1) : 0);
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  hydrant::HttpResponse answer;
  answer.status = static_cast<int>(200 + input.below(400));
  const auto text_of = [](std::span<const std::byte> bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  const std::span<const std::byte> rest = input.rest();
  const std::size_t header_size = rest.size() / 8;
  for (const char* name :
       {"Retry-After", "Date", "ETag", "x-amz-request-id", "x-amz-bucket-region"}) {
    answer.headers.push_back({name, text_of(rest.first(header_size))});
  }
  answer.body = text_of(rest.subspan(header_size));

  static_cast<void>(read_all(answer.body, 0));
  const S3Error error = read_s3_error(answer);
  expect(is_error_code(error.code));
  expect(error.message.size() <= 203 && error.retry_after.count() >= 0);
  expect(s3_failure("put", error, {"id", "secret", "", {}}).reason().find('\n') ==
         std::string::npos);
  S3StoredParts parts;
  static_cast<void>(parts.take_list(answer.body));
  static_cast<void>(parts.take_answer(1, 5, answer));
  expect(XmlElements(parts.completion(3)).next().has_value());
  static_cast<void>(parts.etag_of_whole(3));
  return 0;
}
