#include "harness/selftest/selftest_file.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "harness/ab/false_alarms.h"
#include "harness/selftest/session_records.h"
#include "harness/suite/schema.h"
#include "os/files.h"

namespace fanin::harness {
namespace {

constexpr const char* kSchema = "fanin-selftest";
constexpr int kSelftestVersion = 2;

// Those of the sessions, each once, in the order of its first session.
Json list_machines(const std::vector<Json>& sessions) {
  Json machines = Json::array();
  for (const Json& session : sessions) {
    if (std::find(machines.begin(), machines.end(), session.at("machine")) == machines.end()) {
      machines.push_back(session.at("machine"));
    }
  }
  return machines;
}

}  // namespace

SelftestFile SelftestFile::load(const std::string& path) {
  SelftestFile file;
  if (!std::filesystem::exists(path)) {
    return file;
  }
  const Json document = load_json(path);
  const JsonReader reader(document, path);
  const auto schema = reader.find("schema");
  if (!schema || schema->value() != kSchema) {
    reader.fail("is no result of fanin selftest: name another file with --out");
  }
  reader.at("schema_version").only_version(kSelftestVersion, "measure again");
  check_schema(reader, "selftest");
  file.sessions = reader.at("sessions").value().get<std::vector<Json>>();
  file.environment = reader.at("environment").value();
  file.simulation = reader.at("simulation").value();
  return file;
}

void SelftestFile::add_session(Json session, const Json& measured_in) {
  session["machine"] = machine_text(measured_in);
  session["commit"] = measured_in.at("build").at("git_commit");
  sessions.push_back(std::move(session));
  environment = measured_in;
}

void SelftestFile::add_sessions(const SelftestFile& other) {
  for (const Json& session : other.sessions) {
    if (std::find(sessions.begin(), sessions.end(), session) == sessions.end()) {
      sessions.push_back(session);
      environment = other.environment;
    }
  }
}

void SelftestFile::write(const std::string& path) const {
  os::write_file_atomically(path, to_text(Json{{"schema", kSchema},
                                               {"schema_version", kSelftestVersion},
                                               {"machines", list_machines(sessions)},
                                               {"environment", environment},
                                               {"summary", summarise_sessions(sessions)},
                                               {"sessions", sessions},
                                               {"simulation", simulation}}));
}

}  // namespace fanin::harness
