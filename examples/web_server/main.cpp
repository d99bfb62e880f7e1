// SPDX-License-Identifier: MIT
//
// A web server whose access log goes through a stream: no request ever waits
// for the log, and /metrics says how the log is doing. SIGINT or SIGTERM ends it,
// with the account of every line.
//
//     web_server [--port N] [--to DIR]        port 0: any that is free
#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/zstd.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <httplib.h>

namespace {

using namespace hydrant::literals;

/// What a client sent, made harmless: as Apache does, with backslashes.
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      safe.append({'\\', c});
    } else if (byte < 0x20 || byte >= 0x7F) {
      safe += fmt::format("\\x{:02x}", byte);
    } else {
      safe += c;
    }
  }
  return safe;
}

/// Writes one line in the combined log format straight into the stream's buffer.
void log_request(hydrant::Producer log, const httplib::Request& request,
                 const httplib::Response& response) {
  constexpr std::size_t line_max = 4096;  // an endless path is cut short, not written
  if (auto room = log.reserve(line_max)) {
    const auto line =
        fmt::format_to_n(room.data(), room.size(),
                         R"({} - - [{:%d/%b/%Y:%H:%M:%S +0000}] "{} {} HTTP/1.1" {} {} "-" "{}")",
                         request.remote_addr, fmt::gmtime(std::time(nullptr)),
                         escaped(request.method), escaped(request.target), response.status,
                         response.body.size(), escaped(request.get_header_value("User-Agent")));
    // What is refused is counted, and shows in /metrics: a full buffer must not stop the server.
    static_cast<void>(room.commit(line.out));
  }
}

struct Options {
  int port = 8080;
  std::string directory = "lake";
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--port") {
      options.port = std::atoi(argv[i + 1]);
    } else if (name == "--to") {
      options.directory = argv[i + 1];
    }
  }
  return options;
}

/// Blocks the signals that end the server, before there is any thread to get them.
sigset_t block_end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const sigset_t end_signals = block_end_signals();

  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "web-access",
                             .buffering = {.size = 5_MiB, .interval = 5s},
                             .overflow = hydrant::Overflow::reject},
      hydrant::identity,
      hydrant::ObjectSink{hydrant::DirectoryStore{options.directory}, hydrant::Lines{},
                          hydrant::Zstd{.level = 3}}};

  httplib::Server server;
  server.set_tcp_nodelay(true);
  std::atomic<std::uint64_t> requests{0};
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("Hello from a server whose log never waits.\n", "text/plain");
  });
  server.Get("/metrics", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(hydrant::to_prometheus(stream.snapshot()),
                         std::string(hydrant::prometheus_content_type));
  });
  server.set_logger([&, log = stream.producer()](const httplib::Request& request,
                                                 const httplib::Response& response) {
    ++requests;
    log_request(log, request, response);
  });

  int port = options.port;
  if (port == 0) {
    port = server.bind_to_any_port("127.0.0.1");
  } else if (!server.bind_to_port("127.0.0.1", port)) {
    port = -1;
  }
  if (port < 0) {
    std::cerr << "web_server: cannot listen on port " << options.port << '\n';
    return 1;
  }
  std::cout << "listening on http://127.0.0.1:" << port << '\n' << std::flush;
  std::thread serving([&server] { server.listen_after_bind(); });

  int signal = 0;
  sigwait(&end_signals, &signal);
  server.stop();
  serving.join();

  const hydrant::DeliveryReport report = stream.close(30s);
  std::cout << "requests: " << requests << '\n' << report << '\n';
  return report.ledger.balanced() && report.ledger.lost == 0 ? 0 : 1;
}
