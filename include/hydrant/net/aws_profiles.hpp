// SPDX-License-Identifier: MIT
//
// The profiles in ~/.aws/config and ~/.aws/credentials, as one: settings by
// name. What a profile means is for others.
#pragma once

#include <hydrant/net/aws_credentials_source.hpp>
#include <hydrant/net/ini.hpp>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// What a profile says. Wiped from memory when it goes.
class AwsProfile {
 public:
  ~AwsProfile() {
    for (auto& [name, value] : settings_) {
      wipe(value);
    }
  }

  /// The value of a setting; empty where there is none.
  std::string operator[](std::string_view name) const {
    const auto found = settings_.find(name);
    return found == settings_.end() ? std::string() : found->second;
  }

  bool has(std::string_view name) const { return settings_.find(name) != settings_.end(); }

  /// What `other` says replaces what is there.
  void take(const detail::IniSection& other) {
    for (const auto& [name, value] : other) {
      settings_[name] = value;
    }
  }

 private:
  detail::IniSection settings_;
};

/// Every profile of the two files. Where both have a setting, that of the credentials file holds.
/// Threads: distinct objects: safe; shared: unsafe.
class AwsProfiles {
 public:
  /// Reads AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or the files of these purposes below
  /// HOME. A file that does not exist says nothing, and so does one at the usual place that this
  /// user may not read.
  /// Errors: a file that cannot be read, or is not made of sections and settings.
  static Result<AwsProfiles> load(const AwsWorld& world) {
    AwsProfiles profiles;
    Result<detail::IniFile> config = profiles.read(world, "AWS_CONFIG_FILE", "config");
    if (!config) {
      return config.failure();
    }
    Result<detail::IniFile> credentials =
        profiles.read(world, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    if (!credentials) {
      return credentials.failure();
    }
    for (const auto& [section, settings] : config.value()) {
      constexpr std::string_view prefix = "profile ";
      if (section == "default") {
        // [profile default], where it is there, is the one that holds.
        if (config.value().find("profile default") == config.value().end()) {
          profiles.profiles_[section].take(settings);
        }
      } else if (section.starts_with(prefix)) {
        profiles.profiles_[section.substr(prefix.size())].take(settings);
      }
    }
    for (auto& [section, settings] : credentials.value()) {
      profiles.profiles_[section].take(settings);
      for (auto& [name, value] : settings) {
        wipe(value);
      }
    }
    return profiles;
  }

  /// Null when there is no such profile.
  const AwsProfile* find(std::string_view name) const {
    const auto found = profiles_.find(name);
    return found == profiles_.end() ? nullptr : &found->second;
  }

  /// "in /home/me/.aws/config and /home/me/.aws/credentials", for errors.
  const std::string& where() const { return where_; }

 private:
  static constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

  Result<detail::IniFile> read(const AwsWorld& world, const char* variable, const char* usual) {
    std::string path = world.process.value_of(variable);
    const std::string home = world.process.value_of("HOME");
    const bool is_usual = path.empty();
    if (is_usual && home.empty()) {
      return detail::IniFile();
    }
    if (is_usual) {
      path = home + "/.aws/" + usual;
    } else if (path.starts_with("~/")) {
      path.replace(0, 1, home);
    }
    where_ += (where_.empty() ? "in " : " and ") + path;
    Result<std::string> text = world.world->files().read(path, file_bytes_max);
    if (!text) {
      const int code = text.failure().os_code;
      const bool says_nothing =
          code == ENOENT || code == ENOTDIR || (is_usual && (code == EACCES || code == EPERM));
      return says_nothing ? Result<detail::IniFile>(detail::IniFile())
                          : Result<detail::IniFile>(text.failure());
    }
    Result<detail::IniFile> file = detail::read_ini(text.value());
    wipe(text.value());
    return file ? std::move(file) : Failure{"read " + path + ": " + file.failure().message};
  }

  std::map<std::string, AwsProfile, std::less<>> profiles_;
  std::string where_;
};

/// The profile that the environment chooses: AWS_PROFILE, else AWS_DEFAULT_PROFILE, else "default".
inline std::string chosen_aws_profile(const AwsWorld& world) {
  for (const char* const variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (std::string name = world.process.value_of(variable); !name.empty()) {
      return name;
    }
  }
  return "default";
}

}  // namespace hydrant
