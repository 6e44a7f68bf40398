#pragma once

#include <string>

#include <boost/json.hpp>

namespace wherry::conformance {

// What a server said to one request.
struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::string head;  // the status line and the headers
  std::string body;
};

// Asks with a connection of its own. `url`: "http://127.0.0.1:8222"; `target`: "/connz?limit=1".
HttpAnswer HttpGet(const std::string& url, const std::string& target);
// The same with another method, headers ("Name: value\r\n" each) and a body.
HttpAnswer HttpSend(const std::string& url, const std::string& method, const std::string& target,
                    const std::string& headers, const std::string& body);
// Calls a control operation: POST /control/... with a JSON object as text.
HttpAnswer HttpControl(const std::string& url, const std::string& target, const std::string& json);
// HttpGet where the answer must be a JSON object.
boost::json::object HttpGetJson(const std::string& url, const std::string& target);

}  // namespace wherry::conformance
