// The log of a client's protocol lines, for people who look for what went wrong.
#include "absl/strings/str_cat.h"
#include "broker/nats/session.h"

namespace wherry::nats {

namespace {

// Secrets have no place in a log: what CONNECT says is told without them.
std::string ConnectWithoutSecrets(std::string_view json) {
  std::string text(json);
  for (const char* const name : {"\"pass\":\"", "\"auth_token\":\"", "\"sig\":\"", "\"jwt\":\""}) {
    const std::size_t found = text.find(name);
    if (found == std::string::npos) continue;
    const std::size_t begin = found + std::string_view(name).size();
    std::size_t end = begin;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    text.replace(begin, std::min(end, text.size()) - begin, "[REDACTED]");
  }
  return text;
}

std::string LineOf(const Operation& operation) {
  const auto with = [](std::string_view text) {
    return text.empty() ? std::string() : absl::StrCat(" ", std::string(text));
  };
  switch (operation.verb) {
    case Verb::kPub:
      return absl::StrCat(
          operation.header_size >= 0 ? "HPUB" : "PUB", with(operation.subject),
          with(operation.reply),
          operation.header_size >= 0 ? absl::StrCat(" ", operation.header_size) : std::string(),
          " ", operation.payload.size());
    case Verb::kSub:
      return absl::StrCat("SUB", with(operation.subject), with(operation.queue),
                          with(operation.sid));
    case Verb::kUnsub:
      return absl::StrCat("UNSUB", with(operation.sid),
                          operation.max > 0 ? absl::StrCat(" ", operation.max) : std::string());
    case Verb::kPing:
      return "PING";
    case Verb::kPong:
      return "PONG";
    case Verb::kConnect:
      return absl::StrCat("CONNECT ", ConnectWithoutSecrets(operation.json));
    case Verb::kInfo:
      return "INFO";
    case Verb::kOk:
      return "+OK";
  }
  return "";
}

}  // namespace

void Session::TraceIn(const Operation& operation) const {
  part_.server().Trace(absl::StrCat(connection_.remote().ToString(), " - cid:", client_id_,
                                    " - <<- [", LineOf(operation), "]"));
}

void Session::TraceOut(std::string_view line) const {
  if (!settings().trace) return;
  part_.server().Trace(absl::StrCat(connection_.remote().ToString(), " - cid:", client_id_,
                                    " - ->> [", std::string(line), "]"));
}

}  // namespace wherry::nats
