#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/descriptor.h"
#include "protocols/document_root.h"

namespace fanin::protocols {

// A version of a file, ready to send: its bytes if it is small, else an open descriptor, and the constant parts of a
// reply's head. Immutable; any thread.
//
// Neither mapped nor sent with sendfile: truncation of a mapped file ends the process with SIGBUS, and sendfile would
// put knowledge of the protocol into every server model. A small file costs one copy, and no system call but the send.
class HttpFile {
 public:
  // Reads `descriptor`, or keeps it. Throws std::system_error on failure.
  HttpFile(net::Descriptor descriptor, const struct stat& attributes, std::string_view path);

  std::uint64_t size() const noexcept { return size_; }
  std::time_t modified() const noexcept { return attributes_.st_mtim.tv_sec; }
  const std::string& last_modified() const noexcept { return last_modified_; }
  // "HTTP/1.1 200 OK" and the fields that are the same in all such replies.
  const std::string& ok_head() const noexcept { return ok_head_; }
  // Fields of the file for any status: type, age.
  const std::string& fields() const noexcept { return fields_; }

  bool in_memory() const noexcept { return !descriptor_; }
  // For a file in memory.
  std::string_view body() const noexcept { return body_; }
  // Fills `to` from `offset` on; false if the file was truncated or cannot be read.
  bool read(std::uint64_t offset, char* to, std::size_t size) const noexcept;

  bool matches(const struct stat& attributes) const noexcept;
  // Cost in the table; an open descriptor counts as a megabyte, since they are scarce.
  std::size_t cost() const noexcept;

 private:
  struct stat attributes_;
  net::Descriptor descriptor_;
  std::string body_;
  std::uint64_t size_;
  std::string last_modified_;
  std::string fields_;
  std::string ok_head_;
};

// The files below a document root. A request costs one lookup in the calling thread's own table, which checks for
// changes at most once per second. Any thread; no lock on a hit.
class HttpFiles {
 public:
  explicit HttpFiles(const std::string& root, DocumentRoot::Resolution resolution = DocumentRoot::Resolution::kBest);

  struct Found {
    const std::shared_ptr<const HttpFile>*
        file;    // null unless the status is 200; lives until this thread's next find()
    int status;  // 200, 400, 404, or 503 if the machine is out of a resource
  };
  // `now`: seconds, see http_now().
  Found find(std::string_view target, std::time_t now);

 private:
  struct Entry {
    std::shared_ptr<const HttpFile> file;
    std::time_t checked = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  using Table = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
  struct ThreadTable {
    std::uint64_t owner = 0;
    Table table;                           // by target
    std::size_t bytes = 0;                 // at least the memory of its files and targets
    std::shared_ptr<const HttpFile> last;  // a file that is not kept in the table
  };

  static Found remember(ThreadTable& mine, std::string_view target, Entry entry);
  int get(const std::string& path, std::time_t now, std::shared_ptr<const HttpFile>& file);
  bool is_current(const std::string& path, const HttpFile& file) const;
  int load(const std::string& path, std::shared_ptr<const HttpFile>& file) const;
  void put(const std::string& path, std::time_t now, std::shared_ptr<const HttpFile> file);

  DocumentRoot root_;
  const std::uint64_t id_;  // unique in the process: a thread's table belongs to one object
  std::mutex mutex_;
  Table table_;  // by path, with mutex_ held
  std::size_t table_bytes_ = 0;
};

}  // namespace fanin::protocols
