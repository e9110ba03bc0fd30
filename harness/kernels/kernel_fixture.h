#pragma once

#include <string>

// A file with the header of a bzImage, for tests.
namespace fanin::harness {

inline std::string make_image(const std::string& release, char load_flags = 1) {
  std::string image(0x1000, '\0');
  image.replace(0x202, 4, "HdrS");
  image[0x206] = 0x0f;  // protocol 2.15
  image[0x207] = 0x02;
  image[0x20e] = 0x00;  // offset of the version's text: 0x200 + 0x600
  image[0x20f] = 0x06;
  image[0x236] = load_flags;
  const std::string text = release + " (debian-kernel@lists.debian.org) #1 SMP";
  image.replace(0x800, text.size(), text);
  return image;
}

}  // namespace fanin::harness
