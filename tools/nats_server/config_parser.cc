#include "tools/nats_server/config_parser.h"

#include <algorithm>
#include <set>
#include <utility>

#include "tools/nats_server/config_scalar.h"
#include "tools/nats_server/config_scanner.h"
#include "tools/nats_server/paths.h"
#include "tools/nats_server/text.h"

namespace wherry::nats_server {
namespace {

// What the parsers of a file, of its includes and of environment variables share.
struct Shared {
  const ConfigSources& sources;
  std::uint64_t next_order = 0;
  std::size_t includes = 0;
  std::size_t depth = 0;                 // of open arrays and maps, over all files
  std::set<std::string> open_variables;  // those whose values are being read
};

// Bcrypt hashes need no quotes, though they look like variables.
constexpr std::string_view kBcryptStart = "2a$";
// The name under which an environment variable's value is parsed.
constexpr std::string_view kEnvironmentKey = "pk";

bool IsCommentSign(char32_t c) { return c == U'#'; }
bool IsIncludeWord(const std::string& word) { return Lowered(word) == "include"; }

// Reads one text. Threads: one at a time. Owned by ParseText.
class Parser {
 public:
  Parser(std::string_view text, std::shared_ptr<const std::string> file, std::size_t include_depth,
         Shared& shared)
      : scanner_(text), file_(std::move(file)), include_depth_(include_depth), shared_(shared) {}

  StatusOr<ConfigMap> Parse() {
    open_.emplace_back();
    Top();
    if (!error_.empty()) return Status(StatusCode::kInvalidArgument, std::move(error_));
    // A text may end in a lonely brace, as one of JSON does, but not in another key.
    if (scanner_.last_kind() == ItemKind::kKey && scanner_.last_text() != "}")
      return Status(
          StatusCode::kInvalidArgument,
          "config is invalid (" + ConfigPlace{file_, end_.line, end_.column}.ToString() + ")");
    return std::move(open_.front().map);
  }

 private:
  // An array or map whose end has not been read.
  struct Open {
    bool is_array = false;
    ConfigArray array;
    ConfigMap map;
    std::size_t depth = 0;
    std::size_t weight = 1;
  };

  // Every function below that returns bool returns false where reading ends: at the end of the
  // text, or at an error.
  bool Stop(Item item) {
    if (item.kind == ItemKind::kError)
      error_ = "Parse error on line " + std::to_string(item.line) + ": '" + item.text + "'";
    end_ = std::move(item);
    return false;
  }
  bool Fail(std::string error) {
    error_ = std::move(error);
    return false;
  }
  bool FailAt(std::string message) { return Stop(scanner_.Fail(std::move(message))); }

  // After a slash: a second one begins a comment, which is read. Anything else is left.
  bool SlashBeginsComment() {
    if (scanner_.Next() == U'/') {
      scanner_.Comment();
      return true;
    }
    scanner_.Back();
    return false;
  }

  // Where reading is in the blocks around everything, and how many of them are open.
  struct Block {
    enum { kStart, kValueEnd, kEnd } at = kStart;
    std::size_t depth = 1;
  };

  void Top();
  bool TopValueEnd();
  bool Blocks();
  bool BlockStart(Block& block);
  bool BlockValueEnd(Block& block);
  bool BlockEnd(Block& block);
  bool KeyAndValue();
  bool Key(bool& is_include);
  bool Value();
  bool Array();
  bool ArrayValueEnd(bool& ended);
  bool Map();
  bool MapKey(bool& ended);
  bool BareMapKey();
  bool MapValueEnd(bool& ended);
  bool Scalar(const Item& item);
  bool Variable(const Item& item);
  bool EnvironmentVariable(const Item& item);
  bool Include();

  void PushKey(Item key) { keys_.push_back(std::move(key)); }
  bool Put(ConfigValue value);
  bool PutAt(const Item& item, ConfigData data) {
    ConfigValue value;
    value.data = std::move(data);
    value.place = {file_, item.line, item.column};
    return Put(std::move(value));
  }
  // Ends the innermost array or map, behind its bracket.
  bool Close(ItemKind kind);

  ConfigScanner scanner_;
  const std::shared_ptr<const std::string> file_;
  const std::size_t include_depth_;
  Shared& shared_;
  std::vector<Open> open_;
  // Keys whose values have not been read. A map's end takes the last one, whosever it is: in
  // "a { b }" the map is b's, and a has no value.
  std::vector<Item> keys_;
  Item end_;
  std::string error_;
};

// --- What is at the top ----------------------------------------------------------------------

void Parser::Top() {
  while (true) {
    const char32_t c = scanner_.Next();
    if (IsSpace(c)) {
      scanner_.Ignore();
    } else if (c == U'{') {
      scanner_.Ignore();
      if (!Blocks()) return;
    } else if (IsCommentSign(c)) {
      scanner_.Comment();
    } else if (c == U'/' && SlashBeginsComment()) {
      continue;
    } else if (c == U'/' || c == ConfigScanner::kEof) {
      if (scanner_.HasPending()) {
        FailAt("Unexpected EOF.");
      } else {
        Stop(scanner_.Emit(ItemKind::kEnd));
      }
      return;
    } else {
      scanner_.Back();
      if (!KeyAndValue() || !TopValueEnd()) return;
    }
  }
}

bool Parser::TopValueEnd() {
  while (true) {
    const char32_t c = scanner_.Next();
    if (IsCommentSign(c)) {
      scanner_.Comment();
      return true;
    }
    if (c == U'/') {
      if (SlashBeginsComment()) return true;
    } else if (IsLineEnd(c) || c == ConfigScanner::kEof || c == U';' || c == U',' || c == U'}') {
      scanner_.Ignore();
      return true;
    } else if (!IsBlank(c)) {
      return FailAt("Expected a top-level value to end with a new line, comment or EOF, but got '" +
                    Utf8(c) + "' instead.");
    }
  }
}

// Braces around everything, as in JSON, which may also stand in one another.
bool Parser::Blocks() {
  Block block;
  while (block.depth > 0) {
    const bool goes_on = block.at == Block::kStart      ? BlockStart(block)
                         : block.at == Block::kValueEnd ? BlockValueEnd(block)
                                                        : BlockEnd(block);
    if (!goes_on) return false;
  }
  return true;
}

bool Parser::BlockStart(Block& block) {
  const char32_t c = scanner_.Next();
  if (IsSpace(c)) {
    scanner_.Ignore();
  } else if (c == U'{') {
    scanner_.Ignore();
    ++block.depth;
  } else if (c == U'}') {
    scanner_.Ignore();
    --block.depth;
    block.at = Block::kEnd;
  } else if (IsCommentSign(c)) {
    scanner_.Comment();
  } else if (c == U'/' && SlashBeginsComment()) {
    return true;
  } else if (c == U'/' || c == ConfigScanner::kEof) {
    return scanner_.HasPending() ? FailAt("Unexpected EOF.") : Stop(scanner_.Emit(ItemKind::kEnd));
  } else {
    scanner_.Back();
    block.at = Block::kValueEnd;
    return KeyAndValue();
  }
  return true;
}

bool Parser::BlockValueEnd(Block& block) {
  const char32_t c = scanner_.Next();
  if (IsCommentSign(c)) {
    scanner_.Comment();
  } else if (c == U'/') {
    SlashBeginsComment();
  } else if (IsLineEnd(c) || c == U';' || c == U',') {
    scanner_.Ignore();
    block.at = Block::kStart;
  } else if (c == U'}') {
    scanner_.Back();
    block.at = Block::kEnd;
  } else if (!IsBlank(c)) {
    return FailAt("Expected a block-level value to end with a new line, comment or EOF, but got '" +
                  Utf8(c) + "' instead.");
  }
  return true;
}

bool Parser::BlockEnd(Block& block) {
  const char32_t c = scanner_.Next();
  if (IsCommentSign(c)) {
    scanner_.Comment();
    block.at = Block::kStart;
  } else if (c == U'/') {
    if (SlashBeginsComment()) block.at = Block::kStart;
  } else if (c == U';' || c == U',') {
    scanner_.Ignore();
    block.at = Block::kStart;
  } else if (c == U'}') {
    scanner_.Ignore();
    --block.depth;
  } else if (!IsLineEnd(c) && !IsBlank(c)) {
    return FailAt("Expected a block-level to end with a '}', but got '" + Utf8(c) + "' instead.");
  }
  return true;
}

bool Parser::KeyAndValue() {
  bool is_include = false;
  if (!Key(is_include)) return false;
  if (is_include) return Include();
  while (true) {
    const char32_t c = scanner_.Next();
    if (c == ConfigScanner::kEof) return Stop(scanner_.Emit(ItemKind::kEnd));
    if (IsSeparator(c)) {
      scanner_.Ignore();
      return Value();
    }
    if (!IsSpace(c)) {
      scanner_.Back();
      return Value();
    }
    scanner_.Ignore();
  }
}

bool Parser::Key(bool& is_include) {
  char32_t c = scanner_.Peek();
  while (IsSpace(c)) {
    scanner_.Next();
    scanner_.Ignore();
    c = scanner_.Peek();
  }
  if (IsSeparator(c)) return FailAt("Unexpected key separator '" + Utf8(c) + "'");
  if (c == U'"' || c == U'\'') {
    scanner_.Next();
    Item key = scanner_.QuotedKey(c, "");
    if (key.stops()) return Stop(std::move(key));
    PushKey(std::move(key));
    return true;
  }
  scanner_.Ignore();
  scanner_.Next();
  while (true) {
    c = scanner_.Peek();
    if (IsSpace(c) && IsIncludeWord(scanner_.Pending())) {
      scanner_.Ignore();
      is_include = true;
      return true;
    }
    if (IsSpace(c) || IsSeparator(c) || c == ConfigScanner::kEof) {
      PushKey(scanner_.Emit(ItemKind::kKey));
      return true;
    }
    scanner_.Next();
  }
}

// --- Values ----------------------------------------------------------------------------------

bool Parser::Value() {
  const Item item = scanner_.Value();
  if (item.stops()) return Stop(item);
  if (item.kind != ItemKind::kArrayStart && item.kind != ItemKind::kMapStart) return Scalar(item);
  if (++shared_.depth > kMaxConfigDepth)
    return FailAt("arrays and maps nest deeper than " + std::to_string(kMaxConfigDepth));
  open_.emplace_back().is_array = item.kind == ItemKind::kArrayStart;
  return open_.back().is_array ? Array() : Map();
}

bool Parser::Array() {
  while (true) {
    const char32_t c = scanner_.Next();
    if (IsSpace(c)) {
      scanner_.Ignore();
    } else if (IsCommentSign(c)) {
      scanner_.Comment();
    } else if (c == U'/' && SlashBeginsComment()) {
      continue;
    } else if (c == U'/' || c == U',') {
      return FailAt("Unexpected array value terminator ','.");
    } else if (c == U']') {
      return Close(ItemKind::kArrayEnd);
    } else {
      scanner_.Back();
      bool ended = false;
      if (!Value() || !ArrayValueEnd(ended)) return false;
      if (ended) return true;
    }
  }
}

bool Parser::ArrayValueEnd(bool& ended) {
  while (true) {
    const char32_t c = scanner_.Next();
    if (IsBlank(c)) {
      scanner_.Ignore();
    } else if (IsCommentSign(c)) {
      scanner_.Comment();
    } else if (c == U'/' && SlashBeginsComment()) {
      continue;
    } else if (c == U'/' || c == U',' || IsLineEnd(c)) {
      scanner_.Ignore();
      return true;
    } else if (c == U']') {
      ended = true;
      return Close(ItemKind::kArrayEnd);
    } else {
      return FailAt(
          "Expected an array value terminator \",\" or an array terminator \"]\", but got '" +
          Utf8(c) + "' instead.");
    }
  }
}

bool Parser::Map() {
  bool ended = false;
  while (true) {
    if (!MapKey(ended)) return false;
    if (ended) return true;
    if (!MapValueEnd(ended)) return false;
    if (ended) return true;
  }
}

// A key with its value, an include, or the map's end.
bool Parser::MapKey(bool& ended) {
  while (true) {
    const char32_t c = scanner_.Peek();
    if (IsSeparator(c)) return FailAt("Unexpected key separator '" + Utf8(c) + "'.");
    if (c == U']') return FailAt("Unexpected array end ']' processing map.");
    if (c == ConfigScanner::kEof) return FailAt("Unexpected EOF processing map.");
    if (IsSpace(c)) {
      scanner_.Next();
      scanner_.Ignore();
    } else if (c == U'}') {
      scanner_.Next();
      ended = true;
      return Close(ItemKind::kMapEnd);
    } else if (IsCommentSign(c)) {
      scanner_.Next();
      scanner_.Comment();
    } else if (c == U'"' || c == U'\'') {
      scanner_.Next();
      Item key =
          scanner_.QuotedKey(c, c == U'"' ? "Unexpected EOF processing double quoted map key."
                                          : "Unexpected EOF processing quoted map key.");
      if (key.stops()) return Stop(std::move(key));
      PushKey(std::move(key));
      break;
    } else {
      // A single slash before a key is passed over.
      if (c == U'/') {
        scanner_.Next();
        if (SlashBeginsComment()) continue;
      }
      const std::size_t keys = keys_.size();
      if (!BareMapKey()) return false;
      if (keys_.size() == keys) return Include();
      break;
    }
  }
  while (true) {
    char32_t c = scanner_.Next();
    if (IsSpace(c)) {
      scanner_.Ignore();
      continue;
    }
    if (!IsSeparator(c)) scanner_.Back();
    break;
  }
  scanner_.Ignore();
  char32_t c = scanner_.Next();
  while (IsSpace(c)) {
    scanner_.Ignore();
    c = scanner_.Next();
  }
  if (c == U',') return FailAt("Unexpected map value terminator \",\".");
  if (c == U'}') {
    ended = true;
    return Close(ItemKind::kMapEnd);
  }
  scanner_.Back();
  return Value();
}

// Pushes a key, or nothing for the word include.
bool Parser::BareMapKey() {
  scanner_.Ignore();
  scanner_.Next();
  while (true) {
    const char32_t c = scanner_.Peek();
    if (c == ConfigScanner::kEof) return FailAt("Unexpected EOF processing map key.");
    if (IsSpace(c) && IsIncludeWord(scanner_.Pending())) {
      scanner_.Ignore();
      return true;
    }
    if (IsSpace(c) || IsSeparator(c)) {
      PushKey(scanner_.Emit(ItemKind::kKey));
      return true;
    }
    scanner_.Next();
  }
}

bool Parser::MapValueEnd(bool& ended) {
  while (true) {
    const char32_t c = scanner_.Next();
    if (IsBlank(c)) {
      scanner_.Ignore();
    } else if (IsCommentSign(c)) {
      scanner_.Comment();
    } else if (c == U'/' && SlashBeginsComment()) {
      continue;
    } else if (c == U'/' || c == U';' || c == U',' || IsLineEnd(c)) {
      scanner_.Ignore();
      return true;
    } else if (c == U'}') {
      ended = true;
      return Close(ItemKind::kMapEnd);
    } else {
      return FailAt("Expected a map value terminator \",\" or a map terminator \"}\", but got '" +
                    Utf8(c) + "' instead.");
    }
  }
}

// --- What values mean ------------------------------------------------------------------------

bool Parser::Put(ConfigValue value) {
  Open& open = open_.back();
  open.depth = std::max(open.depth, value.depth + 1);
  open.weight += value.weight;
  if (open.depth > kMaxConfigDepth)
    return FailAt("arrays and maps nest deeper than " + std::to_string(kMaxConfigDepth));
  if (open.weight > kMaxConfigValues)
    return FailAt("there are more than " + std::to_string(kMaxConfigValues) + " values");
  if (open.is_array) {
    open.array.push_back(std::move(value));
    return true;
  }
  if (keys_.empty()) return FailAt("there is a value without a key");
  const Item key = std::move(keys_.back());
  keys_.pop_back();
  value.place.line = key.line;
  value.place.column = key.column;
  value.order = shared_.next_order++;
  open.map.insert_or_assign(key.text, std::move(value));
  return true;
}

bool Parser::Close(ItemKind kind) {
  scanner_.Ignore();
  const Item end = scanner_.Emit(kind);
  Open closed = std::move(open_.back());
  open_.pop_back();
  --shared_.depth;
  ConfigValue value;
  if (closed.is_array) {
    value.data = std::make_shared<const ConfigArray>(std::move(closed.array));
  } else {
    value.data = std::make_shared<const ConfigMap>(std::move(closed.map));
  }
  value.place = {file_, end.line, end.column};
  value.depth = closed.depth;
  value.weight = closed.weight;
  return Put(std::move(value));
}

bool Parser::Scalar(const Item& item) {
  if (item.kind == ItemKind::kVariable) return Variable(item);
  StatusOr<std::optional<ConfigData>> data = Interpret(item);
  if (!data.ok()) return Fail(data.status().message());
  return !data->has_value() || PutAt(item, std::move(**data));
}

bool Parser::Variable(const Item& item) {
  if (item.text.starts_with(kBcryptStart)) return PutAt(item, "$" + item.text);
  for (auto open = open_.rbegin(); open != open_.rend(); ++open) {
    if (open->is_array) continue;
    const auto entry = open->map.find(item.text);
    if (entry == open->map.end()) continue;
    entry->second.is_variable = true;
    ConfigValue value = entry->second;
    value.is_variable = false;
    value.place = {file_, item.line, item.column};
    return Put(std::move(value));
  }
  return EnvironmentVariable(item);
}

StatusOr<ConfigMap> ParseText(std::string_view text, std::shared_ptr<const std::string> file,
                              std::size_t include_depth, Shared& shared) {
  return Parser(text, std::move(file), include_depth, shared).Parse();
}

bool Parser::EnvironmentVariable(const Item& item) {
  const std::string reference =
      "variable reference for '" + item.text + "' on line " + std::to_string(item.line);
  if (!shared_.open_variables.insert(item.text).second)
    return Fail(reference + " could not be parsed: variable reference cycle for '" + item.text +
                "'");
  std::optional<std::string> text;
  if (shared_.sources.environment) text = shared_.sources.environment(item.text);
  StatusOr<ConfigMap> parsed = ConfigMap();
  if (text.has_value())
    parsed =
        ParseText(std::string(kEnvironmentKey) + "=" + *text, nullptr, include_depth_, shared_);
  shared_.open_variables.erase(item.text);
  if (!parsed.ok()) return Fail(reference + " could not be parsed: " + parsed.status().message());
  const auto entry = parsed->find(kEnvironmentKey);
  if (entry == parsed->end()) return Fail(reference + " can not be found");
  ConfigValue value = entry->second;
  value.is_variable = false;
  value.place = {file_, item.line, item.column};
  return Put(std::move(value));
}

bool Parser::Include() {
  const Item name = scanner_.Include();
  if (name.stops()) return Stop(name);
  const auto fail = [&](const std::string& why) {
    return Fail("error parsing include file '" + name.text + "', " + why);
  };
  if (include_depth_ >= kMaxIncludeDepth)
    return fail("included files nest deeper than " + std::to_string(kMaxIncludeDepth));
  if (++shared_.includes > kMaxIncludes)
    return fail("more than " + std::to_string(kMaxIncludes) + " files are included");
  const std::string path = JoinPath(FolderOf(file_ == nullptr ? "" : *file_), name.text);
  StatusOr<std::string> text = Status(StatusCode::kNotFound, "open " + path + ": not available");
  if (shared_.sources.read_file) text = shared_.sources.read_file(path);
  if (!text.ok()) return fail(text.status().message());
  StatusOr<ConfigMap> included =
      ParseText(*text, std::make_shared<const std::string>(path), include_depth_ + 1, shared_);
  if (!included.ok()) return fail(included.status().message());
  for (const auto* entry : InOrder(*included)) {
    const ConfigPlace& place = entry->second.place;
    PushKey(Item{ItemKind::kKey, entry->first, place.line, place.column});
    if (!Put(entry->second)) return false;
  }
  return true;
}

}  // namespace

StatusOr<ConfigMap> ParseConfig(std::string_view text, const std::string& file,
                                const ConfigSources& sources) {
  Shared shared{sources, 0, 0, 0, {}};
  return ParseText(text, std::make_shared<const std::string>(file), 0, shared);
}

}  // namespace wherry::nats_server
