#include "protocols/http_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "protocols/document_root.h"
#include "protocols/http_head.h"

namespace fanin::protocols {
namespace {

constexpr int kOk = 200;
constexpr int kNotFound = 404;
constexpr int kUnavailable = 503;

constexpr std::uint64_t kLargestInMemory = 256 * 1024;
// Beyond any of these a table drops all entries: rare, and files in use return with their next request.
constexpr std::size_t kMaxMemory = 64 * 1024 * 1024;
constexpr std::size_t kMaxFiles = 4096;
constexpr std::size_t kMaxThreadMemory = 1024 * 1024;  // usually shared with the table of all threads
constexpr std::size_t kCostOfDescriptor = 1024 * 1024;
constexpr std::size_t kCostOfEntry = 256;

struct ContentType {
  std::string_view extension;
  std::string_view type;
};

constexpr std::array<ContentType, 22> kContentTypes{{
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/plain; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"ico", "image/x-icon"},
    {"pdf", "application/pdf"},
    {"wasm", "application/wasm"},
    {"woff2", "font/woff2"},
    {"mp4", "video/mp4"},
    {"gz", "application/gzip"},
}};

std::string_view content_type(std::string_view path) noexcept {
  const std::size_t dot = path.rfind('.');
  const std::string_view extension = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  for (const ContentType& known : kContentTypes) {
    if (known.extension == extension) {
      return known.type;
    }
  }
  return "application/octet-stream";
}

int to_status(int error) noexcept {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EIO:
      return kUnavailable;
    default:
      return kNotFound;  // also if it is not readable: its existence is not disclosed
  }
}

std::uint64_t next_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

HttpFile::HttpFile(net::Descriptor descriptor, const struct stat& attributes, std::string_view path)
    : attributes_(attributes),
      descriptor_(std::move(descriptor)),
      size_(static_cast<std::uint64_t>(attributes.st_size)),
      last_modified_(format_http_date(attributes.st_mtim.tv_sec)) {
  if (size_ <= kLargestInMemory) {
    body_.resize(size_);
    if (!read(0, body_.data(), body_.size())) {
      throw std::system_error(EIO, std::generic_category(), std::string(path));
    }
    descriptor_.reset();
  }
  fields_ = fmt::format("Content-Type: {}\r\nLast-Modified: {}\r\nAccept-Ranges: bytes\r\n", content_type(path),
                        last_modified_);
  ok_head_ = fmt::format("HTTP/1.1 200 OK\r\nServer: fanin\r\n{}Content-Length: {}\r\n", fields_, size_);
}

bool HttpFile::read(std::uint64_t offset, char* to, std::size_t size) const noexcept {
  while (size > 0) {
    const ssize_t length = ::pread(descriptor_.get(), to, size, static_cast<off_t>(offset));
    if (length < 0 && errno == EINTR) {
      continue;
    }
    if (length <= 0) {
      return false;
    }
    to += length;
    offset += static_cast<std::uint64_t>(length);
    size -= static_cast<std::size_t>(length);
  }
  return true;
}

bool HttpFile::matches(const struct stat& attributes) const noexcept {
  return attributes.st_dev == attributes_.st_dev && attributes.st_ino == attributes_.st_ino &&
         attributes.st_size == attributes_.st_size && attributes.st_mtim.tv_sec == attributes_.st_mtim.tv_sec &&
         attributes.st_mtim.tv_nsec == attributes_.st_mtim.tv_nsec;
}

std::size_t HttpFile::cost() const noexcept {
  return kCostOfEntry + body_.size() + ok_head_.size() + fields_.size() + (descriptor_ ? kCostOfDescriptor : 0);
}

HttpFiles::HttpFiles(const std::string& root, DocumentRoot::Resolution resolution)
    : root_(root, resolution), id_(next_id()) {}

HttpFiles::Found HttpFiles::find(std::string_view target, std::time_t now) {
  thread_local ThreadTable mine;
  if (mine.owner != id_ || mine.bytes > kMaxThreadMemory) {
    mine = ThreadTable{.owner = id_};
  }
  target = target.substr(0, target.find('?'));
  const auto known = mine.table.find(target);
  if (known != mine.table.end() && known->second.checked == now) {
    return {&known->second.file, kOk};
  }
  const HttpTarget where = parse_http_target(target);
  std::shared_ptr<const HttpFile> file;
  const int status = where.status != 0 ? where.status : get(where.path, now, file);
  if (status == kOk) {
    return remember(mine, target, {std::move(file), now});
  }
  if (known != mine.table.end()) {
    mine.table.erase(known);
  }
  return {nullptr, status};
}

HttpFiles::Found HttpFiles::remember(ThreadTable& mine, std::string_view target, Entry entry) {
  if (!entry.file->in_memory()) {
    mine.last = std::move(entry.file);  // not in every thread's table, or descriptors would pile up
    return {&mine.last, kOk};
  }
  const auto known = mine.table.find(target);
  Entry& place = known != mine.table.end() ? known->second : mine.table[std::string(target)];
  if (place.file != entry.file) {
    mine.bytes += entry.file->cost() + target.size();
  }
  place = std::move(entry);
  return {&place.file, kOk};
}

int HttpFiles::get(const std::string& path, std::time_t now, std::shared_ptr<const HttpFile>& file) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = table_.find(path); known != table_.end()) {
      file = known->second.file;
      if (known->second.checked == now) {
        return kOk;
      }
    }
  }
  const int status = file && is_current(path, *file) ? kOk : load(path, file);
  put(path, now, status == kOk ? file : nullptr);
  return status;
}

// Whether the file may still be sent. The check needs a descriptor; if none is free, the file counts as unchanged,
// which is better than a 503.
bool HttpFiles::is_current(const std::string& path, const HttpFile& file) const {
  struct stat attributes {};
  const int error = root_.find(path, attributes);
  return error == 0 ? file.matches(attributes) : to_status(error) == kUnavailable;
}

int HttpFiles::load(const std::string& path, std::shared_ptr<const HttpFile>& file) const {
  struct stat attributes {};
  net::Descriptor descriptor;
  if (const int error = root_.open(path, descriptor, attributes); error != 0) {
    return to_status(error);
  }
  try {
    file = std::make_shared<const HttpFile>(std::move(descriptor), attributes, path);
  } catch (const std::system_error&) {
    return kUnavailable;  // it is being written; the next request may find it complete
  }
  return kOk;
}

// A null file: it no longer exists.
void HttpFiles::put(const std::string& path, std::time_t now, std::shared_ptr<const HttpFile> file) {
  const std::lock_guard lock(mutex_);
  if (const auto known = table_.find(path); known != table_.end()) {
    table_bytes_ -= known->second.file->cost();
    table_.erase(known);
  }
  if (!file) {
    return;
  }
  if (table_.size() >= kMaxFiles || table_bytes_ > kMaxMemory) {
    table_.clear();
    table_bytes_ = 0;
  }
  table_bytes_ += file->cost();
  table_[path] = {std::move(file), now};
}

}  // namespace fanin::protocols
