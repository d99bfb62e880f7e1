// SPDX-License-Identifier: MIT
//
// The library in one include, in the order in which a record walks through it.
// Needs standard C++20 and threads only: whatever needs another
// library (zstd, zlib) is a header of its own, named for it.
#pragma once

#include <hydrant/delivery_stream.hpp>
#include <hydrant/metrics/prometheus.hpp>
#include <hydrant/object/lines.hpp>
#include <hydrant/object/object_sink.hpp>
#include <hydrant/producer.hpp>
#include <hydrant/sink/callback_sink.hpp>
#include <hydrant/sink/null_sink.hpp>
#include <hydrant/sink/sink.hpp>
#include <hydrant/stream_options.hpp>
#include <hydrant/transform/filter.hpp>
#include <hydrant/transform/identity.hpp>
#include <hydrant/transform/map.hpp>
#include <hydrant/transform/pipe.hpp>
#include <hydrant/transform/tap.hpp>
#include <hydrant/transform/transform.hpp>
