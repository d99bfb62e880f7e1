// SPDX-License-Identifier: MIT
#include <hydrant/net/curl_transport.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/http_requests.hpp"
#include "net/scripted_server.hpp"
#include "test.hpp"
#include <sys/wait.h>
#include <unistd.h>

using hydrant::CurlTransport;
using hydrant::HttpExchange;
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

TEST_CASE("a connection is used again, and a new one is made where the server has closed it",
          "[net][curl]") {
  ScriptedServer server([](Peer& peer) {
    for (int i = 0; i < 3; ++i) {
      if (peer.read_request().empty()) {
        return;
      }
      peer.send(http_answer("connection " + std::to_string(peer.index())));
    }
  });
  CurlTransport transport;
  std::vector<std::string> answers;

  for (int i = 0; i < 7; ++i) {
    Result<HttpResponse> result = hydrant::perform(transport, request_to(server.url()), never);
    REQUIRE(result);
    answers.push_back(result.value().body);
  }

  REQUIRE(answers == std::vector<std::string>{"connection 0", "connection 0", "connection 0",
                                              "connection 1", "connection 1", "connection 1",
                                              "connection 2"});
}

TEST_CASE("a body is sent again from its start when a used connection dies under it",
          "[net][curl]") {
  const std::string body(300'000, 'b');
  ScriptedServer server([&](Peer& peer) {
    std::string request = peer.read_request();
    peer.send(http_answer(request.ends_with(body) ? "whole" : "not whole"));
    if (peer.index() == 0) {
      peer.read_head();  // takes the next, reads some of it, and goes
      peer.read_body(1000);
      peer.reset();
    }
  });
  CurlTransport transport;
  for (int i = 0; i < 2; ++i) {
    HttpRequest request = request_to(server.url(), "PUT");
    request.body = {bytes_of(std::string_view(body).substr(0, 100)),
                    bytes_of(std::string_view(body).substr(100))};

    Result<HttpResponse> result = hydrant::perform(transport, std::move(request), never);

    REQUIRE(result);
    REQUIRE(result.value().body == "whole");
  }
  REQUIRE(server.connection_count() == 2);
}

TEST_CASE("threads send at once, each on a connection that waits for the next request",
          "[net][curl]") {
  ScriptedServer server([](Peer& peer) {
    for (std::string text = peer.read_request(); !text.empty(); text = peer.read_request()) {
      peer.send(http_answer(std::string_view(text).substr(text.find("\r\n\r\n") + 4)));
    }
  });
  CurlTransport transport;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 30; ++i) {
        const std::string body = std::to_string(t) + "/" + std::to_string(i);
        HttpRequest request = request_to(server.url(), "POST");
        request.body = {bytes_of(body)};
        Result<HttpResponse> result = hydrant::perform(transport, std::move(request), never);
        good += result && result.value().body == body ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  REQUIRE(good == 180);
  REQUIRE(server.connection_count() <= 6);
}

TEST_CASE("no more connections wait than asked for", "[net][curl]") {
  ScriptedServer server(always(http_answer("")));
  for (const std::size_t kept : {0U, 1U, 2U}) {
    CurlTransport transport({.idle_connections_max = kept});
    const std::size_t before = server.connection_count();
    for (int round = 0; round < 2; ++round) {
      std::vector<std::unique_ptr<HttpExchange>> exchanges;
      for (int i = 0; i < 3; ++i) {
        exchanges.push_back(transport.start(request_to(server.url())));
      }
      for (const auto& exchange : exchanges) {
        std::optional<Result<HttpResponse>> result;
        while (!(result = exchange->step())) {
          exchange->wait(std::chrono::hours(1));
        }
        REQUIRE(*result);
        REQUIRE_FALSE(exchange->step());  // a result comes once
      }
    }

    CAPTURE(kept);
    REQUIRE(server.connection_count() - before == 6 - kept);
  }
}

TEST_CASE("whoever waits for several exchanges wakes for any of them", "[net][curl]") {
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  ScriptedServer server([&](Peer& peer) {
    const std::string request = peer.read_request();
    if (request.starts_with("GET /slow")) {
      gone.wait();
    }
    peer.send(http_answer("here"));
    peer.wait_for_end();
  });
  CurlTransport transport;
  for (const int quick : {0, 1, 2}) {
    std::vector<std::unique_ptr<HttpExchange>> owned;
    std::vector<HttpExchange*> exchanges;
    for (int i = 0; i < 3; ++i) {
      owned.push_back(transport.start(request_to(server.url(i == quick ? "/quick" : "/slow"))));
      exchanges.push_back(owned.back().get());
    }

    std::optional<Result<HttpResponse>> result;
    while (!result) {
      transport.wait(exchanges, std::chrono::hours(1));
      for (HttpExchange* exchange : exchanges) {
        if (auto now = exchange->step()) {
          REQUIRE(exchange == exchanges[static_cast<std::size_t>(quick)]);
          result = std::move(now);
        }
      }
    }

    REQUIRE(*result);
  }
  go.set_value();
}

TEST_CASE("an exchange that is destroyed hangs up at once", "[net][curl]") {
  std::promise<void> begun;
  std::promise<void> ended;
  ScriptedServer server([&](Peer& peer) {
    peer.read_head();
    begun.set_value();
    peer.wait_for_end();
    ended.set_value();
  });
  CurlTransport transport;
  auto body = std::make_unique<std::string>(40'000'000, 'x');
  HttpRequest request = request_to(server.url(), "PUT");
  request.body = {bytes_of(*body)};
  std::unique_ptr<HttpExchange> exchange = transport.start(std::move(request));
  auto has_begun = begun.get_future();
  while (has_begun.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    REQUIRE_FALSE(exchange->step());
    exchange->wait(std::chrono::milliseconds(1));
  }

  exchange.reset();
  body.reset();

  ended.get_future().wait();
}

TEST_CASE("a child of the process leaves its parent's connections alone", "[net][curl]") {
  ScriptedServer server([](Peer& peer) {
    while (!peer.read_request().empty()) {
      peer.send(http_answer(std::to_string(peer.index())));
    }
  });
  auto transport = std::make_unique<CurlTransport>();
  const auto ask = [&] {
    Result<HttpResponse> result = hydrant::perform(*transport, request_to(server.url()), never);
    return result ? result.value().body : result.failure().message;
  };
  REQUIRE(ask() == "0");
  auto underway = transport->start(request_to(server.url()));
  REQUIRE(ask() == "1");

  const pid_t child = ::fork();
  if (child == 0) {
    std::optional<Result<HttpResponse>> lost = underway->step();
    const bool is_given_up =
        lost && !*lost && contains(lost->failure().message, "the process has forked");
    underway.reset();
    const bool is_new = ask() == "2" && ask() == "2";
    transport.reset();
    ::_exit(is_given_up && is_new ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  std::optional<Result<HttpResponse>> kept;
  while (!(kept = underway->step())) {
    underway->wait(std::chrono::hours(1));
  }

  REQUIRE(status == 0);
  REQUIRE(*kept);
  REQUIRE(kept->value().body == "0");
  REQUIRE(ask() != "2");
  REQUIRE(server.connection_count() == 3);
}
