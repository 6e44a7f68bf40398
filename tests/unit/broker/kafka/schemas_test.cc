// Every message that the table knows, in every version, against the facts in message_facts.txt:
// names, order, types, versions, nullability, tags and the defaults that matter.
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>

#include "broker/kafka/api_table.h"

namespace wherry::kafka {
namespace {

// "3+", "0-12", "4"; "": never.
struct Versions {
  int min = INT16_MAX;
  int max = -1;

  static Versions Parse(const std::string& text) {
    if (text.empty() || text == "none") return {};
    const int min = std::stoi(text);
    if (text.back() == '+') return {min, INT16_MAX};
    const std::size_t dash = text.find('-');
    return {min, dash == text.npos ? min : std::stoi(text.substr(dash + 1))};
  }
  bool Has(int version) const { return version >= min && version <= max; }
};

struct FieldFact {
  std::string path;
  std::string type;
  Versions versions;
  Versions nullable;
  Versions tagged;
  int tag = -1;
  std::optional<std::string> absent;
};

struct MessageFact {
  Versions valid;
  Versions flexible;
  std::vector<FieldFact> fields;
};

FieldFact ParseField(std::istringstream& words, std::string name) {
  FieldFact field;
  field.path = std::move(name);
  std::string versions;
  words >> field.type >> versions;
  field.versions = Versions::Parse(versions);
  for (std::string word; words >> word;) {
    if (word.starts_with("null:")) field.nullable = Versions::Parse(word.substr(5));
    if (word.starts_with("=")) field.absent = word.substr(1);
    if (!word.starts_with("tag:")) continue;
    field.tag = std::stoi(word.substr(4));
    field.tagged = Versions::Parse(word.substr(word.find('@') + 1));
  }
  return field;
}

// By key and by whether it is the response.
using Facts = std::map<std::pair<int, bool>, MessageFact>;

Facts ReadFacts() {
  std::ifstream file(WHERRY_MESSAGE_FACTS);
  EXPECT_TRUE(file) << WHERRY_MESSAGE_FACTS;
  Facts facts;
  MessageFact* message = nullptr;
  std::vector<std::string> parents;  // paths, with the "[]" of an array, by depth
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t depth = line.find_first_not_of(' ') / 2;
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (depth == 0) {
      std::string name, valid, flexible;
      words >> name >> valid >> flexible;
      message = &facts[{std::stoi(first), name.ends_with("Response")}];
      message->valid = Versions::Parse(valid);
      message->flexible = Versions::Parse(flexible.substr(flexible.find(':') + 1));
      continue;
    }
    parents.resize(depth - 1);
    const std::string outer = parents.empty() ? "" : parents.back() + ".";
    message->fields.push_back(ParseField(words, outer + first));
    const bool array = message->fields.back().type.starts_with("[]");
    parents.push_back(message->fields.back().path + (array ? "[]" : ""));
  }
  return facts;
}

// What the facts say of one version, for what is inside a field that is not there too.
std::vector<FieldFact> Expected(const MessageFact& message, int version) {
  std::vector<FieldFact> expected;
  std::string missing = "-";
  for (const FieldFact& field : message.fields) {
    if (field.path.starts_with(missing)) continue;
    missing = "-";
    if (field.versions.Has(version)) {
      expected.push_back(field);
    } else {
      missing = field.path + (field.type.starts_with("[]") ? "[]." : ".");
    }
  }
  return expected;
}

std::string Describe(const wire::ListedField& field) {
  return field.path + " " + field.type + (field.nullable ? " nullable" : "") +
         (field.tag < 0 ? "" : " tag " + std::to_string(field.tag));
}
std::string Describe(const FieldFact& field, int version) {
  const bool tagged = field.tagged.Has(version);
  return Describe(wire::ListedField{field.path, field.type, field.nullable.Has(version),
                                    tagged ? field.tag : -1, ""});
}

void Compare(const ApiRow& row, const Schema& schema, const MessageFact& fact, int version) {
  const bool flexible = row.IsFlexible(static_cast<std::int16_t>(version));
  EXPECT_EQ(flexible, fact.flexible.Has(version));
  const std::vector<wire::ListedField> ours = schema.fields(version, flexible);
  const std::vector<FieldFact> expected = Expected(fact, version);
  std::vector<std::string> our_fields, expected_fields;
  for (const wire::ListedField& field : ours) our_fields.push_back(Describe(field));
  for (const FieldFact& field : expected) expected_fields.push_back(Describe(field, version));
  ASSERT_THAT(our_fields, ::testing::ElementsAreArray(expected_fields));
  for (std::size_t i = 0; i < ours.size(); ++i) {
    // Only of a tagged field is the default on the wire, by its absence.
    if (!expected[i].tagged.Has(version) || ours[i].type.find('{') != std::string::npos) continue;
    const std::string zero = ours[i].type == "bool"                    ? "false"
                             : ours[i].type.find("int") != std::string::npos ? "0"
                                                                             : "";
    EXPECT_EQ(ours[i].absent, expected[i].absent.value_or(zero)) << ours[i].path;
  }
}

TEST(SchemasTest, EveryFieldOfEveryVersionIsAsKafkaHasIt) {
  const Facts facts = ReadFacts();
  for (const ApiRow* row : ApiTable()) {
    for (const bool response : {false, true}) {
      const auto fact = facts.find({row->key, response});
      ASSERT_NE(fact, facts.end()) << "nothing is known of " << row->name;
      for (int version = row->min_version; version <= row->max_version; ++version) {
        SCOPED_TRACE(std::string(row->name) + (response ? " response " : " request ") +
                     std::to_string(version));
        EXPECT_TRUE(fact->second.valid.Has(version));
        Compare(*row, response ? row->response : row->request, fact->second, version);
      }
    }
  }
}

TEST(SchemasTest, EveryVersionIsThere) {
  // Where we stop short, and why.
  const std::map<int, int> last = {
      {22, 5},  // 6 is not stable: Kafka does not advertise it
  };
  const Facts facts = ReadFacts();
  for (const ApiRow* row : ApiTable()) {
    const auto fact = facts.find({row->key, false});
    ASSERT_NE(fact, facts.end());
    EXPECT_EQ(row->min_version, fact->second.valid.min) << row->name;
    const auto stops = last.find(row->key);
    EXPECT_EQ(row->max_version, stops == last.end() ? fact->second.valid.max : stops->second)
        << row->name;
  }
}

}  // namespace
}  // namespace wherry::kafka
