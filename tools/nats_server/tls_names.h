#pragma once

#include <span>
#include <string_view>

namespace wherry::nats_server {

// The names that a TLS block may use, as Go has them.
std::span<const std::string_view> CipherSuites();
std::span<const std::string_view> InsecureCipherSuites();
std::span<const std::string_view> Curves();

bool IsCipherSuite(std::string_view name);
bool IsInsecureCipherSuite(std::string_view name);
bool IsCurve(std::string_view name);

}  // namespace wherry::nats_server
