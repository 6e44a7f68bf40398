#include "tests/conformance/support/http_client.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {

HttpAnswer HttpGet(const std::string& url, const std::string& target) {
  return HttpSend(url, "GET", target, "Host: localhost\r\n", "");
}

HttpAnswer HttpControl(const std::string& url, const std::string& target,
                       const std::string& json) {
  return HttpSend(url, "POST", target, "Host: localhost\r\nContent-Type: application/json\r\n",
                  json);
}

HttpAnswer HttpSend(const std::string& url, const std::string& method, const std::string& target,
                    const std::string& headers, const std::string& body) {
  RawSocket socket(AddressOfUrl(url));
  const std::string length =
      body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  // HTTP/1.0: the body comes in one piece and ends with the connection.
  socket.Send(method + " " + target + " HTTP/1.0\r\n" + headers + length + "\r\n" + body);
  EXPECT_TRUE(socket.AwaitClosed()) << target;
  const std::string text = socket.Take();
  const std::size_t end = text.find("\r\n\r\n");
  HttpAnswer answer;
  if (end == std::string::npos || text.size() < 12) {
    ADD_FAILURE() << target << " is not answered with HTTP: " << text;
    return answer;
  }
  answer.head = text.substr(0, end);
  answer.body = text.substr(end + 4);
  answer.status = std::atoi(text.c_str() + 9);
  const std::string name = "\r\nContent-Type: ";
  if (const std::size_t at = answer.head.find(name); at != std::string::npos) {
    const std::size_t begin = at + name.size();
    answer.content_type = answer.head.substr(begin, answer.head.find("\r\n", begin) - begin);
  }
  return answer;
}

boost::json::object HttpGetJson(const std::string& url, const std::string& target) {
  const HttpAnswer answer = HttpGet(url, target);
  EXPECT_EQ(answer.status, 200) << target << ": " << answer.body;
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(answer.body, error);
  if (error || !value.is_object()) {
    ADD_FAILURE() << target << " answers no JSON object: " << answer.body;
    return {};
  }
  return value.get_object();
}

}  // namespace wherry::conformance
