// SPDX-License-Identifier: MIT
//
// Whom a CurlTransport believes, and whom it shows who it is.
#include <hydrant/net/curl_transport.hpp>

#include <string>

#include "net/http_requests.hpp"
#include "net/laboratory_authority.hpp"
#include "net/scripted_server.hpp"
#include "scratch_directory.hpp"
#include "test.hpp"

using hydrant::CurlTransport;
using hydrant::CurlTransportOptions;
using hydrant::HttpRequest;
using hydrant::HttpResponse;
using hydrant::Result;
using hydrant::tests::bytes_of;
using hydrant::tests::contains;
using hydrant::tests::failure_of;
using hydrant::tests::http_answer;
using hydrant::tests::LaboratoryAuthority;
using hydrant::tests::never;
using hydrant::tests::Peer;
using hydrant::tests::request_to;
using hydrant::tests::ScriptedServer;
using hydrant::tests::TlsContext;

namespace {

/// What comes of a request over TLS to a server with that identity.
std::string tls_answer(const hydrant::tests::TlsIdentity& identity, CurlTransportOptions options,
                       const LaboratoryAuthority* client_authority = nullptr, int version_max = 0) {
  const TlsContext context = LaboratoryAuthority::serve_as(identity, client_authority);
  if (version_max != 0) {
    SSL_CTX_set_max_proto_version(context.get(), version_max);
    SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
  }
  ScriptedServer server(
      [&](Peer& peer) {
        peer.read_request();
        peer.send(http_answer(client_authority != nullptr && peer.has_certificate() ? "I know you"
                                                                                    : "hello"));
      },
      context.get());
  CurlTransport transport(std::move(options));
  Result<HttpResponse> result =
      hydrant::perform(transport, request_to(server.url("/?q=secret")), never);
  return result ? result.value().body : result.failure().message;
}

}  // namespace

TEST_CASE("a server is believed only with a certificate for its name by a trusted authority",
          "[net][curl]") {
  const LaboratoryAuthority authority;
  const hydrant::tests::ScratchDirectory scratch;
  const std::string ca_file = scratch.path + "/ca.pem";
  authority.self().write_to(ca_file);
  const CurlTransportOptions trusting{.ca_file = ca_file};
  const auto own = authority.identity("127.0.0.1");

  REQUIRE(tls_answer(own, trusting) == "hello");
  const std::string unknown = tls_answer(own, {});
  REQUIRE(contains(unknown, "connecting: SSL certificate problem: "));
  REQUIRE(
      contains(unknown, "(check the host's name against the server's certificate, and ca_file)"));
  REQUIRE(contains(tls_answer(authority.identity("127.0.0.2"), trusting), "127.0.0.1"));
  REQUIRE(contains(tls_answer(authority.identity("127.0.0.1", -60), trusting),
                   "certificate has expired"));
  REQUIRE(contains(tls_answer(LaboratoryAuthority().identity("127.0.0.1"), trusting),
                   "connecting: SSL certificate problem: unable to get local issuer certificate"));
  REQUIRE(contains(tls_answer(own, {.ca_file = scratch.path + "/none.pem"}), "(check ca_file)"));
  REQUIRE(tls_answer(authority.identity("other", -60),
                     {.dangerously_accept_any_certificate = true}) == "hello");
}

TEST_CASE("a TLS connection that is reset while a body is being sent is a failure, not a signal",
          "[net][curl]") {
  const LaboratoryAuthority authority;
  const TlsContext context = LaboratoryAuthority::serve_as(authority.identity("127.0.0.1"));
  ScriptedServer server(
      [](Peer& peer) {
        peer.read_head();
        peer.reset();
      },
      context.get());
  CurlTransport transport({.dangerously_accept_any_certificate = true});
  const std::string body(20'000'000, 'x');
  for (int i = 0; i < 10; ++i) {
    HttpRequest request = request_to(server.url("/o"), "PUT");
    request.body = {bytes_of(body)};

    REQUIRE(failure_of(transport, request)
                .starts_with("PUT " + server.url("/o") + ": sending the request: "));
  }
}

TEST_CASE("TLS before 1.2 is not spoken", "[net][curl]") {
  const LaboratoryAuthority authority;
  const hydrant::tests::ScratchDirectory scratch;
  authority.self().write_to(scratch.path + "/ca.pem");
  const CurlTransportOptions trusting{.ca_file = scratch.path + "/ca.pem"};
  const auto own = authority.identity("127.0.0.1");

  REQUIRE(tls_answer(own, trusting, nullptr, TLS1_2_VERSION) == "hello");
  const std::string old = tls_answer(own, trusting, nullptr, TLS1_1_VERSION);
  REQUIRE(contains(old, "connecting: "));
  REQUIRE(contains(old, "(does the server speak TLS 1.2 or later on this port"));
}

TEST_CASE("a server that asks who we are is shown the client's certificate", "[net][curl]") {
  const LaboratoryAuthority authority;
  const hydrant::tests::ScratchDirectory scratch;
  const std::string ca_file = scratch.path + "/ca.pem";
  const std::string client_file = scratch.path + "/client.pem";
  authority.self().write_to(ca_file);
  authority.identity("client").write_to(client_file);
  const auto own = authority.identity("127.0.0.1");

  REQUIRE(tls_answer(own, {.ca_file = ca_file, .client_certificate_file = client_file},
                     &authority) == "I know you");
  REQUIRE(tls_answer(own,
                     {.ca_file = ca_file,
                      .client_certificate_file = client_file,
                      .client_key_file = client_file},
                     &authority) == "I know you");
  REQUIRE(contains(tls_answer(own, {.ca_file = ca_file}, &authority), "/: "));
  REQUIRE(contains(
      tls_answer(own, {.ca_file = ca_file, .client_certificate_file = ca_file + "x"}, &authority),
      "(check client_certificate_file and client_key_file)"));
}
