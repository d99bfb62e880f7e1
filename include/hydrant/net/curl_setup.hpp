// SPDX-License-Identifier: MIT
//
// The words of libcurl: a request as its options, its answer as ours, and what
// to do about its errors. What it would decide by itself (redirects, waiting
// for "100 Continue", the environment's proxies) is decided here.
#pragma once

#include <hydrant/core/config.hpp>
#include <hydrant/core/digest.hpp>
#include <hydrant/net/curl_line.hpp>
#include <hydrant/net/curl_options.hpp>
#include <hydrant/net/http.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <curl/curl.h>
#include <sys/socket.h>

namespace hydrant::detail {

struct FreeCurlHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using CurlHeaderList = std::unique_ptr<curl_slist, FreeCurlHeaders>;

/// An answer while it arrives.
/// Threads: distinct objects: safe; shared: unsafe.
struct CurlAnswer {
  static constexpr std::size_t header_bytes_max = std::size_t{256} << 10;

  HttpResponse response;
  /// What is wrong with it; empty when nothing is.
  std::string fault;
  /// Of all that came.
  std::uint64_t bytes = 0;
  /// The final status has come: not one such as "100 Continue".
  bool has_begun = false;
  /// All of the header has come.
  bool has_header = false;

  /// One line, as it came. Returns: false to stop.
  bool take_header(std::string_view line) {
    bytes += line.size();
    if (bytes - response.body.size() > header_bytes_max) {
      fault = "its header is longer than " + std::to_string(header_bytes_max) + " bytes";
      return false;
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) {
      line.remove_suffix(1);
    }
    if (line.starts_with("HTTP/")) {
      begin(line);
    } else if (line.empty()) {
      has_header = true;  // what still comes is a trailer
    } else if (!has_header) {
      add_field(line);
    }
    return true;
  }

  /// A piece of the body. Returns: false to stop.
  bool take_body(std::string_view piece, std::size_t size_max) {
    bytes += piece.size();
    if (piece.size() > size_max - response.body.size()) {
      fault = "its body is longer than the " + std::to_string(size_max) + " bytes asked for";
      return false;
    }
    response.body += piece;
    return true;
  }

 private:
  void begin(std::string_view line) {
    const std::string_view digits = line.substr(std::min(line.find(' '), line.size() - 1) + 1);
    response.status = 0;
    for (std::size_t i = 0; i < 3 && i < digits.size() && digits[i] >= '0' && digits[i] <= '9';
         ++i) {
      response.status = response.status * 10 + (digits[i] - '0');
    }
    response.headers.clear();
    has_begun = response.status >= 200;
    has_header = false;
  }

  void add_field(std::string_view line) {
    constexpr std::string_view blank = " \t";
    const bool goes_on = blank.find(line.front()) != std::string_view::npos;
    const std::size_t colon = goes_on ? 0 : line.find(':');
    if (colon == std::string_view::npos || (goes_on && response.headers.empty())) {
      return;
    }
    std::string_view value = line.substr(goes_on ? 0 : colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(blank), value.size()));
    value = value.substr(0, value.find_last_not_of(blank) + 1);
    if (goes_on) {
      response.headers.back().value += " " + std::string(value);
    } else {
      response.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
    }
  }
};

/// A number for scheme, host and port of a URL.
inline std::uint64_t origin_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
  return Digest::of_text(url.substr(0, url.find_first_of("/?#", start))) | 1;
}

/// What is wrong with a request that must not be sent; empty when nothing is.
inline std::string fault_of(const HttpRequest& request) {
  const auto is_odd = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f;
  };
  if (request.method.empty() || std::any_of(request.method.begin(), request.method.end(), is_odd)) {
    return "the method is not a word";
  }
  if (!request.url.starts_with("https://") && !request.url.starts_with("http://")) {
    return "the URL starts neither with https:// nor with http://";
  }
  if (std::any_of(request.url.begin(), request.url.end(), is_odd)) {
    return "the URL has a character that must be percent-encoded";
  }
  for (const HttpHeader& field : request.headers) {
    const bool is_name = !field.name.empty() && field.name.find(':') == std::string::npos &&
                         std::none_of(field.name.begin(), field.name.end(), is_odd);
    if (!is_name) {
      return "a header's name is not a word";
    }
    if (field.value.find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) {
      return "the header " + field.name + " has a line end or a NUL character";
    }
    for (const std::string_view own :
         {"Host", "Content-Length", "Connection", "Transfer-Encoding"}) {
      if (is_same_header_name(field.name, own)) {
        return "the header " + field.name + " is the transport's";
      }
    }
  }
  return {};
}

/// Closed when the process becomes another program.
inline curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// Empty means: as libcurl does without.
inline const char* text_or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

inline void set_trust(CURL* easy, const CurlTransportOptions& options) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  const bool is_verified = !options.dangerously_accept_any_certificate;
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, is_verified ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, is_verified ? 2L : 0L);
  if (!options.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(easy, CURLOPT_SSLCERT, text_or_null(options.client_certificate_file));
  curl_easy_setopt(easy, CURLOPT_SSLKEY,
                   text_or_null(options.client_key_file.empty() ? options.client_certificate_file
                                                                : options.client_key_file));
  curl_easy_setopt(easy, CURLOPT_KEYPASSWD, text_or_null(options.client_key_passphrase));
}

inline void set_connection(CURL* easy, const CurlTransportOptions& options,
                           const HttpTimeouts& timeouts) {
  set_trust(easy, options);
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // giving up does not wait for the name service
#endif
  curl_easy_setopt(
      easy, CURLOPT_HTTP_VERSION,
      static_cast<long>(options.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  if (!options.proxy_from_environment) {
    curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT,
                   static_cast<long>(options.name_age_max.count()));
  curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
                   static_cast<long>(options.connection_age_max.count()));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  const auto connect =
      std::clamp<std::chrono::milliseconds::rep>(timeouts.connect.count(), 1, 86'400'000);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect));
}

/// Returns: the headers, which must outlive the request; none when memory is out.
inline CurlHeaderList header_list(const HttpRequest& request) {
  CurlHeaderList list;
  const auto add = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) {
      list.reset();
      return false;
    }
    static_cast<void>(list.release());
    list.reset(longer);
    return true;
  };
  const auto has = [&request](std::string_view name) {
    return std::any_of(
        request.headers.begin(), request.headers.end(),
        [&](const HttpHeader& field) { return is_same_header_name(field.name, name); });
  };
  for (const HttpHeader& field : request.headers) {
    // Nothing after the colon would mean: do not send it.
    if (!add(field.value.empty() ? field.name + ";" : field.name + ": " + field.value)) {
      return nullptr;
    }
  }
  // What libcurl would add by itself. Waiting for "100 Continue" costs a round trip, and a second
  // with servers that do not know it: who wants it asks for it.
  for (const char* name : {"Expect", "Accept", "Content-Type"}) {
    if (!has(name) && !add(std::string(name) + ":")) {
      return nullptr;
    }
  }
  return list;
}

inline CurlHeaderList set_request(CURL* easy, const HttpRequest& request,
                                  const CurlTransportOptions& options) {
  static const std::string own_name = "hydrant/" + std::to_string(HYDRANT_VERSION_MAJOR) + "." +
                                      std::to_string(HYDRANT_VERSION_MINOR) + "." +
                                      std::to_string(HYDRANT_VERSION_PATCH);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_USERAGENT,
                   options.user_agent.empty() ? own_name.c_str() : options.user_agent.c_str());
  const std::uint64_t bytes = request.body_bytes();
  const bool is_upload = bytes != 0 || request.method == "PUT" || request.method == "POST" ||
                         request.method == "PATCH";
  if (is_upload) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(bytes));
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
  } else if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  if (request.method != "HEAD") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  CurlHeaderList headers = header_list(request);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  return headers;
}

/// What whoever reads of a failure may do about it; empty where nothing helps but trying again.
inline std::string_view advice_for(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "check the host's name, and the name service";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "check the proxy's name";
    case CURLE_COULDNT_CONNECT:
      return "is the server up, is the port right, does a firewall refuse?";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "check the host's name against the server's certificate, and ca_file";
    case CURLE_SSL_CACERT_BADFILE:
      return "check ca_file";
    case CURLE_SSL_CERTPROBLEM:
      return "check client_certificate_file and client_key_file";
    case CURLE_SSL_CONNECT_ERROR:
      return "does the server speak TLS 1.2 or later on this port, does it want a certificate?";
    default:
      return {};
  }
}

}  // namespace hydrant::detail
