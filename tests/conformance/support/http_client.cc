#include "tests/conformance/support/http_client.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {

HttpAnswer HttpGet(const std::string& url, const std::string& target) {
  RawSocket socket(AddressOfUrl(url));
  // HTTP/1.0: the body comes in one piece and ends with the connection.
  socket.Send("GET " + target + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
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
