#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/net/http_session.h"

namespace wherry::nats {

// The query of one request to a page, read as nats-server reads it: what is absent is 0, false or
// "", and the first value that cannot be read is answered with 400.
// Threads: its owner's. Owned by the page.
class Parameters {
 public:
  explicit Parameters(const net::HttpRequest& request) : query_(request.query) {}

  std::string Text(std::string_view name) const;
  bool Bool(std::string_view name);
  std::int64_t Int(std::string_view name);
  std::uint64_t Uint64(std::string_view name);

  // A value of the page's own that cannot be taken; the first such complaint counts.
  void Complain(std::string complaint);
  bool ok() const { return complaint_.empty(); }
  // What to answer if not ok().
  net::HttpResponse Refusal() const;

 private:
  void Complain(std::string_view kind, std::string_view name, std::string_view function,
                std::string_view value, std::string_view why);

  const std::string query_;
  std::string complaint_;
};

// 200 with an indented JSON page.
net::HttpResponse JsonPage(std::string body, int status = 200);

}  // namespace wherry::nats
