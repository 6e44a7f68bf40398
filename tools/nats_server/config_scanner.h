#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::nats_server {

// What the scanner found next.
enum class ItemKind {
  kNone,
  kError,  // text says why
  kEnd,    // of the input, where it may end
  kKey,
  kString,
  kBool,
  kInteger,
  kFloat,
  kTime,
  kVariable,
  kInclude,
  kArrayStart,
  kArrayEnd,
  kMapStart,
  kMapEnd,
  kComment,
};

// One item of a configuration's text, with its place.
struct Item {
  ItemKind kind = ItemKind::kNone;
  std::string text;
  std::int64_t line = 0;
  std::int64_t column = 0;

  bool stops() const { return kind == ItemKind::kError || kind == ItemKind::kEnd; }
};

bool IsSpace(char32_t c);      // as Unicode has it
bool IsBlank(char32_t c);      // a space or a tab
bool IsLineEnd(char32_t c);    // \n or \r
bool IsSeparator(char32_t c);  // between a key and its value: = or :
bool IsDigit(char32_t c);      // 0 to 9
std::string Utf8(char32_t c);

// Reads characters, keys and single values of nats-server's configuration grammar. What stands
// between them is the parser's. Its counting of lines and columns is nats-server's to the letter,
// since people and tools read the places in error messages: a line begins at the line feed before
// it, and stepping back over a line feed takes back the line but not its beginning.
// Threads: one at a time. Owned by the parser; `input` must outlive it.
class ConfigScanner {
 public:
  // The end of the input, and a NUL byte in it.
  static constexpr char32_t kEof = 0;

  explicit ConfigScanner(std::string_view input) : input_(input) {}

  char32_t Next();
  void Back();  // over what Next returned last
  char32_t Peek();
  // Drops what was read since the last item.
  void Ignore();
  bool HasPending() const { return position_ > start_; }
  std::string Pending() const { return PendingText(); }

  // What was read since the last item, as an item.
  Item Emit(ItemKind kind);
  Item Fail(std::string message) const;

  // A comment whose sign was read already, up to the line's end.
  Item Comment();
  // A key up to and without its `quote`, whose first one was read. `at_end` is the error at the end
  // of the input; empty: the end is none if the key is empty.
  Item QuotedKey(char32_t quote, std::string_view at_end);
  // The file name behind the word include.
  Item Include();
  // One string, number, truth value, time or variable; arrays and maps give their start.
  Item Value();

  // The kind and text of the item before.
  ItemKind last_kind() const { return last_kind_; }
  const std::string& last_text() const { return last_text_; }

 private:
  Item EmitString();
  Item SingleQuoted();
  Item DoubleQuoted();
  Item Bare();
  Item EndOfBare();
  Item Block();
  Item Number();
  Item AfterSuffix();
  Item NegativeNumber();
  Item Fraction();
  Item Address();
  Item DateAfterYear();
  // An escape sequence whose backslash was read; false: it is none, and `error` says so.
  bool Escape(Item& error);
  bool HexEscape(Item& error);
  Item EndInString();
  void KeepPart(std::size_t without);
  std::string PendingText() const;

  const std::string_view input_;
  std::size_t start_ = 0;     // of the item that is being read
  std::size_t position_ = 0;  // of what is read next
  std::size_t width_ = 0;     // bytes of the last character
  std::int64_t line_ = 1;
  std::size_t line_start_ = 0;       // where the line that is read began
  std::size_t item_line_start_ = 0;  // where the line of the item's beginning began
  std::string parts_;                // of a string, up to its last escape sequence
  bool has_parts_ = false;
  ItemKind last_kind_ = ItemKind::kNone;
  std::string last_text_;
};

}  // namespace wherry::nats_server
