// SPDX-License-Identifier: MIT
//
// Which of jq's functions a query of partition keys may use: those that end, that
// depend on nothing but the record, and that jq 1.6 survives whatever a record
// holds. The others are given definitions of our own, in front of the query.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hydrant::detail {

/// With the number of their arguments, by name. What is not here is refused: `input`, `env`, `now`,
/// `debug`; `range`, `repeat`, `until`, `recurse(f)`, which need not end; `gsub`, `scan`, `splits`,
/// which on some texts crash jq 1.6, or never end there; whatever later versions bring.
inline constexpr std::string_view jq_functions =
    " IN/1 IN/2 abs/0 add/0 all/0 all/1 all/2 any/0 any/1 any/2 arrays/0 ascii/0 "
    "ascii_downcase/0 ascii_upcase/0 booleans/0 bsearch/1 capture/1 capture/2 ceil/0 "
    "contains/1 empty/0 endswith/1 error/0 error/1 exp/0 exp10/0 exp2/0 explode/0 fabs/0 "
    "finites/0 first/0 first/1 flatten/0 flatten/1 floor/0 fmax/2 fmin/2 fmod/2 format/1 "
    "from_entries/0 fromdate/0 fromdateiso8601/0 fromjson/0 getpath/1 gmtime/0 group_by/1 "
    "has/1 implode/0 in/1 index/1 indices/1 inside/1 isempty/1 isfinite/0 isinfinite/0 "
    "isnan/0 isnormal/0 iterables/0 join/1 keys/0 keys_unsorted/0 last/0 last/1 "
    "leaf_paths/0 length/0 limit/2 log/0 log10/0 log2/0 ltrim/0 ltrimstr/1 map/1 "
    "map_values/1 match/1 match/2 max/0 max_by/1 min/0 min_by/1 mktime/0 nearbyint/0 "
    "normals/0 not/0 nth/1 nth/2 nulls/0 numbers/0 objects/0 path/1 paths/0 paths/1 pow/2 "
    "recurse/0 reverse/0 rindex/1 rint/0 round/0 rtrim/0 rtrimstr/1 scalars/0 "
    "select/1 sort/0 sort_by/1 split/1 sqrt/0 startswith/1 strftime/1 strings/0 "
    "strptime/1 sub/2 sub/3 test/1 test/2 to_entries/0 toarray/0 todate/0 todateiso8601/0 "
    "tojson/0 tonumber/0 tostring/0 transpose/0 trim/0 trimstr/1 trunc/0 type/0 unique/0 "
    "unique_by/1 utf8bytelength/0 values/0 ";

/// `function` is a name and how many arguments it takes: "range/2".
inline bool is_jq_function_allowed(std::string_view function) {
  return jq_functions.find(' ' + std::string(function) + ' ') != std::string_view::npos;
}

/// Stands before the name of what is refused, in the name of a variable that there is not. Where a
/// query uses the function, jq looks for that variable, and says that it is not defined.
inline constexpr std::string_view jq_refusal_mark = "hydrant_refuses_";

/// Appends a definition by which a function is refused.
inline void append_jq_refusal(std::string& out, std::string_view function) {
  const std::size_t slash = function.find('/');
  const std::string_view name = function.substr(0, slash);
  const char arguments = slash + 1 < function.size() ? function[slash + 1] : '0';
  out += "def ";
  out += name;
  for (char argument = '0'; argument < arguments; ++argument) {
    out += argument == '0' ? "(a" : ";a";
    out += argument;
  }
  out += arguments == '0' ? ": $" : "): $";
  out += jq_refusal_mark;
  out += name;
  out += "; ";
}

/// In front of every query: what operators mean, and those functions that jq 1.6 does not survive
/// everywhere. A time that no calendar has, and a format that is no text, abort the process in
/// `strftime`; an empty text is searched for ever by `indices`; `%` by -1 traps; and with "g"
/// regular expressions overrun texts that are not ASCII. Multiplied texts grow as a record likes.
inline constexpr std::string_view jq_guards =
    "def _assign(a;b): $hydrant_refuses_assignment; "
    "def _modify(a;b): $hydrant_refuses_assignment; "
    "def hydrant_multiply(a;b): a * b; "
    "def _multiply(a;b): b as $b | a as $a | "
    R"(if ([$a,$b] | any(type == "string")) then error("text * number") )"
    "else hydrant_multiply($a;$b) end; "
    "def hydrant_mod(a;b): a % b; "
    "def _mod(a;b): b as $b | a as $a | if ([$a,$b] | all(type == \"number\")) and $b <= -1 and "
    "$b > -2 then 0 else hydrant_mod($a;$b) end; "
    "def hydrant_strftime(f): strftime(f); "
    R"(def strftime(f): f as $f | if ($f | type) != "string" then error("no format") )"
    R"(elif type == "number" then gmtime | hydrant_strftime($f) else hydrant_strftime($f) end; )"
    R"(def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ"); def todate: todateiso8601; )"
    "def hydrant_indices(i): indices(i); "
    R"(def indices(i): i as $i | if type == "string" and $i == "" then [] )"
    "else hydrant_indices($i) end; "
    "def index(i): indices(i) | .[0]; def rindex(i): indices(i) | .[-1:][0]; "
    R"(def hydrant_flags: if . == null or (type == "string" and (contains("g") | not)) then . )"
    R"(else error("flags") end; )"
    "def hydrant_match(r;f): match(r;f); "
    "def match(r;f): f as $f | r as $r | hydrant_match($r;$f | hydrant_flags); "
    "def match(r): r as $r | hydrant_match($r;null); "
    "def hydrant_test(r;f): test(r;f); "
    "def test(r;f): f as $f | r as $r | hydrant_test($r;$f | hydrant_flags); "
    "def test(r): r as $r | hydrant_test($r;null); "
    "def hydrant_capture(r;f): capture(r;f); "
    "def capture(r;f): f as $f | r as $r | hydrant_capture($r;$f | hydrant_flags); "
    "def capture(r): r as $r | hydrant_capture($r;null); "
    "def hydrant_sub(r;s;f): sub(r;s;f); "
    "def sub(r;s;f): f as $f | r as $r | hydrant_sub($r;s;$f | hydrant_flags); "
    "def sub(r;s): r as $r | hydrant_sub($r;s;\"\"); ";

}  // namespace hydrant::detail
