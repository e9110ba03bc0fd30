#include "protocols/http_text.h"

namespace fanin {

void HttpText::append(const char* at, std::size_t size) {
  if (copy_.empty()) {
    if (view_.empty()) {
      view_ = {at, size};
      return;
    }
    if (view_.data() + view_.size() == at) {
      view_ = {view_.data(), view_.size() + size};
      return;
    }
    copy_ = view_;
  }
  copy_.append(at, size);
}

void HttpText::copy_out() {
  if (copy_.empty()) {
    copy_ = view_;
  }
  view_ = {};
}

}  // namespace fanin
