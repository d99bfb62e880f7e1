// SPDX-License-Identifier: MIT
//
// The parts of an upload that the server has: by its answers, and by its list
// of what an earlier attempt has sent.
#pragma once

#include <hydrant/net/http.hpp>
#include <hydrant/object/s3_body.hpp>
#include <hydrant/object/s3_digest.hpp>
#include <hydrant/object/s3_error.hpp>
#include <hydrant/object/s3_object.hpp>
#include <hydrant/object/s3_options.hpp>
#include <hydrant/object/s3_xml.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant::detail {

/// The parts of an upload that the server has.
/// Threads: distinct objects: safe; shared: unsafe.
class S3StoredParts {
 public:
  void clear() { parts_.clear(); }

  /// Takes a page of a ListPartsResult. Returns: where the next begins; empty after the last.
  std::string take_list(std::string_view body) {
    const std::string_view xml = xml_child(body, "ListPartsResult").value_or(std::string_view());
    XmlElements elements(xml);
    while (const std::optional<XmlElement> part = elements.next()) {
      const auto number = number_of<std::size_t>(xml_child_text(part->content, "PartNumber"));
      const auto size = number_of<std::uint64_t>(xml_child_text(part->content, "Size"));
      if (part->name != "Part" || !number || !size) {
        continue;
      }
      Part& stored = parts_[*number];
      stored.etag = plain_etag(xml_child_text(part->content, "ETag"));
      stored.size = *size;
      for (const char* name : {"ChecksumCRC32C", "ChecksumSHA256"}) {
        if (const auto value = xml_child(part->content, name)) {
          stored.checksum = checksum_element(name, xml_text(*value));
        }
      }
    }
    const bool goes_on = xml_child_text(xml, "IsTruncated") == "true";
    return goes_on ? xml_child_text(xml, "NextPartNumberMarker") : std::string();
  }

  /// Takes the answer to a part that was sent. Returns: false when it names no ETag.
  bool take_answer(std::size_t number, std::uint64_t size, const HttpResponse& answer) {
    Part& part = parts_[number];
    part = {plain_etag(answer.header("ETag")), {}, size};
    for (const char* header : {"x-amz-checksum-crc32c", "x-amz-checksum-sha256"}) {
      if (const std::string_view value = answer.header(header); !value.empty()) {
        part.checksum = checksum_of(header, value);
      }
    }
    return !part.etag.empty();
  }

  /// Whether the server has that very part; if it has another, that is forgotten.
  bool has(std::size_t number, const S3Part& sent, BodyPieces body, S3Checksum checksum) {
    const auto found = parts_.find(number);
    if (found == parts_.end()) {
      return false;
    }
    const Part& part = found->second;
    if (part.size == sent.size()) {
      if (is_md5(part.etag) && lower_hex(md5_of(body)) == part.etag) {
        return true;
      }
      // Of what is encrypted with KMS the ETag tells nothing.
      std::vector<HttpHeader> own;
      add_checksum(own, checksum, body, sent.crc());
      if (!own.empty() && !part.checksum.empty() &&
          part.checksum == checksum_of(own.front().name, own.front().value)) {
        return true;
      }
    }
    parts_.erase(found);
    return false;
  }

  /// What a CompleteMultipartUpload of the parts 1 to `count` says.
  std::string completion(std::size_t count) {
    std::string xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    for (std::size_t number = 1; number <= count; ++number) {
      const Part& part = parts_[number];
      xml += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>\"";
      append_xml_text(xml, part.etag);
      xml += "\"</ETag>" + part.checksum + "</Part>";
    }
    return xml + "</CompleteMultipartUpload>";
  }

  /// The ETag of the object that is made of the parts 1 to `count`; empty where theirs do not tell.
  std::string etag_of_whole(std::size_t count) {
    std::string digests;
    for (std::size_t number = 1; number <= count; ++number) {
      const Part& part = parts_[number];
      if (!is_md5(part.etag)) {
        return {};
      }
      digests += bytes_of_hex(part.etag);
    }
    const std::span<const std::byte> all = std::as_bytes(std::span(digests));
    return lower_hex(md5_of({&all, 1})) + "-" + std::to_string(count);
  }

 private:
  struct Part {
    std::string etag;
    /// As an element of XML; empty where the server does not know checksums.
    std::string checksum;
    std::uint64_t size = 0;
  };

  /// A checksum as an element of XML, by its header; empty for a header that is none.
  static std::string checksum_of(std::string_view header, std::string_view value) {
    const char* const name = header == "x-amz-checksum-crc32c"   ? "ChecksumCRC32C"
                             : header == "x-amz-checksum-sha256" ? "ChecksumSHA256"
                                                                 : nullptr;
    return name == nullptr ? std::string() : checksum_element(name, value);
  }

  static std::string checksum_element(const std::string& name, std::string_view value) {
    std::string xml = "<" + name + ">";
    append_xml_text(xml, value);
    return xml + "</" + name + ">";
  }

  std::map<std::size_t, Part> parts_;
};

}  // namespace hydrant::detail
