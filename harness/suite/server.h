#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// What must be installed for a server.
struct Requirement {
  enum class Kind {
    kProgram,  // in PATH, or a path
    kModule,   // of the Python that the server's command line begins with
    kFile,     // a path
  } kind;
  std::string name;
  std::string remedy;  // "install python3-tornado, or run ./bootstrap.sh frameworks"
};

// A server under test: a model of fanin-server, or any command line in which "{port}" stands for the port. Words may
// name directories: "{share}" of fanin's data, "{scratch}" of this process's files, "{build}".
struct ServerSpec {
  std::string name;
  std::string model;                 // empty where `command` is given
  std::vector<std::string> args;     // further options of fanin-server
  std::vector<std::string> command;  // empty where `model` is given
  // The command line that fills the directory "{build}" before the server's first start; empty: none.
  std::vector<std::string> build = {};
  std::vector<Requirement> requirements = {};

  // "{processes}" stands in its command line: it takes as many as a cell's connections need.
  bool scales_out() const;
  // Whether a word of `args` or `command` holds the text.
  bool mentions(std::string_view text) const;
};

// Of a suite, a server, an experiment. Throws std::invalid_argument.
std::string parse_name(const JsonReader& reader);

// One server as in a suite; `install` names a command that installs everything that the suite requires; empty: none.
// Throws std::invalid_argument with the place of what is wrong.
ServerSpec parse_server(const JsonReader& reader, const std::string& install = "");

}  // namespace fanin::harness
