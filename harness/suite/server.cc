#include "harness/suite/server.h"

#include <fmt/format.h>

#include <algorithm>

namespace fanin::harness {
namespace {

std::vector<std::string> parse_texts(const JsonReader& reader) {
  std::vector<std::string> texts;
  for (const JsonReader& item : reader.items()) {
    if (!item.value().is_string()) {
      item.fail("must be a text");
    }
    texts.push_back(item.value().get<std::string>());  // may be empty: redis takes --save ""
  }
  return texts;
}

std::vector<std::string> parse_command(const JsonReader& reader) {
  std::vector<std::string> words = parse_texts(reader);
  if (words.empty() || words.front().empty()) {
    reader.fail("must name a program");
  }
  return words;
}

Requirement parse_requirement(const JsonReader& reader, const std::string& install) {
  reader.only_keys({"program", "module", "file", "package"});
  constexpr std::pair<const char*, Requirement::Kind> kKinds[] = {{"program", Requirement::Kind::kProgram},
                                                                  {"module", Requirement::Kind::kModule},
                                                                  {"file", Requirement::Kind::kFile}};
  std::vector<Requirement> found;
  for (const auto& [key, kind] : kKinds) {
    if (const auto name = reader.find(key)) {
      found.push_back({kind, name->text(), {}});
    }
  }
  if (found.size() != 1) {
    reader.fail("needs one of 'program', 'module' and 'file'");
  }
  found.front().remedy =
      fmt::format("install {}{}{}", reader.at("package").text(), install.empty() ? "" : ", or run ", install);
  return found.front();
}

// What only a command line may have.
void parse_preparation(const JsonReader& reader, const std::string& install, ServerSpec& server) {
  if (const auto build = reader.find("build")) {
    server.build = parse_command(*build);
  }
  if (const auto requires_ = reader.find("requires")) {
    for (const JsonReader& item : requires_->items()) {
      server.requirements.push_back(parse_requirement(item, install));
    }
    if (server.requirements.empty()) {
      requires_->fail("must hold at least one requirement");
    }
  }
}

bool holds(const std::vector<std::string>& words, std::string_view text) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return word.find(text) != std::string::npos; });
}

}  // namespace

// Names become parts of cell ids ("experiment/server/value") and of file names of charts.
std::string parse_name(const JsonReader& reader) {
  std::string name = reader.text();
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool plain = std::all_of(name.begin(), name.end(), [&](char c) {
    return is_alphanumeric(c) || std::string_view("_.+-").find(c) != std::string_view::npos;
  });
  if (name.size() > kLongestName) {  // a chart's file has two of them in its name
    reader.fail(fmt::format("is too long: at most {} characters", kLongestName));
  }
  if (!plain || !is_alphanumeric(name.front())) {
    reader.fail("must consist of letters, digits, '_', '.', '+' and '-', and begin with a letter or digit");
  }
  return name;
}

ServerSpec parse_server(const JsonReader& reader, const std::string& install) {
  reader.only_keys({"name", "model", "args", "command", "build", "requires"});
  ServerSpec server;
  server.name = parse_name(reader.at("name"));
  const auto model = reader.find("model");
  const auto command = reader.find("command");
  if (model.has_value() == command.has_value()) {
    reader.fail("needs either 'model' or 'command'");
  }
  if (model) {
    server.model = model->text();
    if (const auto args = reader.find("args")) {
      server.args = parse_texts(*args);
    }
    if (reader.find("build") || reader.find("requires")) {
      reader.fail("'build' and 'requires' belong to a 'command'");
    }
    return server;
  }
  if (reader.find("args")) {
    reader.fail("'args' belong to a model; write them into 'command'");
  }
  server.command = parse_command(*command);
  if (!holds(server.command, "{port}")) {
    command->fail("must contain {port}, which the harness replaces by a free port");
  }
  parse_preparation(reader, install, server);
  return server;
}

bool ServerSpec::mentions(std::string_view text) const { return holds(args, text) || holds(command, text); }

bool ServerSpec::scales_out() const { return mentions("{processes}"); }

}  // namespace fanin::harness
