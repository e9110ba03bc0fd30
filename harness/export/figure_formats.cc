#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "harness/analysis/summary.h"
#include "harness/export/export.h"
#include "harness/verdict/verdict.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

std::string name_of_target(const Json& load) {
  const Json& target = load.at("target");
  return target.contains("path")
             ? target.at("path").get<std::string>()
             : fmt::format("{}:{}", target.at("host").get<std::string>(), target.at("port").get<int>());
}

// The figures of a load result are those that a round of the harness takes from it.
void append_load_figures(std::vector<Figure>& figures, const NamedLoad& load) {
  const Json round{{"load", *load.result}};
  for (const Metric& metric : metrics()) {
    const Json value = metric_of(round, metric.name);
    if (value.is_number()) {
      figures.push_back({load.name, metric.name, metric.unit, 1, value.get<double>()});
    }
  }
}

std::string describe_meaning(const std::string& metric) {
  return is_of_ledgers(metric) ? "counted in an emulator" : find_metric(metric).meaning;
}

// Few units give no interval.
std::optional<double> find_number(const Json& object, const char* key) {
  return object.at(key).is_number() ? std::optional(object.at(key).get<double>()) : std::nullopt;
}

// The ratios of interleaved targets to the first one.
void append_target_ratios(std::vector<Figure>& figures, const Json& comparison, const std::string& target) {
  for (const auto& [key, metric] :
       {std::pair{"throughput", "throughput_per_s"}, {"server_cpu_per_request", "server_cpu_per_request_ns"}}) {
    const Json& ratio = comparison.at(key);
    if (ratio.is_object()) {
      figures.push_back({target, metric, "1", comparison.at("blocks"), ratio.at("estimate"), find_number(ratio, "low"),
                         find_number(ratio, "high"), true});
    }
  }
}

std::vector<Figure> load_figures(const Json& document) {
  std::vector<Figure> figures;
  const std::vector<NamedLoad> loads = load_results(document);
  for (const NamedLoad& load : loads) {
    append_load_figures(figures, load);
  }
  for (const Json& comparison : document.value("comparisons", Json::array())) {
    append_target_ratios(figures, comparison, loads.at(comparison.at("second").get<std::size_t>()).name);
  }
  return figures;
}

// What the new side measured, and its ratio to base.
std::vector<Figure> verdict_figures(const Json& verdict) {
  std::vector<Figure> figures;
  for (const Json& metric : verdict.at("metrics")) {
    const auto [row, of_class] = split_metric_name(metric.at("metric").get<std::string>());
    const std::string name = metric.at("cell").get<std::string>() + (of_class.empty() ? "" : "@" + of_class);
    if (metric.at("new").is_number()) {
      figures.push_back({name, row, metric.at("unit"), metric.at("units"), metric.at("new")});
    }
    if (const Json& ratio = metric.at("ratio"); ratio.is_object()) {
      figures.push_back({name, row, "1", metric.at("units"), ratio.at("ratio"), find_number(ratio, "low"),
                         find_number(ratio, "high"), true});
    }
  }
  return figures;
}

}  // namespace

std::vector<NamedLoad> load_results(const Json& document) {
  std::vector<NamedLoad> loads;
  if (document.at("schema") == "fanin-load-sweep") {
    for (const Json& point : document.at("points")) {
      if (const Json& result = point.at("result"); result.is_object()) {
        const auto parameter = document.at("parameter").at("name").get<std::string>();
        loads.push_back(
            {fmt::format("{} {}={}", name_of_target(result), parameter, point.at("text").get<std::string>()), &result});
      }
    }
  } else if (document.at("schema") == "fanin-load-interleaving") {
    for (const Json& target : document.at("targets")) {
      loads.push_back({name_of_target(target.at("result")), &target.at("result")});
    }
  } else {
    loads.push_back({name_of_target(document), &document});
  }
  return loads;
}

std::vector<Figure> figures(const Json& document) {
  if (document.at("schema") == "fanin-verdict") {
    return verdict_figures(document);
  }
  if (document.at("schema") != "fanin-run") {
    return load_figures(document);
  }
  std::vector<Figure> figures;
  for (const Json& summary : document.at("summaries")) {
    if (summary.at("median").is_number()) {
      figures.push_back({summary.at("cell"), summary.at("metric"), summary.at("unit"), summary.at("n"),
                         summary.at("median"), summary.at("low").get<double>(), summary.at("high").get<double>()});
    }
  }
  return figures;
}

namespace {

// A metric in base units: the name without its unit, the unit that OpenMetrics wants as a suffix, and the factor.
struct BaseUnit {
  std::string family;
  std::string unit;  // empty: a plain number
  double factor = 1;
};

bool drop_suffix(std::string& name, std::string_view suffix) {
  const bool has = name.ends_with(suffix);
  if (has) {
    name.resize(name.size() - suffix.size());
  }
  return has;
}

BaseUnit base_unit(const std::string& metric) {
  std::string name = metric;
  if (drop_suffix(name, "_ratio")) {
    return {fmt::format("fanin_{}_ratio", name), "ratio", 1};
  }
  if (drop_suffix(name, "_ns")) {
    return {fmt::format("fanin_{}_seconds", name), "seconds", 1e-9};
  }
  if (drop_suffix(name, "_per_s")) {
    return {fmt::format("fanin_{}_requests_per_second", name), "requests_per_second", 1};
  }
  if (name.ends_with("_bytes")) {
    return {"fanin_" + name, "bytes", 1};
  }
  return {"fanin_" + name, "", 1};
}

// Of a label's value: backslash, quote and line feed.
std::string escape_label(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string to_openmetrics(const Json& document) {
  std::map<std::string, std::vector<Figure>> families;  // the samples of a family must be together
  for (Figure& figure : figures(document)) {
    families[figure.label()].push_back(std::move(figure));
  }
  std::string text;
  for (const auto& [label, samples] : families) {
    const BaseUnit base = base_unit(label);
    text += fmt::format("# TYPE {} gauge\n", base.family);
    if (!base.unit.empty()) {
      text += fmt::format("# UNIT {} {}\n", base.family, base.unit);
    }
    const Figure& first = samples.front();
    text += fmt::format("# HELP {} {}: {}; {} and its interval.\n", base.family, label,
                        escape_label(describe_meaning(first.metric)),
                        first.is_ratio ? "divided by that of base" : "median");
    for (const Figure& figure : samples) {
      const std::array<std::pair<const char*, std::optional<double>>, 3> statistics{
          {{figure.is_ratio ? "estimate" : "median", figure.value}, {"low", figure.low}, {"high", figure.high}}};
      for (const auto& [statistic, value] : statistics) {
        if (value) {
          text += fmt::format("{}{{cell=\"{}\",statistic=\"{}\"}} {}\n", base.family, escape_label(figure.name),
                              statistic, *value * base.factor);
        }
      }
    }
  }
  return text + "# EOF\n";
}

namespace {

Json benchmark_context(const Json& run) {
  const Json& environment = run.at("environment").at("start");
  const auto text_at = [&environment](const char* place) {
    const Json::json_pointer pointer(place);
    const Json value = environment.contains(pointer) ? environment.at(pointer) : Json();
    return value.is_string() ? value : Json("unknown");
  };
  return {{"date", run.at("started_at")},
          {"executable", "fanin run"},
          {"library_build_type", "release"},
          {"kernel", text_at("/kernel/release")},
          {"run_id", run.at("run_id")}};
}

}  // namespace

std::string to_google_benchmark(const Json& run) {
  std::map<std::string, int> repetitions;
  std::map<std::string, int> families;
  Json benchmarks = Json::array();
  for (const Json& round : run.at("rounds")) {
    const Json rate = metric_of(round, "throughput_per_s");
    const Json cpu = metric_of(round, "server_cpu_per_request_ns");
    if (round.at("status") != "ok" || !rate.is_number() || rate.get<double>() <= 0) {
      continue;
    }
    const std::string cell = round.at("cell");
    const int family = families.try_emplace(cell, static_cast<int>(families.size())).first->second;
    benchmarks.push_back({{"name", cell},
                          {"family_index", family},
                          {"per_family_instance_index", 0},
                          {"run_name", cell},
                          {"run_type", "iteration"},
                          {"repetitions", run.at("suite").at("repetitions")},
                          {"repetition_index", repetitions[cell]++},
                          {"threads", 1},
                          {"iterations", round.at("load").at("requests").at("completed")},
                          {"real_time", 1e9 / rate.get<double>()},
                          {"cpu_time", cpu.is_number() ? cpu.get<double>() : 0.0},
                          {"time_unit", "ns"},
                          {"items_per_second", rate}});
  }
  return Json{{"context", benchmark_context(run)}, {"benchmarks", benchmarks}}.dump(1) + '\n';
}

std::string to_bencher(const Json& document) {
  Json results = Json::object();
  for (const Figure& figure : figures(document)) {
    Json& measure = results[figure.name][figure.label()];
    measure["value"] = figure.value;
    if (figure.low && figure.high) {
      measure["lower_value"] = *figure.low;
      measure["upper_value"] = *figure.high;
    }
  }
  return results.dump(1) + '\n';
}

std::string to_benchmark_action(const Json& document, bool bigger) {
  Json entries = Json::array();
  for (const Figure& figure : figures(document)) {
    if ((!is_of_ledgers(figure.metric) && find_metric(figure.metric).higher_is_better) == bigger) {
      Json entry{{"name", figure.name + " " + figure.label()},
                 {"unit", figure.unit},
                 {"value", figure.value},
                 {"extra", "median of " + os::plural(figure.rounds, "round")}};
      if (figure.low && figure.high) {
        entry["range"] = fmt::format("{} to {}", *figure.low, *figure.high);
      }
      if (figure.is_ratio) {
        entry["extra"] = "divided by that of base, from " + os::plural(figure.rounds, "pair");
      }
      entries.push_back(std::move(entry));
    }
  }
  return entries.dump(1) + '\n';
}

}  // namespace fanin::harness
