// SPDX-License-Identifier: MIT
//
// A web server whose access log goes through a stream: the logger puts a line
// of JSON into memory and is done, so a slow or full disk is never a slow
// request. /metrics is for Prometheus. SIGTERM or SIGINT ends it: the last lines
// are delivered, and it says what became of all.
//
//     web_server --to lake --port 8080
#include <hydrant/core/json_text.hpp>
#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/zstd.hpp>

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <httplib.h>

namespace {

using namespace hydrant::literals;

struct Options {
  std::string directory;
  int port = 8080;  // 0: any that is free
};

constexpr std::string_view usage =
    "usage: web_server --to DIR [--port N]\n"
    "Serves / and /metrics on 127.0.0.1; its access log becomes objects below DIR.\n"
    "  --port N   0 takes any free port and prints it (8080)\n";

/// Errors: std::invalid_argument, which says what is wrong.
Options parse_options(std::span<char*> arguments) {
  Options options;
  for (std::size_t at = 0; at < arguments.size(); at += 2) {
    const std::string_view name = arguments[at];
    if (at + 1 == arguments.size()) {
      throw std::invalid_argument(std::string(name) + ": no such option, or nothing after it");
    }
    const std::string_view value = arguments[at + 1];
    if (name == "--to") {
      options.directory = value;
    } else if (name == "--port") {
      const char* end = value.data() + value.size();
      if (std::from_chars(value.data(), end, options.port).ptr != end || options.port < 0 ||
          options.port > 65535) {
        throw std::invalid_argument("--port: no such port: " + std::string(value));
      }
    } else {
      throw std::invalid_argument(std::string(name) + ": no such option");
    }
  }
  if (options.directory.empty()) {
    throw std::invalid_argument("--to DIR is missing");
  }
  return options;
}

hydrant::StreamOptions stream_options() {
  return {.name = "web-server",
          .buffering = {.size = 5_MiB, .interval = 60s},
          // Nobody waits for the log. When the disk is down for so long that memory is full, the
          // oldest lines go, and the ledger says how many.
          .overflow = hydrant::Overflow::drop_oldest};
}

auto lake(const std::string& directory) {
  return hydrant::ObjectSink{hydrant::DirectoryStore{directory}, hydrant::Lines{},
                             hydrant::Zstd{.level = 3}};
}

/// Appends `,"name":"text"`.
void append_member(std::string& json, std::string_view name, std::string_view text) {
  json += ',';
  hydrant::append_json_string(json, name);
  json += ':';
  hydrant::append_json_string(json, text);
}

/// One request as one line of the log.
void put_line(hydrant::Producer& log, const httplib::Request& request,
              const httplib::Response& response) {
  thread_local std::string json;  // keeps its memory from request to request
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  json = "{\"time_ms\":";
  json += std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  append_member(json, "client", request.remote_addr);
  append_member(json, "method", request.method);
  append_member(json, "path", request.path);
  append_member(json, "user_agent", request.get_header_value("User-Agent"));
  json += ",\"status\":" + std::to_string(response.status);
  json += ",\"bytes\":" + std::to_string(response.body.size()) + "}";
  // A line that was refused is in the ledger; the request is answered all the same.
  static_cast<void>(log.put(json));
}

/// The signals that end the server, kept from all threads for `wait` to take.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }

  void wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
  }

 private:
  sigset_t set_{};
};

/// Serves until a signal comes. Returns: how many requests it has answered.
template <class Stream>
std::uint64_t serve(const Options& options, Stream& stream) {
  const StopSignals stop_signals;
  std::atomic<std::uint64_t> requests{0};
  hydrant::Producer log = stream.producer();
  httplib::Server server;
  server.set_tcp_nodelay(true);      // else every answer waits for the client's delayed ACK
  server.set_keep_alive_timeout(1);  // a client that stays connected holds up the end by this
  server.set_pre_routing_handler([&](const httplib::Request&, httplib::Response&) {
    ++requests;
    return httplib::Server::HandlerResponse::Unhandled;
  });
  server.set_logger([&](const httplib::Request& request, const httplib::Response& response) {
    put_line(log, request, response);
  });
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("hello\n", "text/plain");
  });
  server.Get("/metrics", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(hydrant::to_prometheus(stream.snapshot()),
                         std::string(hydrant::prometheus_content_type));
  });

  const int port = options.port == 0 ? server.bind_to_any_port("127.0.0.1")
                   : server.bind_to_port("127.0.0.1", options.port) ? options.port
                                                                    : -1;
  if (port < 0) {
    throw std::runtime_error("cannot listen on port " + std::to_string(options.port));
  }
  std::jthread listening([&] { server.listen_after_bind(); });
  while (!server.is_running()) {  // it hears no stop before that
    std::this_thread::sleep_for(1ms);
  }
  std::cout << "listening on http://127.0.0.1:" << port << std::endl;
  stop_signals.wait();
  server.stop();
  listening.join();  // from here on no request is under way, and no logger
  return requests;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse_options({argv + 1, argv + argc});
    hydrant::DeliveryStream stream{stream_options(), hydrant::identity,
                                   lake(options.directory + "/data"),
                                   hydrant::error_output(lake(options.directory + "/errors"))};
    const std::uint64_t requests = serve(options, stream);
    const hydrant::DeliveryReport report = stream.close(10s);
    std::cout << "requests: " << requests << '\n' << report << '\n';
    return report.complete && report.ledger.balanced() && report.ledger.lost == 0 ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    std::cerr << "web_server: " << error.what() << "\n\n" << usage;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "web_server: " << error.what() << '\n';
    return 2;
  }
}
