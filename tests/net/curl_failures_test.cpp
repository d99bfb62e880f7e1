// SPDX-License-Identifier: MIT
//
// What a CurlTransport makes of servers that hang, lie, or break off.
#include <hydrant/net/curl_transport.hpp>
#include <hydrant/testing/manual_env.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <string>

#include "net/http_requests.hpp"
#include "net/laboratory_authority.hpp"
#include "net/scripted_server.hpp"
#include "test.hpp"

using hydrant::CurlTransport;
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

namespace {

/// What comes of a request that the server answers with these bytes, and hangs up.
std::string failure_after(const std::string& bytes, bool resets = false) {
  ScriptedServer server([&](Peer& peer) {
    peer.read_request();
    peer.send(bytes);
    if (resets) {
      peer.reset();
    }
  });
  CurlTransport transport;
  HttpRequest request = request_to(server.url("/logs/a?X-Amz-Signature=secret"));
  request.response_bytes_max = 100;
  std::string text = failure_of(transport, std::move(request));
  const std::string start = "GET " + server.url("/logs/a") + ": ";
  REQUIRE(text.starts_with(start));
  return text.substr(start.size());
}

/// Drives an exchange until the server says that it is where the test wants it, and then until
/// nothing moves any more.
void settle(hydrant::HttpExchange& exchange, std::future<void>& ready) {
  int quiet = 0;
  while (quiet < 20) {
    REQUIRE_FALSE(exchange.step());
    exchange.wait(std::chrono::milliseconds(1));
    quiet += ready.wait_for(std::chrono::seconds(0)) == std::future_status::ready ? 1 : 0;
  }
}

/// After how much silence, on a clock that only the test moves, a request fails, and how.
std::string failure_of_silence(const ScriptedServer::Script& script, std::future<void> ready,
                               std::chrono::milliseconds expected) {
  ScriptedServer server(script);
  hydrant::testing::ManualEnv env;
  CurlTransport transport({}, hydrant::make_world(env));
  const std::string body(20'000'000, 'x');
  HttpRequest request = request_to(server.url("/o"), "PUT");
  request.body = {bytes_of(body)};
  request.timeouts.first_byte = std::chrono::milliseconds(500);
  request.timeouts.stall = std::chrono::milliseconds(300);
  const auto exchange = transport.start(std::move(request));
  settle(*exchange, ready);

  env.advance(expected - std::chrono::milliseconds(1));
  REQUIRE_FALSE(exchange->step());
  env.advance(std::chrono::milliseconds(1));
  std::optional<Result<HttpResponse>> result = exchange->step();

  REQUIRE(result);
  REQUIRE_FALSE(*result);
  REQUIRE(result->failure().message.starts_with("PUT " + server.url("/o") + ": "));
  return result->failure().message.substr(server.url("/o").size() + 6);
}

}  // namespace

TEST_CASE("an answer that breaks off is a failure that says where", "[net][curl]") {
  REQUIRE(failure_after("") == "waiting for the answer: Empty reply from server");
  REQUIRE(failure_after("", true) ==
          "waiting for the answer: Recv failure: Connection reset by peer");
  REQUIRE(failure_after("HTTP/1.1 200 OK\r\nContent-Le") ==
          "receiving the answer: its header breaks off");
  REQUIRE(failure_after("HTTP/1.1 200 OK\r\nX-A: b\r\n") ==
          "receiving the answer: its header breaks off");
  REQUIRE(failure_after("HTTP/1.1 100 Continue\r\n\r\n") ==
          "waiting for the answer: Empty reply from server");
  REQUIRE(failure_after("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") ==
          "receiving the answer: transfer closed with 6 bytes remaining to read");
  REQUIRE(failure_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n") ==
          "receiving the answer: transfer closed with outstanding read data remaining");
  REQUIRE(failure_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n")
              .starts_with("receiving the answer: "));
  REQUIRE(failure_after("SSH-2.0-OpenSSH_9.2\r\n") ==
          "waiting for the answer: Received HTTP/0.9 when not allowed");
  REQUIRE(failure_after("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")
              .starts_with("receiving the answer: "));
}

TEST_CASE("an answer's body is bounded", "[net][curl]") {
  for (const bool is_chunked : {false, true}) {
    for (const std::size_t size : {99U, 100U, 101U}) {
      CAPTURE(is_chunked, size);
      const std::string body(size, 'b');
      const std::string answer =
          is_chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" +
                           body.substr(0, 16) + "\r\n" +
                           (size == 99    ? "53"
                            : size == 100 ? "54"
                                          : "55") +
                           "\r\n" + body.substr(16) + "\r\n0\r\n\r\n"
                     : http_answer(body);

      ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        peer.send(answer);
      });
      CurlTransport transport;
      HttpRequest request = request_to(server.url());
      request.response_bytes_max = 100;
      Result<HttpResponse> result = hydrant::perform(transport, std::move(request), never);

      REQUIRE(static_cast<bool>(result) == (size <= 100));
      REQUIRE((result ? result.value().body : body) == body);
      REQUIRE((result ? "" : result.failure().message) ==
              (size <= 100 ? ""
                           : "GET " + server.url() +
                                 ": receiving the answer: its body is longer than the 100 bytes "
                                 "asked for"));
    }
  }
}

TEST_CASE("an answer's header is bounded", "[net][curl]") {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 600; ++i) {
    many += "X-Pad: " + std::string(500, 'p') + "\r\n";
  }

  REQUIRE(failure_after(many + "\r\n") ==
          "receiving the answer: its header is longer than 262144 bytes");
}

TEST_CASE("silence is measured phase by phase", "[net][curl]") {
  const std::string what_to_do = " (is the server overloaded, or a firewall dropping packets?)";
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
  std::promise<void> ready;
  std::string reached;
  std::string expected;

  SECTION("while the body is being sent") {
    reached = failure_of_silence(
        [&](Peer& peer) {
          peer.read_head();
          ready.set_value();
          peer.be_deaf();
        },
        ready.get_future(), std::chrono::milliseconds(300));
    expected = "sending the request: no byte for 300 ms";
  }
  SECTION("before the answer begins") {
    reached = failure_of_silence(
        [&](Peer& peer) {
          peer.read_request();
          ready.set_value();
          peer.be_deaf();
        },
        ready.get_future(), std::chrono::milliseconds(500));
    expected = "waiting for the answer: no byte for 500 ms";
  }
  SECTION("before the answer begins, whatever came before it") {
    reached = failure_of_silence(
        [&](Peer& peer) {
          peer.read_request();
          peer.send("HTTP/1.1 102 Processing\r\n\r\n");
          ready.set_value();
          peer.be_deaf();
        },
        ready.get_future(), std::chrono::milliseconds(500));
    expected = "waiting for the answer: no byte for 500 ms";
  }
  SECTION("in the middle of the header") {
    reached = failure_of_silence(
        [&](Peer& peer) {
          peer.read_request();
          peer.send(head.substr(0, 30));
          ready.set_value();
          peer.be_deaf();
        },
        ready.get_future(), std::chrono::milliseconds(300));
    expected = "receiving the answer: no byte for 300 ms";
  }
  SECTION("in the middle of the body") {
    reached = failure_of_silence(
        [&](Peer& peer) {
          peer.read_request();
          peer.send(head + "half");
          ready.set_value();
          peer.be_deaf();
        },
        ready.get_future(), std::chrono::milliseconds(300));
    expected = "receiving the answer: no byte for 300 ms";
  }

  REQUIRE(reached == expected + what_to_do);
}

TEST_CASE("a connection that does not come about in its time is given up", "[net][curl]") {
  const LaboratoryAuthority authority;
  ScriptedServer server([](Peer& peer) { peer.be_deaf(); });  // never says a word of TLS
  CurlTransport transport;
  HttpRequest request =
      request_to("https://127.0.0.1:" + std::to_string(server.port()) + "/a?secret");
  request.timeouts.connect = std::chrono::milliseconds(50);

  REQUIRE(failure_of(transport, request) ==
          "GET https://127.0.0.1:" + std::to_string(server.port()) +
              "/a: connecting: no connection within 50 ms");
}

TEST_CASE("a server that is not there is said to be not there", "[net][curl]") {
  std::string url;
  {
    url = ScriptedServer([](Peer&) {}).url("/a?secret");
  }
  CurlTransport transport;

  const std::string refused = failure_of(transport, request_to(url));
  const std::string unknown = failure_of(transport, request_to("http://no-such-host.invalid/a"));

  REQUIRE(refused.starts_with("GET " + url.substr(0, url.find('?')) +
                              ": connecting: Failed to connect to 127.0.0.1 port "));
  REQUIRE(
      refused.ends_with(
          "Connection refused (is the server up, is the port right, does a firewall refuse?)") ==
      contains(refused, "Connection refused"));
  REQUIRE(refused.ends_with(" (is the server up, is the port right, does a firewall refuse?)"));
  REQUIRE(unknown ==
          "GET http://no-such-host.invalid/a: connecting: Could not resolve host: "
          "no-such-host.invalid (check the host's name, and the name service)");
}

TEST_CASE("a request that must not be sent is refused in words", "[net][curl]") {
  CurlTransport transport;
  const auto refusal = [&](const std::function<void(HttpRequest&)>& spoil) {
    HttpRequest request = request_to("http://127.0.0.1:9/a");
    spoil(request);
    const std::string text = failure_of(transport, request);
    return text.substr(text.find(": ") + 2);
  };
  const auto with_header = [&](const std::string& name, const std::string& value) {
    return refusal([&](HttpRequest& request) { request.headers = {{name, value}}; });
  };

  REQUIRE(refusal([](HttpRequest& request) { request.method = "GET /x HTTP/1.1\r\n"; }) ==
          "not sent: the method is not a word");
  REQUIRE(refusal([](HttpRequest& request) { request.method.clear(); }) ==
          "not sent: the method is not a word");
  REQUIRE(refusal([](HttpRequest& request) { request.url = "file:///etc/passwd"; }) ==
          "not sent: the URL starts neither with https:// nor with http://");
  REQUIRE(refusal([](HttpRequest& request) { request.url = "http://h/a b"; }) ==
          "not sent: the URL has a character that must be percent-encoded");
  REQUIRE(refusal([](HttpRequest& request) { request.url = "http://h/\x80"; }) ==
          "not sent: the URL has a character that must be percent-encoded");
  REQUIRE(with_header("a b", "x") == "not sent: a header's name is not a word");
  REQUIRE(with_header("", "x") == "not sent: a header's name is not a word");
  REQUIRE(with_header("x-a", "1\r\nx-b: 2") ==
          "not sent: the header x-a has a line end or a NUL character");
  REQUIRE(with_header("HOST", "x") == "not sent: the header HOST is the transport's");
  REQUIRE(with_header("content-length", "1") ==
          "not sent: the header content-length is the transport's");
  REQUIRE(
      contains(refusal([](HttpRequest& request) { request.url = "http://user:word@127.0.0.1/"; }),
               "connecting: "));
}

TEST_CASE("no failure's text has what follows the path, or who asks", "[net][curl]") {
  const auto text = [](const std::string& url) { return to_text(request_to(url, "PUT")); };

  REQUIRE(text("https://h.example:8443/a/b?X=secret#secret") == "PUT https://h.example:8443/a/b");
  REQUIRE(text("https://user:secret@h.example/a") == "PUT https://h.example/a");
  REQUIRE(text("https://user:se@cret@h.example/a") == "PUT https://h.example/a");
  REQUIRE(text("https://user:secr/et@h.example/a") == "PUT https://...");
  REQUIRE(text("https://user:secr?et@h.example/a") == "PUT https://...");
  REQUIRE(text("https://[::1]:80/a?b") == "PUT https://[::1]:80/a");
  REQUIRE(text("no url ?secret") == "PUT no url ");
  REQUIRE(text("http://h/" + std::string(511, 'k')) == "PUT http://h/" + std::string(511, 'k'));
  REQUIRE(text("http://h/" + std::string(512, 'k')) ==
          "PUT http://h/" + std::string(511, 'k') + "...");
}

TEST_CASE("options that make no sense are listed", "[net][curl]") {
  try {
    CurlTransport({.client_key_file = "key.pem",
                   .client_key_passphrase = "secret\n",
                   .proxy = "http://user:secret@proxy",
                   .proxy_from_environment = true,
                   .idle_connections_max = 257,
                   .name_age_max = std::chrono::seconds(3601),
                   .connection_age_max = std::chrono::seconds(0)});
    FAIL("no exception");
  } catch (const hydrant::OptionsError& error) {
    REQUIRE(std::string(error.what()) ==
            "hydrant: 6 faults in the options of CurlTransport:\n"
            "  curl_transport.client_key_passphrase    must have no line end and no NUL character, "
            "is a text that has one\n"
            "  curl_transport.client_key_file          needs client_certificate_file, is "
            "\"key.pem\"\n"
            "  curl_transport.proxy_from_environment   must be false where a proxy is given, is "
            "true\n"
            "  curl_transport.idle_connections_max     must be within [0, 256], is 257\n"
            "  curl_transport.name_age_max             must be within [0 s, 3600 s], is 3601 s\n"
            "  curl_transport.connection_age_max       must be within [1 s, 86400 s], is 0 s");
  }
}
