// SPDX-License-Identifier: MIT
//
// The operating system's descriptions of time zones, as bytes. What they mean
// is object/time_zone_file.hpp's business; which names are safe to look up is
// that of object/time_zone.hpp. Plain C files, for what this header costs to
// compile, everyone pays who names an object.
#pragma once

#include <hydrant/core/result.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace hydrant {

/// Where systems keep their time zones.
/// Source: the defaults of tzcode, of musl, and of NixOS.
inline constexpr std::array<std::string_view, 4> system_zone_directories{
    "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};

/// The bytes of the file `name` in the first directory that has it; of a long one, 256 KiB and a
/// byte more.
/// Errors: those of open, for the first directory, and read.
/// Blocks: on the disk.
inline Result<std::string> read_system_zone_file(std::string_view name) {
  constexpr std::size_t bytes_max = (std::size_t{256} << 10) + 1;
  Failure first;
  for (const std::string_view directory : system_zone_directories) {
    const std::string path = std::string(directory) + "/" + std::string(name);
    const auto failure = [&path](std::string_view tried, int code) {
      return Failure{std::string(tried) + " " + path + ": " + std::generic_category().message(code),
                     code};
    };
    std::FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) {
      first = first.message.empty() ? failure("open", errno) : first;
      continue;
    }
    std::string bytes(bytes_max, '\0');
    errno = 0;
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    const int code = std::ferror(file) != 0 ? errno : 0;
    static_cast<void>(std::fclose(file));
    return code == 0 ? Result<std::string>(std::move(bytes)) : failure("read", code);
  }
  return first;
}

}  // namespace hydrant
