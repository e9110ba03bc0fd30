#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/export/export.h"

namespace fanin::harness {
namespace {

// RFC 4180: quoted where it holds a comma, a quote or a line break.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c;
    if (c == '"') {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string csv_value(const Json& value) {
  if (value.is_null()) {
    return "";
  }
  return csv_field(value.is_string() ? value.get<std::string>() : value.dump());
}

std::string csv_line(const std::vector<Json>& fields) {
  std::string line;
  for (const Json& field : fields) {
    line += (&field == &fields.front() ? "" : ",") + csv_value(field);
  }
  return line + "\r\n";
}

std::string write_summaries(const Json& run) {
  std::map<std::string, const Json*> cells;
  for (const Json& cell : run.at("cells")) {
    cells[cell.at("id")] = &cell;
  }
  std::string text = "cell,experiment,server,parameter,value,metric,unit,rounds,median,low,high,coverage,reason\r\n";
  for (const Json& summary : run.at("summaries")) {
    std::vector<Json> fields{summary.at("cell")};
    for (const char* key : {"experiment", "server", "parameter", "value"}) {
      fields.push_back(cells.at(summary.at("cell"))->at(key));
    }
    for (const char* key : {"metric", "unit", "n", "median", "low", "high", "coverage"}) {
      fields.push_back(summary.at(key));
    }
    fields.push_back(summary.value("reason", Json()));
    text += csv_line(fields);
  }
  return text;
}

// A cell without a usable result has one line: its status and reason.
std::string write_verdicts(const Json& verdict) {
  std::string text =
      "cell,metric,unit,better,band,base,new,units,ratio,low,high,coverage,control,control_low,control_high,"
      "smallest_effect,verdict,reason\r\n";
  for (const Json& metric : verdict.at("metrics")) {
    std::vector<Json> fields;
    for (const char* key : {"cell", "metric", "unit", "better", "band", "base", "new", "units"}) {
      fields.push_back(metric.at(key));
    }
    for (const auto& [estimate, keys] :
         {std::pair{&metric.at("ratio"), std::vector<const char*>{"ratio", "low", "high", "coverage"}},
          std::pair{&metric.at("control"), std::vector<const char*>{"ratio", "low", "high"}}}) {
      for (const char* key : keys) {
        fields.push_back(estimate->is_object() ? estimate->at(key) : Json());
      }
    }
    fields.push_back(metric.at("smallest_effect"));
    fields.push_back(metric.at("control_failed") == true ? Json("void") : metric.at("verdict"));
    fields.push_back(metric.at("reason"));
    text += csv_line(fields);
  }
  for (const Json& fault : verdict.at("faults")) {
    std::vector<Json> fields(18);
    fields.front() = fault.at("cell");
    fields[16] = fault.at("status");
    fields[17] = fault.at("reason");
    text += csv_line(fields);
  }
  return text;
}

}  // namespace

std::string to_csv(const Json& document) {
  return document.at("schema") == "fanin-verdict" ? write_verdicts(document) : write_summaries(document);
}

}  // namespace fanin::harness
