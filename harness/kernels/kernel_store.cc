#include "harness/kernels/kernel_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/kernels/kernel_image.h"
#include "harness/rounds/programs.h"
#include "os/child_process.h"
#include "os/files.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "linux-image-";
constexpr std::string_view kFlavour = "-cloud-amd64";
constexpr std::string_view kUnsigned = "-unsigned";
constexpr net::Nanoseconds kToolDeadline = std::chrono::minutes(10);  // 34 MB over a slow line

bool means(const KernelRequest& request, const std::string& release, const std::string& version) {
  if (request.kind == KernelRequest::Kind::kSeries) {
    return is_of_series(release, request.value);
  }
  return request.value == version || request.value == release || request.value + std::string(kFlavour) == release;
}

std::string trim(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Nothing: the package holds no cloud image, or belongs to a metapackage, whose release has no point release.
std::string release_of_package(const std::string& package) {
  std::string_view name = package;
  if (!name.starts_with(kPrefix)) {
    return "";
  }
  name.remove_prefix(kPrefix.size());
  if (name.ends_with(kUnsigned)) {
    name.remove_suffix(kUnsigned.size());
  }
  const bool is_image = name.ends_with(kFlavour) && std::count(name.begin(), name.end(), '.') >= 2;
  return is_image ? std::string(name) : "";
}

// "6.1, 6.12": what to ask for instead.
std::string list_series(const std::vector<KernelOffer>& offers) {
  std::set<std::string> series;
  for (const KernelOffer& offer : offers) {
    series.insert(offer.release.substr(0, offer.release.find('.', offer.release.find('.') + 1)));
  }
  return fmt::format("{}", fmt::join(series, ", "));
}

constexpr std::string_view kDiskIsFull = "No space left on device";

// What to do where an image cannot be fetched or unpacked.
std::string choose_remedy(const std::string& error, const fs::path& directory) {
  if (error.find(kDiskIsFull) != std::string::npos) {
    return fmt::format("make room in {}, or set XDG_CACHE_HOME to another directory", directory.string());
  }
  return "run 'apt-get update', check the network, or give the path of a bzImage";
}

// A directory that goes away unless it is kept by renaming it.
class Staging {
 public:
  explicit Staging(const fs::path& parent) {
    std::error_code error;
    fs::create_directories(parent, error);
    std::string name = (parent / "download.XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
      throw std::system_error(
          error ? error : std::error_code(errno, std::generic_category()),
          fmt::format("cannot write to {} (set XDG_CACHE_HOME to another directory)", parent.string()));
    }
    path_ = name;
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

fs::path find_package_file(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".deb") {
      return entry.path();
    }
  }
  return {};
}

}  // namespace

std::string find_error(const std::string& text) {
  std::istringstream lines(text);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    last = line;
    if (line.find(kDiskIsFull) != std::string::npos) {
      break;
    }
  }
  return last;
}

ToolResult run_tool(const std::vector<std::string>& argv, const std::string& directory) {
  try {
    os::ChildProcess child({.argv = argv, .keep_stdout = os::Output::Keep::kAll, .directory = directory});
    const auto ended = [&] { return child.status().has_value(); };
    if (os::wait_until({&child}, -1, -1, net::now() + kToolDeadline, ended) != os::WaitResult::kDone) {
      throw std::invalid_argument(
          fmt::format("{} did not end within {}", argv.front(), net::format_duration(kToolDeadline)));
    }
    return {child.status()->number(), child.out().all(), find_error(child.err().tail())};
  } catch (const os::CannotStart&) {
    throw std::invalid_argument(fmt::format(
        "{} is not installed, so there are no kernels of Debian: give --kernel the path of a bzImage", argv.front()));
  }
}

std::vector<KernelOffer> parse_offers(const std::string& madison) {
  std::vector<KernelOffer> offers;
  std::istringstream lines(madison);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string package;
    std::string version;
    std::string source;
    if (!std::getline(fields, package, '|') || !std::getline(fields, version, '|') || !std::getline(fields, source)) {
      continue;
    }
    package = trim(package);
    const std::string release = release_of_package(package);
    if (!release.empty() && source.find("Packages") != std::string::npos) {
      offers.push_back({package, release, trim(version), !package.ends_with(kUnsigned)});
    }
  }
  return offers;
}

const KernelOffer* choose_offer(const std::vector<KernelOffer>& offers, const KernelRequest& request) {
  const KernelOffer* best = nullptr;
  for (const KernelOffer& offer : offers) {
    if (!means(request, offer.release, offer.version)) {
      continue;
    }
    const int order = best == nullptr ? 1 : compare_versions(offer.version, best->version);
    if (order > 0 || (order == 0 && offer.is_signed && !best->is_signed)) {
      best = &offer;
    }
  }
  return best;
}

fs::path kernel_cache_directory() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache != nullptr && *cache == '/') {
    return fs::path(cache) / "fanin" / "kernels";
  }
  if (home != nullptr && *home == '/') {
    return fs::path(home) / ".cache" / "fanin" / "kernels";
  }
  throw std::invalid_argument("there is no place for kernels: set HOME or XDG_CACHE_HOME to a directory");
}

KernelStore::KernelStore(fs::path directory, RunTool run) : directory_(std::move(directory)), run_(std::move(run)) {}

Kernel KernelStore::find(const KernelRequest& request) const {
  if (request.kind != KernelRequest::Kind::kFile) {
    return find_packaged(request);
  }
  Kernel kernel{request.text, read_kernel_release(request.value), "", fs::absolute(request.value).string(), "", ""};
  kernel.image_sha256 = compute_sha256(kernel.image);
  const fs::path config = fs::path(kernel.image).parent_path() / ("config-" + kernel.release);
  if (fs::is_regular_file(config)) {
    kernel.config = load_text(config.string());
  }
  return kernel;
}

Kernel KernelStore::find_packaged(const KernelRequest& request) const {
  const std::vector<Cached> cached = list_cached();  // the newest first
  const auto found = std::find_if(cached.begin(), cached.end(),
                                  [&](const Cached& each) { return means(request, each.release, each.version); });
  if (request.kind == KernelRequest::Kind::kPinned && found != cached.end()) {
    return open(*found, request);
  }
  const std::vector<KernelOffer> offers = list_offers();
  const KernelOffer* offer = choose_offer(offers, request);
  if (offer == nullptr && found != cached.end()) {
    return open(*found, request);
  }
  if (offer == nullptr) {
    throw std::invalid_argument(
        offers.empty()
            ? fmt::format("--kernel {}: apt knows no kernel: run 'apt-get update', or give the path of a bzImage",
                          request.text)
            : fmt::format("--kernel {}: apt offers no such cloud image for amd64: it has those of {}", request.text,
                          list_series(offers)));
  }
  const auto kept = std::find_if(cached.begin(), cached.end(), [&](const Cached& each) {
    return each.release == offer->release && each.version == offer->version;
  });
  return open(kept != cached.end() ? *kept : download(*offer, request), request);
}

std::optional<std::string> KernelStore::find_newest_cached() const {
  const std::vector<Cached> cached = list_cached();
  return cached.empty() ? std::nullopt : std::optional("debian:=" + cached.front().version);
}

std::vector<KernelStore::Cached> KernelStore::list_cached() const {
  std::vector<Cached> cached;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(directory_, absent)) {
    const fs::path file = entry.path() / "kernel.json";
    if (!fs::is_regular_file(file)) {
      continue;  // a download under way
    }
    const Json document = load_json(file.string());
    const JsonReader reader(document, file.string());
    cached.push_back({entry.path(), reader.at("package").text(), reader.at("release").text(),
                      reader.at("version").text(), reader.at("image_sha256").text()});
  }
  std::sort(cached.begin(), cached.end(),
            [](const Cached& a, const Cached& b) { return compare_versions(a.version, b.version) > 0; });
  return cached;
}

std::vector<KernelOffer> KernelStore::list_offers() const {
  std::vector<std::string> argv{"apt-cache", "madison"};
  std::istringstream names(run_({"apt-cache", "pkgnames", std::string(kPrefix)}, "").out);
  for (std::string name; std::getline(names, name);) {
    if (!release_of_package(name).empty()) {
      argv.push_back(name);
    }
  }
  return argv.size() > 2 ? parse_offers(run_(argv, "").out) : std::vector<KernelOffer>{};
}

KernelStore::Cached KernelStore::download(const KernelOffer& offer, const KernelRequest& request) const {
  const Staging staging(directory_);
  const std::string place = staging.path().string();
  // apt verifies the package by the signed lists of its repository.
  const ToolResult got = run_({"apt-get", "download", offer.package + "=" + offer.version}, place);
  const fs::path package = find_package_file(staging.path());
  if (got.code != 0 || package.empty()) {
    throw std::invalid_argument(fmt::format("--kernel {}: cannot download {} {}: {}: {}", request.text, offer.package,
                                            offer.version, os::printable(got.last_error, 300),
                                            choose_remedy(got.last_error, directory_)));
  }
  const ToolResult unpacked = run_({"dpkg-deb", "-x", package.string(), "unpacked"}, place);
  const fs::path boot = staging.path() / "unpacked" / "boot";
  const fs::path image = boot / ("vmlinuz-" + offer.release);
  if (unpacked.code != 0 || !fs::is_regular_file(image)) {
    const std::string error = unpacked.code != 0 ? unpacked.last_error : "it holds no kernel image";
    throw std::invalid_argument(fmt::format("--kernel {}: cannot unpack {}: {}: {}", request.text,
                                            package.filename().string(), os::printable(error, 300),
                                            choose_remedy(error, directory_)));
  }
  const fs::path kept = staging.path() / "kept";
  fs::create_directory(kept);
  fs::rename(image, kept / "vmlinuz");
  if (const fs::path config = boot / ("config-" + offer.release); fs::is_regular_file(config)) {
    fs::rename(config, kept / "config");
  }
  Cached cached{directory_ / fmt::format("{}_{}", offer.release, offer.version), offer.package, offer.release,
                offer.version, compute_sha256((kept / "vmlinuz").string())};
  const Json document{{"package", cached.package},
                      {"release", cached.release},
                      {"version", cached.version},
                      {"package_sha256", compute_sha256(package.string())},
                      {"image_sha256", cached.image_sha256}};
  os::write_file_atomically((kept / "kernel.json").string(), document.dump(2) + "\n");
  std::error_code taken;  // another process was faster, with the same image
  fs::rename(kept, cached.directory, taken);
  if (taken && !fs::exists(cached.directory)) {
    throw fs::filesystem_error("cannot keep a kernel", cached.directory, taken);
  }
  return cached;
}

Kernel KernelStore::open(const Cached& cached, const KernelRequest& request) const {
  const std::string image = (cached.directory / "vmlinuz").string();
  if (!fs::is_regular_file(image) || compute_sha256(image) != cached.image_sha256) {
    throw std::invalid_argument(
        fmt::format("{}: is not the image that was unpacked there: remove {}, then it is downloaded again", image,
                    cached.directory.string()));
  }
  read_kernel_release(image);  // throws if it cannot be booted
  const std::string config = (cached.directory / "config").string();
  return {request.text, cached.release,      cached.version,
          image,        cached.image_sha256, fs::is_regular_file(config) ? load_text(config) : ""};
}

}  // namespace fanin::harness
