#include "tests/unit/house/style.h"

#include <algorithm>
#include <regex>
#include <set>
#include <utility>

#include "tests/unit/house/cpp_text.h"

namespace wherry::house {
namespace {

// Columns as an editor counts them: one per code point.
std::size_t Columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool IsComment(const std::string& line) {
  const std::size_t start = line.find_first_not_of(' ');
  return start != std::string::npos && line.compare(start, 2, "//") == 0;
}

bool IsBlank(const std::string& line) { return line.find_first_not_of(' ') == std::string::npos; }

// A constructor, destructor or assignment of the type that is being read: its name says it all.
bool IsSpecialMember(const std::string& line) {
  static const std::regex kSpecial(R"(~\w+\(|^\s*(explicit )?(\w+)\((const )?\w*[&]*\)|operator=)");
  return std::regex_search(line, kSpecial) || line.find("&&) noexcept") != std::string::npos;
}

// Walks one public header and finds declarations that stand in a group (between blank lines or
// access labels) without a comment.
class PublicHeaderReader {
 public:
  explicit PublicHeaderReader(const SourceFile& file) : file_(file), code_(CodeOnly(file.lines)) {}

  Breaches Read() {
    for (i_ = 0; i_ < file_.lines.size(); ++i_) ReadLine(file_.lines[i_], code_[i_]);
    return std::move(breaches_);
  }

 private:
  void ReadLine(const std::string& line, const std::string& code) {
    static const std::regex kLabel(R"(^ *(public|protected|private):)");
    static const std::regex kType(R"(^(class|struct|enum class|enum)\b[^;]*$)");
    std::smatch label;
    if (std::regex_search(code, label, kLabel)) {
      hidden_ = label[1] == "private";
      described_ = false;
    } else if (IsBlank(line)) {
      described_ = false;
    } else if (IsComment(line)) {
      described_ = true;
    } else if (std::regex_search(code, kType)) {
      if (!described_) Report("a public type without a comment");
      hidden_ = false;
      described_ = false;
    } else if (code.starts_with("}") || code.starts_with("namespace internal")) {
      hidden_ = !code.starts_with("}");
    } else if (!hidden_ && !described_ && Declares(code) && !IsSpecialMember(code)) {
      Report("a public function without a comment");
    }
  }

  // A declaration whose body is elsewhere; one that spans lines ends where its semicolon is.
  static bool Declares(const std::string& code) {
    static const std::regex kFunction(R"(^ {0,2}[\w\[].*\w\(.*[,;]\s*$)");
    return std::regex_search(code, kFunction) && code.find("using ") == std::string::npos &&
           code.find('{') == std::string::npos;
  }

  void Report(std::string_view what) { breaches_.push_back(At(file_, i_ + 1, what)); }

  const SourceFile& file_;
  const std::vector<std::string> code_;
  Breaches breaches_;
  bool hidden_ = false;     // in a private section or an internal namespace
  bool described_ = false;  // a comment stands above, in the same group
  std::size_t i_ = 0;
};

// Hosts that comments and documents may name with a dot in it; every other one is a leftover.
bool IsKnownHost(const std::string& host) {
  static const std::set<std::string> kKnown = {
      "github.com",   "www.apache.org",   "kafka.apache.org", "cwiki.apache.org",
      "docs.nats.io", "www.rabbitmq.com", "example.com",      "json.schemastore.org"};
  static const std::regex kNumbers(R"([0-9.]+)");
  return kKnown.contains(host) || host.ends_with(".example") || host.ends_with(".test") ||
         host.find('.') == std::string::npos || std::regex_match(host, kNumbers);
}

}  // namespace

Breaches CheckSizes(const std::vector<SourceFile>& files) {
  Breaches breaches;
  for (const SourceFile& file : files) {
    if (!file.IsCode()) continue;
    if (file.lines.size() > kMaxLines)
      breaches.push_back(At(file, 0, std::to_string(file.lines.size()) + " lines"));
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      if (Columns(file.lines[i]) > kMaxColumns)
        breaches.push_back(At(file, i + 1, std::to_string(Columns(file.lines[i])) + " columns"));
  }
  return breaches;
}

Breaches CheckFunctions(const std::vector<SourceFile>& files) {
  Breaches breaches;
  for (const SourceFile& file : files) {
    if (!file.IsCpp()) continue;
    for (const FunctionBody& body : FunctionBodies(file))
      if (body.size() > kMaxFunctionLines)
        breaches.push_back(
            At(file, body.first_line, "a function of " + std::to_string(body.size()) + " lines"));
  }
  return breaches;
}

Breaches CheckNames(const std::vector<SourceFile>& files) {
  static const std::regex kType(R"(\b(?:class|struct|union|enum|concept|using)\s+)"
                                R"((?:\[\[\w+\]\]\s*)?(?:[A-Z_]{2,}\s+)?(\w+))");
  static const std::regex kEmptyWord(R"((Manager|Helper|Utils?|Impl|Base|Context)(?![a-z]))");
  static const std::regex kEmptyFile(R"((^|[_/])(manager|helpers?|utils?|impl|base|context)[_.])");
  Breaches breaches;
  for (const SourceFile& file : files) {
    if (!file.IsCpp()) continue;
    if (std::regex_search(file.path, kEmptyFile))
      breaches.push_back(At(file, 0, "a file name that does not say what is in it"));
    const std::vector<std::string> code = CodeOnly(file.lines);
    for (std::size_t i = 0; i < code.size(); ++i) {
      std::smatch type;
      if (!std::regex_search(code[i], type, kType)) continue;
      const std::string name = type[1];
      if (std::regex_search(name, kEmptyWord))
        breaches.push_back(At(file, i + 1, name + ": a name that does not say what it is"));
    }
  }
  return breaches;
}

Breaches CheckPragmaOnce(const std::vector<SourceFile>& files) {
  Breaches breaches;
  for (const SourceFile& file : files) {
    if (!file.IsHeader()) continue;
    const auto code =
        std::find_if(file.lines.begin(), file.lines.end(),
                     [](const std::string& line) { return !IsBlank(line) && !IsComment(line); });
    if (code == file.lines.end() || *code != "#pragma once")
      breaches.push_back(At(file, 0, "does not begin with #pragma once"));
  }
  return breaches;
}

Breaches CheckPublicComments(const std::vector<SourceFile>& files) {
  Breaches breaches;
  for (const SourceFile& file : files) {
    if (!file.IsHeader() || !file.path.starts_with("broker/include/")) continue;
    for (std::string& breach : PublicHeaderReader(file).Read())
      breaches.push_back(std::move(breach));
  }
  return breaches;
}

Breaches CheckLeftovers(const std::vector<SourceFile>& files) {
  // Written in pieces, or this file would be the first breach.
  static const std::regex kUnfinished(
      "\\b(TO"
      "DO|FIX"
      "ME|XX"
      "X|HA"
      "CK)\\b");
  static const std::regex kBanner(
      "SPDX"
      "-License|Licensed"
      " under the|All rights"
      " reserved");
  static const std::regex kMachine(
      "(^|[^\\w.])/(wo"
      "rk|ho"
      "me|ro"
      "ot|Us"
      "ers)/");
  static const std::regex kUrl(R"(https?://([A-Za-z0-9.-]+))");
  Breaches breaches;
  for (const SourceFile& file : files) {
    if (!file.IsText() || file.path == "LICENSE") continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      if (std::regex_search(line, kUnfinished))
        breaches.push_back(At(file, i + 1, "unfinished work"));
      if (std::regex_search(line, kBanner)) breaches.push_back(At(file, i + 1, "a licence banner"));
      if (std::regex_search(line, kMachine))
        breaches.push_back(At(file, i + 1, "a path of one machine"));
      std::smatch url;
      if (std::regex_search(line, url, kUrl) && !IsKnownHost(url[1]))
        breaches.push_back(At(file, i + 1, std::string(url[1]) + ": an address not in the list"));
    }
  }
  return breaches;
}

}  // namespace wherry::house
