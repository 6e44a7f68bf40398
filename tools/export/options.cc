#include "tools/export/options.h"

#include <regex>
#include <vector>

#include <CLI/CLI.hpp>

namespace wherry::exporting {

namespace {

constexpr int kExitUsage = 2;

// "name=value".
std::string CheckProperty(const std::string& text) {
  return text.find('=') == text.npos || text.front() == '='
             ? text + " is not NAME=VALUE, a property of librdkafka"
             : "";
}

std::string CheckRegex(const std::string& text) {
  try {
    static_cast<void>(std::regex(text));
    return "";
  } catch (const std::regex_error& error) {
    return text + " is no regular expression: " + error.what();
  }
}

void Add(Properties& properties, const std::vector<std::string>& given) {
  for (const std::string& text : given) {
    properties[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
}

}  // namespace

std::optional<ExportOptions> ReadCommandLine(int argc, char** argv, int& exit_status) {
  ExportOptions options;
  std::vector<std::string> both, of_source, of_target;
  bool no_check = false;
  CLI::App app(
      "Copies topics with their configuration, and the committed offsets of groups translated to\n"
      "the new ones, from a Wherry server (or any Kafka cluster) to a Kafka cluster. Interrupted,\n"
      "it goes on where it was when it is run again; run once more, it copies what came since.",
      "wherry-export");
  app.add_option("--to", options.target, "Where to: HOST:PORT[,HOST:PORT...]")->required();
  app.add_option("--from", options.source, "Where from")->capture_default_str();
  app.add_option("--topics", options.topics, "Topics whose whole names match")
      ->check(CLI::Validator(CheckRegex, "REGEX"))
      ->capture_default_str();
  app.add_option("--groups", options.groups, "Groups whose whole names match; they must be idle")
      ->check(CLI::Validator(CheckRegex, "REGEX"))
      ->capture_default_str();
  app.add_option("--state", options.state_file, "Where it is kept how far the export has come")
      ->capture_default_str();
  app.add_option("--replication-factor", options.replication_factor,
                 "Of topics that are created; -1: the target's default")
      ->check(CLI::Range(-1, 32767))
      ->capture_default_str();
  app.add_flag("--no-check", no_check, "Do not read everything again at the end to compare");
  const CLI::Validator property(CheckProperty, "NAME=VALUE");
  app.add_option("-X", both, "A property of librdkafka, for both sides, repeatable")
      ->check(property);
  app.add_option("--source-property", of_source, "The same, for the source alone")->check(property);
  app.add_option("--target-property", of_target, "The same, for the target alone")->check(property);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error) == 0 ? 0 : kExitUsage;
    return std::nullopt;
  }
  options.check = !no_check;
  options.source_properties["bootstrap.servers"] = options.source;
  options.target_properties["bootstrap.servers"] = options.target;
  for (Properties* properties : {&options.source_properties, &options.target_properties}) {
    Add(*properties, both);
  }
  Add(options.source_properties, of_source);
  Add(options.target_properties, of_target);
  return options;
}

}  // namespace wherry::exporting
