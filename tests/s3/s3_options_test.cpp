// SPDX-License-Identifier: MIT
#include <hydrant/object/s3_options.hpp>

#include <chrono>
#include <string>

#include "s3/s3_rig.hpp"
#include "test.hpp"

using hydrant::OptionErrors;
using hydrant::S3Addressing;
using hydrant::S3Encryption;
using hydrant::S3StoreOptions;

namespace {

S3StoreOptions sound() {
  S3StoreOptions options;
  options.bucket = "my-lake";
  options.credentials = std::make_shared<hydrant::tests::RigCredentials>();
  return options;
}

/// The faults of options that are sound but for one change: "field rule, is value".
template <class Change>
std::string fault_of(Change change) {
  S3StoreOptions options = sound();
  change(options);
  OptionErrors errors;
  options.validate(errors);
  std::string text;
  for (const hydrant::OptionFault& fault : errors.faults()) {
    text += fault.field + " " + fault.rule + ", is " + fault.value + "\n";
  }
  return text;
}

std::string bucket_fault(const std::string& name) {
  const std::string text = fault_of([&](S3StoreOptions& options) { options.bucket = name; });
  return text.empty() ? text : text.substr(10, text.find(", is ") - 10);
}

}  // namespace

TEST_CASE("sound options have no faults", "[s3][options]") {
  REQUIRE(fault_of([](S3StoreOptions&) {}).empty());
}

TEST_CASE("a bucket's name follows S3's rules", "[s3][options]") {
  for (const std::string& name :
       {std::string("abc"), std::string(62, 'b'), std::string(63, 'b'), std::string("1.2.3"),
        std::string("a.b-c"), std::string("2026")}) {
    CAPTURE(name);
    REQUIRE(bucket_fault(name).empty());
  }
  REQUIRE(bucket_fault("") == "must have 3 to 63 characters");
  REQUIRE(bucket_fault("ab") == "must have 3 to 63 characters");
  REQUIRE(bucket_fault(std::string(64, 'b')) == "must have 3 to 63 characters");
  REQUIRE(bucket_fault("Lake") == "must consist of a-z, 0-9, '.' and '-'");
  REQUIRE(bucket_fault("a_b") == "must consist of a-z, 0-9, '.' and '-'");
  REQUIRE(bucket_fault("a/../b") == "must consist of a-z, 0-9, '.' and '-'");
  REQUIRE(bucket_fault("-lake") == "must start and end with a letter or a digit");
  REQUIRE(bucket_fault("lake.") == "must start and end with a letter or a digit");
  REQUIRE(bucket_fault("a..b") == "must not have two dots in a row");
  REQUIRE(bucket_fault("192.168.5.4") == "must not look like an IP address");
  for (const char* name : {"xn--lake", "lake-s3alias", "lake--ol-s3"}) {
    REQUIRE(bucket_fault(name) == "must not start or end as names that S3 keeps for itself do");
  }
}

TEST_CASE("each option that makes no sense is listed with what is wrong", "[s3][options]") {
  using Options = S3StoreOptions;
  REQUIRE(fault_of([](Options& o) { o.region = "EU west"; }) ==
          "s3.region must be a region's name, such as eu-central-1, is \"EU west\"\n");
  REQUIRE(fault_of([](Options& o) { o.region = ""; }) ==
          "s3.region must be a region's name, such as eu-central-1, is \"\"\n");
  REQUIRE(fault_of([](Options& o) { o.endpoint = "minio:9000"; }) ==
          "s3.endpoint must start with https:// or http://, is a text of 10 characters\n");
  REQUIRE(fault_of([](Options& o) { o.endpoint = "https://user:secret@h"; }) ==
          "s3.endpoint must end after the host, or its port: no path, no user, is a text of 21 "
          "characters\n");
  REQUIRE(fault_of([](Options& o) { o.endpoint = "https://h/"; }) ==
          "s3.endpoint must end after the host, or its port: no path, no user, is a text of 10 "
          "characters\n");
  REQUIRE(fault_of([](Options& o) {
            o.bucket = "my.lake";
            o.addressing = S3Addressing::virtual_host;
          }) ==
          "s3.addressing must be path where the bucket's name has dots: no certificate fits, is "
          "virtual_host\n");
  REQUIRE(fault_of([](Options& o) { o.credentials = nullptr; }) ==
          "s3.credentials must be given, is null\n");
  REQUIRE(fault_of([](Options& o) { o.kms_key_id = "key"; }) ==
          "s3.kms_key_id needs S3Encryption::kms, is \"key\"\n");
  REQUIRE(fault_of([](Options& o) { o.bucket_key = true; }) ==
          "s3.bucket_key needs S3Encryption::kms, is true\n");
  REQUIRE(fault_of([](Options& o) { o.storage_class = "A\r\nX: y"; }) ==
          "s3.storage_class must be printable ASCII, is a text that is not\n");
  REQUIRE(fault_of([](Options& o) { o.acl = "\xc3\xa9"; }) ==
          "s3.acl must be printable ASCII, is a text that is not\n");
  REQUIRE(fault_of([](Options& o) {
            o.metadata = {{"a b", "c"}};
          }) == "s3.metadata must have names that a header can have, is \"a b\"\n");
  REQUIRE(fault_of([](Options& o) {
            o.metadata = {{"a", "b\n"}};
          }) == "s3.metadata must be printable ASCII, is a text that is not\n");
  REQUIRE(fault_of([](Options& o) { o.metadata = {{"a", std::string(2047, 'x')}}; }).empty());
  REQUIRE(fault_of([](Options& o) {
            o.metadata = {{"a", std::string(2048, 'x')}};
          }) == "s3.metadata must have at most 2 KiB in all, is 2049 bytes\n");
  REQUIRE(fault_of([](Options& o) { o.tags.assign(10, {"a", ""}); }).empty());
  REQUIRE(fault_of([](Options& o) {
            o.tags.assign(11, {"a", ""});
          }) == "s3.tags must be at most 10, is 11\n");
  REQUIRE(fault_of([](Options& o) {
            o.tags = {{"", "b"}};
          }) ==
          "s3.tags must have names of 1 to 128 and values of up to 256 characters, is \"\"\n");
  REQUIRE(fault_of([](Options& o) { o.parallel_parts = 0; }) ==
          "s3.parallel_parts must be within [1, 64], is 0\n");
  REQUIRE(fault_of([](Options& o) { o.parallel_parts = 65; }) ==
          "s3.parallel_parts must be within [1, 64], is 65\n");
  REQUIRE(fault_of([](Options& o) { o.expected_bucket_owner = "12345678901"; }) ==
          "s3.expected_bucket_owner must be an account's 12 digits, is \"12345678901\"\n");
  REQUIRE(fault_of([](Options& o) { o.timeouts.stall = std::chrono::milliseconds(0); }) ==
          "s3.timeouts.stall must be at least 1 ms, is 0 s\n");
}

TEST_CASE("parts have the sizes that S3 takes", "[s3][options]") {
  const auto parts = [](std::uint64_t size, std::uint64_t threshold) {
    return fault_of([&](S3StoreOptions& options) {
      options.part_size = {size};
      options.multipart_threshold = {threshold};
    });
  };
  constexpr std::uint64_t least = 5ULL << 20;
  constexpr std::uint64_t most = 5ULL << 30;

  REQUIRE(parts(least, least).empty());
  REQUIRE(parts(most, most).empty());
  REQUIRE(parts(least - 1, least) ==
          "s3.part_size must be within [5 MiB, 5 GiB], is 5242879 bytes\n");
  REQUIRE(parts(least, least - 1) ==
          "s3.multipart_threshold must be within [part_size, 5 GiB], is 5242879 bytes\n");
  REQUIRE(parts(most, most + 1) ==
          "s3.multipart_threshold must be within [part_size, 5 GiB], is 5368709121 bytes\n");
  REQUIRE(parts(most + 1, most + 1)
              .starts_with("s3.part_size must be within [5 MiB, 5 GiB], is 5368709121 bytes\n"));
}

TEST_CASE("a fault of every field is listed at once", "[s3][options]") {
  S3StoreOptions options;
  options.bucket = "L";
  options.region = "";
  options.endpoint = "ftp://h";
  options.parallel_parts = 0;
  OptionErrors errors;

  options.validate(errors);

  REQUIRE(errors.faults().size() == 5);
}
