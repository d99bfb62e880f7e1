// SPDX-License-Identifier: MIT
//
// The smallest useful program: lines from standard input become compressed
// objects in a directory, and in the end it says what became of every line.
//
//     tail -F access.log | quickstart lake
#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/zstd.hpp>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
  using namespace hydrant::literals;
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "access-log", .buffering = {.size = 5_MiB, .interval = 60s}},
      hydrant::identity,
      hydrant::ObjectSink{hydrant::DirectoryStore{argc > 1 ? argv[1] : "lake"}, hydrant::Lines{},
                          hydrant::Zstd{.level = 3}}};

  for (std::string line; std::getline(std::cin, line);) {
    if (auto put = stream.put(line); !put) {
      std::cerr << put.reason() << '\n';
    }
  }
  std::cout << stream.close(30s) << '\n';  // what became of every record
}
