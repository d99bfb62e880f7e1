// SPDX-License-Identifier: MIT
//
// A bucket in memory behind the transport's interface: it keeps objects and
// uploads in parts by S3's rules, remembers all that it was asked, and fails as
// a test says: before it has done something, or after.
#pragma once

#include <hydrant/net/http.hpp>
#include <hydrant/net/url.hpp>
#include <hydrant/object/s3_digest.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::tests {

/// A request as the server saw it.
struct SeenRequest {
  std::string method;
  std::string url;
  /// Decoded; without the bucket.
  std::string key;
  std::map<std::string, std::string> query;
  std::vector<HttpHeader> headers;
  std::string body;

  std::string header(std::string_view name) const {
    HttpResponse fields;
    fields.headers = headers;
    return std::string(fields.header(name));
  }

  /// "PUT", "POST uploads", "PUT partNumber": what is done, without to what.
  std::string operation() const {
    return method + (query.empty() ? "" : " " + query.begin()->first);
  }
};

inline HttpResponse s3_answer(int status, std::string body = {},
                              std::vector<HttpHeader> headers = {}) {
  HttpResponse answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.headers = std::move(headers);
  return answer;
}

inline HttpResponse s3_error(int status, const std::string& code,
                             std::vector<HttpHeader> headers = {}) {
  return s3_answer(status,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code +
                       "</Code><Message>of the server</Message></Error>",
                   std::move(headers));
}

class MemoryS3 final : public HttpTransport {
 public:
  using Answer = std::optional<Result<HttpResponse>>;
  using Script = std::function<Answer(const SeenRequest&)>;

  struct Kept {
    std::string body;
    std::string etag;
    std::vector<HttpHeader> headers;
    int versions = 0;
  };

  struct Upload {
    std::string key;
    std::vector<HttpHeader> headers;
    std::map<std::size_t, std::string> parts;
  };

  std::string bucket = "lake";
  std::map<std::string, Kept> objects;
  std::map<std::string, Upload> uploads;
  std::vector<SeenRequest> seen;
  /// Answers instead of the bucket, which then does nothing.
  Script before = [](const SeenRequest&) { return Answer(); };
  /// Answers instead of the bucket, which has done what it was asked.
  Script after = [](const SeenRequest&) { return Answer(); };
  bool knows_conditions = true;
  bool knows_checksums = true;
  /// How many steps an exchange needs.
  std::size_t steps = 1;
  std::size_t page_parts = 1000;
  std::atomic<std::size_t> under_way{0};
  std::atomic<std::size_t> under_way_max{0};

  std::unique_ptr<HttpExchange> start(HttpRequest request) override {
    under_way_max = std::max(under_way_max.load(), ++under_way);
    return std::make_unique<Exchange>(*this, std::move(request), steps);
  }

  /// What was asked, in order.
  std::vector<std::string> operations() const {
    std::vector<std::string> names;
    for (const SeenRequest& request : seen) {
      names.push_back(request.operation());
    }
    return names;
  }

  static std::string md5(std::string_view text) {
    const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
    return detail::md5_of({&bytes, 1});
  }

 private:
  class Exchange final : public HttpExchange {
   public:
    Exchange(MemoryS3& server, HttpRequest request, std::size_t steps)
        : server_(server), request_(std::move(request)), steps_(steps) {}

    ~Exchange() override { --server_.under_way; }

    std::optional<Result<HttpResponse>> step() override {
      if (--steps_ > 0) {
        return std::nullopt;
      }
      return server_.answer(request_);
    }

    void wait(std::chrono::milliseconds) override {}

   private:
    MemoryS3& server_;
    HttpRequest request_;
    std::size_t steps_;
  };

  static std::string decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%') {
        decoded += detail::bytes_of_hex(text.substr(i + 1, 2));
        i += 2;
      } else {
        decoded += text[i];
      }
    }
    return decoded;
  }

  SeenRequest read(const HttpRequest& request) const {
    SeenRequest read{request.method, request.url, {}, {}, request.headers, {}};
    for (const std::span<const std::byte> piece : request.body) {
      read.body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
    const std::string_view url = request.url;
    const std::size_t question = url.find('?');
    std::string_view path = url.substr(0, question);
    path.remove_prefix(std::min(path.find('/', path.find("://") + 3) + 1, path.size()));
    if (path.starts_with(bucket + "/")) {
      path.remove_prefix(bucket.size() + 1);
    }
    read.key = decode(path);
    std::string_view query = question == url.npos ? std::string_view() : url.substr(question + 1);
    while (!query.empty()) {
      const std::string_view one = query.substr(0, query.find('&'));
      query.remove_prefix(std::min(one.size() + 1, query.size()));
      const std::size_t equals = std::min(one.find('='), one.size());
      read.query[decode(one.substr(0, equals))] =
          decode(one.substr(std::min(equals + 1, one.size())));
    }
    return read;
  }

  Result<HttpResponse> answer(const HttpRequest& request) {
    std::lock_guard guard(lock_);
    seen.push_back(read(request));
    const SeenRequest read = seen.back();
    if (Answer instead = before(read)) {
      return std::move(*instead);
    }
    HttpResponse own = act(read);
    Answer instead = after(read);
    return instead ? std::move(*instead) : Result<HttpResponse>(std::move(own));
  }

  HttpResponse act(const SeenRequest& request) {
    const std::string operation = request.operation();
    if (operation == "PUT" && !request.header("x-amz-copy-source").empty()) {
      return copy(request);
    }
    if (operation == "PUT") {
      return put(request, request.body, md5(request.body), request.headers);
    }
    if (operation == "HEAD") {
      return head(request);
    }
    if (operation == "GET") {
      const auto object = objects.find(request.key);
      return object == objects.end() ? s3_error(404, "NoSuchKey")
                                     : s3_answer(200, object->second.body);
    }
    if (operation == "DELETE") {
      objects.erase(request.key);
      return s3_answer(204);
    }
    if (request.query.contains("list-type")) {
      return list_objects(request);
    }
    if (operation == "GET max-uploads") {
      return list_uploads(request);
    }
    if (operation == "POST uploads") {
      const std::string id = "id&" + std::to_string(++last_id_);
      uploads[id] = {request.key, request.headers, {}};
      return s3_answer(
          200,
          "<InitiateMultipartUploadResult xmlns=\"s3\"><Bucket>lake</Bucket><UploadId>id&amp;" +
              std::to_string(last_id_) + "</UploadId></InitiateMultipartUploadResult>");
    }
    const auto found =
        uploads.find(request.query.contains("uploadId") ? request.query.at("uploadId") : "");
    if (found == uploads.end() || found->second.key != request.key) {
      return s3_error(404, "NoSuchUpload");
    }
    if (operation == "PUT partNumber") {
      found->second.parts[std::stoul(request.query.at("partNumber"))] = request.body;
      return s3_answer(200, {},
                       stored_headers(request, "\"" + detail::lower_hex(md5(request.body)) + "\""));
    }
    if (operation == "GET uploadId" || operation == "GET part-number-marker") {
      return list_parts(request, found->second);
    }
    if (operation == "DELETE uploadId") {
      uploads.erase(found);
      return s3_answer(204);
    }
    return operation == "POST uploadId" ? complete(request, found->second)
                                        : s3_error(405, "MethodNotAllowed");
  }

  std::vector<HttpHeader> stored_headers(const SeenRequest& request,
                                         const std::string& etag) const {
    std::vector<HttpHeader> headers{{"ETag", etag}};
    const std::string checksum = request.header("x-amz-checksum-crc32c");
    if (knows_checksums && !checksum.empty()) {
      headers.push_back({"x-amz-checksum-crc32c", checksum});
    }
    return headers;
  }

  HttpResponse put(const SeenRequest& request, const std::string& body, const std::string& digest,
                   const std::vector<HttpHeader>& headers, const std::string& suffix = {}) {
    if (request.header("If-None-Match") == "*") {
      if (!knows_conditions) {
        return s3_error(501, "NotImplemented");
      }
      if (objects.contains(request.key)) {
        return s3_error(412, "PreconditionFailed");
      }
    }
    Kept& kept = objects[request.key];
    kept.body = body;
    kept.etag = "\"" + detail::lower_hex(digest) + suffix + "\"";
    kept.headers = headers;
    ++kept.versions;
    return s3_answer(200, {}, stored_headers(request, kept.etag));
  }

  HttpResponse head(const SeenRequest& request) const {
    const auto found = objects.find(request.key);
    if (found == objects.end()) {
      return s3_answer(404);
    }
    return s3_answer(200, {},
                     {{"Content-Length", std::to_string(found->second.body.size())},
                      {"ETag", found->second.etag}});
  }

  HttpResponse copy(const SeenRequest& request) {
    const std::string from = decode(request.header("x-amz-copy-source"));
    const auto found = objects.find(from.substr(bucket.size() + 2));
    if (!from.starts_with("/" + bucket + "/") || found == objects.end()) {
      return s3_error(404, "NoSuchKey");
    }
    const Kept kept = found->second;
    objects[request.key] = kept;
    return s3_answer(200, "<CopyObjectResult><ETag>x</ETag></CopyObjectResult>");
  }

  HttpResponse list_objects(const SeenRequest& request) const {
    const std::string prefix = request.query.at("prefix");
    const auto token = request.query.find("continuation-token");
    std::string xml = "<?xml version=\"1.0\"?><ListBucketResult><EncodingType>url</EncodingType>";
    std::size_t listed = 0;
    auto at = objects.lower_bound(
        token == request.query.end() ? prefix : detail::bytes_of_hex(token->second));
    for (; at != objects.end() && at->first.starts_with(prefix); ++at) {
      if (listed++ == page_parts) {
        xml += "<IsTruncated>true</IsTruncated><NextContinuationToken>" +
               detail::lower_hex(at->first) + "</NextContinuationToken>";
        break;
      }
      std::string key;
      for (const char c : at->first) {  // as forms spell it
        key += c == ' ' ? std::string("+") : percent_encode(std::string(1, c), true);
      }
      xml += "<Contents><Key>" + key + "</Key><Size>" + std::to_string(at->second.body.size()) +
             "</Size></Contents>";
    }
    return s3_answer(200, xml + "</ListBucketResult>");
  }

  HttpResponse list_uploads(const SeenRequest& request) const {
    std::string xml = "<ListMultipartUploadsResult>";
    for (const auto& [id, upload] : uploads) {
      if (upload.key.starts_with(request.query.at("prefix"))) {
        std::string id_text;
        for (const char c : id) {
          id_text += c == '&' ? std::string("&amp;") : std::string(1, c);
        }
        xml += "<Upload><Key>" + upload.key + "</Key><UploadId>" + id_text +
               "</UploadId><StorageClass>STANDARD</StorageClass></Upload>";
      }
    }
    return s3_answer(200, xml + "</ListMultipartUploadsResult>");
  }

  HttpResponse list_parts(const SeenRequest& request, const Upload& upload) const {
    const auto marker = request.query.find("part-number-marker");
    const std::size_t from = marker == request.query.end() ? 0 : std::stoul(marker->second);
    std::string xml = "<ListPartsResult>";
    std::size_t listed = 0;
    for (auto part = upload.parts.upper_bound(from); part != upload.parts.end(); ++part) {
      if (listed++ == page_parts) {
        xml += "<IsTruncated>true</IsTruncated><NextPartNumberMarker>" +
               std::to_string(std::prev(part)->first) + "</NextPartNumberMarker>";
        break;
      }
      xml += "<Part><PartNumber>" + std::to_string(part->first) + "</PartNumber><ETag>&quot;" +
             detail::lower_hex(md5(part->second)) + "&quot;</ETag><Size>" +
             std::to_string(part->second.size()) + "</Size></Part>";
    }
    return s3_answer(200, xml + "</ListPartsResult>");
  }

  HttpResponse complete(const SeenRequest& request, const Upload& upload) {
    std::string body;
    std::string digests;
    std::size_t count = 0;
    for (std::string_view rest = request.body; rest.find("<PartNumber>") != rest.npos;) {
      rest.remove_prefix(rest.find("<PartNumber>") + 12);
      const std::size_t number = std::stoul(std::string(rest.substr(0, rest.find('<'))));
      rest.remove_prefix(rest.find("<ETag>\"") + 7);
      const auto part = upload.parts.find(number);
      if (number != ++count || part == upload.parts.end() ||
          rest.substr(0, 32) != detail::lower_hex(md5(part->second))) {
        return s3_error(400, "InvalidPart");
      }
      body += part->second;
      digests += md5(part->second);
    }
    const std::vector<HttpHeader> headers = upload.headers;
    HttpResponse done = put(request, body, md5(digests), headers, "-" + std::to_string(count));
    if (done.status == 200) {
      uploads.erase(request.query.at("uploadId"));
      done.body =
          "\n  <CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>";
    }
    return done;
  }

  std::mutex lock_;
  std::size_t last_id_ = 0;
};

}  // namespace hydrant::tests
