// Brokers, and the calls by name, of wherry/c.h.
#include <cstdlib>
#include <cstring>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "broker/embed/c/handles.h"
#include "broker/embed/control/json.h"

using wherry::Status;
using wherry::StatusCode;
using wherry::StatusOr;
using wherry::embed::Report;

namespace wherry::embed {

char* CopyText(std::string_view text) {
  // malloc, so that wherry_free needs no size.
  char* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) std::abort();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

void GiveText(std::string_view text, char** out, std::size_t* size) {
  if (out != nullptr) *out = CopyText(text);
  if (size != nullptr) *size = text.size();
}

int Report(const Status& status, char** error) {
  if (error != nullptr) *error = status.ok() ? nullptr : CopyText(status.message());
  return static_cast<int>(status.code());
}

namespace {

// An address that is "" where there is none.
int ReportAddress(std::string_view protocol, const std::string& found, char** out, char** error) {
  if (out != nullptr) *out = nullptr;
  if (found.empty()) {
    return Report({StatusCode::kNotFound,
                   absl::StrCat("the broker does not listen for ", std::string(protocol))},
                  error);
  }
  GiveText(found, out);
  return Report({}, error);
}

}  // namespace
}  // namespace wherry::embed

const char* wherry_version(void) {
  static const std::string version(wherry::Version());
  return version.c_str();
}

const char* wherry_status_name(int status) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> words;
    for (int code = 0; code <= WHERRY_INTERNAL; ++code) {
      words.emplace_back(wherry::StatusCodeName(static_cast<StatusCode>(code)));
      absl::AsciiStrToLower(&words.back());
    }
    return words;
  }();
  const bool known = status >= 0 && status < static_cast<int>(names.size());
  return known ? names[static_cast<std::size_t>(status)].c_str() : "unknown";
}

void wherry_free(void* memory) { std::free(memory); }

int wherry_start(const wherry_options* options, wherry_broker** broker, char** error) {
  *broker = nullptr;
  StatusOr<wherry::Broker> started =
      wherry::Broker::Start(options == nullptr ? wherry::Options() : options->options);
  if (!started.ok()) return Report(started.status(), error);
  *broker = new wherry_broker(std::move(started).value());
  return Report({}, error);
}

int wherry_stop(wherry_broker* broker, char** error) {
  return Report(broker->broker.Stop(), error);
}

void wherry_broker_free(wherry_broker* broker) { delete broker; }

wherry_namespace* wherry_default_namespace(wherry_broker* broker) {
  return &broker->default_namespace;
}

int wherry_namespace_new(wherry_broker* broker, const char* name, wherry_namespace** space,
                         char** error) {
  *space = nullptr;
  StatusOr<wherry::Namespace> made = broker->broker.NewNamespace(name);
  if (made.ok()) *space = new wherry_namespace(std::move(made).value());
  return Report(made.status(), error);
}

int wherry_reset(wherry_namespace* space, char** error) {
  return Report(space->space.Reset(), error);
}

void wherry_namespace_free(wherry_namespace* space) {
  if (space != nullptr && space->made.has_value()) delete space;
}

int wherry_url(wherry_namespace* space, const char* protocol, char** url, char** error) {
  return wherry::embed::ReportAddress(protocol, space->space.Url(protocol), url, error);
}

int wherry_address(wherry_namespace* space, const char* protocol, char** address, char** error) {
  return wherry::embed::ReportAddress(protocol, space->space.Address(protocol), address,
                                      error);
}

int wherry_lint(wherry_namespace* space, char** findings, char** error) {
  if (findings != nullptr) *findings = nullptr;
  const auto found = space->space.Lint();
  if (!found.ok()) return Report(found.status(), error);
  boost::json::array list;
  for (const wherry::LintFinding& finding : *found) {
    list.push_back({{"rule", wherry::embed::control::JsonText(LintRuleName(finding.rule))},
                    {"text", wherry::embed::control::JsonText(finding.text)}});
  }
  wherry::embed::GiveText(boost::json::serialize(list), findings);
  return Report({}, error);
}

int wherry_call(wherry_namespace* space, const char* operation, const char* json,
                std::size_t json_size, char** answer, std::size_t* answer_size, char** error) {
  if (answer != nullptr) *answer = nullptr;
  const auto answered = space->space.Call(operation, wherry::embed::Bytes(json, json_size));
  if (answered.ok()) wherry::embed::GiveText(*answered, answer, answer_size);
  return Report(answered.status(), error);
}
