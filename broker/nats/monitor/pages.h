#pragma once

#include "broker/nats/monitor/monitor.h"

// The pages, one file each: index.cc, varz.cc, ... On the monitor's home shard.
namespace wherry::nats {

void ServeIndex(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply);
void ServeVarz(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply);
void ServeConnz(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply);
void ServeSubsz(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply);
void ServeAccountz(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply);
void ServeHealthz(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply);

}  // namespace wherry::nats
