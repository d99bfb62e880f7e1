// SPDX-License-Identifier: MIT
#include <hydrant/net/curl_transport.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_requests.hpp"
#include "net/scripted_server.hpp"
#include "test.hpp"

using hydrant::CurlTransport;
using hydrant::HttpHeader;
using hydrant::HttpRequest;
using hydrant::HttpResponse;
using hydrant::Result;
using hydrant::tests::bytes_of;
using hydrant::tests::contains;
using hydrant::tests::http_answer;
using hydrant::tests::never;
using hydrant::tests::Peer;
using hydrant::tests::request_to;
using hydrant::tests::ScriptedServer;

namespace {

/// Answers every request of a connection in the same way.
ScriptedServer::Script always(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    while (!peer.read_request().empty()) {
      peer.send(answer);
    }
  };
}

}  // namespace

TEST_CASE("an answer is its status, its headers in order, and its body", "[net][curl]") {
  ScriptedServer server(always(http_answer("<Error/>", "404 Not Found", "X-A: 1\r\nx-a:  2 \r\n")));
  CurlTransport transport;

  Result<HttpResponse> result = hydrant::perform(transport, request_to(server.url()), never);

  REQUIRE(result);
  REQUIRE(result.value().status == 404);
  REQUIRE(result.value().body == "<Error/>");
  REQUIRE(result.value().headers ==
          std::vector<HttpHeader>{{"X-A", "1"}, {"x-a", "2"}, {"Content-Length", "8"}});
}

TEST_CASE("a request is sent as it stands, with nothing that was not asked for", "[net][curl]") {
  std::promise<std::string> seen;
  ScriptedServer server([&](Peer& peer) {
    seen.set_value(peer.read_request());
    peer.send(http_answer(""));
  });
  CurlTransport transport({.user_agent = "tester"});
  HttpRequest request = request_to(server.url("/a/../b/./c%2F%3D?list-type=2&x="), "PUT");
  request.headers = {{"x-second", "2"}, {"X-First", "a  b"}, {"x-empty", ""}};
  const std::string whole = "first piece, second";
  request.body = {bytes_of(std::string_view(whole).substr(0, 6)),
                  {},
                  bytes_of(std::string_view(whole).substr(6))};

  REQUIRE(hydrant::perform(transport, std::move(request), never));

  REQUIRE(seen.get_future().get() ==
          "PUT /a/../b/./c%2F%3D?list-type=2&x= HTTP/1.1\r\nHost: 127.0.0.1:" +
              std::to_string(server.port()) +
              "\r\nUser-Agent: tester\r\nx-second: 2\r\nX-First: a  b\r\n"
              "x-empty:\r\nContent-Length: 19\r\n\r\n" +
              whole);
}

TEST_CASE("each method is sent under its name, with a length where it has a body", "[net][curl]") {
  ScriptedServer server([&](Peer& peer) {
    for (std::string text = peer.read_request(); !text.empty(); text = peer.read_request()) {
      const std::string method = text.substr(0, text.find(' '));
      const bool has_length = contains(text, "Content-Length: 0\r\n");
      peer.send(http_answer(method == "HEAD" ? "" : method + (has_length ? " 0" : ""), "200 OK",
                            "X-Method: " + method + "\r\n"));
    }
  });
  CurlTransport transport;
  const auto ask = [&](const std::string& method) {
    Result<HttpResponse> result =
        hydrant::perform(transport, request_to(server.url(), method), never);
    REQUIRE(result);
    REQUIRE(result.value().header("x-method") == method);
    return result.value().body;
  };

  REQUIRE(ask("GET") == "GET");
  REQUIRE(ask("HEAD").empty());
  REQUIRE(ask("DELETE") == "DELETE");
  REQUIRE(ask("PUT") == "PUT 0");
  REQUIRE(ask("POST") == "POST 0");
  REQUIRE(ask("GET") == "GET");  // nothing of those before stays
  REQUIRE(server.connection_count() == 1);
}

TEST_CASE("random bodies in random pieces arrive as they are", "[net][curl]") {
  ScriptedServer server([](Peer& peer) {
    for (std::string text = peer.read_request(); !text.empty(); text = peer.read_request()) {
      peer.send(http_answer(std::string_view(text).substr(text.find("\r\n\r\n") + 4)));
    }
  });
  CurlTransport transport;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::string body(random() % (seed % 4 == 0 ? 3'000'000 : 70'000), '\0');
    for (char& byte : body) {
      byte = static_cast<char>(random());
    }
    HttpRequest request = request_to(server.url(), "POST");
    request.response_bytes_max = body.size();
    for (std::string_view rest = body; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(rest.size(), random() % 100'000);
      request.body.push_back(bytes_of(rest.substr(0, size)));
      rest.remove_prefix(size);
    }

    Result<HttpResponse> result = hydrant::perform(transport, std::move(request), never);

    REQUIRE(result);
    REQUIRE((result.value().body == body));
  }
}

TEST_CASE("a request that nobody waits for any more is given up", "[net][curl]") {
  ScriptedServer server([](Peer& peer) { peer.wait_for_end(); });
  CurlTransport transport;

  int asked = 0;
  Result<HttpResponse> result = hydrant::perform(transport, request_to(server.url("/a?secret=1")),
                                                 [&] { return ++asked > 2; });

  REQUIRE_FALSE(result);
  REQUIRE(result.failure().message ==
          "GET " + server.url("/a") + ": given up: the attempt's time is over");
}

TEST_CASE("answers in chunks, trailers, and what comes before an answer are understood",
          "[net][curl]") {
  ScriptedServer server(
      always("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
             "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-Long: a,\r\n  b\r\n\r\n"
             "4\r\nfirs\r\n8;note=1\r\nt,second\r\n0\r\nX-Trailer: late\r\n\r\n"));
  CurlTransport transport;
  for (int i = 0; i < 2; ++i) {
    Result<HttpResponse> result = hydrant::perform(transport, request_to(server.url()), never);

    REQUIRE(result);
    REQUIRE(result.value().status == 201);
    REQUIRE(result.value().body == "first,second");
    REQUIRE(result.value().header("x-long") == "a, b");
    REQUIRE(result.value().header("link").empty());
    REQUIRE(result.value().header("x-trailer").empty());
  }
}

TEST_CASE("a redirect is an answer like any other", "[net][curl]") {
  ScriptedServer other(always(http_answer("other")));
  ScriptedServer server(always(
      http_answer("moved", "307 Temporary Redirect", "Location: " + other.url("/") + "\r\n")));
  CurlTransport transport;

  Result<HttpResponse> result = hydrant::perform(transport, request_to(server.url(), "PUT"), never);

  REQUIRE(result);
  REQUIRE(result.value().status == 307);
  REQUIRE(result.value().header("location") == other.url("/"));
  REQUIRE(other.connection_count() == 0);
}

TEST_CASE("a body that may wait for 100 Continue waits, and is not sent where it is refused",
          "[net][curl]") {
  const std::string body(2'000'000, 'x');
  std::atomic<std::size_t> taken{0};
  ScriptedServer server([&](Peer& peer) {
    const std::string head = peer.read_head();
    const bool asks = contains(head, "\r\nExpect: 100-continue\r\n");
    if (asks && contains(head, "/refused")) {
      peer.send(http_answer("no", "403 Forbidden", "Connection: close\r\n"));
      taken = peer.read_body(body.size()).size();
      return;
    }
    peer.send(asks ? "HTTP/1.1 100 Continue\r\n\r\n" : "");
    taken = peer.read_body(body.size()).size();
    peer.send(http_answer(asks ? "asked" : "not asked", "200 OK", "Connection: close\r\n"));
  });
  CurlTransport transport;
  const auto put = [&](std::string_view path, bool asks) {
    HttpRequest request = request_to(server.url(path), "PUT");
    request.body = {bytes_of(body)};
    if (asks) {
      request.headers = {{"Expect", "100-continue"}};
    }
    Result<HttpResponse> result = hydrant::perform(transport, std::move(request), never);
    return result ? result.value().body : result.failure().message;
  };

  REQUIRE(put("/", false) == "not asked");
  REQUIRE(taken == body.size());
  REQUIRE(put("/", true) == "asked");
  REQUIRE(taken == body.size());
  REQUIRE(put("/refused", true) == "no");
}

TEST_CASE("a proxy is used where one is given, and the environment's only where asked for",
          "[net][curl]") {
  ScriptedServer server(always(http_answer("direct")));
  ScriptedServer proxy([&](Peer& peer) {
    const std::string line = peer.read_request();
    peer.send(http_answer("by proxy: " + line.substr(0, line.find("\r\n"))));
  });
  const auto answer = [&](hydrant::CurlTransportOptions options) {
    CurlTransport transport(std::move(options));
    Result<HttpResponse> result = hydrant::perform(transport, request_to(server.url("/a")), never);
    return result ? result.value().body : result.failure().message;
  };
  const std::string by_proxy = "by proxy: GET " + server.url("/a") + " HTTP/1.1";
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::unsetenv("no_proxy");

  const std::string unasked = answer({});
  const std::string asked = answer({.proxy_from_environment = true});
  ::unsetenv("http_proxy");

  REQUIRE(unasked == "direct");
  REQUIRE(asked == by_proxy);
  REQUIRE(answer({.proxy = proxy.url()}) == by_proxy);
}
