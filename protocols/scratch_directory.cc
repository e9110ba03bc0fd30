#include "protocols/scratch_directory.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace fanin {

ScratchDirectory::ScratchDirectory() : path_((std::filesystem::temp_directory_path() / "fanin-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), path_);
  }
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void ScratchDirectory::write(const std::string& name, std::string_view content) const {
  const std::string finished = path(name);
  const std::string draft = finished + ".draft";
  std::ofstream file(draft, std::ios::binary);
  file << content;
  file.close();
  if (!file) {
    throw std::system_error(errno, std::generic_category(), draft);
  }
  std::filesystem::rename(draft, finished);
}

void ScratchDirectory::make_directory(const std::string& name) const { std::filesystem::create_directory(path(name)); }

void ScratchDirectory::link(const std::string& target, const std::string& name) const {
  std::filesystem::create_symlink(target, path(name));
}

}  // namespace fanin
