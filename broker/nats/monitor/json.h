#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "broker/runtime/clock.h"

// Values as Go writes them into JSON, so that what reads nats-server's pages reads ours.
namespace wherry::nats {

// Two blanks a level, one member a line.
std::string IndentedJson(const boost::json::value& value);
std::string CompactJson(const boost::json::value& value);

// "2026-11-25T23:11:00.051Z"
std::string GoTime(std::int64_t unix_millis);
// "1.5ms", "2m0.25s"
std::string GoDuration(runtime::Duration duration);
// "1y2d3h4m5s", from the largest unit there is.
std::string Uptime(std::int64_t millis);
// A string literal of Go: "a\"b".
std::string GoQuote(std::string_view text);

}  // namespace wherry::nats
