#include "broker/net/http_session.h"

#include <optional>
#include <sstream>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace wherry::net {

namespace http = boost::beast::http;

namespace {

class HttpSession final : public Session {
 public:
  HttpSession(Connection& connection, HttpHandler handler, std::shared_ptr<const TlsAcceptor> tls)
      : connection_(connection), handler_(std::move(handler)), tls_(std::move(tls)) {
    Reset();
  }

  void OnOpen() override {
    if (tls_ != nullptr) connection_.StartTls(*tls_);
  }

  void OnBytes(std::string_view bytes) override {
    pending_.append(bytes);
    HandlePending();
  }

  bool needs_data() const override { return false; }

  void OnClosed() override { answer_ = nullptr; }

 private:
  // Handles the requests that have come whole, as far as they are answered at once.
  void HandlePending() {
    std::size_t used = 0;
    handling_ = true;
    while (used < pending_.size() && answer_ == nullptr && !connection_.closing()) {
      boost::system::error_code error;
      const std::size_t parsed =
          parser_->put(boost::asio::buffer(pending_.data() + used, pending_.size() - used), error);
      used += parsed;
      if (error == http::error::need_more) break;
      if (error) {
        Refuse(error);
        break;
      }
      if (parser_->is_done()) {
        Handle();
      } else if (parsed == 0) {
        break;
      }
    }
    handling_ = false;
    pending_.erase(0, used);
  }

  void Reset() {
    parser_.emplace();
    parser_->header_limit(kMaxHttpHeader);
    parser_->body_limit(kMaxHttpBody);
    parser_->eager(true);
  }

  void Handle() {
    const auto& message = parser_->get();
    const std::string_view target(message.target().data(), message.target().size());
    const std::size_t question = target.find('?');
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.path = std::string(target.substr(0, question));
    if (question != std::string_view::npos)
      request.query = std::string(target.substr(question + 1));
    request.body = message.body();
    request.host = std::string(message[http::field::host]);
    request.content_type = std::string(message[http::field::content_type]);
    const bool keep_alive = message.keep_alive();
    const bool head = message.method() == http::verb::head;
    Reset();
    answer_ = std::make_shared<HttpReply::Deliver>(
        [this, keep_alive, head](HttpResponse response) { Answer(response, keep_alive, head); });
    handler_(request, HttpReply(answer_));
    // What the client sends meanwhile stays with the kernel.
    if (answer_ != nullptr) connection_.PauseReading();
  }

  void Answer(const HttpResponse& response, bool keep_alive, bool head) {
    answer_ = nullptr;
    Send(response, keep_alive, head);
    if (handling_ || connection_.closing()) return;
    HandlePending();
    if (answer_ == nullptr && !connection_.closing()) connection_.ResumeReading();
  }

  void Refuse(const boost::system::error_code& error) {
    HttpResponse response;
    response.status = error == http::error::body_limit     ? 413
                      : error == http::error::header_limit ? 431
                                                           : 400;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "bad request: " + error.message() + "\n";
    Send(response, false, false);
  }

  void Send(const HttpResponse& answer, bool keep_alive, bool head) {
    http::response<http::string_body> response(static_cast<http::status>(answer.status), 11);
    response.set(http::field::content_type,
                 {answer.content_type.data(), answer.content_type.size()});
    for (const auto& [name, value] : answer.headers) response.set(name, value);
    response.keep_alive(keep_alive);
    response.body() = answer.body;
    response.prepare_payload();
    if (head) response.body().clear();
    std::ostringstream text;
    text << response.base();
    connection_.Write(text.str());
    connection_.Write(response.body());
    if (!keep_alive) connection_.CloseAfterFlush();
  }

  Connection& connection_;
  const HttpHandler handler_;
  const std::shared_ptr<const TlsAcceptor> tls_;  // null: in the clear
  std::optional<http::request_parser<http::string_body>> parser_;
  std::string pending_;  // not yet parsed; the parser takes whole lines only
  // The way of the answer that is owed; null: none is.
  std::shared_ptr<HttpReply::Deliver> answer_;
  bool handling_ = false;  // HandlePending is at work
};

}  // namespace

std::unique_ptr<Session> MakeHttpSession(Connection& connection, HttpHandler handler,
                                         std::shared_ptr<const TlsAcceptor> tls) {
  return std::make_unique<HttpSession>(connection, std::move(handler), std::move(tls));
}

}  // namespace wherry::net
