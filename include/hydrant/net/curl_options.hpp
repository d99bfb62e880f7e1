// SPDX-License-Identifier: MIT
//
// How requests are carried by libcurl: whom to trust, who we are, by which
// proxy, and how long names and connections may be kept.
#pragma once

#include <hydrant/core/error.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace hydrant {

/// How a CurlTransport connects.
struct CurlTransportOptions {
  /// Certificates of the authorities to trust, in PEM, instead of the system's. Default: the
  /// system's.
  std::string ca_file{};
  /// The certificate, in PEM, that this side shows where a server asks for one. Default: none.
  std::string client_certificate_file{};
  /// Its private key, in PEM. Default: in the same file as the certificate.
  std::string client_key_file{};
  /// What the private key is encrypted with. Default: it is not.
  std::string client_key_passphrase{};
  /// Takes whoever answers for the server, so that anyone on the way reads and changes what is
  /// sent. For a laboratory. Default false.
  bool dangerously_accept_any_certificate = false;

  /// For example "http://proxy.example:3128". Default: none, whatever the environment says.
  std::string proxy{};
  /// Whether https_proxy, http_proxy and no_proxy of the environment choose the proxy. Default
  /// false.
  bool proxy_from_environment = false;

  /// Whether HTTP/2 is offered in the TLS handshake. Default true. HTTP/1.1 is always.
  bool http2 = true;
  /// How many connections wait, open, for the next request. Default 16. Range [0, 256].
  std::size_t idle_connections_max = 16;
  /// How long an answer of the name service is used. Default 60 s. Range [0 s, 3600 s]. After a
  /// failed request the name is asked for again in any case.
  std::chrono::seconds name_age_max{60};
  /// After how long a connection gets no further request, so that a name that has moved is
  /// noticed under load, too. Default 300 s. Range [1 s, 86400 s].
  std::chrono::seconds connection_age_max{300};
  /// Default "hydrant/<version>".
  std::string user_agent{};

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    const auto check_text = [&errors](std::string_view field, const std::string& text) {
      errors.check(text.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos,
                   "curl_transport." + std::string(field),
                   "must have no line end and no NUL character", "a text that has one");
    };
    check_text("ca_file", ca_file);
    check_text("client_certificate_file", client_certificate_file);
    check_text("client_key_file", client_key_file);
    check_text("client_key_passphrase", client_key_passphrase);
    check_text("proxy", proxy);
    check_text("user_agent", user_agent);
    errors.check(client_key_file.empty() || !client_certificate_file.empty(),
                 "curl_transport.client_key_file", "needs client_certificate_file",
                 "\"" + client_key_file + "\"");
    errors.check(proxy.empty() || !proxy_from_environment, "curl_transport.proxy_from_environment",
                 "must be false where a proxy is given", "true");
    errors.check(idle_connections_max <= 256, "curl_transport.idle_connections_max",
                 "must be within [0, 256]", std::to_string(idle_connections_max));
    errors.check(name_age_max.count() >= 0 && name_age_max.count() <= 3600,
                 "curl_transport.name_age_max", "must be within [0 s, 3600 s]",
                 std::to_string(name_age_max.count()) + " s");
    errors.check(connection_age_max.count() >= 1 && connection_age_max.count() <= 86'400,
                 "curl_transport.connection_age_max", "must be within [1 s, 86400 s]",
                 std::to_string(connection_age_max.count()) + " s");
  }
};

}  // namespace hydrant
