#include "servers/conformance/document_root.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace fanin::conformance {

DocumentRoot::DocumentRoot(const std::string& file, std::size_t bytes)
    : path_(std::filesystem::temp_directory_path() / "fanin-conformance-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot make a directory " + path_);
  }
  std::ofstream out(path_ + "/" + file);
  if (!(out << std::string(bytes, 'f') << std::flush)) {
    throw std::system_error(errno, std::generic_category(), "cannot write " + path_ + "/" + file);
  }
}

DocumentRoot::~DocumentRoot() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace fanin::conformance
