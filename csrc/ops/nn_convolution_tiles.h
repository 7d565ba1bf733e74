// Tiles of the windows of a convolution, and what these see of its input.
#pragma once

#include <algorithm>

#include "kernels/strips.h"
#include "ops/nn_convolution.h"
#include "runtime/scratch.h"

WENGERT_NAMESPACE_BEGIN

// Positions [begin, end) of `images` images.
struct Tile {
  int64_t image, images, begin, end;
  int64_t length() const { return end - begin; }
  int64_t columns() const { return images * length(); }
};

// A tile is a part of one image, or all of several.
class Tiling {
 public:
  // What the positions are in the products: the columns of the result, or what is summed over.
  enum class Along : uint8_t { columns, sum };
  Tiling(int64_t batch, int64_t positions, Along along);
  int64_t groups() const { return ceil_div(batch_, images_); }  // of images
  int64_t parts() const { return parts_; }                      // of an image
  int64_t count() const { return groups() * parts_; }
  int64_t columns() const { return images_ * length_; }  // the most of a tile
  Tile at(int64_t group, int64_t part) const {
    const int64_t image = group * images_, begin = part * length_;
    return {image, std::min(images_, batch_ - image), begin, std::min(positions_, begin + length_)};
  }
  Tile at(int64_t i) const { return at(i / parts_, i % parts_); }  // of count()

 private:
  int64_t batch_, positions_;
  int64_t images_, length_, parts_;
};

// A tile unfolded: rows are the taps of channels, columns the positions. One object reads or adds,
// not both in turn: what is zero in its strips stays so while it reads.
class Unfolding {
 public:
  // A dense matrix, or as gemm_pack makes it; `pairs`: of two channels each, of which elements of
  // 16 bits are pairs.
  enum class Layout : uint8_t { rows, panels, pairs };
  Unfolding(const ConvolutionPlan& p, const Tile& t, int64_t group, Layout layout);

  // No tap sees an element of a channel from here on, nor one before `start`.
  int64_t reach() const { return strips_.reach(); }
  int64_t start() const { return strips_.start(); }
  // col = what the taps see of channels [channel, channel + channels) of x.
  void read(void* col, const void* x, int64_t channel, int64_t channels) const;
  // Adds every element of col, as rows, to where `read` takes it from. Elements [begin, end) of the
  // channels become zero before.
  void add(void* x, const void* col, int64_t channel, int64_t channels, int64_t begin,
           int64_t end) const;

 private:
  void* image_at(const void* x, int64_t image, int64_t channel) const;
  // Of windows with one tap: those of some channels are taken like the taps of one.
  void read_taps(void* col, const void* x, int64_t channel, int64_t channels) const;
  void read_pairs(void* col, const void* x, int64_t channel, int64_t channels) const;
  void clear() const;

  const ConvolutionPlan& p_;
  const kernels::ConvolutionKernels& kernel_;
  Tile tile_;
  int64_t group_;
  bool pairs_;
  kernels::Strips strips_;
  bool stands_;              // the panels are those of a matrix that stands in x
  runtime::Scratch memory_;  // strips of one channel
};

WENGERT_NAMESPACE_END
