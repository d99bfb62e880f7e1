// SPDX-License-Identifier: MIT
//
// The Kinesis Producer Library writes its aggregated records with protobuf:
// here Python's does, from the schema, without any code of ours.
#include <hydrant/transform/deaggregate_kpl.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "run_program.hpp"
#include "test.hpp"
#include "transform/collecting_emitter.hpp"

using hydrant::tests::run_program;

namespace {

std::string python_with_protobuf() {
  std::string name = run_program(
                         "for p in $(which -a python3); do "
                         "$p -c 'import google.protobuf' 2>/dev/null && echo $p && break; done")
                         .output;
  return name.substr(0, name.find('\n'));
}

/// Reads sizes of records, one a line; writes an aggregated record in hexadecimal for each line.
const std::string writer =
    "import sys,hashlib\n"
    "from google.protobuf import descriptor_pb2,descriptor_pool,message_factory\n"
    "F=descriptor_pb2.FieldDescriptorProto\n"
    "file=descriptor_pb2.FileDescriptorProto(name=\"kpl.proto\",package=\"k\")\n"
    "def message(name,*fields):\n"
    "  m=file.message_type.add(name=name)\n"
    "  for number,(field,label,kind,of) in enumerate(fields,1):\n"
    "    m.field.add(name=field,number=number,label=label,type=kind,type_name=of)\n"
    "opt,req,rep=1,2,3\n"
    "message(\"Tag\",(\"key\",req,F.TYPE_STRING,None),(\"value\",opt,F.TYPE_STRING,None))\n"
    "message(\"Record\",(\"partition_key_index\",req,F.TYPE_UINT64,None),"
    "(\"explicit_hash_key_index\",opt,F.TYPE_UINT64,None),(\"data\",req,F.TYPE_BYTES,None),"
    "(\"tags\",rep,F.TYPE_MESSAGE,\".k.Tag\"))\n"
    "message(\"AggregatedRecord\",(\"partition_key_table\",rep,F.TYPE_STRING,None),"
    "(\"explicit_hash_key_table\",rep,F.TYPE_STRING,None),"
    "(\"records\",rep,F.TYPE_MESSAGE,\".k.Record\"))\n"
    "pool=descriptor_pool.DescriptorPool()\n"
    "pool.Add(file)\n"
    "d=pool.FindMessageTypeByName(\"k.AggregatedRecord\")\n"
    "get=getattr(message_factory,\"GetMessageClass\",None)\n"
    "A=get(d) if get else message_factory.MessageFactory(pool).GetPrototype(d)\n"
    "for line in sys.stdin:\n"
    "  a=A()\n"
    "  for i in range(300):\n"
    "    a.partition_key_table.append(\"key %d\" % i)\n"
    "  a.explicit_hash_key_table.append(\"340282366920938463463374607431768211455\")\n"
    "  for n,size in enumerate(map(int,line.split())):\n"
    "    r=a.records.add(partition_key_index=n%300,data=bytes((n+j)%256 for j in range(size)))\n"
    "    if n%2: r.explicit_hash_key_index=0\n"
    "    for t in range(n%3): r.tags.add(key=\"k%d\" % t,value=\"v\")\n"
    "  m=a.SerializeToString()\n"
    "  print((b\"\\xf3\\x89\\x9a\\xc2\"+m+hashlib.md5(m).digest()).hex())\n";

std::string unhex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace

TEST_CASE("deaggregate_kpl reads what Python's protobuf writes", "[integration][kpl]") {
  const std::string python = python_with_protobuf();
  if (python.empty()) {
    HYDRANT_SKIP("no python3 with protobuf (Debian: python3-protobuf)");
  }
  std::mt19937_64 random(9);
  std::string input;
  std::vector<std::vector<std::size_t>> sizes(40);
  for (auto& line : sizes) {
    for (std::uint64_t left = 1 + random() % 400; left > 0; --left) {
      line.push_back(random() % (random() % 10 == 0 ? 3'000 : 130));
      input += std::to_string(line.back()) + " ";
    }
    input += "\n";
  }

  const auto run = run_program(python + " -c '" + writer + "'", input);

  CAPTURE(run.output.substr(0, 500));
  REQUIRE(run.status == 0);
  std::size_t at = 0;
  for (const auto& line : sizes) {
    const std::size_t end = run.output.find('\n', at);
    const std::string record = unhex(run.output.substr(at, end - at));
    at = end + 1;
    const auto ran = hydrant::tests::run(hydrant::deaggregate_kpl(), record);
    REQUIRE(ran.records.size() == line.size());
    for (std::size_t n = 0; n < line.size(); ++n) {
      std::string data(line[n], '\0');
      for (std::size_t j = 0; j < data.size(); ++j) {
        data[j] = static_cast<char>((n + j) % 256);
      }
      REQUIRE((ran.records[n] == data));
    }
  }
}
