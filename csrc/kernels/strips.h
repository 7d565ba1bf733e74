// Convolution windows over copies of the lines that they see: padded with zeros and, for a stride,
// sorted so that what neighbouring windows see of a tap lies side by side.
#pragma once

#include <vector>

#include "kernels/neural.h"

namespace wengert::kernels {

// Of windows [begin, end) of each of several images.
class Strips {
 public:
  // The windows are columns 0, 1, ... of a matrix, cut into panels of `panel` columns, the last of
  // `narrow` if those are enough for the rest. The images of one channel are `image` elements
  // apart. `copied`: never read where they stand.
  Strips(const Windows& w, int64_t images, int64_t image, int64_t begin, int64_t end, int64_t panel,
         int64_t narrow, bool copied = false);

  // The windows see each image as it stands, as taps that share no elements or a stride of 1 let
  // them: it is its own strip.
  bool direct() const { return direct_; }
  // Elements of a channel's strips, and of one image's.
  int64_t channel() const { return images_ * size_; }
  int64_t image() const { return size_; }
  // No window sees an element of its image from `reach` on, nor one before `start`.
  int64_t start() const { return start_; }
  int64_t reach() const { return reach_; }
  StripLines lines() const;
  StripRuns runs() const;

 private:
  struct Axis;
  // From what a tap sees of a window to what it sees of the next.
  int64_t step() const { return direct_ ? stride_ : 1; }
  void set_lines(const Windows& w, const Axis& a0, const Axis& a1, const Axis& a2);
  void set_runs(const Windows& w, int64_t begin, int64_t end, int64_t panel, int64_t narrow,
                int64_t image, const Axis& a0, const Axis& a1, const Axis& a2);

  bool direct_;
  int64_t images_, size_, line_, stride_, width_, start_, reach_;
  std::vector<int64_t> sources_, taps_;
  std::vector<StripPlane> planes_;
  std::vector<StripRun> runs_;
};

}  // namespace wengert::kernels
